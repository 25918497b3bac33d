"""``stagewatch judge``: what rules say about a record or a trace, state by state."""

from __future__ import annotations

from typing import Any

import click

from stagewatch.commands.options import Settings, profile_option, session_option
from stagewatch.errors import PersonError

STANDARD_INPUT = "-"
_SUFFIX = ".csv"


@click.command(help="Say what rules make of a record or of a CSV trace, state by state.")
@click.argument("what", metavar="[SESSION|TRACE.csv]", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@profile_option
@session_option
@click.option("--rule", metavar="RULE", help="Of a trace: growth, average, held, exhausted, …")
@click.option("--limit", metavar="LIMIT", help="Of the rule: '10 %/h', 500ms, 100, …")
@click.option("--warn", metavar="LIMIT", help="Above it held warns.")
@click.option("--above", metavar="LIMIT", help="Of compare: it fails above this.")
@click.option("--below", metavar="LIMIT", help="Of compare: it fails below this.")
@click.option("--hold", metavar="TIME", help="How long a value has to be bad.")
@click.option("--warm-up", metavar="TIME", help="What is never judged at the start.")
@click.option("--within", metavar="TIME", help="Of exhausted: when failed acquires count together.")
@click.option("--failed-acquires", type=int, metavar="N", help="Of exhausted: how many fail.")
@click.option("--max", type=int, metavar="N", help="Of exhausted: the pool, without such a column.")
@click.option("--timeout", metavar="TIME", help="Of average: what a timeout counts for; 10s.")
@click.option("--interval", metavar="TIME", help="Between two readings; their median distance.")
@click.option("--start", metavar="TIME", help="The watch's start; the first reading.")
@click.option("--end", metavar="TIME", help="The watch's end; the last reading.")
@click.option("--signal", metavar="NAME", help="What sentences call the signal; the file's name.")
@click.pass_context
def judge(
    ctx: click.Context,
    /,
    what: str | None,
    as_json: bool,
    profile: str | None,
    session: str | None,
    **said: Any,  # noqa: ANN401  # one for each option above
) -> None:
    """Exit status of a record: 0 GO, 1 NO-GO, 3 HOLD, 4 INCONCLUSIVE; of a trace: 0 PASS or WARN,
    1 FAIL, 4 INCONCLUSIVE; 2 wrong use or a failure of the tool."""
    settings: Settings = ctx.obj.merged(profile, session)
    said = {option: value for option, value in said.items() if value is not None}
    if what is not None and what.lower().endswith(_SUFFIX) and "/" not in what:
        what = f"./{what}"
    if what is not None and (what == STANDARD_INPUT or what.lower().endswith(_SUFFIX)):
        _refuse_session_options(settings)
        from stagewatch.commands.judge_trace import judge_file

        ctx.exit(judge_file(what, said, as_json=as_json))
    if said:
        option = next(iter(said)).replace("_", "-")
        raise PersonError(f"--{option} is for a trace: name a file that ends in .csv, or - for"
                          " standard input")  # fmt: skip
    if what is not None and settings.session is not None and what != settings.session:
        raise click.UsageError("the session is named twice, as an argument and by --session.")
    from stagewatch.commands.judge_session import judge_record

    ctx.exit(judge_record(settings.merged(session=what), as_json=as_json))


def _refuse_session_options(settings: Settings) -> None:
    for option, value in (("--profile", settings.profile), ("--session", settings.session)):
        if value is not None:
            raise PersonError(f"{option} is for a record; a trace is judged by --rule")

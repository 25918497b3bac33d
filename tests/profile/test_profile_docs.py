"""docs/profile.md names every key of the schema with its default, and its example loads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from msgspec.structs import FieldInfo, fields

from stagewatch.probes import InstalledKinds
from stagewatch.profile.derived import DERIVED, AnyDerived, Derived, Intervals
from stagewatch.profile.drills import (
    DRILL,
    AnyValidation,
    Call,
    Exercise,
    Hold,
    Validation,
)
from stagewatch.profile.load import load
from stagewatch.profile.schema import (
    AnyRule,
    Check,
    Contact,
    Deployment,
    Gate,
    Item,
    Optimisation,
    Phase,
    Plan,
    ProbeConfig,
    Profile,
    Rule,
    Savings,
    Step,
)
from stagewatch.profile.values import Duration, Limit, format_duration, format_value

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "profile.md").read_text(encoding="utf-8")

KINDS = {f'kind = "{name}"': InstalledKinds().config(name) for name in InstalledKinds().names()}
SIGNALS = {f'signal = "{one.__struct_config__.tag}"': one for one in get_args(AnyDerived)}
VALIDATIONS = {f'kind = "{one.__struct_config__.tag}"': one for one in get_args(AnyValidation)}
RULES = {f'rule = "{rule.__struct_config__.tag}"': rule for rule in get_args(AnyRule)}
TABLES: dict[str, type[msgspec.Struct]] = {
    "The whole file": Profile,
    "[deployment]": Deployment,
    "[probe.NAME]": ProbeConfig,
    **KINDS,
    "[signal.NAME]": Derived,
    **SIGNALS,
    "[validation.NAME]": Validation,
    **VALIDATIONS,
    "[exercise]": Exercise,
    "[[exercise.call]]": Call,
    "[exercise.socket]": Hold,
    "[go.NAME]` and `[nogo.NAME]": Rule,
    **RULES,
    "[[optimisation]]": Optimisation,
    "checks": Check,
    "[savings]": Savings,
    "[[phase]]": Phase,
    "items": Item,
    "[[gate]]": Gate,
    "[rollback]` and `[rollout]": Plan,
    "steps": Step,
    "[[contact]]": Contact,
}


def rows(heading: str) -> dict[str, str]:
    """Key → default, from the table below a heading."""
    section = re.search(
        rf"^#+ `?{re.escape(heading)}`?$(.*?)(?=^#|\Z)", PAGE, re.DOTALL | re.MULTILINE
    )
    assert section, f"docs/profile.md has no section {heading}"
    cells = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \| [^|]+ \|$", section[1], re.MULTILINE)
    return {key: default.strip() for key, default in cells}


def own_fields(table: type[msgspec.Struct]) -> dict[str, FieldInfo]:
    """The keys of a table, those that its section inherits left out."""
    inherited = {
        info.encode_name
        for base in (ProbeConfig, Rule, Derived, Validation)
        if issubclass(table, base) and table is not base
        for info in fields(base)
    }
    return {i.encode_name: i for i in fields(table) if i.encode_name not in inherited}


def default_of(info: FieldInfo) -> str:
    """The default as the page writes it."""
    if info.required:
        return "required"
    default = info.default
    if default is msgspec.NODEFAULT:
        assert info.default_factory is not msgspec.NODEFAULT
        default = info.default_factory()
    if isinstance(default, Duration):
        return f'`"{format_duration(default)}"`'
    if isinstance(default, Limit):
        shown = format_value(default, default.unit)
        return f'`"{shown}"`' if default.unit else f"`{shown}`"
    if isinstance(default, str) and "|" not in default and len(default) > 30:
        return "as below"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, float):
        return f"`{default:g}`"
    if isinstance(default, msgspec.Struct):
        return "as below" if "status" in default.__struct_fields__ else "none"
    return "none" if default in (None, {}, []) else f"`{default!r}`".replace("'", '"')


@pytest.mark.parametrize("heading", TABLES)
def test_every_key_is_documented_with_its_default(heading: str) -> None:
    """And no key is documented that is not there."""
    expected = {key: default_of(info) for key, info in own_fields(TABLES[heading]).items()}
    if TABLES[heading] is Rule:
        expected["rule"] = "required"
    if TABLES[heading] in (Derived, Validation):
        expected["kind"] = "required"
    assert rows(heading) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_the_tables_inside_a_kind_are_documented(kind: str) -> None:
    """Such as what an http probe expects."""
    for info in own_fields(KINDS[kind]).values():
        if isinstance(info.type, type) and issubclass(info.type, msgspec.Struct):
            expected = {key: default_of(inner) for key, inner in own_fields(info.type).items()}
            assert rows(info.encode_name) == expected


@pytest.fixture
def examples(tmp_path: Path) -> Profile:
    """The examples of the page, one after the other, as one profile."""
    blocks = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    path = tmp_path / "page.toml"
    path.write_text("\n".join(blocks))
    return load(path, InstalledKinds())


def test_the_examples_of_the_page_are_one_profile_that_loads(examples: Profile) -> None:
    """What people copy must work, and nothing is without an example."""
    used = {type(rule) for rule in (*examples.go.values(), *examples.nogo.values())}
    assert used == set(get_args(AnyRule))
    kinds = {config.kind for config in examples.probe.values()}
    assert kinds == {*InstalledKinds().names(), DERIVED, DRILL}
    derived = {type(config.derived) for config in examples.signal.values()}
    assert derived == set(get_args(AnyDerived))
    assert {type(one) for one in examples.validation.values()} == set(get_args(AnyValidation))
    assert isinstance(examples.exercise, Exercise)


def test_the_default_pattern_of_an_access_log_is_documented() -> None:
    """As it is."""
    pattern = {info.name: info.default for info in fields(Intervals)}["pattern"]
    assert f"`{pattern}`".replace('\\"', '"') in PAGE


def test_the_signals_of_every_kind_are_documented(examples: Profile) -> None:
    """With their units."""
    for config in examples.probe.values():
        if config.kind in (DERIVED, DRILL):
            continue
        section = PAGE.split(f'### `kind = "{config.kind}"`')[1].split("| key |")[0]
        own = {
            key for name in ("read", "query", "json", "count") for key in getattr(config, name, {})
        }
        for signal in InstalledKinds().signals("NAME", config):
            if signal.name.removeprefix("NAME.") not in own:
                assert f"`{signal.name}`" in section
                assert f"({signal.unit})" in section or not signal.unit

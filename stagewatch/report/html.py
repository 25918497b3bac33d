"""A report as one HTML file: no script, nothing loaded from anywhere."""

from __future__ import annotations

from html import escape as escape_html

from stagewatch.report.document import Block, Heading, Line, Table, blocks, title
from stagewatch.report.model import Report
from stagewatch.text import clean

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem }}
h1 {{ font-size: 1.6rem }} h2 {{ font-size: 1.15rem; margin-top: 2rem }}
table {{ border-collapse: collapse; margin: .6rem 0; width: 100% }}
th, td {{ border-bottom: 1px solid #ccc; padding: .3rem .6rem; text-align: left; vertical-align: top }}
td {{ font-variant-numeric: tabular-nums; overflow-wrap: anywhere }}
.strong {{ font-size: 1.1rem; font-weight: 600 }}
@media (prefers-color-scheme: dark) {{ body {{ background: #14181d; color: #dde3ea }}
th, td {{ border-color: #3a444f }} }}
</style>
</head>
<body>
"""  # noqa: E501 - a style sheet reads best a rule a line


def escape(text: str) -> str:
    """Text that HTML shows as it is."""
    return escape_html(clean(text), quote=True)


def render(report: Report) -> str:
    """The whole document; ends with a newline."""
    name = escape(title(report))
    body = "\n".join(_block(block) for block in blocks(report))
    return f"{_HEAD.format(title=name)}<h1>{name}</h1>\n{body}\n</body>\n</html>\n"


def _block(block: Block) -> str:
    match block:
        case Heading(text):
            return f"<h2>{escape(text)}</h2>"
        case Line(text, strong):
            return f'<p class="strong">{escape(text)}</p>' if strong else f"<p>{escape(text)}</p>"
        case Table(columns, rows):
            head = _row("th", columns) if any(columns) else ""
            return "<table>" + head + "".join(_row("td", row) for row in rows) + "</table>"


def _row(tag: str, cells: tuple[str, ...]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>\n"

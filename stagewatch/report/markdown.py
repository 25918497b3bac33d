"""A report as Markdown (GitHub tables), with every foreign text escaped."""

from __future__ import annotations

import re

from stagewatch.report.document import Block, Heading, Line, Table, blocks, title
from stagewatch.report.model import Report
from stagewatch.text import clean

_ANYWHERE = re.compile(r"[\\`*_{}\[\]~$]")
_ENTITY = re.compile(r"[<>&|@]|:(?=//)|(?<=\bwww)\.")
"""A backslash does not stop an autolink, a mention or a table border everywhere; an entity does."""
_LEADING = re.compile(r"^(\s*)([#+=-](?=[\s#=-]|$)|\d+[.)](?=\s|$))")


def escape(text: str) -> str:
    """Text that no Markdown renderer reads as markup, a table border, a link or HTML."""
    inert = _ANYWHERE.sub(r"\\\g<0>", clean(text))
    inert = _ENTITY.sub(lambda m: "".join(f"&#{ord(c)};" for c in m[0]), inert)
    return _LEADING.sub(lambda m: f"{m[1]}\\{m[2]}" if len(m[2]) == 1 else _ordinal(m), inert)


def _ordinal(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2][:-1]}\\{match[2][-1]}"


def render(report: Report) -> str:
    """The whole document; ends with a newline."""
    parts = [f"# {escape(title(report))}"]
    parts += [_block(block) for block in blocks(report)]
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> str:
    match block:
        case Heading(text):
            return f"## {escape(text)}"
        case Line(text, strong):
            return f"**{escape(text)}**" if strong else escape(text)
        case Table(columns, rows):
            lines = [_row(columns), "|" + " --- |" * len(columns)]
            return "\n".join(lines + [_row(row) for row in rows])


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(escape(cell) or " " for cell in cells) + " |"

"""No widget is given a string that it would parse as markup, and no costly widget is used."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted([*(ROOT / "tui").rglob("*.py"), *(ROOT / "widgets").rglob("*.py")])
PARSES = {
    "Static", "Label", "Button", "Option", "OptionList", "Collapsible", "Checkbox", "RadioButton",
    "Digits", "Link", "notify", "update", "from_markup", "from_text", "Selection", "TabPane",
}  # fmt: skip
ASSIGNED = {"border_title", "border_subtitle", "tooltip"}
INERT = {"Content", "Text", "Strip"}
COSTLY = {
    "Footer", "Header", "RichLog", "Log", "DataTable", "Sparkline", "Markdown", "LoadingIndicator",
    "ProgressBar",
}  # fmt: skip


def is_inert(node: ast.expr) -> bool:
    """A constant, or something made by Content, Text or Strip, directly or by a function here."""
    match node:
        case ast.Constant():
            return True
        case ast.Starred(value=ast.GeneratorExp(elt=made)):
            return is_inert(made)
        case ast.Call(func=ast.Name(id=name)):
            return name in INERT or name in {"help_text", "Option"}
        case ast.Call(func=ast.Attribute(value=inner)):
            return isinstance(inner, ast.Name) and inner.id in INERT
    return False


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def offences(tree: ast.AST) -> Iterator[int]:
    """Lines on which a variable string reaches something that parses markup."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) in PARSES:
            if any(not is_inert(argument) for argument in node.args):
                yield node.lineno
        elif isinstance(node, ast.Assign):
            named = {getattr(target, "attr", "") for target in node.targets}
            if named & ASSIGNED and not is_inert(node.value):
                yield node.lineno


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_variable_string_is_parsed_as_markup(path: Path) -> None:
    assert list(offences(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_costly_widget_is_imported(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("textual.widgets"):
            assert not {alias.name for alias in node.names} & COSTLY


@pytest.mark.parametrize(
    "code",
    ["Static(name)", "self.notify(f'{x}')", "Label('a' + b)", "w.border_title = name", "Option(x)"],
)
def test_the_test_itself_finds_what_it_looks_for(code: str) -> None:
    assert list(offences(ast.parse(code)))

"""A Textual app with as many panes as stagewatch and nothing else."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static


class Skeleton(App[None]):
    """Ten panes of text, five of them in boxes."""

    CSS = """
    #body { height: 1fr; } #panes { width: 1fr; } #side { width: 42; border: round grey; }
    .box { height: 1fr; border: round grey; } .row { height: 1; }
    """

    def compose(self) -> ComposeResult:
        yield Static("header", classes="row")
        yield Static("verdict", classes="row")
        yield Static("alert", classes="row")
        with Horizontal(id="body"):
            with Vertical(id="panes"):
                for name in ("health", "memory", "latency", "log"):
                    yield Static(f"{name}\n" * 5, classes="box")
            yield Static("checklist\n" * 20, id="side")
        yield Static("small", classes="row")
        yield Static("space tick  n note  q quit", classes="row")


if __name__ == "__main__":
    Skeleton().run()

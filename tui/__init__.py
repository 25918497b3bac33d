"""The screen: ``run`` opens it over a session's folder. Textual is imported inside ``run``."""

from stagewatch.tui.entry import run

__all__ = ["run"]

"""The base of what lies above the watch for a moment."""

from __future__ import annotations

from typing import TypeVar

from textual.screen import ModalScreen

Answer = TypeVar("Answer")


class Dialogue(ModalScreen[Answer | None]):
    """A box in the middle; ``esc`` answers None."""

    def action_cancel(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)

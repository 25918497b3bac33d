"""The line of text of every dialogue."""

from __future__ import annotations

from textual import events
from textual.widgets import Input


class LineInput(Input):
    """Obeys its editing keys in their turn.

    Textual lets a key that is bound go round by the app, while a letter is written at once: over
    a slow line, where keys arrive several at a time, ``ctrl+u`` took away what was typed after it.
    """

    async def _on_key(self, event: events.Key) -> None:
        bound = self._bindings.key_to_bindings.get(event.key)
        # Some are those of any widget, such as scrolling, which a line does not do.
        if bound and await self.app.run_action(bound[0].action, self):
            event.stop()
            event.prevent_default()
        else:
            await super()._on_key(event)

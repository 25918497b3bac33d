"""Every key of the screen in one table: the key bar, the help and the palette are made from it."""

from __future__ import annotations

from textual.binding import Binding

KEYS: tuple[Binding, ...] = (
    Binding("space", "tick", "tick", tooltip="Tick or untick the item; live values are recorded"),
    Binding("n", "note", "note", tooltip="Write a note on the item"),
    Binding("p", "pause", "pause", tooltip="Pause the recording with a reason, or resume it"),
    Binding("c", "checklist", "checklist", tooltip="Show the checklist, or the panes again"),
    Binding("tab", "next_pane", "panes", tooltip="Move to the next pane"),
    Binding("e", "export", "export", tooltip="Write the report of the watch so far"),
    Binding("question_mark", "help", "keys", tooltip="What the keys and the marks mean"),
    Binding("ctrl+p", "palette", "palette", tooltip="Find any action by its name"),
    Binding("q", "quit", "quit", tooltip="Leave the screen; asks what happens to the recorder"),
    Binding("up,k", "move(-1)", "up", show=False, tooltip="Move up in the checklist"),
    Binding("down,j", "move(1)", "down", show=False, tooltip="Move down in the checklist"),
    Binding("enter", "fold", "fold", show=False, tooltip="Open or close the phase"),
    Binding("shift+tab", "previous_pane", "back", show=False, tooltip="Move to the pane before"),
)

MARKS: tuple[tuple[str, str], ...] = (
    ("● healthy", "the last reading came in time and is as expected"),
    ("✖ DOWN", "no answer; the reason stands below"),
    ("✖ BAD ANSWER", "an answer, but not what the profile expects"),
    ("◌ LATE", "the last reading is too old; no newer one came"),
    ("○ waiting", "no reading yet"),
    ("✓", "every item of the phase is done; a gate is approved"),
    ("!", "the phase is over and something in it is not done"),
    ("▸", "the phase that runs now"),
    ("·", "a phase still to come; in a chart, no data"),
    ("[x] [ ] [!]", "ticked, open, overdue"),
    ("[~]", "being saved; ticked only when it is on disk"),
    ("┄", "the limit"),
)

"""Every key of the screen in one table: the key bar, the help and the palette are made from it."""

from __future__ import annotations

from textual.binding import Binding

POINT = Binding(
    "left",
    "moment(-1)",
    "chart",
    key_display="←",
    tooltip="Point at a moment in the charts; again: at an earlier one",
)
POINTING: tuple[Binding, ...] = (
    POINT,
    Binding("right", "moment(1)", "later", show=False, tooltip="Point at a later moment"),
    Binding("escape", "unpoint", "now", show=False, tooltip="Point at no moment any more"),
)

KEYS: tuple[Binding, ...] = (
    Binding("space", "tick", "tick", tooltip="Tick or untick the item; live values are recorded"),
    Binding("n", "note", "note", tooltip="Write a note on the item"),
    Binding("p", "pause", "pause", tooltip="Pause the recording with a reason, or resume it"),
    Binding("v", "verdict", "verdict", tooltip="The verdict board: criteria, savings, gates, acts"),
    Binding("c", "checklist", "list", tooltip="Show the checklist, or the panes again"),
    Binding("l", "log", "log", tooltip="Open the whole log, at its end or where one points"),
    *POINTING[:1],
    Binding(
        "V",
        "validate",
        "validate",
        show=False,
        tooltip="Run a validation point or the exercise; shows what is sent",
    ),
    Binding("tab", "next_pane", "panes", tooltip="Move to the next pane"),
    Binding("e", "export", "export", tooltip="Write the report of the watch so far"),
    Binding("question_mark", "help", "keys", tooltip="What the keys and the marks mean"),
    Binding("ctrl+p", "palette", "palette", tooltip="Find any action by its name"),
    Binding("q", "quit", "quit", tooltip="Leave the screen; asks what happens to the recorder"),
    Binding("up,k", "move(-1)", "up", show=False, tooltip="Move up in the checklist"),
    Binding("down,j", "move(1)", "down", show=False, tooltip="Move down in the checklist"),
    Binding("enter", "fold", "fold", show=False, tooltip="Open or close the phase"),
    Binding("shift+tab", "previous_pane", "back", show=False, tooltip="Move to the pane before"),
    *POINTING[1:],
)

ROW_KEYS: dict[str, tuple[Binding, ...]] = {
    "criterion": (
        Binding("enter", "detail", "evidence", tooltip="Show the rule and what it rests on"),
        Binding("a", "acknowledge", "acknowledge", tooltip="Silence its reminders for a while"),
        Binding("w", "waive", "waive", tooltip="Waive a FAIL or a failing check, with a reason"),
    ),
    "gate": (
        Binding("y", "approve", "approve", tooltip="Approve the gate, or accept the lost lines"),
        Binding("x", "reject", "reject", tooltip="Reject the gate, with a reason"),
    ),
}
"""The keys that mean something on a row of the verdict board, by the kind of row."""
ROW_KEYS["check"] = (ROW_KEYS["criterion"][2],)
ROW_KEYS["loss"] = (Binding("y", "approve", "accept", tooltip=ROW_KEYS["gate"][0].tooltip),)

_BOARD_KEYS: tuple[Binding, ...] = (
    Binding("f", "confirm", "final word", tooltip="Confirm the GO once nothing is left to do"),
    Binding("i", "invalidate", "void", tooltip="Declare readings of an interval void"),
    Binding("question_mark", "help", "keys", tooltip="What the keys and the marks mean"),
    Binding("escape,v,q", "close", "back", tooltip="Back to the panes"),
    Binding("up,k", "move(-1)", "up", show=False, tooltip="The row above"),
    Binding("down,j", "move(1)", "down", show=False, tooltip="The row below"),
    Binding("pageup", "move(-8)", "up", show=False, tooltip="Eight rows up"),
    Binding("pagedown", "move(8)", "down", show=False, tooltip="Eight rows down"),
    Binding("home", "move(-10000)", "top", show=False, tooltip="The first row"),
    Binding("end", "move(10000)", "bottom", show=False, tooltip="The last row"),
    Binding("ctrl+p", "palette", "palette", show=False, tooltip="Find any action by its name"),
)
BOARD_KEYS: tuple[Binding, ...] = (*ROW_KEYS["criterion"], *ROW_KEYS["gate"], *_BOARD_KEYS)
"""Every key of the verdict board."""
BOARD_ACTS = ("acknowledge", "waive", "approve", "reject", "confirm", "invalidate")
"""What the palette offers of them from everywhere."""

DETAIL_KEYS: tuple[Binding, ...] = (
    *ROW_KEYS["criterion"][1:],
    Binding("question_mark", "help", "keys", tooltip="What the keys and the marks mean"),
    Binding("escape,enter,q", "close", "back", tooltip="Point at no moment; else to the board"),
    POINT,
    Binding("l", "log", "log", tooltip="Open the log where one points, else where it went bad"),
    Binding("v", "leave", "panes", tooltip="Back to the panes"),
    POINTING[1],
    Binding("up,k", "scroll(-1)", "up", show=False, tooltip="Scroll up"),
    Binding("down,j", "scroll(1)", "down", show=False, tooltip="Scroll down"),
    Binding("pageup", "scroll(-12)", "up", show=False, tooltip="Scroll up by twelve rows"),
    Binding("pagedown", "scroll(12)", "down", show=False, tooltip="Scroll down by twelve rows"),
    Binding("home", "scroll(-10000)", "top", show=False, tooltip="The beginning"),
    Binding("end", "scroll(10000)", "bottom", show=False, tooltip="The end"),
    Binding("ctrl+p", "palette", "palette", show=False, tooltip="Find any action by its name"),
)
"""The keys of a criterion's detail."""


LOG_PANE_KEYS: tuple[Binding, ...] = (
    Binding("enter", "open", "open"),
    Binding("a", "acknowledge", "ack"),
    Binding("t", "turn", "lines"),
    *(key for key in KEYS if key.action not in ("tick", "note", "pause")),
)
"""What the key bar shows while the log's pane has the keys."""


def pointing_keys(keys: tuple[Binding, ...]) -> tuple[Binding, ...]:
    """What the key bar shows while a moment is pointed at."""
    moves = Binding("left", "moment(-1)", "moves", key_display="← →")
    log = Binding("l", "log", "log of that moment")
    others = tuple(
        k for k in keys if k is not POINT and k.action not in ("log", "unpoint", "close")
    )
    ends = Binding("escape", "unpoint", "now")
    return (moves, log, ends, *others)


def board_keys(kind: str) -> tuple[Binding, ...]:
    """What the key bar shows while the cursor is on a row of this kind."""
    return (*ROW_KEYS.get(kind, ()), *_BOARD_KEYS)


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
    ("✓ PASS  ! WARN", "a criterion is met; met, but not by much"),
    ("✖ FAIL", "it is not met; of a NO-GO criterion that stays until somebody waives it"),
    ("◌ INCONCLUSIVE", "the data are missing, late or too few to tell"),
    ("≈ WAIVED", "it failed, and somebody took that out of the verdict by name"),
    ("· PENDING", "it waits for a person"),
    ("↑ ↓", "by how much the value rose or fell within the last hour"),
)

"""The recording: readings, log lines, gaps, events, states and verdicts in one SQLite file.

``HistoryWriter`` belongs to the recorder; ``History`` is for everybody else, any number at once.
"""

from stagewatch.history.errors import HistoryError, HistoryMissingError
from stagewatch.history.reader import History
from stagewatch.history.records import Minute, ProbeRecord, StateChange, VerdictChange
from stagewatch.history.writer import HistoryWriter

__all__ = [
    "History",
    "HistoryError",
    "HistoryMissingError",
    "HistoryWriter",
    "Minute",
    "ProbeRecord",
    "StateChange",
    "VerdictChange",
]

"""The root of every error that is meant for a person rather than for a programmer."""

from __future__ import annotations


class PersonError(Exception):
    """Something a person can mend: ``str()`` names the file, the key and the remedy.

    The command line prints it on standard error and exits with 2; the screen shows it in place.
    """

    def told(self) -> str:
        """What the command line prints."""
        return f"stagewatch: {self}"

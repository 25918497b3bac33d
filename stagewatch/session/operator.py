"""Who is at the keyboard, for the name beside every tick and sign-off."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping

from stagewatch.text import clean

LONGEST_NAME = 64


def operator_name(as_name: str | None, environ: Mapping[str, str]) -> str:
    """``as_name`` (``--as``), else SUDO_USER, else the login; on one line, at most 64 characters.

    The login is the account's, not LOGNAME or USER, which anybody may set without meaning to.
    """
    for name in (as_name, environ.get("SUDO_USER"), _login()):
        cleaned = clean((name or "").strip(), LONGEST_NAME).strip()
        if cleaned:
            return cleaned
    return f"uid {os.getuid()}"


def _login() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        # A container may run under a number that has no account.
        return ""

"""How the commands that judge word a moment."""

from __future__ import annotations

from datetime import UTC, datetime


def second(at: float) -> str:
    """``2025-11-23 19:02:12Z``."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")

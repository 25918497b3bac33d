"""The colours: few and calm, and legible when a terminal has only sixteen of them."""

from __future__ import annotations

from textual.theme import Theme

CALM = Theme(
    name="stagewatch",
    primary="#7aa5d8",
    secondary="#8f9db0",
    accent="#7aa5d8",
    foreground="#cdd5df",
    background="#12161c",
    surface="#171c24",
    panel="#1d242e",
    success="#86b886",
    warning="#d9ae62",
    error="#e27878",
    dark=True,
    variables={"border": "#38434f", "block-cursor-text-style": "none"},
)

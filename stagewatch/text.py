"""The one place where foreign bytes become text that may be shown, stored or written.

``clean`` makes text inert for a terminal and keeps it on one line; ``masked`` takes secrets out.
Where both apply, mask first: cleaning cuts long text, and half a secret is not recognised.
"""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

LIMIT = 4096
"""Characters that ``clean`` lets through unless told otherwise."""
ELLIPSIS = "…"
MASK = "***"

_TAB = 8
_MARKS = 8
"""Combining marks that one cell may carry; no script needs as many."""
_HEAD = 4
"""Of an endless text only this many times the limit is looked at."""

# Everything of the categories Cc, Cf, Cs, Zl and Zp that has no shape of its own, and the
# non-characters of the basic plane. Left out of Cf are the Arabic, Syriac and Kaithi signs that
# are drawn. A test compares this with the Unicode tables of the running Python.
_FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff"
    "\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
)

# Wider than the set of combining marks, so that a search decides for nearly every text that
# there is nothing to count; Chinese, Japanese, box drawing and braille stay outside.
_MARK = (
    "\u0300-\u1dff\u20d0-\u20ff\u2cef-\u2cf1\u2d7f\u2de0-\u2dff\u302a-\u302f\u3099\u309a"
    "\ua66f-\uabff\ud7b0-\ud7ff\ufb1e\ufe00-\ufe0f\ufe20-\ufe2f\U00010000-\U0001ffff"
    "\U000e0100-\U000e01ef"
)
_MANY_MARKS = re.compile(f"[{_MARK}]{{{_MARKS + 1}}}")


def clean(text: str, limit: int = LIMIT) -> str:
    """``text`` on one line, with nothing in it that a terminal would obey or hide.

    Tabs become blanks; control, format and separator characters and lone surrogates become a
    visible token (``␛``, ``\\u202e``); combining marks past the eighth on a cell are dropped; what
    is longer than ``limit`` characters ends in ``…``. Cleaning twice changes nothing.
    """
    long = len(text) > _HEAD * limit
    if long:
        text = text[: _HEAD * limit]
    if _FORBIDDEN.search(text):
        text = _FORBIDDEN.sub(_token, text.expandtabs(_TAB))
    if not text.isascii() and _MANY_MARKS.search(text):
        text = "".join(_few_marks(text))
    return _cut(text, limit, long)


def clean_lines(text: str, limit: int = 16 * LIMIT) -> str:
    """``clean`` for text that a person wrote over several lines: newlines stay what they are."""
    if "\n" not in text:
        return clean(text, limit)
    long = len(text) > _HEAD * limit
    lines = text[: _HEAD * limit].replace("\r\n", "\n").split("\n")
    return _cut("\n".join(clean(line, limit) for line in lines), limit, long)


def decode(raw: bytes, limit: int = LIMIT) -> str:
    """``clean`` text from UTF-8; bytes that are not UTF-8 show as ``\\xff``."""
    return clean(raw[: 4 * (_HEAD * limit + 1)].decode("utf-8", "backslashreplace"), limit)


def json_text(value: object, indent: int | None = None) -> str:
    """``value`` as JSON that a terminal takes for nothing but text, and that says the same.

    What ``clean`` makes visible is escaped. Raises ValueError for what JSON has no number for.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    return _FORBIDDEN.sub(_escaped, text) if _FORBIDDEN.search(text) else text


def _escaped(match: re.Match[str]) -> str:
    return match[0] if match[0] == "\n" else json.dumps(match[0])[1:-1]


def _cut(text: str, limit: int, long: bool) -> str:
    if not long and len(text) <= limit:
        return text
    return text[: max(limit - 1, 0)] + ELLIPSIS[:limit]


def _token(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if 0xDC80 <= code <= 0xDCFF:
        # What Python makes of an undecodable byte in file names and arguments.
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _few_marks(text: str) -> Iterator[str]:
    run = 0
    for character in text:
        run = run + 1 if _is_mark(character) else 0
        if run <= _MARKS:
            yield character


def _is_mark(character: str) -> bool:
    # Hangul vowels and finals are letters by category, and take no cell of their own.
    return (
        unicodedata.category(character)[0] == "M"
        or "\u1160" <= character <= "\u11ff"
        or "\ud7b0" <= character <= "\ud7ff"
    )


def masked(text: str, secrets: Iterable[str]) -> str:
    """``text`` with every secret as ``***``: as it is, percent-encoded, in JSON and in base64.

    Base64 is found also where the secret is only a part of what was encoded (``user:secret``).
    Blank secrets are ignored.
    """
    values = tuple(sorted({s for secret in secrets for s in (secret, secret.strip()) if s.strip()}))
    return _mask_pattern(values).sub(MASK, text) if values else text


@lru_cache(maxsize=8)
def _mask_pattern(secrets: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(secrets, key=len, reverse=True)
    plain = ("".join(map(_spellings, secret)) for secret in longest_first)
    return re.compile("|".join([*plain, *(p for s in longest_first for p in _base64_forms(s))]))


def _spellings(character: str) -> str:
    """A pattern for one character as it is, percent-encoded or escaped in JSON."""
    raw = character.encode("utf-8", "surrogatepass")
    forms = [re.escape(character), "(?i:" + "".join(f"%{byte:02X}" for byte in raw) + ")"]
    escaped = json.dumps(character)[1:-1]
    if escaped != character:
        forms.append(re.escape(escaped))
    if character == " ":
        forms.append(r"\+")
    return f"(?:{'|'.join(forms)})"


def _base64_forms(secret: str) -> Iterator[str]:
    """Patterns for the secret inside base64, at each of the three alignments."""
    raw = secret.encode("utf-8", "surrogatepass")
    yield re.escape(base64.b64encode(raw).decode())
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + raw).decode()
        # The characters that depend on the secret alone; their neighbours share a byte with it.
        sure = encoded[-(-8 * shift // 6) : 8 * (shift + len(raw)) // 6]
        if len(sure) >= 4:
            body = "".join({"+": "[+-]", "/": "[/_]"}.get(c, c) for c in sure)
            yield f"[A-Za-z0-9+/_-]?{body}[A-Za-z0-9+/_-]?={{0,2}}"

"""What two records have in common when only numbers, ids, addresses, quoted values or paths differ.

Works on bytes, and on many lines at once: no expression here matches a line end. All of them are
linear, or quadratic in a single word. None depends on how many digits a number has, so that
``roughly_masked`` and the like are safe as keys of a cache.
"""

from __future__ import annotations

import re
import string
from itertools import repeat

LONGEST = 512
"""Bytes of a pattern."""

_IDS = re.compile(
    rb"(?<![A-Za-z0-9-])[0-9a-fA-F]+(?:-[0-9a-fA-F]+){4}(?![A-Za-z0-9-])"
    rb"|(?<![A-Za-z0-9])(?:"
    rb"(?:(?<=[\s=(\[,])[+-])?\d+(?:[.,:/-]\d+)*(?![A-Za-z0-9])"
    rb"|(?:[0-9a-fA-F]*\d[0-9a-fA-F]*|[0-9a-fA-F]{8,})(?![A-Za-z0-9])"
    rb"|[A-Za-z]*\d+[A-Za-z][A-Za-z0-9]*)"
    rb"|\d+(?:[.,:]\d+)*"
)
_JOINERS = rb"[A-Za-z0.,:/-]"
_LETTERS = string.ascii_letters.encode()
_LEADING = 7
"""Letters before the first digit of a word that is masked."""
# The rest of a word from its first digit on. None beside what may join it to others: there its
# letters decide how far a mask reaches. It begins with what a search finds quickly; the letters
# before it are taken off afterwards.
_REST = re.compile(
    rb"0[A-SU-Ya-z](?:%b)[0A-Za-z]*+(?![.:+-])"
    % b"|".join(
        rb"(?<=[A-Za-z]{%d}0.)(?<!%b[A-Za-z]{%d}0.)" % (count, _JOINERS, count)
        for count in range(_LEADING + 1)
    )
)
_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_ESCAPES = re.compile(rb"(?:\\u[0-9a-fA-F]{4})+")
_OTHERS = bytes.maketrans(
    b"u0123456789abcdefABCDEF", bytes(range(128, 145)) + bytes(range(139, 145))
)
_STAMP = re.compile(rb"\d+-\d+-\d+[T ]\d+:\d+:\d+(?:[.,]\d+)?(?:Z|[+-]\d+:?\d+)?")
_HEX_GROUPS = re.compile(rb"(?<![\w:.-])(?=[0-9a-fA-F]*:[0-9a-fA-F]*:)[0-9a-fA-F:]+(?![\w:])")
_QUOTED = re.compile(
    rb"\"[^\"\n]*\"|(?<![A-Za-z0-9])'[^'\n]*'(?![A-Za-z0-9])|`[^`\n]*`|\xc2\xab[^\n\xc2]*\xc2\xbb"
)
_URL = re.compile(rb"\b[A-Za-z][A-Za-z0-9+.-]++://[^\s\"'<>()\[\]{},;]+")
_EMAIL = re.compile(rb"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PATH = re.compile(
    rb"(?<![\w.<>/])(?:~|\.{1,2})?(?:/[\w.@%+=:~-]+)+/?(?:\?[^\s\"'<>()\[\]{},;]*)?"
    rb"|(?<=[A-Z] )/(?= )"
    rb"|\b[A-Za-z]:\\[^\s\"']+"
    rb"|(?<![\w.<>/-])(?:[\w.-]+/)+[\w-]+\.[A-Za-z]{1,5}\b"
)
_MIXED = re.compile(rb"#(?:[.+-]#)*(?:\xc2\xb5s|\xce\xbcs)|#(?:[.+-]#)+")
"""What is left of ``1.5s``, ``2m3.5s``, ``1e-05`` and ``7.5µs``."""
_LIST = re.compile(rb"#(?:[,;] ?#)+")


def roughly_masked(text: bytes) -> bytes:
    """``text``, one line or many, without most of what ``masked`` would mask; quick.

    Lines that are alike afterwards have the same pattern; those that differ may have it still.
    """
    return alike_masked(digits_alike(text))


def alike_masked(alike: bytes) -> bytes:
    """``roughly_masked`` of a text that has ``0`` for every digit already."""
    *before, last = _REST.split(numbers_short(alike))
    return b"\1".join([*map(bytes.rstrip, before, repeat(_LETTERS)), last])


def escapes_apart(line: bytes) -> bytes:
    """``line`` with each ``\\u0441`` of JSON as bytes that are neither digits nor letters: other
    digits in one are another character, and no other number."""
    return _ESCAPES.sub(_as_others, line) if b"\\u" in line else line


def _as_others(escapes: re.Match[bytes]) -> bytes:
    return escapes[0].translate(_OTHERS)


def digits_alike(text: bytes) -> bytes:
    """``text`` with ``0`` for every digit: the quickest, and the roughest."""
    return text.translate(_ZEROS)


def numbers_short(alike: bytes) -> bytes:
    """Such a text with one ``0`` for every number of up to ten digits: rougher, and slower."""
    for zeros in (b"0000", b"00", b"00"):
        alike = alike.replace(zeros, b"0")
    return alike


def masked(message: bytes) -> bytes:
    """The pattern of one message."""
    text = message
    if b"://" in text:
        text = _URL.sub(b"<url>", text)
    if b"@" in text:
        text = _EMAIL.sub(b"<email>", text)
    text = _QUOTED.sub(b'"#"', text)
    if b"/" in text or b"\\" in text:
        text = _PATH.sub(b"<path>", text)
    if text.count(b":") > 1:
        text = _HEX_GROUPS.sub(b"#", _STAMP.sub(b"#", text))
    text = _MIXED.sub(b"#", _IDS.sub(b"#", text))
    return b" ".join(_LIST.sub(b"#", text).split())[:LONGEST]

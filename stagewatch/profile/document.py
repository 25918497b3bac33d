"""A TOML file that a person wrote: read without a wait, parsed, and its problems by line."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

from stagewatch.profile.convert import Findings
from stagewatch.profile.problems import Problem, ProfileError, key_text

MAX_BYTES = 1 << 20
"""No profile is larger."""


def problems_of(findings: Findings, text: str, path: Path) -> list[Problem]:
    """The findings with their lines, in the order of the file."""
    from stagewatch.profile.locate import key_lines, line_of  # only for a file with problems

    lines = key_lines(text)
    found = [
        Problem(path, line_of(key, lines), key_text(key), what, hint)
        for key, what, hint in findings.found
    ]
    return sorted(found, key=lambda problem: problem.line)


def content_of(path: Path) -> bytes:
    """The file's bytes; never waits on a FIFO or a device, never reads without a bound."""
    try:
        # Without O_NONBLOCK, opening a FIFO waits for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise _refusal(path, "there is no such file") from None
    except ValueError:
        raise _refusal(path, "no file can have this name") from None
    except OSError as error:
        raise _refusal(path, f"cannot be read: {error.strerror}") from None
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise _refusal(path, "is a folder", "name the .toml file in it")
        if not stat.S_ISREG(mode):
            raise _refusal(path, "is not a regular file")
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _refusal(path, f"cannot be read: {error.strerror}") from None
    finally:
        os.close(descriptor)
    if len(content) > MAX_BYTES:
        raise _refusal(path, f"is larger than {MAX_BYTES >> 20} MiB")
    return content


def text_of(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = f"byte 0x{content[error.start]:02x} is not UTF-8"
        raise _refusal(path, what, "save the file as UTF-8", line) from None


def parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise _refusal(path, "is nested too deeply") from None
    except ValueError as error:  # TOMLDecodeError, and whole numbers of thousands of digits
        place = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", str(error))
        if place is None:
            raise _refusal(path, "holds a number of thousands of digits") from None
        line = int(place[1]) if place[1] else text.rstrip("\n").count("\n") + 1
        raise _refusal(path, f"is not TOML: {place.string[: place.start()]}", "", line) from None


def _refusal(path: Path, what: str, hint: str = "", line: int = 0) -> ProfileError:
    return ProfileError([Problem(path, line, "", what, hint)])

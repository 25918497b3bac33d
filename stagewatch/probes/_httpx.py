"""httpx without its command line."""

from __future__ import annotations

import sys
from typing import cast


def forbid_command_line() -> None:
    """Call before the first import of httpx, which would load rich and click where they are.

    ``None`` in ``sys.modules`` makes the import of that one module fail, and httpx expects that it
    may. The core runs without rich, and the recorder saves 4 MB.
    """
    modules = cast("dict[str, object]", sys.modules)
    if "httpx" not in modules:
        modules.setdefault("httpx._main", None)

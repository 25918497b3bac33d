"""httpx as a probe can afford it."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import cast


def prepare_httpx() -> None:
    """Call before the first import of httpx; it forbids two imports that httpx can do without.

    ``None`` in ``sys.modules`` makes an import fail, which the importing side expects here:

    - httpx would load rich and click, where they are, for a command line of its own. The core
      runs without rich, and the recorder saves 4 MB.
    - httpcore tries to import sniffio twice a request. Where it is not installed, that searches
      the disk each time, on the event loop.
    """
    modules = cast("dict[str, object]", sys.modules)
    if "httpx" not in modules:
        modules.setdefault("httpx._main", None)
    if "sniffio" not in modules and find_spec("sniffio") is None:
        modules["sniffio"] = None

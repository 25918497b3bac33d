"""The hooks of a frontend that would poll the demo backend: files to search for how often."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from stagewatch.demo.faults import DemoError

FOLDER = Path("frontend", "src", "hooks")

HOOKS: Mapping[str, str] = MappingProxyType(
    {
        "useQuotaStatus.ts": """\
const POLL_INTERVAL = 30000; // poll every 30 s, not every 3 s

export function useQuotaStatus() {
  return usePolling("/api/quota/status", POLL_INTERVAL);
}
""",
        "useWorkspace.ts": """\
export function useWorkspace(id: string) {
  return usePolling(`/api/workspaces/${id}`, 30000); // poll
}
""",
    }
)


def write_hooks(beside: Path) -> None:
    """Write them below this folder; raises DemoError."""
    folder = beside / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in HOOKS.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        what = f"{folder}: cannot be written: {error.strerror}; choose another --log"
        raise DemoError(what) from error

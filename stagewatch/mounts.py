"""On what kind of file system a path lies."""

from __future__ import annotations

import os
from pathlib import Path

NETWORK_FILE_SYSTEMS = frozenset(
    (
        "9p",
        "afs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "fuse.glusterfs",
        "fuse.s3fs",
        "fuse.sshfs",
        "gfs2",
        "glusterfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "smb3",
        "smbfs",
        "virtiofs",
    )
)
"""Other machines may write to these, which this one's kernel does not tell."""


def file_system(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """The type of the file system that holds ``path``; empty when the system does not say."""
    try:
        table = mounts.read_text(encoding="utf-8", errors="replace")
        target = os.path.realpath(path)
    except OSError:
        return ""
    best, found = -1, ""
    for line in table.splitlines():
        left, _, right = line.partition(" - ")
        fields = left.split()
        if len(fields) < 5 or not right:
            continue
        mount = fields[4].replace("\\040", " ")
        inside = target == mount or target.startswith(mount.rstrip("/") + "/")
        # Of two mounts on the same place the later one lies on top.
        if inside and len(mount) >= best:
            best, found = len(mount), right.split()[0]
    return found

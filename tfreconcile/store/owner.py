"""Whose is a file that root makes in a directory of somebody else's? Theirs: else they cannot read it."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = 0


def give_back(descriptor: int, path: Path) -> None:
    """Let an open file, to be known as ``path``, belong to whom it would if the service had made it.

    That is the owner of the file it replaces, or of its directory when there is none or root made it too.
    Does nothing unless we are root. Raises OSError.
    """
    if os.geteuid() != ROOT:
        return
    found = _of(path)
    if found is None or found[0] == ROOT:
        found = _of(path.parent)
    if found is not None:
        os.fchown(descriptor, *found)


def wrong(path: Path) -> tuple[str, str] | None:
    """Why the service could not read a file below its state directory, and what mends it; None if it can."""
    file, directory = _of(path), _of(path.parent)
    if file is None or directory is None:
        return None
    mend = f"chown {directory[0]}:{directory[1]} {path}"
    if file[0] != directory[0]:
        what = f"{path} belongs to user {file[0]}, and its directory to user {directory[0]}"
        return f"{what}, who may not read it", mend
    if not os.access(path, os.R_OK | os.W_OK):
        return f"{path} cannot be read and written by this user", f"run as user {file[0]}, or: {mend}"
    return None


def _of(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_uid, found.st_gid

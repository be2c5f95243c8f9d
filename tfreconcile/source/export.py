"""How do the files of one stack get to a directory of their own? The door to that directory."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from tfreconcile.errors import Stalled, Transient
from tfreconcile.source.tree import (
    REGULAR,
    ROOT,
    Entry,
    EntryKind,
    OutsideRepository,
    Tree,
    inside,
    printable,
)

RESERVED = "zz_tfreconcile_override.tf.json"
"""The override file that a pass writes beside the root module, for stacks without a backend."""

_MODES = {EntryKind.FILE: 0o600, EntryKind.EXECUTABLE: 0o700}


def export(tree: Tree, files: tuple[PurePosixPath, ...], to: Path) -> None:
    """Write files, byte by byte as Git has them, below a directory that nobody else can read.

    No filter, no smudge, no substitution, no link: content comes straight from the blobs. ``to`` is
    made when it is missing; nothing in it is ever overwritten. Raises Stalled for what cannot be
    exported, Transient when the directory cannot be written.
    """
    for path in files:
        _refuse(tree.entries.get(path), path)
    try:
        to.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in files:
            _make_parents(to, path)
            _write(to / path, tree.read(path), _MODES[tree.entries[path].kind])
    except OSError as e:
        raise Transient("ExportFailed", f"{e.filename or to}: {e.strerror}") from e


def _refuse(entry: Entry | None, path: PurePosixPath) -> None:
    if entry is None:
        raise Stalled("ExportRefused", f"{printable(path)} is not in this commit")
    if entry.kind not in REGULAR:
        raise Stalled(
            "ExportRefused", f"{printable(path)} is a {entry.kind}: only regular files are exported"
        )
    if path.name == RESERVED:
        raise Stalled(
            "ExportRefused", f"{printable(path)}: this name is reserved for tfreconcile; rename the file"
        )
    try:
        straight = inside(ROOT, str(path)) == path
    except OutsideRepository as e:
        raise Stalled("ExportRefused", str(e)) from e
    if not straight:
        raise Stalled(
            "ExportRefused", f"{printable(path)} has a '..' in it, which no file of a repository may have"
        )


def _make_parents(to: Path, path: PurePosixPath) -> None:
    for parent in reversed(path.parents[:-1]):
        directory = to / parent
        try:
            directory.mkdir(mode=0o700)
        except FileExistsError:
            if directory.is_symlink():
                raise


def _write(path: Path, content: bytes, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, mode), "wb") as file:
        file.write(content)

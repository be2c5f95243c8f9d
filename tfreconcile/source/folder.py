"""Which files does a folder on this machine hold? The door to a work tree that nobody has committed yet."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tfreconcile.errors import Misconfigured
from tfreconcile.source.tree import REGULAR, Entry, EntryKind, Tree

SKIPPED = frozenset({".git", ".terraform"})


def folder_tree(root: Path) -> Tree:
    """The files below a folder, as a commit of them would have it; links are listed, never followed.

    Object ids are empty. Sockets, pipes and devices are left out: Git cannot hold them either.
    Raises Misconfigured for what cannot be read.
    """
    try:
        entries = dict(_entries(root, PurePosixPath()))
    except OSError as e:
        raise _unreadable(e, root) from e

    def read(path: PurePosixPath) -> bytes:
        if entries[path].kind not in REGULAR:
            raise KeyError(path)
        return _content(root / path)

    return Tree(entries=entries, read=read)


def repository_root(path: Path) -> Path:
    """The nearest directory above (or at) a path that holds ``.git``; the path itself without one."""
    start = path.resolve()
    for directory in (start, *start.parents):
        if (directory / ".git").exists():
            return directory
    return start


def _entries(root: Path, directory: PurePosixPath) -> Iterator[tuple[PurePosixPath, Entry]]:
    with os.scandir(root / directory) as found:
        children = sorted(found, key=lambda child: child.name)
    for child in children:
        path = directory / child.name
        status = child.stat(follow_symlinks=False)
        if child.name in SKIPPED:
            continue
        if stat.S_ISDIR(status.st_mode) and not os.path.lexists(root / path / ".git"):
            yield from _entries(root, path)
        elif kind := _kind(status.st_mode):
            yield path, Entry(kind=kind, oid="", size=status.st_size)


def _kind(mode: int) -> EntryKind | None:
    if stat.S_ISLNK(mode):
        return EntryKind.SYMLINK
    if stat.S_ISDIR(mode):
        return EntryKind.SUBMODULE  # a directory with a repository of its own
    if not stat.S_ISREG(mode):
        return None
    return EntryKind.EXECUTABLE if mode & stat.S_IXUSR else EntryKind.FILE


def _content(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            return file.read()
    except OSError as e:
        raise _unreadable(e, path) from e


def _unreadable(error: OSError, path: Path) -> Misconfigured:
    return Misconfigured.at(
        str(error.filename or path), f"cannot be read: {error.strerror}", "check that it exists, and its mode"
    )

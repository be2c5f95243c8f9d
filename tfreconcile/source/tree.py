"""Which files does a commit hold, and where does a path lead?"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import PurePosixPath

ROOT = PurePosixPath()
"""The root of the repository."""


class EntryKind(StrEnum):
    """What Git can hold at a path; directories exist only through the files in them."""

    FILE = "file"
    EXECUTABLE = "executable"
    SYMLINK = "symlink"
    SUBMODULE = "submodule"


REGULAR = frozenset({EntryKind.FILE, EntryKind.EXECUTABLE})

_KINDS = {
    b"100644": EntryKind.FILE,
    b"100755": EntryKind.EXECUTABLE,
    b"120000": EntryKind.SYMLINK,
    b"160000": EntryKind.SUBMODULE,
}


class OutsideRepository(ValueError):
    """A path that a definition or a module names does not stay inside the repository."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One path of a commit. ``oid`` is the blob id ("" in a plain folder), ``size`` is in bytes."""

    kind: EntryKind
    oid: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Tree:
    """The files of one commit, or of a folder, by path from the repository's root.

    ``read`` gives the content of a regular file; it raises KeyError for a path that is none.
    """

    entries: Mapping[PurePosixPath, Entry]
    read: Callable[[PurePosixPath], bytes]

    @cached_property
    def ordered(self) -> list[PurePosixPath]:
        """All paths in the order of their text, so that a directory is one slice."""
        return sorted(self.entries, key=str)


def parse_listing(listing: bytes) -> dict[PurePosixPath, Entry]:
    """Read the output of ``git ls-tree -r -z -l --full-tree``.

    Bytes of a name that are not UTF-8 become surrogates: such a path can be named, not used. Raises
    ValueError when git could not read an object (it then prints ``BAD`` for the size).
    """
    return dict(_entry(row) for row in listing.split(b"\0") if row)


def _entry(row: bytes) -> tuple[PurePosixPath, Entry]:
    about, _, name = row.partition(b"\t")
    mode, _, oid, size = about.split()
    if mode not in _KINDS or size == b"BAD":
        raise ValueError(f"git cannot read {oid.decode('ascii')}")
    entry = Entry(kind=_KINDS[mode], oid=oid.decode("ascii"), size=0 if size == b"-" else int(size))
    return PurePosixPath(name.decode("utf-8", "surrogateescape")), entry


def printable(path: PurePosixPath) -> str:
    """How messages name a path: as text that every terminal and database can take."""
    text = str(path)
    return text if text.isprintable() else ascii(text)[1:-1]


def under(tree: Tree, directory: PurePosixPath) -> tuple[PurePosixPath, ...]:
    """Every path below a directory, at any depth, in order; all paths for the root."""
    if directory == ROOT:
        return tuple(tree.ordered)
    start = bisect_left(tree.ordered, f"{directory}/", key=str)
    end = bisect_left(tree.ordered, f"{directory}0", key=str)  # "0" is the character after "/"
    return tuple(tree.ordered[start:end])


def directly_in(tree: Tree, directory: PurePosixPath) -> tuple[PurePosixPath, ...]:
    """The paths whose directory this is, without those further down."""
    return tuple(path for path in under(tree, directory) if path.parent == directory)


def is_directory(tree: Tree, path: PurePosixPath) -> bool:
    """Does the commit hold anything below this path?"""
    return path == ROOT or bool(under(tree, path))


def is_file(tree: Tree, path: PurePosixPath) -> bool:
    """Is there a regular file at this path?"""
    entry = tree.entries.get(path)
    return entry is not None and entry.kind in REGULAR


def in_the_way(tree: Tree, path: PurePosixPath) -> PurePosixPath | None:
    """The first symlink or submodule on the way to a path, the path itself included."""
    for step in (*reversed(path.parents), path):
        entry = tree.entries.get(step)
        if entry is not None and entry.kind not in REGULAR:
            return step
    return None


def inside(base: PurePosixPath, relative: str) -> PurePosixPath:
    """The path from the repository's root that ``relative`` means in the directory ``base``.

    ``..`` is resolved by text alone, which is right because symlinks are refused wherever they matter.
    Raises OutsideRepository with a sentence that names what was found and what is allowed.
    """
    if "\0" in relative or "\\" in relative:
        raise OutsideRepository(f"{relative!r} contains a backslash or a NUL: write paths with '/'")
    if relative.startswith("/"):
        raise OutsideRepository(f"{relative!r} is absolute: write it relative to {base or '.'}")
    parts: list[str] = list(base.parts)
    for part in PurePosixPath(relative).parts:
        if part != "..":
            parts.append(part)
        elif not parts:
            raise OutsideRepository(f"{relative!r}, seen from {base}, leaves the repository")
        else:
            parts.pop()
    if any(part.lower() == ".git" for part in parts):
        raise OutsideRepository(f"{relative!r} leads into a .git directory, which holds no configuration")
    return PurePosixPath(*parts)

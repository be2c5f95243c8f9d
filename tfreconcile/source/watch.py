"""Which files does a ``watch`` glob name?"""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from tfreconcile.source.tree import Tree, is_directory, under

_MAGIC = frozenset("*?[")


def watched(tree: Tree, glob: str) -> tuple[PurePosixPath, ...]:
    """Every path that a glob from the repository's root matches, in order.

    ``**`` stands for any number of directories; the other signs do not cross a "/". A directory that is named
    without any sign stands for everything below it.
    """
    parts = PurePosixPath(glob).parts
    plain = _plain(parts)
    start = PurePosixPath(*plain)
    if plain == parts:
        return under(tree, start) if is_directory(tree, start) else _file(tree, start)
    rest = parts[len(plain) :]
    return tuple(path for path in under(tree, start) if matches(rest, path.parts[len(plain) :]))


def matches(glob: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Does a glob match a path, both by their parts? Takes time in proportion to both lengths."""
    reached = _skipping(glob, {0})
    for part in path:
        reached = _skipping(glob, {after for at in reached for after in _steps(glob, at, part)})
    return len(glob) in reached


def _steps(glob: tuple[str, ...], at: int, part: str) -> tuple[int, ...]:
    if at == len(glob):
        return ()
    if glob[at] == "**":
        return (at,)
    return (at + 1,) if fnmatchcase(part, glob[at]) else ()


def _skipping(glob: tuple[str, ...], reached: set[int]) -> set[int]:
    """Add the places after each ``**``, which may stand for nothing."""
    for at in range(len(glob)):
        if at in reached and glob[at] == "**":
            reached.add(at + 1)
    return reached


def _plain(parts: tuple[str, ...]) -> tuple[str, ...]:
    for number, part in enumerate(parts):
        if _MAGIC & set(part):
            return parts[:number]
    return parts


def _file(tree: Tree, path: PurePosixPath) -> tuple[PurePosixPath, ...]:
    return (path,) if path in tree.entries else ()

"""What does a commit hold? Trees made of text, without git."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha1
from pathlib import PurePosixPath

from tfreconcile.source.tree import Entry, EntryKind, Tree


def tree_of(
    files: Mapping[str, str | bytes], *, kinds: Mapping[str, EntryKind] | None = None, size: int | None = None
) -> Tree:
    """A tree with these files; ``kinds`` says what is no plain file, ``size`` what every entry claims."""
    contents = {PurePosixPath(name): _bytes(content) for name, content in files.items()}
    entries = {
        path: Entry(
            kind=(kinds or {}).get(str(path), EntryKind.FILE),
            oid=sha1(content, usedforsecurity=False).hexdigest(),
            size=len(content) if size is None else size,
        )
        for path, content in contents.items()
    }
    return Tree(entries=entries, read=contents.__getitem__)


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content

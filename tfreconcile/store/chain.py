"""Does a link fit into the chain of the journal? Pure: the same for a database and for an exported file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tfreconcile.plan.document import Json
from tfreconcile.store import seal
from tfreconcile.store.anchor import Head

GENESIS = "0" * 64
"""What the first event has in place of the hash of an earlier one."""
START = Head(number=0, hash=GENESIS)
"""What the first event follows."""
UNHASHED = ("hash", "seal")


def hash_of(columns: Mapping[str, Json]) -> str:
    """The hash of a link: SHA-256 over canonical JSON of all its other columns but the seal."""
    return seal.digest({name: value for name, value in columns.items() if name not in UNHASHED})


def head_of(columns: Mapping[str, Json]) -> Head | None:
    """What the next link follows; None when the columns are not even of the right kind."""
    match columns:
        case {"id": int(number), "hash": str(hashed)}:
            return Head(number=number, hash=hashed)
    return None


def is_sound(columns: Mapping[str, Json], key: bytes | None) -> bool:
    """Is the link, by itself, as it was written? Without a key the seal is taken on trust."""
    return next(broken(columns, key), None) is None


def broken(columns: Mapping[str, Json], key: bytes | None) -> Iterator[str]:
    """What is wrong with a link by itself."""
    hashed = columns.get("hash")
    if hash_of(columns) != hashed:
        yield "was changed: what it says and its hash do not belong together"
    if key is not None and not seal.fits(key, seal.JOURNAL, str(hashed), columns.get("seal")):
        yield "was not written by tfreconcile with this host's key: its seal does not fit"


def misplaced(columns: Mapping[str, Json], before: Head) -> Iterator[str]:
    """What is wrong with the place of a link after the one before it."""
    head = head_of(columns)
    if head is None:
        return
    if head.number > before.number + 1:
        yield f"comes after {before.number or 'nothing'}: what was between is missing"
    if head.number <= before.number:
        yield f"comes after {before.number}: out of order"
    if columns.get("previous") != before.hash:
        yield "does not follow what stands before it: one of the two was changed, removed, inserted or moved"

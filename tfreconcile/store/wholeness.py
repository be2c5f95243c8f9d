"""Is the journal whole, from its first event on and as far as this host remembers? Asked before each apply.

All of it is looked at each time: an old event that was relabelled makes a word forgotten as well as a new one
does. What was found whole before need only be the same as it was, byte for byte, which is quickly seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from tfreconcile.errors import Waiting
from tfreconcile.plan.canonical import canonical
from tfreconcile.plan.document import Json
from tfreconcile.store import anchor, chain, raw, seal
from tfreconcile.store.anchor import Damaged, Head, Unreadable
from tfreconcile.store.database import Store
from tfreconcile.store.journal import EventKind
from tfreconcile.store.raw import Garbled, Stored
from tfreconcile.store.tables import JournalRow

if TYPE_CHECKING:
    from hashlib import _Hash as Digest

NAME = "journal.checked"
"""Beside ``journal.head``: what was found whole. To lose it costs time and nothing else."""
STEP = 100
"""How many events are looked at anew each time, at most, before that is written down."""
REMEDY = (
    "nothing is applied until a person has looked and accepts it: tfreconcile audit verify, then"
    " tfreconcile audit accept --reason '...'"
)


@dataclass(frozen=True, kw_only=True)
class Base:
    """Up to ``head`` the rows need only have this digest; from there on each link is looked at."""

    head: Head
    digest: str


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """A person's word that the journal goes on from where it is, whatever stands before event ``number``."""

    number: int
    at: datetime
    base: Base


START = Base(head=chain.START, digest=sha256().hexdigest())


def require(store: Store, session: Session) -> None:
    """Inside a transaction: raise Waiting("JournalBroken") unless it is whole; says what mends it."""
    with raw.any_text(session):
        why = _hidden(session) or _broken(store, session)
    if why is not None:
        raise Waiting("JournalBroken", why)


def accepted(store: Store, session: Session) -> Acceptance | None:
    """The newest acceptance, None when there is none. One that was tampered with says nothing."""
    form = raw.form(session, JournalRow)
    found = None
    for row in raw.stored(session, JournalRow, JournalRow.event == EventKind.JOURNAL_ACCEPTED):
        with suppress(Garbled):
            columns = form.document(row)
            if chain.is_sound(columns, store.sealing_key()):
                found = _acceptance(columns) or found
    return found


def digest(session: Session, last: int) -> str:
    """The digest of all rows up to this number, as they lie in the database."""
    return _hashed(session, last).hexdigest()


def _broken(store: Store, session: Session) -> str | None:
    """Why the journal is not whole, with what to type; None when it is."""
    known = accepted(store, session)
    bases = [START, *([known.base] if known else []), *_checked(store)]
    for base in sorted(bases, key=lambda one: one.head.number, reverse=True):
        found = _hashed(session, base.head.number)
        if found.hexdigest() == base.digest:
            break
    else:
        return f"the journal was changed outside tfreconcile; {REMEDY}"
    end, form = base.head, raw.form(session, JournalRow)
    for row in raw.stored(session, JournalRow, JournalRow.id > base.head.number):
        following = _next(store, form, row, end)
        if following is None:
            return f"event {row['id']} of the journal is not what tfreconcile wrote there; {REMEDY}"
        found.update(_bytes(tuple(row.values())))
        end = following
    _note(store, Base(head=end, digest=found.hexdigest()), since=base.head)
    return _forgotten(store, session, end)


def _hidden(session: Session) -> str | None:
    table = raw.hidden_by_an_index(session)
    mending = "stop tfreconcile, then: sqlite3 FILE REINDEX; and look at it with tfreconcile audit verify"
    return None if table is None else f"an index of the database does not fit the table {table}: {mending}"


def _next(store: Store, form: raw.Form, row: Stored, before: Head) -> Head | None:
    try:
        columns = form.document(row)
    except Garbled:
        return None
    if not chain.is_sound(columns, store.sealing_key()) or next(chain.misplaced(columns, before), None):
        return None
    return chain.head_of(columns)


def _forgotten(store: Store, session: Session, end: Head) -> str | None:
    """Does the journal lack what this host remembers of it?"""
    if store.anchor is None:
        return None
    try:
        known = anchor.read(store.anchor, store.sealing_key())
    except Unreadable as error:
        return f"{error}; nothing is applied until then"
    except Damaged as error:
        return f"{error}; {REMEDY}"
    if known is None:
        return None
    if known.number > end.number:
        what = f"the journal ends at event {end.number}, and this host remembers event {known.number}"
        return f"{what}: it was cut off, or the database is an older one (a backup); {REMEDY}"
    kept = session.scalar(select(JournalRow.hash).where(JournalRow.id == known.number))
    return None if kept == known.hash else f"event {known.number} is not the one this host knows; {REMEDY}"


def _acceptance(columns: dict[str, Json]) -> Acceptance | None:
    match columns:
        case {
            "id": int(number),
            "at": str(at),
            "previous": str(previous),
            "body": {"digest": str(found)},
        }:
            base = Base(head=Head(number=number - 1, hash=previous), digest=found)
            return Acceptance(number=number, at=datetime.fromisoformat(at), base=base)
    return None


def _hashed(session: Session, last: int) -> Digest:
    found = sha256()
    for row in raw.bare(session, JournalRow, JournalRow.id <= last):
        found.update(_bytes(row))
    return found


def _bytes(row: tuple[object, ...]) -> bytes:
    """A row as the driver gives it: two rows that differ in anything differ here."""
    return f"{row!r}\n".encode("utf-8", "surrogatepass")


def _file(store: Store) -> Path | None:
    return None if store.anchor is None else store.anchor.with_name(NAME)


def _checked(store: Store) -> Iterator[Base]:
    """What was found whole before. A true word stays true: an old file says nothing wrong, only less."""
    file = _file(store)
    if file is None:
        return
    with suppress(OSError, ValueError):
        match json.loads(file.read_bytes()[: anchor.LONGEST]):
            case {"number": int(number), "hash": str(hashed), "digest": str(found), "seal": str(sealed)}:
                base = Base(head=Head(number=number, hash=hashed), digest=found)
                if seal.fits(store.sealing_key(), seal.CHECKED, _text(base), sealed):
                    yield base


def _note(store: Store, base: Base, *, since: Head) -> None:
    file = _file(store)
    if file is None or base.head.number - since.number < STEP:
        return
    line = {"number": base.head.number, "hash": base.head.hash, "digest": base.digest}
    sealed = seal.seal(store.sealing_key(), seal.CHECKED, _text(base))
    with suppress(OSError):
        anchor.put(file, f"{json.dumps({**line, 'seal': sealed})}\n")


def _text(base: Base) -> str:
    return canonical([base.head.number, base.head.hash, base.digest])

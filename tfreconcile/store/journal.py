"""What was decided and done, by whom, in which order? Append-only, each event chained to the one before."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from importlib import metadata

from sqlalchemy import select
from sqlalchemy.orm import Session

from tfreconcile.errors import Stalled
from tfreconcile.source.model import StackName
from tfreconcile.store import anchor, chain, raw, rows, seal
from tfreconcile.store.anchor import Head
from tfreconcile.store.columns import clean, written
from tfreconcile.store.database import HEAD, Store
from tfreconcile.store.raw import Form, Garbled, Stored
from tfreconcile.store.records import JsonObject
from tfreconcile.store.tables import JournalRow

BY_ITSELF = "tfreconcile"
"""The actor of what no person did."""


class EventKind(StrEnum):
    """What can happen. Words are only ever added: an old journal must stay readable."""

    PLAN_DECIDED = "plan.decided"
    APPROVAL_GIVEN = "approval.given"
    APPROVAL_REFUSED = "approval.refused"
    APPROVAL_REVOKED = "approval.revoked"
    APPROVAL_USED = "approval.used"
    APPLY_BEGUN = "apply.begun"
    APPLY_ENDED = "apply.ended"
    STACK_SUSPENDED = "stack.suspended"
    STACK_RESUMED = "stack.resumed"
    STACK_SYNC = "stack.sync"
    STACK_REMOVED = "stack.removed"
    STACK_ADOPTED = "stack.adopted"
    SOURCE_ACCEPTED = "source.accepted"
    SOURCE_REFUSED = "source.refused"
    SOURCE_REWRITE_ACCEPTED = "source.rewrite-accepted"
    JOURNAL_ACCEPTED = "journal.accepted"


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing to write down. ``body`` holds masked and scrubbed text only: a journal is for ever.

    ``stack`` None: it concerns the installation. ``actor`` is a person, or ``BY_ITSELF``.
    """

    kind: EventKind
    stack: StackName | None
    actor: str
    at: datetime
    body: JsonObject


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One link of the chain. ``hash`` covers every other column but ``seal``, and ``seal`` the hash.

    ``previous`` is the hash of the link before. ``version`` is that of the tfreconcile that wrote it.
    """

    id: int
    at: datetime
    event: str
    stack: str | None
    actor: str
    version: str
    body: JsonObject
    previous: str
    hash: str
    seal: str


def append(store: Store, session: Session, event: Event) -> int:
    """Write an event down inside the caller's ``store.write()``: it is kept with what it tells of, or not.

    Gives its number. Raises Misconfigured for a store that was opened without the host's key, and for a
    database that changes what is written.
    """
    entry = _linked(store.sealing_key(), event, head(session))
    session.add(JournalRow(**rows.columns(entry)))
    session.flush()
    raw.require(session, JournalRow, entry.id, seal.columns(entry))
    _have_remembered(store, session, Head(number=entry.id, hash=entry.hash))
    return entry.id


def head(session: Session) -> Head:
    """The last event, whatever it is; what a first one follows when there is none."""
    newest = select(JournalRow.id, JournalRow.hash).order_by(JournalRow.id.desc()).limit(1)
    found = session.execute(newest).first()
    return Head(number=found.id, hash=found.hash) if found else chain.START


def history(store: Store, stack: StackName | None = None, *, limit: int) -> tuple[Entry, ...]:
    """The newest events, of one stack or of all, newest first.

    They are read, not verified. Raises Stalled("JournalBroken") for one that cannot even be read.
    """
    newest = select(JournalRow.id).order_by(JournalRow.id.desc()).limit(limit)
    chosen = newest if stack is None else newest.where(JournalRow.stack == stack)
    with store.read() as session:
        form = raw.form(session, JournalRow)
        found = tuple(raw.stored(session, JournalRow, JournalRow.id.in_(chosen)))
    return tuple(_entry(form, row) for row in reversed(found))


def _entry(form: Form, row: Stored) -> Entry:
    try:
        return rows.made(Entry, form.values(row))
    except Garbled as error:
        what = f"event {row['id']} cannot be read, {error}; see: tfreconcile audit verify"
        raise Stalled("JournalBroken", what) from error


def _linked(key: bytes, event: Event, last: Head) -> Entry:
    open_link = Entry(
        id=last.number + 1,
        at=event.at.astimezone(UTC),
        event=event.kind,
        stack=event.stack,
        actor=clean(event.actor),
        version=version(),
        body=json.loads(written(event.body)),
        previous=last.hash,
        hash="",
        seal="",
    )
    hashed = chain.hash_of(seal.columns(open_link))
    return replace(open_link, hash=hashed, seal=seal.seal(key, seal.JOURNAL, hashed))


def _have_remembered(store: Store, session: Session, head: Head) -> None:
    """Once this is committed the host remembers it: unless the journal lacks what it remembers already.

    Going on as if nothing were missing would wipe out the only trace of a journal that was cut off.
    """
    if store.anchor is not None and (HEAD in session.info or has_what_is_remembered(store, session)):
        session.info[HEAD] = head


def has_what_is_remembered(store: Store, session: Session) -> bool:
    """Does the journal still hold the last event that this host remembers? True where it remembers none."""
    if store.anchor is None:
        return True
    try:
        known = anchor.read(store.anchor, store.sealing_key())
    except anchor.Damaged:
        return False
    if known is None:
        return True
    return session.scalar(select(JournalRow.hash).where(JournalRow.id == known.number)) == known.hash


@cache
def version() -> str:
    """The tfreconcile that runs."""
    return metadata.version("tfreconcile")

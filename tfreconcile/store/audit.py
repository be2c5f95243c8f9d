"""Is the journal as tfreconcile wrote it, and are the other tables as the journal tells?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from tfreconcile.store import anchor, crosscheck, raw, wholeness
from tfreconcile.store.anchor import Head
from tfreconcile.store.database import Store
from tfreconcile.store.raw import Garbled
from tfreconcile.store.tables import JournalRow
from tfreconcile.store.told import Finding, Walk, merged


@dataclass(frozen=True, kw_only=True)
class Audited:
    """What an audit came to. ``head`` is the hash of the last event; ``notes`` are no reason to worry."""

    events: int
    head: str
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def intact(self) -> bool:
        """Was nothing found?"""
        return not self.findings


def verify(store: Store) -> Audited:
    """Look at each event and at each row that events speak of, in one consistent view.

    Raises Misconfigured without the host's key, Transient as ``Store.read`` says.
    """
    with store.read() as session:
        return seen(store, session)


def seen(store: Store, session: Session) -> Audited:
    """``verify`` inside a transaction of the caller's."""
    walk = Walk(key=store.sealing_key())
    with raw.any_text(session):
        findings = [*_links(session, walk), *_end(store, session, walk), *_hidden(session, walk)]
        findings.extend(crosscheck.rows(session, store.sealing_key(), walk.told))
        found = [*walk.told.news(findings), *_since_accepted(session, walk)]
        notes = (*_notes(store, walk), *walk.told.history())
    head = walk.before or anchor.Head(number=0, hash="")
    return Audited(events=walk.events, head=head.hash, findings=merged(found), notes=notes)


def _since_accepted(session: Session, walk: Walk) -> Iterator[Finding]:
    """Is what a person accepted still what it was then?"""
    for one in walk.told.acceptances[-1:]:
        if wholeness.digest(session, one.number - 1) != one.digest:
            yield _event(one.number, "accepted what stands before it, and that was changed since")


def _hidden(session: Session, walk: Walk) -> Iterator[Finding]:
    table = raw.hidden_by_an_index(session)
    if table is not None:
        end = walk.before.number if walk.before else 0
        yield _event(
            end, f"and those before it may be hidden: an index does not fit the table {table}; REINDEX"
        )


def _links(session: Session, walk: Walk) -> Iterator[Finding]:
    form = raw.form(session, JournalRow)
    for row in raw.stored(session, JournalRow):
        number = int(str(row["id"]))
        try:
            columns = form.document(row)
        except Garbled as error:
            yield _event(number, f"was changed: {error}")
            walk.skip(number)
            continue
        for what in walk.step(columns):
            yield _event(number, what)


def _end(store: Store, session: Session, walk: Walk) -> Iterator[Finding]:
    """Does the journal still hold what this host remembers of it?"""
    end = walk.before.number if walk.before else 0
    try:
        known = _remembered(store)
    except anchor.Damaged as error:
        yield _event(end, f"may not be the last one: {error}")
        return
    if known is None:
        return
    if known.number > end:
        yield Finding(
            kind="event",
            first=end + 1,
            last=known.number,
            what="is gone, and this host knows that it was there",
        )
    elif session.scalar(select(JournalRow.hash).where(JournalRow.id == known.number)) != known.hash:
        yield _event(known.number, "is another one than this host remembers")


def _notes(store: Store, walk: Walk) -> Iterator[str]:
    end = walk.before.number if walk.before else 0
    try:
        known = _remembered(store)
    except anchor.Damaged:
        return
    if known is None and end:
        yield f"this host remembers no head of the journal ({store.anchor}): a cut at its end cannot be seen"
    elif known is not None and known.number < end:
        behind = f"{end - known.number} behind the journal"
        yield f"{store.anchor} is {behind}: a crash, a full disk, or another host wrote the newest events"


def _remembered(store: Store) -> Head | None:
    return None if store.anchor is None else anchor.read(store.anchor, store.sealing_key())


def _event(number: int, what: str) -> Finding:
    return Finding(kind="event", first=number, last=number, what=what)

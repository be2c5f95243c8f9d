"""Which signed tags were looked at, and what became of each? A tag is judged once and never again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tfreconcile.gate.model import Approval
from tfreconcile.source.model import StackName
from tfreconcile.store import approvals, journal, rows, witness
from tfreconcile.store.database import Store
from tfreconcile.store.journal import BY_ITSELF, Event, EventKind
from tfreconcile.store.records import TagRecord
from tfreconcile.store.tables import TagRow

COUNTED = "it was counted before, says the journal; sign a new one with another label"


def known(store: Store) -> Mapping[tuple[str, str], TagRecord]:
    """Every tag that was judged, by name and object."""
    with store.read() as session:
        found = session.scalars(select(TagRow).order_by(TagRow.id))
        return {(row.ref, row.object): rows.value(row, TagRecord) for row in found}


def refused(store: Store, stack: str | None = None, *, limit: int) -> tuple[TagRecord, ...]:
    """The newest tags that count for nothing, of one stack or of all, oldest first."""
    words = select(TagRow).where(TagRow.refused.is_not(None)).order_by(TagRow.id.desc()).limit(limit)
    with store.read() as session:
        found = session.scalars(words if stack is None else words.where(TagRow.stack == stack))
        return tuple(rows.value(row, TagRecord) for row in found)[::-1]


def refuse(store: Store, record: TagRecord) -> None:
    """Remember why a tag does not count, with its event. One that is known already stays as it is."""
    with store.write() as session:
        if _is_new(session, record):
            _put_refusal(store, session, record)


def accept(store: Store, record: TagRecord, word: Approval) -> Approval | None:
    """Keep the word that a tag is, both or neither; None when the tag was judged in the meantime.

    The journal has the last word on what was counted before: rows that somebody took away do not bring an
    old tag back. Then the tag is refused.
    """
    with store.write() as session:
        if not _is_new(session, record):
            return None
        if record.ref in witness.of(store, session, word.stack).tags:
            _put_refusal(store, session, replace(record, refused=COUNTED))
            return None
        kept = approvals.give(store, session, word)
        session.add(TagRow(**rows.columns(record, without=("id", "approval_id")), approval_id=kept.id))
        return kept


def spend(store: Store, record: TagRecord, *, why: str, at: datetime) -> None:
    """An accepted tag is still there after its word was used: say once, with its event, that it is spent."""
    said = replace(record, refused=why, at=at)
    row = update(TagRow).where(TagRow.id == record.id, TagRow.refused.is_(None))
    with store.write() as session:
        if rows.changed(session, row.values(refused=said.refused, at=said.at)):
            journal.append(store, session, _refusal(said))


def _put_refusal(store: Store, session: Session, record: TagRecord) -> None:
    session.add(TagRow(**rows.columns(record, without=("id",))))
    journal.append(store, session, _refusal(record))


def _is_new(session: Session, record: TagRecord) -> bool:
    same = select(TagRow.id).where(TagRow.ref == record.ref, TagRow.object == record.object)
    return session.scalar(same) is None


def _refusal(record: TagRecord) -> Event:
    return Event(
        kind=EventKind.APPROVAL_REFUSED,
        stack=StackName(record.stack) if record.stack else None,
        actor=BY_ITSELF,
        at=record.at,
        body={
            "tag": record.ref,
            "object": record.object,
            "signer": record.signer,
            "reason": record.refused or "",
        },
    )

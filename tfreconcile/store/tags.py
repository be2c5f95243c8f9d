"""Which signed tags were looked at, and what became of each? A tag is judged once and never again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tfreconcile.gate.model import Approval
from tfreconcile.store import approvals, journal, refusals, rows, wholeness, witness
from tfreconcile.store.database import Store
from tfreconcile.store.records import TagRecord
from tfreconcile.store.tables import TagRow

COUNTED = "it was counted before, says the journal; sign a new one with another label"
OLDER = "it is older than the acceptance of a broken journal; sign a new one with another label"
TOLD = 20
"""How many refusals of one look have an event each."""


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
    refuse_all(store, (record,))


def refuse_all(store: Store, signed: Sequence[TagRecord], unsigned: Sequence[TagRecord] = ()) -> None:
    """Remember why these tags do not count. Those that are known already stay as they are.

    The first ``TOLD`` have an event each, ``signed`` ones before the others; the rest have one between
    them: whoever may push tags must not be able to make the journal grow by as many events.
    """
    with store.write() as session:
        new = [one for one in signed if _is_new(session, one)]
        junk = [one for one in unsigned if _is_new(session, one)]
        session.add_all(_row(one) for one in (*junk, *new))
        for one in (*new, *junk)[:TOLD]:
            journal.append(store, session, refusals.event(one))
        if rest := (*new, *junk)[TOLD:]:
            journal.append(store, session, refusals.summary(rest, signed=new[TOLD:]))


def accept(store: Store, record: TagRecord, word: Approval, *, made_at: datetime) -> Approval | None:
    """Keep the word that a tag is, both or neither; None when the tag was judged in the meantime.

    The journal has the last word on what was counted or refused before: rows that somebody took away do not
    bring an old tag back. Then the tag is refused; so is one that was made before a person accepted a
    broken journal, which may have forgotten it. Raises Waiting("JournalBroken") while the journal is not
    whole: nothing is accepted on its word then.
    """
    with store.write() as session:
        if not _is_new(session, record):
            return None
        wholeness.require(store, session)
        if why := _against(store, session, record, word) or _older(store, session, made_at):
            said = replace(record, refused=why)
            session.add(_row(said))
            journal.append(store, session, refusals.event(said))
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
            journal.append(store, session, refusals.event(said))


def _against(store: Store, session: Session, record: TagRecord, word: Approval) -> str | None:
    """What the journal has against the tag."""
    if record.ref in witness.of(store, session, word.stack).tags:
        return COUNTED
    return refusals.reason(store, session, record)


def _older(store: Store, session: Session, made_at: datetime) -> str | None:
    accepted = wholeness.accepted(store, session)
    return OLDER if accepted is not None and made_at <= accepted.at else None


def _row(record: TagRecord) -> TagRow:
    return TagRow(**rows.columns(record, without=("id",)))


def _is_new(session: Session, record: TagRecord) -> bool:
    same = select(TagRow.id).where(TagRow.ref == record.ref, TagRow.object == record.object)
    return session.scalar(same) is None

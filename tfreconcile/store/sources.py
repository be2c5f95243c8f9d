"""Which commit of the tracked branch may be reconciled, and what was found about its head?"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import delete, select

from tfreconcile.store import journal, rows
from tfreconcile.store.database import Store
from tfreconcile.store.journal import Event
from tfreconcile.store.records import SourceRecord
from tfreconcile.store.tables import SourceRow


def get(store: Store, branch: str) -> SourceRecord | None:
    """What is known of a branch; None before its first look."""
    with store.read() as session:
        row = session.get(SourceRow, branch)
        return rows.value(row, SourceRecord) if row else None


def newest(store: Store) -> SourceRecord | None:
    """The branch whose verdict changed last: the one that is followed, when another was before."""
    with store.read() as session:
        row = session.scalar(select(SourceRow).order_by(SourceRow.changed_at.desc()).limit(1))
        return rows.value(row, SourceRecord) if row else None


def save(store: Store, record: SourceRecord, event: Event) -> None:
    """Write the verdict and its event in the journal, both or neither; the event also gets the branch."""
    told = replace(event, body={**event.body, "branch": record.branch})
    with store.write() as session:
        session.merge(SourceRow(**rows.columns(record)))
        journal.append(store, session, told)


def forget(store: Store, branch: str) -> None:
    """The branch is no longer verified: nothing is to be told of it."""
    if get(store, branch) is None:
        return
    with store.write() as session:
        rows.changed(session, delete(SourceRow).where(SourceRow.branch == branch))

"""Which passes ran, and how did they end?"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, update

from tfreconcile.source.model import Revision, StackName
from tfreconcile.store import rows
from tfreconcile.store.database import Store
from tfreconcile.store.records import JsonObjects, PassRecord
from tfreconcile.store.tables import PassRow

LOST = "lost"
"""Outcome of a pass whose process died: nobody was left to say how it ended."""


def begin(store: Store, stack: StackName, *, at: datetime) -> int:
    """Note that a pass starts, and give its number.

    The caller holds the lease, so an earlier pass of this stack that is still open can only be one whose
    process died: it ends here, as ``LOST``.
    """
    dead = update(PassRow).where(PassRow.stack == stack, PassRow.ended_at.is_(None))
    row = PassRow(**rows.columns(PassRecord(stack=stack, started_at=at), without=("id",)))
    with store.write() as session:
        rows.changed(session, dead.values(ended_at=at, outcome=LOST, reason="Interrupted"))
        session.add(row)
        session.flush()
        return row.id


def finish(
    store: Store,
    pass_id: int,
    *,
    at: datetime,
    outcome: str,
    reason: str,
    message: str,
    revision: Revision | None = None,
    plan_id: int | None = None,
    log: JsonObjects = (),
) -> bool:
    """Note how a pass ended. False when it was closed before, or there is none of that number."""
    learned = {
        "ended_at": at,
        "outcome": outcome,
        "reason": reason,
        "message": message,
        "revision": revision,
        "plan_id": plan_id,
        "log": log,
    }
    running = update(PassRow).where(PassRow.id == pass_id, PassRow.ended_at.is_(None))
    with store.write() as session:
        return rows.changed(session, running.values(learned)) == 1


def history(store: Store, stack: StackName | None = None, *, limit: int) -> tuple[PassRecord, ...]:
    """The newest passes, of one stack or of all, newest first."""
    with store.read() as session:
        found = session.scalars(rows.newest(PassRow, stack, limit))
        return tuple(rows.value(row, PassRecord) for row in found)


def prune(store: Store, *, keep: int) -> int:
    """Forget all but the newest ``keep`` passes of each stack, and say how many. Open ones stay."""
    old = delete(PassRow).where(PassRow.id.in_(rows.beyond(PassRow, keep)), PassRow.ended_at.is_not(None))
    with store.write() as session:
        return rows.changed(session, old)

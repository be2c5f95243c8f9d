"""Which applies are under way or done? The intent is written before the irreversible."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tfreconcile.errors import Waiting
from tfreconcile.source.model import StackName
from tfreconcile.store import approvals, journal, leases, removals, rows, telling
from tfreconcile.store.database import Store
from tfreconcile.store.journal import BY_ITSELF, Event, EventKind
from tfreconcile.store.records import ApplyRecord, ApplyStatus, JsonObject, JsonObjects, PlanState
from tfreconcile.store.tables import ApplyRow, PlanRow


def begin(store: Store, record: ApplyRecord, *, holder: str | None = None, removing: bool = False) -> int:
    """Write the intent and give its number. It is on the disk when this returns.

    The last look before the irreversible, in one transaction: raises Waiting and writes nothing when
    ``holder`` is given and has lost the lease ("LeaseLost"), when an apply of this stack is still open
    ("ApplyOpen"), when it is ``removing`` a stack that is in Git again ("DefinitionIsBack"), or when the
    words about it no longer hold at ``started_at``, as ``approvals.require`` says.
    """
    row = ApplyRow(**rows.columns(record, without=("id",)))
    with store.write() as session:
        if holder is not None:
            leases.require(session, record.stack, holder)
        _require_none_open(session, record.stack)
        if removing:
            removals.require(session, record.stack)
        approvals.require(store, session, record.approvals, stack=record.stack, at=record.started_at)
        session.add(row)
        session.flush()
        body = telling.begun(session, row.id)
        _tell(store, session, row, EventKind.APPLY_BEGUN, body=body, at=record.started_at)
        return row.id


def started(store: Store, apply_id: int, *, pid: int, pid_started: int, boot_id: str) -> None:
    """Note which process applies, as ``ApplyRecord`` says."""
    process = {"pid": pid, "pid_started": pid_started, "boot_id": boot_id}
    with store.write() as session:
        rows.changed(session, update(ApplyRow).where(ApplyRow.id == apply_id).values(process))


def finish(
    store: Store,
    apply_id: int,
    *,
    at: datetime,
    status: ApplyStatus,
    reason: str = "",
    message: str = "",
    outcomes: JsonObjects = (),
) -> bool:
    """Close an intent. False when it was closed before, or there is none of that number.

    In the same transaction, a success uses up the approvals and makes the plan ``applied``; a failure
    makes the plan ``failed`` and leaves the approvals to what is left of their plan.
    """
    with store.write() as session:
        row = session.get(ApplyRow, apply_id)
        if row is None or row.status is not ApplyStatus.APPLYING:
            return False
        row.status, row.ended_at = status, at
        row.reason, row.message, row.outcomes = reason, message, outcomes
        session.flush()
        _tell(store, session, row, EventKind.APPLY_ENDED, body=telling.ended(session, row.id), at=at)
        _settle(store, session, row, at)
        return True


def open(store: Store) -> tuple[ApplyRecord, ...]:
    """The intents that nobody has closed, oldest first: under way, or unknown after a crash."""
    unclosed = select(ApplyRow).where(ApplyRow.status == ApplyStatus.APPLYING).order_by(ApplyRow.id)
    with store.read() as session:
        return tuple(rows.value(row, ApplyRecord) for row in session.scalars(unclosed))


def history(store: Store, stack: StackName | None = None, *, limit: int) -> tuple[ApplyRecord, ...]:
    """The newest applies, of one stack or of all, newest first."""
    with store.read() as session:
        found = session.scalars(rows.newest(ApplyRow, stack, limit))
        return tuple(rows.value(row, ApplyRecord) for row in found)


def _require_none_open(session: Session, stack: StackName) -> None:
    found = session.scalar(
        select(ApplyRow.id).where(ApplyRow.stack == stack, ApplyRow.status == ApplyStatus.APPLYING)
    )
    if found is not None:
        raise Waiting("ApplyOpen", f"apply {found} of {stack} has not ended, or nobody knows yet how it did")


def _settle(store: Store, session: Session, row: ApplyRow, at: datetime) -> None:
    became = {ApplyStatus.SUCCEEDED: PlanState.APPLIED, ApplyStatus.FAILED: PlanState.FAILED}.get(row.status)
    if became is not None:
        rows.changed(session, update(PlanRow).where(PlanRow.id == row.plan_id).values(state=became))
    if row.status is ApplyStatus.SUCCEEDED:
        approvals.use(store, session, row.approvals, stack=row.stack, at=at, apply_id=row.id)


def _tell(
    store: Store, session: Session, row: ApplyRow, kind: EventKind, *, body: JsonObject, at: datetime
) -> None:
    event = Event(kind=kind, stack=row.stack, actor=BY_ITSELF, at=at, body=body)
    journal.append(store, session, event)

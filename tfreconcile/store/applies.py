"""Which applies are under way or done? The intent is written before the irreversible."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tfreconcile.errors import Waiting
from tfreconcile.gate.weighing import Question
from tfreconcile.plan.fingerprint import ChangeDigest
from tfreconcile.source.model import StackName
from tfreconcile.store import approvals, journal, leases, raw, removals, rows, telling, vouched, witness
from tfreconcile.store.database import Store
from tfreconcile.store.journal import BY_ITSELF, Event, EventKind
from tfreconcile.store.records import ApplyRecord, ApplyStatus, JsonObject, JsonObjects, PlanState
from tfreconcile.store.tables import ApplyRow, PlanRow, StackRow


def begin(
    store: Store,
    record: ApplyRecord,
    *,
    holder: str | None = None,
    removing: bool = False,
    question: Question | None = None,
) -> int:
    """Write the intent and give its number. It is on the disk when this returns.

    The last look before the irreversible, in one transaction: raises Waiting and writes nothing when
    ``holder`` is given and has lost the lease ("LeaseLost"), when an apply of this stack is still open
    ("ApplyOpen"), when the stack is suspended, left Git or came back, as ``removals.require`` says, or when
    the words about it no longer hold at ``started_at`` or the journal is not whole, as ``approvals.require``
    says. ``question`` is what the plan asks of people: a rejection of it counts, however late it came
    ("Rejected"). Raises Misconfigured when the database changes what is written.
    """
    row = ApplyRow(**rows.columns(record, without=("id",)))
    with store.write() as session:
        if holder is not None:
            leases.require(session, record.stack, holder)
        _require_none_open(session, record.stack)
        removals.require(session, record.stack, removing=removing, at=record.started_at)
        if question is not None:
            approvals.require_no_rejection(store, session, question, at=record.started_at)
        approvals.require(store, session, record.approvals, stack=record.stack, at=record.started_at)
        session.add(row)
        session.flush()
        raw.require(session, ApplyRow, row.id, {**raw.as_written(session, record, ApplyRow), "id": row.id})
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
        with vouched.unless_edited(store, session, session.get(StackRow, row.stack)):
            _tell(store, session, row, EventKind.APPLY_ENDED, body=telling.ended(session, row.id), at=at)
        _settle(store, session, row, at)
        return True


def exhaust(store: Store, stack: StackName, left: frozenset[ChangeDigest], *, at: datetime) -> None:
    """Use up the words of applies that nobody saw succeed, where nothing that they named is ``left`` to do.

    Else they would stand, and apply the same change another time. What was begun on whose word is believed
    of the journal: a row may have been edited while its apply ran.
    """
    with store.write() as session:
        words = approvals.named(store, session, stack)
        if not words:
            return
        for apply_id, ids in witness.begun(store, session, stack).items():
            done = [one for one in ids if one in words and not words[one] & left]
            approvals.use(store, session, done, stack=stack, at=at, apply_id=apply_id)
            words = {one: effects for one, effects in words.items() if one not in done}


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
        named = {*row.approvals, *witness.begun(store, session, row.stack).get(row.id, ())}
        words = approvals.standing(store, session, sorted(named), stack=row.stack)
        approvals.use(store, session, words, stack=row.stack, at=at, apply_id=row.id)


def _tell(
    store: Store, session: Session, row: ApplyRow, kind: EventKind, *, body: JsonObject, at: datetime
) -> None:
    event = Event(kind=kind, stack=row.stack, actor=BY_ITSELF, at=at, body=body)
    journal.append(store, session, event)

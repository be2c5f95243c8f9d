"""Which plans were made, and which one waits?"""

from __future__ import annotations

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from tfreconcile.source.model import StackName
from tfreconcile.store import chain, journal, raw, rows, seal, telling
from tfreconcile.store.database import Store
from tfreconcile.store.journal import BY_ITSELF, Event, EventKind
from tfreconcile.store.raw import Garbled
from tfreconcile.store.records import PlanRecord, PlanState
from tfreconcile.store.tables import ApplyRow, JournalRow, PlanRow, StackRow


def add(store: Store, record: PlanRecord) -> int:
    """Keep a plan and give its number. Whatever waited for this stack before is superseded."""
    row = PlanRow(**rows.columns(record, without=("id",)))
    with store.write() as session:
        supersede_within(session, record.stack)
        session.add(row)
        session.flush()
        raw.require(session, PlanRow, row.id, {**raw.as_written(session, record, PlanRow), "id": row.id})
        _tell(store, session, row)
        return row.id


def supersede(store: Store, stack: StackName) -> None:
    """The plan that waits for this stack, if there is one, no longer says what would happen."""
    with store.write() as session:
        supersede_within(session, stack)


def get(store: Store, plan_id: int) -> PlanRecord | None:
    """One plan, or None when there is none of that number (any more)."""
    with store.read() as session:
        row = session.get(PlanRow, plan_id)
        return rows.value(row, PlanRecord) if row else None


def pending(store: Store, stack: StackName) -> PlanRecord | None:
    """The plan of this stack that waits, if one does."""
    waiting = select(PlanRow).where(PlanRow.stack == stack, PlanRow.state == PlanState.PENDING)
    with store.read() as session:
        row = session.scalar(waiting.order_by(PlanRow.id.desc()).limit(1))
        return rows.value(row, PlanRecord) if row else None


def history(store: Store, stack: StackName | None = None, *, limit: int) -> tuple[PlanRecord, ...]:
    """The newest plans, of one stack or of all, newest first."""
    with store.read() as session:
        found = session.scalars(rows.newest(PlanRow, stack, limit))
        return tuple(rows.value(row, PlanRecord) for row in found)


def set_state(store: Store, plan_id: int, state: PlanState) -> bool:
    """Say what became of a plan. False: there is none of that number."""
    statement = update(PlanRow).where(PlanRow.id == plan_id).values(state=state)
    with store.write() as session:
        return rows.changed(session, statement) == 1


def is_as_decided(store: Store, record: PlanRecord) -> bool:
    """Is the newest plan of a stack as it was when the journal was told of it?

    What a person is shown and asked about comes from its row: neither that nor what was read of it may
    differ. False without a sound event, as for a plan from before there was a journal: it is made anew.
    """
    newest = select(func.max(JournalRow.id)).where(
        JournalRow.stack == record.stack, JournalRow.event == EventKind.PLAN_DECIDED
    )
    with store.read() as session:
        found = tuple(raw.stored(session, JournalRow, JournalRow.id == newest.scalar_subquery()))
        try:
            told = [raw.form(session, JournalRow).document(row) for row in found]
            plan = raw.numbered(session, PlanRow, record.id)
        except (Garbled, LookupError):
            return False
    bodies = [one["body"] for one in told if chain.is_sound(one, store.key)]
    read = telling.plan_digest(seal.columns(record))
    wanted = {"plan": record.id, "digest": telling.plan_digest(plan)}
    return read == wanted["digest"] and any(
        isinstance(one, dict) and wanted.items() <= one.items() for one in bodies
    )


def prune(store: Store, *, keep: int) -> int:
    """Forget all but the newest ``keep`` plans of each stack, and say how many.

    A plan that waits, that a stack points at or that was ever to be applied is kept whatever its age: it is
    the evidence of what was done.
    """
    evidence = select(ApplyRow.plan_id).where(ApplyRow.plan_id.is_not(None))
    pointed_at = select(StackRow.pending_plan)
    old = delete(PlanRow).where(
        PlanRow.id.in_(rows.beyond(PlanRow, keep)),
        PlanRow.state != PlanState.PENDING,
        PlanRow.id.not_in(evidence),
        PlanRow.id.not_in(pointed_at.where(StackRow.pending_plan.is_not(None))),
    )
    with store.write() as session:
        return rows.changed(session, old)


def supersede_within(session: Session, stack: StackName) -> None:
    """As ``supersede``, in the transaction of the caller."""
    waiting = update(PlanRow).where(PlanRow.stack == stack, PlanRow.state == PlanState.PENDING)
    rows.changed(session, waiting.values(state=PlanState.SUPERSEDED))


def _tell(store: Store, session: Session, row: PlanRow) -> None:
    event = Event(
        kind=EventKind.PLAN_DECIDED,
        stack=row.stack,
        actor=BY_ITSELF,
        at=row.created_at,
        body=telling.decided(session, row.id),
    )
    journal.append(store, session, event)

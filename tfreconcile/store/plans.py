"""Which plans were made, and which one waits?"""

from __future__ import annotations

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from tfreconcile.source.model import StackName
from tfreconcile.store import rows
from tfreconcile.store.database import Store
from tfreconcile.store.records import ApplyStatus, PlanRecord, PlanState
from tfreconcile.store.tables import ApplyRow, PlanRow, StackRow


def add(store: Store, record: PlanRecord) -> int:
    """Keep a plan and give its number. Whatever waited for this stack before is superseded."""
    row = PlanRow(**rows.columns(record, without=("id",)))
    with store.write() as session:
        _supersede(session, record.stack)
        session.add(row)
        session.flush()
        return row.id


def supersede(store: Store, stack: StackName) -> None:
    """The plan that waits for this stack, if there is one, no longer says what would happen."""
    with store.write() as session:
        _supersede(session, stack)


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


def prune(store: Store, *, keep: int) -> int:
    """Forget all but the newest ``keep`` plans of each stack, and say how many.

    A plan that waits, that a stack points at or that is being applied is kept whatever its age.
    """
    applying = select(ApplyRow.plan_id).where(ApplyRow.status == ApplyStatus.APPLYING)
    pointed_at = select(StackRow.pending_plan)
    old = delete(PlanRow).where(
        PlanRow.id.in_(rows.beyond(PlanRow, keep)),
        PlanRow.state != PlanState.PENDING,
        PlanRow.id.not_in(applying.where(ApplyRow.plan_id.is_not(None))),
        PlanRow.id.not_in(pointed_at.where(StackRow.pending_plan.is_not(None))),
    )
    with store.write() as session:
        return rows.changed(session, old)


def _supersede(session: Session, stack: StackName) -> None:
    waiting = update(PlanRow).where(PlanRow.stack == stack, PlanRow.state == PlanState.PENDING)
    rows.changed(session, waiting.values(state=PlanState.SUPERSEDED))

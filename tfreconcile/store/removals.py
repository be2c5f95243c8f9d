"""Which stacks left Git, and which came back?"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tfreconcile.errors import Waiting
from tfreconcile.observe.conditions import LEFT_GIT, SOURCE_EMPTY
from tfreconcile.source.model import StackName
from tfreconcile.store import journal, plans, rows
from tfreconcile.store.database import Store
from tfreconcile.store.journal import Event, EventKind
from tfreconcile.store.tables import StackRow

_UNMARKED = select(StackRow).where(StackRow.removed_at.is_(None)).order_by(StackRow.name)


def mark(store: Store, present: Collection[StackName], now: datetime) -> tuple[StackName, ...]:
    """Mark the stacks that Git no longer defines, and name those that were not marked before.

    What waited for one of them no longer does; one that is to be destroyed is due at once. The mark goes
    when ``stacks.seen`` or ``stacks.broken`` finds the stack again.
    """
    with store.write() as session:
        gone = [row for row in session.scalars(_UNMARKED) if row.name not in present]
        for row in gone:
            _mark(row, now)
            plans.supersede_within(session, row.name)
            _tell(store, session, EventKind.STACK_REMOVED, row, now)
        return tuple(row.name for row in gone)


def vanished(store: Store, *, message: str) -> tuple[StackName, ...]:
    """No stack is marked though Git defines none at all: each is held and says why."""
    with store.write() as session:
        missed = tuple(session.scalars(_UNMARKED))
        for row in missed:
            row.state, row.reason, row.message = "Held", SOURCE_EMPTY, message
            row.conditions, row.next_due_at = (), None
        return tuple(row.name for row in missed)


def conclude(store: Store, name: StackName, *, reason: str, message: str) -> bool:
    """Nothing more is done to a stack that left Git: what it had is no longer its own."""
    over = {"state": "Removed", "reason": reason, "message": message, "next_due_at": None}
    told = over | {"backend": None, "resources": 0, "pending_plan": None, "conditions": (), "ignored": ()}
    statement = update(StackRow).where(StackRow.name == name, StackRow.removed_at.is_not(None))
    with store.write() as session:
        plans.supersede_within(session, name)
        return rows.changed(session, statement.values(told)) == 1


def stall(store: Store, name: StackName, *, reason: str, message: str, due: datetime) -> bool:
    """A stack that left Git cannot be destroyed, and would fail the same way again; due at ``due``."""
    words = {"state": "Stalled", "reason": reason, "message": message, "next_due_at": due}
    statement = update(StackRow).where(StackRow.name == name, StackRow.removed_at.is_not(None))
    with store.write() as session:
        return rows.changed(session, statement.values(words)) == 1


def adopt(store: Store, session: Session, row: StackRow, now: datetime) -> None:
    """The definition is back, in the transaction that found it: a plan to destroy the stack is void."""
    if row.on_removal == "destroy":
        plans.supersede_within(session, row.name)
        row.state, row.reason, row.message, row.pending_plan = "Idle", "", "", None
        row.sync, row.conditions = "Unknown", ()
    _tell(store, session, EventKind.STACK_ADOPTED, row, now)
    row.removed_at, row.next_due_at = None, now


def require(session: Session, name: StackName) -> None:
    """The last look before a stack is destroyed. Raises Waiting("DefinitionIsBack") if it is in Git again."""
    row = session.get(StackRow, name)
    if row is None or row.removed_at is None:
        raise Waiting("DefinitionIsBack", f"{name} is in Git again: nothing is destroyed")


def _mark(row: StackRow, now: datetime) -> None:
    row.removed_at, row.pending_plan, row.failures = now, None, 0
    if row.on_removal == "destroy":
        row.sync, row.state, row.reason, row.next_due_at = "OutOfSync", "Idle", LEFT_GIT, now
        row.message = "left Git, and its definition says on_removal: destroy"


def _tell(store: Store, session: Session, kind: EventKind, row: StackRow, now: datetime) -> None:
    body = {
        "definition": row.definition,
        "defined_revision": row.defined_revision,
        "on_removal": row.on_removal,
        "resources": row.resources,
    }
    told = Event(kind=kind, stack=row.name, actor=journal.BY_ITSELF, at=now, body=body)
    journal.append(store, session, told)

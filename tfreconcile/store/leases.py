"""Who works on a stack now? The database says who was first."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Update, or_, select, update
from sqlalchemy.orm import Session

from tfreconcile.errors import Waiting
from tfreconcile.source.model import StackName
from tfreconcile.store import rows
from tfreconcile.store.database import Store
from tfreconcile.store.tables import StackRow


def take(store: Store, name: StackName, *, holder: str, now: datetime, until: datetime) -> bool:
    """Take the stack if nobody holds it, or held it until before ``now``. True for exactly one caller."""
    free = or_(StackRow.lease_until.is_(None), StackRow.lease_until <= now)
    statement = update(StackRow).where(StackRow.name == name, free)
    return _one(store, statement.values(lease_holder=holder, lease_until=until))


def renew(store: Store, name: StackName, *, holder: str, until: datetime) -> bool:
    """Hold on until later. False when somebody else has taken the stack: stop at the next safe point.

    A lease that ran out and that nobody took is still the holder's own.
    """
    statement = update(StackRow).where(StackRow.name == name, StackRow.lease_holder == holder)
    return _one(store, statement.values(lease_until=until))


def release(store: Store, name: StackName, *, holder: str) -> bool:
    """Give the stack back. Also frees a holder that is known to be dead. False when it was not theirs."""
    statement = update(StackRow).where(StackRow.name == name, StackRow.lease_holder == holder)
    return _one(store, statement.values(lease_holder=None, lease_until=None))


def require(session: Session, name: StackName, holder: str) -> None:
    """Inside a transaction: raise Waiting("LeaseLost") unless this holder has the stack.

    A holder that was away for too long finds here that somebody else went on in its place.
    """
    found = session.scalar(select(StackRow.lease_holder).where(StackRow.name == name))
    if found != holder:
        raise Waiting("LeaseLost", f"{name} is held by {found or 'nobody'}, no longer by {holder}")


def _one(store: Store, statement: Update) -> bool:
    with store.write() as session:
        return rows.changed(session, statement) == 1

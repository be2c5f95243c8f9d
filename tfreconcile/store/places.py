"""Which stack keeps its state where, and whose is a place that two of them name?"""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from tfreconcile.source.model import StackName
from tfreconcile.store.database import Store
from tfreconcile.store.tables import StackRow


def claim(store: Store, name: StackName, place: str) -> StackName | None:
    """Note that a stack is about to keep its state there; the other one that does already, when there is.

    A stack has two places at most: ``place``, where what was applied is, and ``claimed``, where its code
    leads.
    """
    with store.write() as session:
        other = elsewhose(session, name, place)
        row = session.get(StackRow, name)
        if other is None and row is not None:
            row.claimed = place
        return other


def owner(store: Store, name: StackName, place: str) -> StackName | None:
    """Another stack in Git that keeps its state there."""
    with store.read() as session:
        return elsewhose(session, name, place)


def elsewhose(session: Session, name: StackName, *places: str | None) -> StackName | None:
    """Another stack in Git that keeps its state at one of these places; one that left Git keeps none."""
    known = [place for place in places if place is not None]
    at = or_(StackRow.place.in_(known), StackRow.claimed.in_(known))
    found = select(StackRow.name).where(StackRow.removed_at.is_(None), StackRow.name != name, at)
    return session.scalar(found.order_by(StackRow.name).limit(1))

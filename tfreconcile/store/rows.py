"""How does a row become a value, and back? By name: a test holds both sides to the same names and types."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Select, UpdateBase, func, select
from sqlalchemy.orm import Session

from tfreconcile.source.model import StackName
from tfreconcile.store.records import JUDGED
from tfreconcile.store.tables import ApplyRow, Base, PassRow, PlanRow

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Value = TypeVar("Value", bound="DataclassInstance")
Numbered = TypeVar("Numbered", PlanRow, PassRow, ApplyRow)


def value(row: Base, kind: type[Value]) -> Value:
    """The value of ``kind`` that the row holds."""
    return made(kind, {name: getattr(row, name) for name in stored(kind)})


def made(kind: type[Value], columns: Mapping[str, object]) -> Value:
    """The value of ``kind`` with these columns."""
    make: Callable[..., Value] = kind
    return make(**columns)


def columns(record: DataclassInstance, *, without: Collection[str] = ()) -> dict[str, object]:
    """What to write of a value, by column name."""
    return {name: getattr(record, name) for name in stored(record) if name not in without}


def stored(kind: DataclassInstance | type[DataclassInstance]) -> tuple[str, ...]:
    """The fields of a value that have a column of their name."""
    return tuple(field.name for field in fields(kind) if field.metadata != JUDGED)


def newest(table: type[Numbered], stack: StackName | None, limit: int) -> Select[Numbered]:
    """The newest ``limit`` rows, of one stack or (None) of all, newest first."""
    of_whom = select(table) if stack is None else select(table).where(table.stack == stack)
    return of_whom.order_by(table.id.desc()).limit(limit)


def beyond(table: type[Numbered], keep: int) -> Select[int]:
    """The numbers of all rows that are older than the newest ``keep`` of their stack."""
    place = func.row_number().over(partition_by=table.stack, order_by=table.id.desc()).label("place")
    placed = select(table.id, place).subquery()
    return select(placed.c.id).where(placed.c.place > keep)


def changed(session: Session, statement: UpdateBase) -> int:
    """Run an UPDATE or DELETE and say how many rows it changed."""
    return session.connection().execute(statement).rowcount

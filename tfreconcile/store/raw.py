"""What does a row hold, whatever somebody wrote into it? Rows that may have been edited are read here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import ColumnElement, Dialect, Select, select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import KeyedColumnElement
from sqlalchemy.types import NullType

from tfreconcile.errors import Misconfigured
from tfreconcile.plan.canonical import canonical
from tfreconcile.plan.document import Json
from tfreconcile.store import seal
from tfreconcile.store.tables import ApplyRow, ApprovalRow, Base, JournalRow, StackRow

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Stored: TypeAlias = Mapping[str, object]
"""What the driver gives for each column, untouched."""
Understand: TypeAlias = Callable[[object], object]
AT_A_TIME = 200
"""Rows in memory."""


class Garbled(Exception):
    """A column holds what tfreconcile never writes there; the text says which, and what is wrong with it."""


@dataclass(frozen=True)
class Form:
    """How the columns of one table are understood."""

    columns: Mapping[str, Understand]

    def values(self, row: Stored) -> dict[str, object]:
        """The values of all columns. Raises Garbled for one that cannot be what tfreconcile wrote."""
        return {name: understand(row[name]) for name, understand in self.columns.items()}

    def document(self, row: Stored) -> dict[str, Json]:
        """The values of all columns, as JSON. Raises Garbled."""
        try:
            found = {name: seal.plain(value) for name, value in self.values(row).items()}
            canonical(found)
        except (TypeError, ValueError, RecursionError) as error:
            raise Garbled("a column holds no plain JSON") from error
        return found


def form(session: Session, table: type[Base]) -> Form:
    """The form of a table in this database."""
    dialect = session.get_bind().dialect
    return Form({column.name: _understanding(column, dialect) for column in table.__table__.columns})


def stored(session: Session, table: type[Base], *where: ColumnElement[bool]) -> Iterator[Stored]:
    """The rows by their number, a few in memory at a time. Reading one never fails for what it holds."""
    found = session.execute(_untouched(table).where(*where), execution_options={"yield_per": AT_A_TIME})
    for row in found:
        yield dict(row._mapping)


def bare(session: Session, table: type[Base], *where: ColumnElement[bool]) -> Iterator[tuple[object, ...]]:
    """As ``stored``, without the names of the columns: quicker."""
    found = session.execute(_untouched(table).where(*where), execution_options={"yield_per": AT_A_TIME})
    return (tuple(row) for row in found)


def numbered(session: Session, table: type[Base], number: int) -> dict[str, Json]:
    """One row, as JSON. Raises LookupError when there is none of that number, Garbled when it is edited."""
    where = table.__table__.columns["id"] == number
    for row in stored(session, table, where):
        return form(session, table).document(row)
    raise LookupError(f"{table.__tablename__} has no row {number}")


def as_written(session: Session, record: DataclassInstance, table: type[Base]) -> dict[str, Json]:
    """The columns that a value gives a row of this table, as JSON: as they are read back when all is well."""
    dialect = session.get_bind().dialect
    found: dict[str, Json] = {}
    for column in table.__table__.columns:
        if hasattr(record, column.name):
            kind = column.type.dialect_impl(dialect)
            given: object = getattr(record, column.name)
            for process in (kind.bind_processor(dialect), kind.result_processor(dialect, None)):
                given = given if process is None or given is None else process(given)
            found[column.name] = seal.plain(given)
    return found


def require(session: Session, table: type[Base], number: int, wanted: Mapping[str, Json]) -> None:
    """Raise Misconfigured, so that nothing is kept, when a row that was just written says something else.

    ``wanted`` has the columns that were written. Only a database that changes what it is told does that.
    """
    try:
        found = numbered(session, table, number)
        differing = sorted(name for name in wanted if found.get(name) != wanted[name])
    except (LookupError, Garbled):
        differing = ["all of it"]
    if differing:
        what = f"the database changes what is written to {table.__tablename__}: {', '.join(differing)}"
        raise Misconfigured.at("database", f"{what}; nothing was kept", "look for triggers, and drop them")


def _untouched(table: type[Base]) -> Select[*tuple[object, ...]]:
    columns = table.__table__.columns
    chosen = select(*(type_coerce(column, NullType()).label(column.name) for column in columns))
    return chosen.order_by(*table.__table__.primary_key)


def _understanding(column: KeyedColumnElement[object], dialect: Dialect) -> Understand:
    process = column.type.dialect_impl(dialect).result_processor(dialect, None)

    def understand(value: object) -> object:
        if value is None and column.nullable:
            return None
        if value is None or isinstance(value, bytes):
            raise Garbled(f"{column.name} holds {'nothing' if value is None else 'bytes'}")
        try:
            return value if process is None else process(value)
        except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
            raise Garbled(f"{column.name} holds what tfreconcile never writes there") from error

    return understand


def hidden_by_an_index(session: Session) -> str | None:
    """The table, if any, of which an index hides rows: somebody made it anew, or the file is damaged.

    Rows are found through indexes, so that a row that an index leaves out is as good as deleted.
    """
    if session.get_bind().dialect.name != "sqlite":
        return None
    for table in (JournalRow, ApprovalRow, ApplyRow, StackRow):
        name = table.__tablename__
        if session.connection().exec_driver_sql(f"PRAGMA integrity_check('{name}')").scalar() != "ok":
            return name
    return None


@contextmanager
def any_text(session: Session) -> Iterator[None]:
    """While it lasts, text that is not UTF-8 is read as text that nobody wrote."""
    driver = session.connection().connection.driver_connection
    if driver is None or not hasattr(driver, "text_factory"):
        yield
        return
    before, driver.text_factory = driver.text_factory, _escaped
    try:
        yield
    finally:
        driver.text_factory = before


def _escaped(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")

"""Do rows and values speak of the same things?"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, get_args, get_type_hints

import pytest
from sqlalchemy.sql.elements import KeyedColumnElement

from tfreconcile.gate.model import Approval
from tfreconcile.store import rows
from tfreconcile.store.journal import Entry
from tfreconcile.store.records import (
    ApplyRecord,
    PassRecord,
    PlanRecord,
    SourceRecord,
    StackRecord,
    TagRecord,
)
from tfreconcile.store.stacks import NOT_A_PASS
from tfreconcile.store.tables import (
    ApplyRow,
    ApprovalRow,
    Base,
    JournalRow,
    PassRow,
    PlanRow,
    SourceRow,
    StackRow,
    TagRow,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PAIRS = [
    pytest.param(StackRow, StackRecord, id="stack"),
    pytest.param(PlanRow, PlanRecord, id="plan"),
    pytest.param(PassRow, PassRecord, id="pass"),
    pytest.param(ApprovalRow, Approval, id="approval"),
    pytest.param(ApplyRow, ApplyRecord, id="apply"),
    pytest.param(TagRow, TagRecord, id="tag"),
    pytest.param(SourceRow, SourceRecord, id="source"),
    pytest.param(JournalRow, Entry, id="journal"),
]


def columns(row: type[Base], kind: type[DataclassInstance]) -> list[KeyedColumnElement[object]]:
    """The columns that a value shows: seals of approvals and of stacks are only looked at by the store."""
    unseen = {"seal", "definition_seal"} if kind in (Approval, StackRecord) else set()
    return [column for column in row.__table__.columns if column.key not in unseen]


@pytest.mark.parametrize(("row", "kind"), PAIRS)
def test_a_row_has_the_names_and_types_of_its_value(row: type[Base], kind: type[DataclassInstance]) -> None:
    hints = get_type_hints(row)
    mapped = {column.key: get_args(hints[column.key])[0] for column in columns(row, kind)}
    wanted = get_type_hints(kind)
    assert mapped == {name: wanted[name] for name in rows.stored(kind)}


@pytest.mark.parametrize(("row", "kind"), PAIRS)
def test_what_may_be_missing_in_a_value_may_be_null_in_its_row(
    row: type[Base], kind: type[DataclassInstance]
) -> None:
    optional = {name for name, hint in get_type_hints(kind).items() if type(None) in get_args(hint)}
    assert {column.key for column in columns(row, kind) if column.nullable} == optional


def test_every_column_kept_from_a_pass_exists() -> None:
    assert {field.name for field in dataclasses.fields(StackRecord)} > NOT_A_PASS

"""Does every value come back from its row as it went in?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, get_args, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from tfreconcile.gate.model import Approval, Verdict
from tfreconcile.plan.fingerprint import ChangeDigest, Fingerprint
from tfreconcile.source.model import InputsDigest, Revision, Signature, StackName
from tfreconcile.store import rows
from tfreconcile.store.database import Store
from tfreconcile.store.journal import Entry
from tfreconcile.store.records import (
    ApplyRecord,
    ApplyStatus,
    JsonObject,
    JsonObjects,
    PassRecord,
    PlanRecord,
    PlanState,
    SourceRecord,
    StackRecord,
    TagRecord,
)
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

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
OBJECT = st.dictionaries(TEXT, JSON, max_size=3)
VALUES: Mapping[object, st.SearchStrategy[object]] = {
    type(None): st.none(),
    **dict.fromkeys((str, StackName, Revision, InputsDigest, Fingerprint), TEXT),
    int: st.integers(0, 2**31 - 1),
    datetime: st.datetimes(
        datetime(1, 1, 2, tzinfo=UTC).replace(tzinfo=None),
        datetime(9999, 12, 30, tzinfo=UTC).replace(tzinfo=None),
        timezones=st.integers(-12, 12).map(lambda hours: timezone(timedelta(hours=hours))),
    ),
    JsonObject: OBJECT,
    JsonObjects: st.lists(OBJECT, max_size=3).map(tuple),
    tuple[int, ...]: st.lists(st.integers(1, 9), max_size=3).map(tuple),
    **dict.fromkeys((tuple[str, ...], tuple[StackName, ...]), st.lists(TEXT, max_size=3).map(tuple)),
    frozenset[ChangeDigest]: st.frozensets(TEXT, max_size=3),
    frozenset[tuple[str, str]]: st.frozensets(st.tuples(TEXT, TEXT), max_size=3),
    PlanState: st.sampled_from(PlanState),
    ApplyStatus: st.sampled_from(ApplyStatus),
    Verdict: st.sampled_from(Verdict),
    bool: st.booleans(),
    Signature: st.builds(
        Signature, kind=st.sampled_from(["ssh", "gpg"]), signer=TEXT, payload=TEXT, text=TEXT
    ),
}
REFERENCES = ("pending_plan", "plan_id")
"""Numbers of other rows, which have to exist: None here."""


def any_of(hint: object) -> st.SearchStrategy[object]:
    """Any value of a field's type."""
    return VALUES[hint] if hint in VALUES else reduce(or_, (VALUES[part] for part in get_args(hint)))


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        pytest.param(StackRow, StackRecord, id="stack"),
        pytest.param(PlanRow, PlanRecord, id="plan"),
        pytest.param(PassRow, PassRecord, id="pass"),
        pytest.param(ApprovalRow, Approval, id="approval"),
        pytest.param(ApplyRow, ApplyRecord, id="apply"),
        pytest.param(TagRow, TagRecord, id="tag"),
        pytest.param(SourceRow, SourceRecord, id="source"),
        pytest.param(JournalRow, Entry, id="journal"),
    ],
)
@given(given_values=st.data())
# The store is emptied for each example, so that sharing one costs nothing.
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_value_comes_back_as_it_went_in(
    store: Store, table: type[Base], kind: type[DataclassInstance], given_values: st.DataObject
) -> None:
    hints = get_type_hints(kind)
    names = [name for name in rows.stored(kind) if name not in REFERENCES]
    chosen = given_values.draw(st.fixed_dictionaries({name: any_of(hints[name]) for name in names}))
    record = kind(**chosen, **{name: None for name in REFERENCES if name in hints})
    with store.write() as session:
        session.execute(delete(table))
        session.add(table(**rows.columns(record)))
    with store.read() as session:
        assert rows.value(session.scalars(select(table)).one(), kind) == record

"""Is a value given back as it was put in, and refused when it cannot be?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Dialect, make_url

from tfreconcile.gate.model import Verdict
from tfreconcile.store.columns import Digests, Listed, Moment, OneOf, Pairs, Prose, written

LITE: Dialect = make_url("sqlite://").get_dialect()()
GRES: Dialect = make_url("postgresql+psycopg://").get_dialect()()
EARLY, LATE = (datetime(year, 1, 1, tzinfo=UTC).replace(tzinfo=None) for year in (1971, 2999))
BOTH = [pytest.param(LITE, id="sqlite"), pytest.param(GRES, id="postgresql")]


@pytest.mark.parametrize("dialect", BOTH)
@given(moment=st.datetimes(EARLY, LATE, timezones=st.timezones()))
@settings(max_examples=50, deadline=None)
def test_a_moment_comes_back_as_the_same_moment_in_utc(dialect: Dialect, moment: datetime) -> None:
    kept = Moment().process_bind_param(moment, dialect)
    back = Moment().process_result_value(kept, dialect)
    assert back == moment.astimezone(UTC)
    assert back is not None
    assert back.tzinfo is UTC


def test_a_moment_from_another_zone_is_kept_in_utc() -> None:
    vienna = datetime(2026, 11, 21, 13, tzinfo=timezone(timedelta(hours=1)))
    assert str(Moment().process_bind_param(vienna, LITE)) == "2026-11-21 12:00:00"


@pytest.mark.parametrize("dialect", BOTH)
def test_a_moment_without_a_zone_is_refused(dialect: Dialect) -> None:
    naive = datetime(2026, 11, 21, 12, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(ValueError, match="needs a time zone, found 2026-11-21T12:00:00"):
        Moment().process_bind_param(naive, dialect)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        pytest.param("état: fünf 🙂", "état: fünf 🙂", id="any language"),
        pytest.param("a\0b", "a\ufffdb", id="NUL"),
        pytest.param("bad \udcff byte", "bad \ufffd byte", id="undecodable byte"),
        pytest.param("", "", id="empty"),
        pytest.param(None, None, id="nothing"),
    ],
)
def test_a_sentence_can_always_be_kept(said: str | None, kept: str | None) -> None:
    assert Prose().process_bind_param(said, LITE) == kept


@given(st.text(alphabet=st.characters()))
@settings(max_examples=100, deadline=None)
def test_no_sentence_fails_a_write(said: str) -> None:
    kept = Prose().process_bind_param(said, LITE)
    assert kept is not None
    assert len(kept) == len(said)
    assert "\0" not in kept
    kept.encode()


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_word_comes_back_as_itself(verdict: Verdict) -> None:
    column = OneOf(Verdict)
    assert column.process_result_value(column.process_bind_param(verdict, LITE), LITE) is verdict


def test_a_word_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="perhaps"):
        OneOf(Verdict).process_result_value("perhaps", LITE)


def test_equal_sets_are_equal_rows() -> None:
    assert Digests().process_bind_param(frozenset({"b", "a"}), LITE) == ["a", "b"]
    assert Pairs().process_bind_param(frozenset({("b", "x"), ("a", "y")}), LITE) == [("a", "y"), ("b", "x")]


def test_a_list_keeps_its_order() -> None:
    assert Listed[int]().process_bind_param((3, 1, 2), LITE) == [3, 1, 2]
    assert Listed[int]().process_result_value([3, 1, 2], LITE) == (3, 1, 2)


@pytest.mark.parametrize(
    "column", [Moment(), Prose(), OneOf(Verdict), Listed(), Digests(), Pairs()], ids=repr
)
def test_nothing_stays_nothing(
    column: Moment | Prose | OneOf[Verdict] | Listed[object] | Digests | Pairs,
) -> None:
    assert column.process_bind_param(None, LITE) is None
    if not isinstance(column, Prose):
        assert column.process_result_value(None, LITE) is None


def test_a_decimal_is_written_with_every_digit() -> None:
    assert written({"price": Decimal("0.1000000000000000055511151231257827")}) == (
        '{"price": "0.1000000000000000055511151231257827"}'
    )


@pytest.mark.parametrize("number", [float("nan"), float("inf")], ids=str)
def test_what_is_no_json_number_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        written([number])


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError, match="plain JSON, found set"):
        written({"a": {1}})

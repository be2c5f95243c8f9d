"""How do moments, plans and revisions read in a table?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile import clock
from tfreconcile.cli.printing import one_line
from tfreconcile.cli.tables import LEAST, fitting, pending, revision, span, when

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (59, "59s"),
        (60, "1m"),
        (3599, "59m"),
        (3600, "1h 0m"),
        (86399, "23h 59m"),
        (86400, "1d 0h"),
        (190000, "2d 4h"),
    ],
)
def test_a_span_shows_its_two_largest_units(seconds: int, text: str) -> None:
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("after", "text"), [(timedelta(minutes=9), "in 9m"), (timedelta(), "now"), (timedelta(hours=-1), "now")]
)
def test_a_moment_is_told_from_now(after: timedelta, text: str) -> None:
    assert when(clock.text(NOON + after), NOON) == text


def test_a_moment_that_is_not_known_is_left_empty() -> None:
    assert when(None, NOON) == ""


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ({"create": 1, "update": 2, "replace": 3, "delete": 4, "forget": 5}, "+1 ~2 -/+3 -4 forget 5"),
        ({"create": 0, "update": 0, "replace": 0, "delete": 1, "forget": 0}, "-1"),
        ({"create": 0, "update": 0, "replace": 0, "delete": 0, "forget": 0}, "state only"),
    ],
)
def test_a_pending_plan_is_told_in_signs(counts: dict[str, int], text: str) -> None:
    assert pending({"pending": counts}) == text


def test_without_a_pending_plan_there_are_no_signs() -> None:
    assert pending({"pending": None}) == ""


@pytest.mark.parametrize(
    ("desired", "applied", "text"),
    [
        ("a" * 40, "a" * 40, "aaaaaaa"),
        ("b" * 40, "a" * 40, "aaaaaaa→bbbbbbb"),
        ("b" * 40, None, "none→bbbbbbb"),
        (None, None, ""),
    ],
)
def test_the_desired_revision_is_shown_when_it_differs(
    desired: str | None, applied: str | None, text: str
) -> None:
    assert revision({"desired_revision": desired, "applied_revision": applied}) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a [31mb"),
        ("a\nb\tc", "a b c"),
        ("a\u202eb\x9bc\x7f", "a b c "),
        ("\ud800x", " x"),
        ("Zürich → 漢字", "Zürich → 漢字"),
    ],
)
def test_a_text_from_outside_becomes_one_harmless_line(text: str, shown: str) -> None:
    assert one_line(text) == shown


@pytest.mark.parametrize(("text", "shown"), [("x" * 10, "x" * 10), ("x" * 11, "x" * 9 + "…")])
def test_a_line_that_is_too_long_is_cut_where_it_shows(text: str, shown: str) -> None:
    assert one_line(text, 10) == shown


WIDTHS = {"ID": 4, "BY": 20, "AT": 20, "WHY": 60}


@pytest.mark.parametrize(
    ("room", "shown", "fits"),
    [
        pytest.param(74, ["ID", "BY", "AT", "WHY"], True, id="all of them"),
        pytest.param(73, ["ID", "BY", "WHY"], True, id="without the first that can be spared"),
        pytest.param(52, ["ID", "BY", "WHY"], True, id="just so"),
        pytest.param(51, ["ID", "WHY"], True, id="without the next"),
        pytest.param(29, ["ID", "WHY"], False, id="there is no room for what must be there"),
    ],
)
def test_columns_are_left_out_where_there_is_no_room(room: int, shown: list[str], fits: bool) -> None:
    assert fitting(WIDTHS, ("AT", "BY"), room) == (shown, fits)


def test_a_short_last_column_needs_no_more_than_it_has() -> None:
    assert fitting({"ID": 4, "AT": 20, "WHY": 3}, ("AT",), 31) == (["ID", "AT", "WHY"], True)


def test_the_last_column_may_be_spared_too() -> None:
    assert fitting({"ID": 4, "STATE": 30, "WHY": 60}, ("WHY",), 40) == (["ID", "STATE"], True)


@given(
    widths=st.dictionaries(st.sampled_from("ABCDEFGH"), st.integers(1, 60), min_size=1),
    spare=st.permutations("BCD"),
    room=st.integers(1, 200),
)
@settings(max_examples=200, deadline=None)
def test_what_cannot_be_spared_is_always_shown_and_what_fits_fits(
    widths: dict[str, int], spare: list[str], room: int
) -> None:
    own = {"I": 5, **widths}
    shown, fits = fitting(own, spare, room)
    assert set(own) - set(spare) <= set(shown)
    *others, last = [own[name] for name in shown]
    assert fits == (sum(others) + 2 * len(others) + min(last, LEAST) <= room)

"""How do moments, plans and revisions read in a table?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tfreconcile import clock
from tfreconcile.cli.printing import one_line
from tfreconcile.cli.tables import pending, revision, span, when

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

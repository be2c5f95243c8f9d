"""When is a stack looked at again?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.errors import ReconcileError, Stalled, Transient, Waiting
from tfreconcile.observe.schedule import (
    FIRST_RETRY,
    LONGEST_RETRY,
    after_failure,
    after_success,
    back_off,
    spread,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
TEN = timedelta(minutes=10)
MOMENTS = st.timedeltas(-timedelta(days=9999), timedelta(days=9999)).map(lambda by: NOON + by)
INTERVALS = st.timedeltas(timedelta(seconds=10), timedelta(days=30))


@given(stack=st.text(), salt=st.text())
@settings(max_examples=100, deadline=None)
def test_a_spread_is_a_share_and_always_the_same(stack: str, salt: str) -> None:
    assert 0 <= spread(stack, salt) < 1
    assert spread(stack, salt) == spread(stack, salt)


def test_stacks_and_moments_are_spread_apart() -> None:
    assert spread("a", "b") != spread("b", "a")
    assert spread("a", "bc") != spread("ab", "c")
    shares = [spread(f"stack-{number}", "x") for number in range(100)]
    assert {int(share * 4) for share in shares} == {0, 1, 2, 3}


@given(stack=st.text(), now=MOMENTS, interval=INTERVALS)
@settings(max_examples=60, deadline=None)
def test_after_a_success_comes_the_interval_and_up_to_a_tenth_of_it(
    stack: str, now: datetime, interval: timedelta
) -> None:
    assert interval <= after_success(stack, now, interval) - now <= interval * 1.1


@pytest.mark.parametrize(
    ("failures", "step"),
    [
        pytest.param(0, 15, id="none-yet"),
        pytest.param(1, 15, id="first"),
        pytest.param(2, 30, id="second"),
        pytest.param(5, 240, id="fifth"),
        pytest.param(8, 1800, id="capped"),
        pytest.param(10**9, 1800, id="many"),
    ],
)
def test_back_off_doubles_up_to_half_an_hour(failures: int, step: int) -> None:
    wait = (back_off("net", NOON, failures) - NOON).total_seconds()
    assert step / 2 <= wait <= step


@given(stack=st.text(), now=MOMENTS, failures=st.integers(1, 10**6))
@settings(max_examples=100, deadline=None)
def test_back_off_is_never_under_half_a_step_and_never_over_the_longest(
    stack: str, now: datetime, failures: int
) -> None:
    assert FIRST_RETRY / 2 <= back_off(stack, now, failures) - now <= LONGEST_RETRY


@pytest.mark.parametrize(
    ("error", "failures", "interval", "least", "most"),
    [
        pytest.param(Waiting("Busy", ""), 9, TEN, 15, 15, id="waiting"),
        pytest.param(Waiting("Busy", ""), 9, timedelta(seconds=5), 5, 5, id="waiting-with-a-short-interval"),
        pytest.param(Transient("Throttled", ""), 1, TEN, 7.5, 15, id="transient"),
        pytest.param(Transient("Throttled", ""), 99, TEN, 600, 600, id="transient-never-over-the-interval"),
        pytest.param(
            Transient("Throttled", ""), 99, timedelta(seconds=1), 15, 15, id="transient-never-under-a-retry"
        ),
        pytest.param(Stalled("InvalidConfiguration", ""), 1, TEN, 600, 660, id="stalled"),
        pytest.param(
            Waiting("WindowClosed", "", until=NOON + timedelta(seconds=90)),
            9,
            TEN,
            90,
            90,
            id="a window opens",
        ),
        pytest.param(
            Waiting("WindowClosed", "", until=NOON + timedelta(days=9)),
            9,
            TEN,
            600,
            660,
            id="a window, later",
        ),
        pytest.param(Waiting("WindowClosed", ""), 9, TEN, 600, 660, id="no window in sight"),
    ],
)
def test_after_a_failure_its_class_says_when(
    error: ReconcileError, failures: int, interval: timedelta, least: float, most: float
) -> None:
    due = after_failure("net", NOON, interval, error=error, failures=failures)
    assert least <= (due - NOON).total_seconds() <= most


@given(
    now=MOMENTS,
    interval=INTERVALS,
    failures=st.integers(0, 10**6),
    kind=st.sampled_from([Transient, Stalled, Waiting]),
)
@settings(max_examples=100, deadline=None)
def test_no_failure_is_looked_at_again_at_once_or_never(
    now: datetime, interval: timedelta, failures: int, kind: type[ReconcileError]
) -> None:
    due = after_failure("net", now, interval, error=kind("Reason", ""), failures=failures)
    assert timedelta(seconds=7) < due - now <= max(interval * 1.1, FIRST_RETRY)

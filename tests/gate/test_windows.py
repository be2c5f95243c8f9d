"""When may it happen? Windows by the clock of the wall, and by the clock that goes on."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st
from support.judged import NOON, change

from tfreconcile.classify.model import Cause, Classification, Classified, ClassifiedOutput
from tfreconcile.gate.model import Act, Window
from tfreconcile.gate.windows import HORIZON, acts, closed, off_hours
from tfreconcile.plan.document import Output
from tfreconcile.plan.fingerprint import ChangeDigest

APPLY, HEAL = frozenset({Act.APPLY}), frozenset({Act.HEAL})
BERLIN = "Europe/Berlin"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def at(text: str) -> datetime:
    """A moment of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def deny(cron: str, hours: float, timezone: str = "UTC", acts: frozenset[Act] = APPLY | HEAL) -> Window:
    return Window(allow=False, cron=cron, duration=timedelta(hours=hours), timezone=timezone, acts=acts)


def allow(cron: str, hours: float, timezone: str = "UTC", acts: frozenset[Act] = APPLY | HEAL) -> Window:
    return replace(deny(cron, hours, timezone, acts), allow=True)


def until(*windows: Window, now: datetime, what: frozenset[Act] = APPLY) -> datetime | str:
    """When it opens; "open" and "never" for what has no moment."""
    found = closed(windows, what, now)
    return "open" if found is None else found.until or "never"


WEEKEND = deny("0 18 * * FRI", 62, BERLIN)
OFFICE = allow("0 9 * * MON-FRI", 8)


@pytest.mark.parametrize(
    ("windows", "now", "expected"),
    [
        pytest.param((), "2026-11-21T12:00", "open", id="no window at all"),
        pytest.param((WEEKEND,), "2026-11-20T16:59", "open", id="a minute before it closes"),
        pytest.param((WEEKEND,), "2026-11-20T17:00", "2026-11-23T07:00", id="the very minute it closes"),
        pytest.param((WEEKEND,), "2026-11-23T06:59", "2026-11-23T07:00", id="a minute before it opens"),
        pytest.param((WEEKEND,), "2026-11-23T07:00", "open", id="the very minute it opens"),
        pytest.param((OFFICE,), "2026-11-20T16:59", "open", id="the last minute of an allow window"),
        pytest.param((OFFICE,), "2026-11-20T17:00", "2026-11-23T09:00", id="an allow window ends"),
        pytest.param((OFFICE,), "2026-11-23T09:00", "open", id="an allow window begins"),
        pytest.param(
            (WEEKEND, OFFICE), "2026-11-21T12:00", "2026-11-23T09:00", id="looks through a deny to an allow"
        ),
        pytest.param((OFFICE, deny("0 9 * * MON", 2)), "2026-11-21T12:00", "2026-11-23T11:00", id="and back"),
        pytest.param(
            (OFFICE, deny("0 9 * * MON", 2)),
            "2026-11-23T10:00",
            "2026-11-23T11:00",
            id="deny wins over allow",
        ),
        pytest.param(
            (deny("0 0 * * *", 12), deny("0 12 * * *", 6)),
            "2026-11-21T01:00",
            "2026-11-21T18:00",
            id="adjacent",
        ),
        pytest.param(
            (deny("0 0 * * *", 13), deny("0 12 * * *", 6)),
            "2026-11-21T01:00",
            "2026-11-21T18:00",
            id="overlapping",
        ),
        pytest.param(
            (deny("0 0 * * *", 24),), "2026-11-21T12:00", "never", id="each ends as the next begins"
        ),
        pytest.param((deny("0 0 * * *", 40),), "2026-11-21T12:00", "never", id="longer than its period"),
        pytest.param(
            (allow("0 0 * * *", 40),), "2026-11-21T12:00", "open", id="allowed longer than its period"
        ),
        pytest.param(
            (deny("* * * * *", 1 / 60),), "2026-11-21T12:00", "never", id="every minute, a minute long"
        ),
        pytest.param((allow("0 0 29 2 *", 1),), "2026-11-21T12:00", "never", id="not within a year"),
        pytest.param((allow("0 9 20 11 *", 1),), "2026-11-21T12:00", "2027-11-20T09:00", id="within a year"),
        pytest.param((deny("0 0 * * *", 24, acts=HEAL),), "2026-11-21T12:00", "open", id="of another act"),
        pytest.param(
            (allow("0 9 * * MON", 1, acts=HEAL),), "2026-11-21T12:00", "open", id="allows another act"
        ),
        pytest.param(
            (deny("0 6 * * *", 12, "Asia/Kolkata"),), "2026-11-21T12:00", "2026-11-21T12:30", id="half hours"
        ),
    ],
)
def test_it_is_closed_until(windows: tuple[Window, ...], now: str, expected: str) -> None:
    opens = expected if expected in ("open", "never") else at(expected)
    assert until(*windows, now=at(now)) == opens


@pytest.mark.parametrize(
    ("window", "now", "expected"),
    [
        pytest.param(deny("30 2 * * *", 1, BERLIN), "2026-10-25T00:29", "open", id="autumn: before"),
        pytest.param(
            deny("30 2 * * *", 1, BERLIN), "2026-10-25T00:30", "2026-10-25T01:30", id="autumn: begins"
        ),
        pytest.param(
            deny("30 2 * * *", 1, BERLIN), "2026-10-25T01:15", "2026-10-25T01:30", id="autumn: its hour again"
        ),
        pytest.param(deny("30 2 * * *", 1, BERLIN), "2026-10-25T01:30", "open", id="autumn: only once"),
        pytest.param(
            deny("30 2 * * *", 1, BERLIN),
            "2027-03-28T01:00",
            "2027-03-28T02:00",
            id="spring: when 2:30 is 3:00",
        ),
        pytest.param(deny("30 2 * * *", 1, BERLIN), "2027-03-28T00:59", "open", id="spring: not before"),
        pytest.param(
            deny("0 1 * * *", 3, BERLIN), "2027-03-28T02:30", "2027-03-28T03:00", id="spring: across"
        ),
        pytest.param(
            deny("0 1 * * *", 3, BERLIN), "2026-10-25T01:30", "2026-10-25T02:00", id="autumn: across"
        ),
        pytest.param(
            deny("0 0 * * *", 1, "Asia/Beirut"),
            "2027-03-27T22:30",
            "2027-03-27T23:00",
            id="no midnight at all",
        ),
    ],
)
def test_hours_that_are_there_twice_or_not_at_all(window: Window, now: str, expected: str) -> None:
    assert until(window, now=at(now)) == (expected if expected == "open" else at(expected))


def test_seconds_count() -> None:
    assert until(WEEKEND, now=at("2026-11-20T16:59:59.999999")) == "open"
    assert until(WEEKEND, now=at("2026-11-23T06:59:59.999999")) == at("2026-11-23T07:00")


def test_all_acts_must_be_open_at_once() -> None:
    morning, evening = deny("0 6 * * *", 6, acts=APPLY), deny("0 12 * * *", 6, acts=HEAL)
    assert until(morning, evening, now=at("2026-11-21T07:00"), what=APPLY) == at("2026-11-21T12:00")
    assert until(morning, evening, now=at("2026-11-21T07:00"), what=APPLY | HEAL) == at("2026-11-21T18:00")


@pytest.mark.parametrize(
    ("window", "why"),
    [
        pytest.param(
            replace(WEEKEND, why="weekend"),
            "deny window 'weekend' is closed for apply until 2026-11-23T07:00:00Z",
            id="a deny window by its reason",
        ),
        pytest.param(
            WEEKEND,
            "deny window '0 18 * * FRI' (Europe/Berlin) is closed for apply until 2026-11-23T07:00:00Z",
            id="or by its hours",
        ),
        pytest.param(
            OFFICE,
            "outside of the allow windows ('0 9 * * MON-FRI' (UTC)), closed for apply"
            " until 2026-11-23T09:00:00Z",
            id="allow windows",
        ),
        pytest.param(
            replace(deny("0 0 * * *", 24), why="frozen"),
            "deny window 'frozen' is closed for apply and opens at no time within 366 days",
            id="no opening",
        ),
    ],
)
def test_what_is_closed_says_which_window_and_until_when(window: Window, why: str) -> None:
    found = closed((window,), APPLY, NOON)
    assert found is not None
    assert found.why == why


def test_nobody_has_to_be_at_hand_where_no_hours_are_named() -> None:
    assert off_hours((), NOON) is None


def test_it_is_off_hours_outside_of_all_of_them() -> None:
    early, late = allow("0 6 * * MON-SAT", 8), allow("0 12 * * MON-FRI", 8)
    assert off_hours((early, late), at("2026-11-21T13:59")) is None
    found = off_hours((early, late), at("2026-11-21T14:00"))
    assert found == "nobody is at hand: outside of the working hours until 2026-11-23T06:00:00Z"


@pytest.mark.parametrize(
    ("causes", "outputs", "expected"),
    [
        pytest.param([Cause.GIT], [], APPLY, id="git"),
        pytest.param([Cause.DRIFT], [], HEAL, id="drift"),
        pytest.param([Cause.GIT, Cause.DRIFT], [], APPLY | HEAL, id="mixed"),
        pytest.param([Cause.BOTH], [], APPLY | HEAL, id="both at once"),
        pytest.param([Cause.UNKNOWN], [], APPLY, id="unknown"),
        pytest.param([Cause.OTHER], [], APPLY, id="other"),
        pytest.param([Cause.DRIFT], [Cause.OTHER], HEAL, id="an output that follows"),
        pytest.param([Cause.DRIFT], [Cause.GIT], APPLY | HEAL, id="an output that is wished"),
        pytest.param([], [Cause.OTHER], APPLY, id="only outputs"),
    ],
)
def test_what_applying_a_plan_is(causes: list[Cause], outputs: list[Cause], expected: frozenset[Act]) -> None:
    digest = ChangeDigest("d")
    found = Classification(
        changes=tuple(Classified(change=change(), digest=digest, cause=cause) for cause in causes),
        outputs=tuple(
            ClassifiedOutput(output=Output(name="o", actions=("update",)), digest=digest, cause=cause)
            for cause in outputs
        ),
    )
    assert acts(found) == expected


def test_ten_windows_take_about_a_millisecond() -> None:
    many = (
        *(deny(f"0 {hour} * * *", 1, BERLIN) for hour in (1, 5, 12)),
        *(deny(f"0 18 * * {day}", 60, BERLIN) for day in ("FRI", "SAT")),
        *(deny(f"0 0 {day} 12 *", 48, BERLIN) for day in (24, 31)),
        *(allow(f"0 {hour} * * MON-FRI", 6, BERLIN) for hour in (8, 13, 15)),
    )
    fastest = min(_seconds(many) for _ in range(100))
    assert fastest < 0.002  # 0.9 ms were measured on a busy machine


def _seconds(windows: tuple[Window, ...]) -> float:
    began = time.process_time()
    closed(windows, APPLY, NOON)
    return time.process_time() - began


def test_a_search_that_finds_nothing_ends_soon() -> None:
    busy = (deny("* 0-11 * * *", 1 / 60), deny("* 12-23 * * *", 1 / 60), deny("*/7 * * * *", 1))
    began = time.perf_counter()
    assert until(*busy, now=NOON) == "never"
    assert time.perf_counter() - began < 2


CRONS = st.sampled_from(
    ["0 9 * * *", "30 2 * * *", "*/30 2 * * *", "0 0 * * SUN", "0 18 * * FRI", "15 1 25 * *", "0 */6 * * *"]
)
WINDOWS = st.builds(
    lambda allow, cron, minutes, zone: Window(
        allow=allow, cron=cron, duration=timedelta(minutes=minutes), timezone=zone, acts=APPLY
    ),
    st.booleans(),
    CRONS,
    st.sampled_from([1, 20, 60, 90, 8 * 60, 24 * 60, 62 * 60]),
    st.sampled_from(["UTC", BERLIN, "America/New_York", "Australia/Lord_Howe"]),
)
SPRING, AUTUMN = at("2027-03-27T20:00"), at("2026-10-24T20:00")
MOMENTS = st.builds(
    lambda start, minutes: start + timedelta(minutes=minutes),
    st.sampled_from([NOON, SPRING, AUTUMN]),
    st.integers(0, 60 * 30),
)


def open_by_hand(windows: list[Window], moment: datetime) -> bool:
    """Said once more: every start of four days before is looked at, one by one."""

    def covers(window: Window) -> bool:
        local = CronSim(window.cron, (moment - timedelta(days=4)).astimezone(ZoneInfo(window.timezone)))
        for start in local:
            if start.astimezone(UTC) > moment + timedelta(hours=3):
                return False
            if timedelta(0) <= moment - start.astimezone(UTC) < window.duration:
                return True
        return False

    allowing = [window for window in windows if window.allow]
    return not any(covers(window) for window in windows if not window.allow) and (
        not allowing or any(covers(window) for window in allowing)
    )


@given(st.lists(WINDOWS, max_size=3), MOMENTS)
@settings(max_examples=200, deadline=None)
def test_it_opens_at_the_first_moment_at_which_it_is_open(windows: list[Window], now: datetime) -> None:
    found = closed(windows, APPLY, now)
    assert (found is None) is open_by_hand(windows, now)
    if found is None:
        return
    last = found.until or now + HORIZON
    if found.until is not None:
        assert now < found.until <= now + HORIZON
        assert closed(windows, APPLY, found.until) is None
        assert open_by_hand(windows, found.until)
        assert closed(windows, APPLY, found.until - MINUTE) is not None
    for minutes in (1, 7, 59, 180, 60 * 24):
        if (moment := now + timedelta(minutes=minutes)) < last:
            assert not open_by_hand(windows, moment)

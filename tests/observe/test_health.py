"""Does it work? Decided from probes, checks and times alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.observe.health import SETTLING, Health, HealthStatus, Probe, judge
from tfreconcile.plan.document import Check

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CANARY = "EXAMPLE-SECRET-canary-0123456789"

UP = Probe(target="http://a/", ok=True, detail="200 as expected")
DOWN = Probe(target="http://b/", ok=False, detail="503, expected 200", within=5 * MINUTE)
SLOW = Probe(target="http://c/", ok=False, detail="no answer within 5 s", within=9 * MINUTE)


def check(status: str, address: str = "check.pay") -> Check:
    """One of Terraform's checks, whose problems nobody may read."""
    return Check(address=address, kind="check", status=status, problems=(CANARY,))


@pytest.mark.parametrize(
    ("probes", "checks", "after", "status", "reason", "healthy_by"),
    [
        pytest.param((UP,), (), MINUTE, "Healthy", "AllPassing", None, id="up"),
        pytest.param((UP,), (check("pass"),), None, "Healthy", "AllPassing", None, id="up-and-never-applied"),
        pytest.param((UP,), (check("unknown"),), MINUTE, "Healthy", "AllPassing", None, id="unknown-ignored"),
        pytest.param((), (), MINUTE, "Healthy", "NoChecks", None, id="no-checks"),
        pytest.param((), (check("unknown"),), MINUTE, "Healthy", "ChecksUnknown", None, id="only-unknown"),
        pytest.param((), (check("novel"),), MINUTE, "Healthy", "ChecksUnknown", None, id="a-novel-status"),
        pytest.param((DOWN,), (), MINUTE, "Progressing", "Settling", 5 * MINUTE, id="down-in-time"),
        pytest.param((DOWN,), (), 5 * MINUTE, "Degraded", "ChecksFailing", None, id="down-at-its-time"),
        pytest.param((DOWN,), (), None, "Degraded", "ChecksFailing", None, id="down-and-never-applied"),
        pytest.param((UP, SLOW), (), 8 * MINUTE, "Progressing", "Settling", 9 * MINUTE, id="its-own-time"),
        pytest.param((DOWN, SLOW), (), MINUTE, "Progressing", "Settling", 5 * MINUTE, id="the-first-to-end"),
        pytest.param((DOWN, SLOW), (), 6 * MINUTE, "Degraded", "ChecksFailing", None, id="one-too-late"),
        pytest.param((), (check("fail"),), MINUTE, "Progressing", "Settling", SETTLING, id="check-in-time"),
        pytest.param((), (check("error"),), 9 * MINUTE, "Degraded", "ChecksFailing", None, id="check-late"),
    ],
)
def test_health_follows(
    probes: tuple[Probe, ...],
    checks: tuple[Check, ...],
    after: timedelta | None,
    status: str,
    reason: str,
    healthy_by: timedelta | None,
) -> None:
    applied_at = None if after is None else NOON - after
    found = judge(probes, checks, applied_at=applied_at, now=NOON)
    assert (found.status, found.reason) == (status, reason)
    assert found.healthy_by == (applied_at + healthy_by if applied_at and healthy_by else None)
    assert CANARY not in found.message


def test_without_checks_a_failed_pass_leaves_health_open() -> None:
    found = judge((), (), applied_at=NOON, now=NOON, pass_succeeded=False)
    assert (found.status, found.reason) == (HealthStatus.UNKNOWN, "NotObserved")


def test_the_caller_may_give_terraforms_checks_another_time() -> None:
    found = judge((), (check("fail"),), applied_at=NOON - MINUTE, now=NOON, within=MINUTE)
    assert found.status is HealthStatus.DEGRADED


@pytest.mark.parametrize(
    ("health", "message"),
    [
        pytest.param(
            judge((UP,), (check("pass"), check("unknown")), applied_at=None, now=NOON),
            "2 of 3 checks pass; 1 unknown until apply, ignored",
            id="counts",
        ),
        pytest.param(
            judge((DOWN,), (check("fail"),), applied_at=None, now=NOON),
            "http://b/: 503, expected 200; check check.pay: fail",
            id="names",
        ),
        pytest.param(
            judge((DOWN,) * 5, (), applied_at=None, now=NOON),
            "; ".join(["http://b/: 503, expected 200"] * 3) + "; and 2 more",
            id="not-all-of-them",
        ),
        pytest.param(
            judge((DOWN, SLOW), (), applied_at=NOON - 6 * MINUTE, now=NOON),
            "http://b/: 503, expected 200",
            id="only-what-is-late",
        ),
    ],
)
def test_a_message_is_for_a_person(health: Health, message: str) -> None:
    assert health.message == message


@st.composite
def a_probe(draw: st.DrawFn) -> Probe:
    """Any probe that ends within 10 minutes."""
    within = timedelta(minutes=draw(st.integers(0, 10)))
    return Probe(target="t", ok=draw(st.booleans()), detail="d", within=within)


@settings(max_examples=200, deadline=None)
@given(
    probes=st.lists(a_probe(), max_size=4),
    statuses=st.lists(st.sampled_from(["pass", "fail", "error", "unknown"]), max_size=4),
    minutes=st.none() | st.integers(0, 15),
)
def test_time_only_ever_makes_a_failure_worse(
    probes: list[Probe], statuses: list[str], minutes: int | None
) -> None:
    """Healthy means that nothing fails; progress ends exactly when it says, and ends in Degraded."""
    applied_at = None if minutes is None else NOON - minutes * MINUTE
    checks = [check(status) for status in statuses]
    found = judge(probes, checks, applied_at=applied_at, now=NOON)
    fails = any(not one.ok for one in probes) or not {"fail", "error"}.isdisjoint(statuses)
    assert (found.status is HealthStatus.HEALTHY) is (not fails)
    assert (found.status is HealthStatus.PROGRESSING) is (found.healthy_by is not None)
    if found.healthy_by:
        before = judge(probes, checks, applied_at=applied_at, now=found.healthy_by - timedelta(seconds=1))
        after = judge(probes, checks, applied_at=applied_at, now=found.healthy_by)
        assert before.status is HealthStatus.PROGRESSING
        assert after.status is HealthStatus.DEGRADED

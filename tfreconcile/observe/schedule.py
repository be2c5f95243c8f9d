"""When is a stack looked at again? Intervals, back-off and jitter, from values alone."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from tfreconcile.errors import ReconcileError, Transient, Waiting
from tfreconcile.observe.conditions import SUSPENDED_IN_GIT, WINDOW_CLOSED

FIRST_RETRY = timedelta(seconds=15)
LONGEST_RETRY = timedelta(minutes=30)
PROGRESS_RETRY = timedelta(seconds=10)


def spread(stack: str, salt: str) -> float:
    """A number in [0, 1) that is always the same for one stack and salt: jitter without dice."""
    word = hashlib.sha256(f"{stack}\0{salt}".encode()).digest()
    return int.from_bytes(word[:6]) / 2**48


def after_success(stack: str, now: datetime, interval: timedelta) -> datetime:
    """The next regular check: the interval and up to a tenth of it, so that fleets spread out."""
    return now + interval * (1 + spread(stack, now.isoformat()) / 10)


def after_hold(stack: str, now: datetime, interval: timedelta, *, until: datetime | None) -> datetime:
    """When a window opens that it waits for, or at its regular check, if that is sooner."""
    regular = after_success(stack, now, interval)
    return regular if until is None else min(regular, until)


def back_off(stack: str, now: datetime, failures: int) -> datetime:
    """Exponential from 15 s to 30 min, each between half and all of its step ("equal jitter")."""
    doublings = min(max(failures - 1, 0), 16)
    step: timedelta = min(LONGEST_RETRY, FIRST_RETRY * (1 << doublings))
    return now + step * (0.5 + spread(stack, f"{now.isoformat()} {failures}") / 2)


def after_failure(
    stack: str, now: datetime, interval: timedelta, *, error: ReconcileError, failures: int
) -> datetime:
    """Transient failures back off, what waits is looked at soon, what would fail again at its interval."""
    if isinstance(error, Waiting) and error.reason == WINDOW_CLOSED:
        return after_hold(stack, now, interval, until=error.until)
    if isinstance(error, Waiting) and error.reason != SUSPENDED_IN_GIT:
        return now + min(interval, FIRST_RETRY)
    if isinstance(error, Transient):
        return min(back_off(stack, now, failures), max(now + interval, now + FIRST_RETRY))
    return after_success(stack, now, interval)

"""What time is it? The only module that asks."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the present as an aware UTC datetime."""


def now() -> datetime:
    """The present, aware, in UTC."""
    return datetime.now(UTC)  # noqa: TID251  this module is the door to the clock


def monotonic() -> float:
    """Seconds from an arbitrary start, for measuring how long something took."""
    return time.monotonic()


def text(moment: datetime) -> str:
    """RFC 3339 in UTC with seconds: ``2026-11-21T12:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

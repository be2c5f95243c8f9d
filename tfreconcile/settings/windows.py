"""When is the gate open, and when is somebody at hand: how does a host config say it?"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field, model_validator

from tfreconcile.source.contract import each_once
from tfreconcile.source.document import Section
from tfreconcile.source.shapes import Duration, Note, Text, between, not_allowed, sentence

_FIELDS = "five fields: minute, hour, day of month, month, day of week"
_ZONE = re.compile(r"(?!posix|right)[A-Za-z0-9_+-]{1,40}(/[A-Za-z0-9_+-]{1,40}){0,2}")
_SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)


def _cron(text: str) -> str:
    """The text, if it fires at all. Whoever wrote 31 February has a window that would never be."""
    if len(text.split()) != 5:
        raise not_allowed(_FIELDS, "write them, such as 0 18 * * FRI; @daily and seconds are not known")
    try:
        next(CronSim(text, _SOME_DAY))
    except CronSimError as error:
        field = str(error).removeprefix("Bad ")
        raise not_allowed(_FIELDS, f"look at {field}: it has no such value, or never that day") from None
    except StopIteration:
        raise sentence("it never fires: no such day comes in 50 years", "correct the day") from None
    return text


def _timezone(name: str) -> str:
    if name == "UTC":  # known without a time zone database
        return name
    try:
        if _ZONE.fullmatch(name) and ZoneInfo(name).key:
            return name
    except (OSError, ValueError, KeyError):
        pass
    raise not_allowed("the IANA name of a time zone, such as Europe/Berlin, or UTC", _meant(name))


def _meant(name: str) -> str:
    known = {zone.lower(): zone for zone in available_timezones()}
    if not known:
        return "this machine has no time zone database; install tzdata"
    close = get_close_matches(name.lower(), known, n=1)
    return f"did you mean {known[close[0]]}?" if close else ""


Cron = Annotated[str, Text(r"[^\x00-\x1f]{1,200}", _FIELDS), AfterValidator(_cron)]
Timezone = Annotated[str, AfterValidator(_timezone)]
Span = Annotated[Duration, between(timedelta(minutes=1), timedelta(days=31))]
StackPattern = Annotated[
    str, Text(r"[a-z0-9*?-]{1,63}", "the name of a stack, or a pattern such as payments-*")
]
Stacks = Annotated[list[StackPattern], AfterValidator(each_once)]


class WorkingHoursSection(Section):
    """A span of time, coming again, in which somebody is at hand."""

    cron: Cron
    """When it begins: five fields, as crontab has them."""
    duration: Span
    """How long it lasts, 1m to 31d."""
    timezone: Timezone = "UTC"
    """The IANA name of the time zone of cron."""
    stacks: Stacks = Field(default=["*"], min_length=1, max_length=100)
    """Names or patterns of the stacks that it speaks of."""


class WindowSection(Section):
    """A span of time, coming again, in which something may not happen, or in which alone it may."""

    deny: Cron | None = None
    """When a span begins in which nothing of actions happens; exactly one of deny and allow."""
    allow: Cron | None = None
    """When a span begins in which actions may happen; outside of all such spans they may not."""
    duration: Span
    """How long it lasts, 1m to 31d."""
    timezone: Timezone = "UTC"
    """The IANA name of the time zone of deny or allow."""
    stacks: Stacks = Field(default=["*"], min_length=1, max_length=100)
    """Names or patterns of the stacks that it speaks of."""
    actions: Annotated[list[Literal["plan", "apply", "heal"]], AfterValidator(each_once)] = Field(
        default=["apply", "heal"], min_length=1
    )
    """What it speaks of: plan, apply (what Git asks for), heal (what undoes drift)."""
    why: Note | None = None
    """The reason, for whoever waits."""

    @model_validator(mode="after")
    def _is_one_of_both(self) -> WindowSection:
        if (self.deny is None) == (self.allow is None):
            raise sentence("allowed: exactly one of deny and allow", "write one window for each")
        return self

"""May it happen at this time of day, and if not, when?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from cronsim import CronSim

from tfreconcile.classify.model import Cause, Classification
from tfreconcile.gate.model import Act, Window
from tfreconcile.gate.requirements import is_wish
from tfreconcile.gate.signed import moment as text

HORIZON = timedelta(days=366)
"""How far ahead an opening is looked for."""
_MOVES, _STARTS = 800, 600
"""Bounds of the search: how often it moves on (twice a day for the horizon), and how many starts of one
window in a row it follows at a time (one every five minutes for two days)."""


@dataclass(frozen=True)
class Closed:
    """It may not happen now. ``until``: the first moment at which it may, None when none is in sight."""

    until: datetime | None
    why: str


def acts(classification: Classification) -> frozenset[Act]:
    """What applying a plan is: putting drift back, doing what Git (or nobody known) asks for, or both."""
    causes = {item.cause for item in classification.changes}
    causes |= {output.cause for output in classification.outputs if is_wish(output)}
    found = {Act.HEAL} if causes & {Cause.DRIFT, Cause.BOTH} else set()
    return frozenset(found | ({Act.APPLY} if causes - {Cause.DRIFT} or not found else set()))


def closed(windows: Iterable[Window], acts: frozenset[Act], now: datetime) -> Closed | None:
    """Why these acts may not happen now; None when all of them may.

    A denying window wins. Once any allowing window speaks of an act, that act happens in such windows only:
    for a renamed stack in one of each of its names.
    A window opens exactly at its start and closes exactly ``duration`` later, in hours that pass: where
    clocks are turned within it, the hour on the wall at its end is another one.
    """
    own = [window for window in windows if window.acts & acts]
    until = _opening(own, acts, now)
    if until == now:
        return None
    when = f"until {text(until)}" if until else f"and opens at no time within {HORIZON.days} days"
    return Closed(until, f"{_shut(own, acts, now)} {when}")


def off_hours(working_hours: Iterable[Window], now: datetime) -> str | None:
    """A sentence when nobody is at hand: it is outside of all working hours, and there are some."""
    for hours in _by_name(working_hours):
        if not any(_covers(window, now) for window in hours):
            starts = [start for window in hours for start in islice(_starts(window, now), 1)]
            ahead = f"until {text(min(starts))}" if starts else "at any time"
            return f"nobody is at hand: outside of the working hours {ahead}"
    return None


def _shut(windows: list[Window], acts: frozenset[Act], now: datetime) -> str:
    for window in windows:
        if not window.allow and _covers(window, now):
            return f"deny window {_name(window)} is closed for {_words(window.acts & acts)}"
    for act in sorted(acts):
        for allowing in _allowing(windows, act):
            if not any(_covers(window, now) for window in allowing):
                names = ", ".join(map(_name, allowing))
                return f"outside of the allow windows ({names}), closed for {act}"
    return "closed"


def _opening(windows: list[Window], acts: frozenset[Act], now: datetime) -> datetime | None:
    moment, horizon = now, now + HORIZON
    for _ in range(_MOVES):
        later = _later(windows, acts, moment, horizon)
        if later == moment:
            return moment
        if later >= horizon:
            return None
        moment = later
    return None


def _later(windows: list[Window], acts: frozenset[Act], moment: datetime, horizon: datetime) -> datetime:
    """``moment`` when it is open; else a later one before which it surely is not."""
    for window in windows:
        if not window.allow and (later := _end(window, moment, horizon)) > moment:
            return later
    for act in acts:
        for allowing in _allowing(windows, act):
            if not any(_covers(window, moment) for window in allowing):
                starts = [start for window in allowing for start in islice(_starts(window, moment), 1)]
                return min(starts, default=horizon)
    return moment


def _allowing(windows: Iterable[Window], act: Act) -> list[list[Window]]:
    return _by_name([window for window in windows if window.allow and act in window.acts])


def _by_name(windows: Iterable[Window]) -> list[list[Window]]:
    """Those of the stack's own name, and those of each former one: no list is empty."""
    found: dict[str, list[Window]] = {}
    for window in windows:
        found.setdefault(window.of, []).append(window)
    return list(found.values())


def _covers(window: Window, moment: datetime) -> bool:
    """Did it open at most ``duration`` ago? Then it is open, however often it opened meanwhile."""
    return any(start <= moment for start in islice(_starts(window, moment - window.duration), 1))


def _end(window: Window, moment: datetime, horizon: datetime) -> datetime:
    """When a window that covers the moment ends, the ones after it included that begin before it ended.

    ``moment`` itself when it does not cover it; ``horizon`` when no end is in sight.
    """
    end = moment
    for start in islice(_starts(window, moment - window.duration), _STARTS):
        if start > end:
            return end
        end = start + window.duration
        if end >= horizon:
            return horizon
    return horizon if end > moment else moment


def _starts(window: Window, after: datetime) -> Iterator[datetime]:
    """Every start later than ``after``, in UTC, in order; none when the cron text never fires (again).

    The zone's clock shows some hours twice, and cron counts such a moment once and by its first: what it
    then gives again is left out.
    """
    found: Iterator[datetime] = CronSim(window.cron, after.astimezone(ZoneInfo(window.timezone)))
    last = after
    for start in _utc(found):
        if start > last:
            last = start
            yield start


def _utc(local: Iterator[datetime]) -> Iterator[datetime]:
    return (moment.astimezone(UTC) for moment in local)


def _name(window: Window) -> str:
    return f"'{window.why}'" if window.why else f"'{window.cron}' ({window.timezone})"


def _words(acts: frozenset[Act]) -> str:
    return " and ".join(sorted(acts))

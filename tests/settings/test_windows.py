"""Which windows may a host config name?"""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.errors import Misconfigured
from tfreconcile.settings.host import parse

FILE = "/etc/tfreconcile/config.yaml"
ZONE = "allowed: the IANA name of a time zone, such as Europe/Berlin, or UTC (did you mean Europe/Berlin?)"
FIELDS = "allowed: five fields: minute, hour, day of month, month, day of week"


def _windows(*windows: str) -> bytes:
    return "\n".join(["source: {url: x}", "gate:", " windows:", *(f"  - {one}" for one in windows)]).encode()


@pytest.mark.parametrize("cron", ["* * * * *", "0 0 29 2 *", "*/5 8-18/2 1,15 JAN-MAR MON#2", "0 0 L * 5L"])
def test_whatever_fires_one_day_is_a_cron_text(cron: str) -> None:
    (window,) = parse(_windows(f"{{deny: '{cron}', duration: 1m}}"), FILE).floor.windows
    assert window.window.cron == cron


@pytest.mark.parametrize(
    "zone", ["UTC", "Etc/UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "EST5EDT"]
)
def test_a_time_zone_has_an_iana_name(zone: str) -> None:
    (window,) = parse(_windows(f"{{deny: '0 0 * * *', duration: 31d, timezone: {zone}}}"), FILE).floor.windows
    assert window.window.timezone == zone


WRONG = {
    "a word": ("{deny: '@daily', duration: 1h}", f"deny: found '@daily'; {FIELDS} (write them,"),
    "four fields": ("{deny: '0 0 * *', duration: 1h}", f"deny: found '0 0 * *'; {FIELDS} (write them,"),
    "seconds": ("{deny: '0 0 0 * * *', duration: 1h}", f"deny: found '0 0 0 * * *'; {FIELDS} (write them,"),
    "a minute too late": (
        "{allow: '60 0 * * *', duration: 1h}",
        f"allow: found '60 0 * * *'; {FIELDS} (look at min",
    ),
    "a day that no month has": (
        "{allow: '0 0 31 2 *', duration: 1h}",
        f"allow: found '0 0 31 2 *'; {FIELDS} (look at",
    ),
    "a day that never comes": (
        "{allow: '0 0 */31 2 MON#5', duration: 1h}",
        "allow: it never fires: no such day comes in 50 years (correct the day)",
    ),
    "a number": ("{allow: 5, duration: 1h}", "allow: found 5 (a number); allowed: text"),
    "neither": ("{duration: 1h}", "allowed: exactly one of deny and allow"),
    "both": (
        "{deny: '0 0 * * *', allow: '0 0 * * *', duration: 1h}",
        "allowed: exactly one of deny and allow",
    ),
    "no end": ("{deny: '0 0 * * *'}", "duration: the key is missing"),
    "no time at all": ("{deny: '0 0 * * *', duration: 59s}", "duration: found '59s'; allowed: 1m to 31d"),
    "more than a month": ("{deny: '0 0 * * *', duration: 32d}", "duration: found '32d'; allowed: 1m to 31d"),
    "a misspelt zone": (
        "{deny: '0 0 * * *', duration: 1h, timezone: Europe/Berln}",
        f"timezone: found 'Europe/Berln'; {ZONE}",
    ),
    "a zone in small letters": (
        "{deny: '0 0 * * *', duration: 1h, timezone: europe/berlin}",
        f"timezone: found 'europe/berlin'; {ZONE}",
    ),
    "a continent": (
        "{deny: '0 0 * * *', duration: 1h, timezone: Europe}",
        "timezone: found 'Europe'; allowed: the IANA name",
    ),
    "a zone with leap seconds": (
        "{deny: '0 0 * * *', duration: 1h, timezone: right/Europe/Berlin}",
        "timezone: found 'right/Europe/Berlin'; allowed: the IANA name",
    ),
    "a file of the host": (
        "{deny: '0 0 * * *', duration: 1h, timezone: ../../../etc/hosts}",
        "timezone: found '../../../etc/hosts'; allowed: the IANA name",
    ),
    "no action": (
        "{deny: '0 0 * * *', duration: 1h, actions: []}",
        "actions: found 0 entries; allowed: at least 1",
    ),
    "an unknown action": (
        "{deny: '0 0 * * *', duration: 1h, actions: [destroy]}",
        "actions.0: found 'destroy'; allowed: plan, apply, heal",
    ),
    "an action twice": (
        "{deny: '0 0 * * *', duration: 1h, actions: [apply, apply]}",
        "actions: apply is there twice",
    ),
    "no stack": (
        "{deny: '0 0 * * *', duration: 1h, stacks: []}",
        "stacks: found 0 entries; allowed: at least 1",
    ),
    "a stack that cannot be": (
        "{deny: '0 0 * * *', duration: 1h, stacks: ['[a]']}",
        "stacks.0: found '[a]'; allowed: the name of a stack, or a pattern",
    ),
    "an unknown key": (
        "{deny: '0 0 * * *', duration: 1h, tz: UTC}",
        "tz: there is no such key; allowed: deny, allow, duration, timezone, stacks, actions, why",
    ),
}


@pytest.mark.parametrize(("window", "says"), WRONG.values(), ids=WRONG)
def test_a_wrong_window_is_refused_with_its_place(window: str, says: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        parse(_windows("{deny: '0 1 * * *', duration: 1h}", window), FILE)
    (problem,) = refused.value.problems
    assert (problem.place.file, problem.place.line) == (FILE, 5)
    told = f"{problem.what} ({problem.hint})".removeprefix("gate.windows.1")
    assert told.lstrip(".: ").startswith(says)


def test_all_that_is_wrong_with_several_windows_is_told_at_once() -> None:
    wrong = ("{deny: nix, duration: 1y}", "{duration: 1h, allow: '0 0 * * *', timezone: Mars}")
    with pytest.raises(Misconfigured) as refused:
        parse(_windows(*wrong), FILE)
    assert [(one.place.line, one.what.split(":")[0]) for one in refused.value.problems] == [
        (4, "gate.windows.0.deny"),
        (4, "gate.windows.0.duration"),
        (5, "gate.windows.1.timezone"),
    ]


FIELD = st.text("0123456789*,/-#LWMONFEB", min_size=1, max_size=6)


@given(st.lists(FIELD, min_size=4, max_size=6).map(" ".join) | st.text(max_size=20), st.text(max_size=20))
@settings(max_examples=200, deadline=None)
def test_no_text_for_a_time_brings_another_exception(cron: str, zone: str) -> None:
    window = f"{{deny: {cron!r}, duration: 1h, timezone: {zone!r}}}"
    with suppress(Misconfigured):
        assert parse(_windows(window), FILE).floor.windows

"""Does it work? Probes and Terraform's own checks become one word with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tfreconcile.plan.document import Check

SETTLING = timedelta(minutes=5)
"""How long after an apply a failing Terraform check counts as progress: it has no ``within`` of its own."""

_NAMED = 3
"""How many failures a message names before it counts the rest."""


class HealthStatus(StrEnum):
    """Whether what was applied works."""

    HEALTHY = "Healthy"
    PROGRESSING = "Progressing"
    DEGRADED = "Degraded"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One answer of a health endpoint. ``detail`` is a phrase without anything that the endpoint sent.

    ``seconds`` is how long it took; ``within`` is how long after an apply a failure counts as progress.
    """

    target: str
    ok: bool
    detail: str
    seconds: float = 0.0
    within: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Health:
    """The verdict. ``healthy_by`` is when a Progressing one becomes Degraded, and None otherwise."""

    status: HealthStatus
    reason: str
    message: str
    healthy_by: datetime | None = None


@dataclass(frozen=True)
class _Failure:
    what: str
    until: datetime | None
    """Before this moment the failure counts as progress; None if nothing was ever applied."""


def judge(
    probes: Sequence[Probe],
    checks: Sequence[Check],
    *,
    applied_at: datetime | None,
    now: datetime,
    within: timedelta | None = None,
    pass_succeeded: bool = True,
) -> Health:
    """Failures within their time after the last apply are progress, later ones are damage.

    A probe has its own ``within``; the one given here is that of Terraform's checks (None: SETTLING).
    ``pass_succeeded`` says whether the pass that this health belongs to ended well; it decides only when
    nothing else does. Reasons: AllPassing, NoChecks, ChecksUnknown, NotObserved, Settling, ChecksFailing.
    Messages name checks and never quote a check's problems, which may hold secrets.
    """
    settled_at = _after(applied_at, SETTLING if within is None else within)
    failures = [*_failed_probes(probes, applied_at), *_failed_checks(checks, settled_at)]
    if failures:
        return _failing(failures, now)
    passing = len(probes) + sum(check.status == "pass" for check in checks)
    return _fine(passing, sum(not _decided(check) for check in checks), pass_succeeded)


def _failed_probes(probes: Iterable[Probe], applied_at: datetime | None) -> Iterable[_Failure]:
    for probe in probes:
        if not probe.ok:
            yield _Failure(f"{probe.target}: {probe.detail}", _after(applied_at, probe.within))


def _failed_checks(checks: Iterable[Check], settled_at: datetime | None) -> Iterable[_Failure]:
    for check in checks:
        if check.status in ("fail", "error"):
            yield _Failure(f"check {check.address}: {check.status}", settled_at)


def _after(applied_at: datetime | None, within: timedelta) -> datetime | None:
    return applied_at + within if applied_at else None


def _failing(failures: Sequence[_Failure], now: datetime) -> Health:
    """One failure past its time is enough; else the first of them to end sets the moment to look again."""
    pending = [failure.until for failure in failures if failure.until and now < failure.until]
    late = [failure for failure in failures if not failure.until or now >= failure.until]
    if late:
        return Health(status=HealthStatus.DEGRADED, reason="ChecksFailing", message=_listed(late))
    message = f"not healthy yet after an apply: {_listed(failures)}"
    return Health(
        status=HealthStatus.PROGRESSING, reason="Settling", message=message, healthy_by=min(pending)
    )


def _fine(passing: int, unknown: int, pass_succeeded: bool) -> Health:
    ignored = f"; {unknown} unknown until apply, ignored" if unknown else ""
    if passing:
        message = f"{passing} of {passing + unknown} checks pass{ignored}"
        return Health(status=HealthStatus.HEALTHY, reason="AllPassing", message=message)
    if not pass_succeeded:
        message = f"no check speaks for this stack, and its last pass failed{ignored}"
        return Health(status=HealthStatus.UNKNOWN, reason="NotObserved", message=message)
    reason = "ChecksUnknown" if unknown else "NoChecks"
    message = f"no check speaks against this stack, and its last pass went well{ignored}"
    return Health(status=HealthStatus.HEALTHY, reason=reason, message=message)


def _decided(check: Check) -> bool:
    """A status that we do not know says as little as "unknown" does."""
    return check.status in ("pass", "fail", "error")


def _listed(failures: Sequence[_Failure]) -> str:
    named = "; ".join(failure.what for failure in failures[:_NAMED])
    more = len(failures) - _NAMED
    return f"{named}; and {more} more" if more > 0 else named

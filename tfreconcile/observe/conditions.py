"""What became of a stack? Its state, sync, reason and conditions, computed here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from tfreconcile.classify.model import Drifted, DriftKind
from tfreconcile.errors import ReconcileError, Stalled, Transient, Waiting
from tfreconcile.gate.model import Decision, Hold, Need, Nothing, Proceed, Refuse
from tfreconcile.observe.health import Health, HealthStatus

SUSPENDED, SUSPENDED_IN_GIT = "Suspended", "SuspendedInGit"
"""The reasons of a pass that does nothing since a person paused the stack, or the definition did."""
NOT_READY = "DependencyNotReady"
"""The reason of a pass that waits for another stack."""
WINDOW_CLOSED = "WindowClosed"
"""The reason of what waits for a time: to be planned, or to be applied."""
LEFT_GIT, DESTROYED, TAKEN_OVER = "LeftGit", "Destroyed", "StateTakenOver"
"""The reasons of a stack that left Git: its resources stay or are to go, are gone, or are another stack's."""
SOURCE_EMPTY = "SourceEmpty"
"""The reason of stacks that vanished from Git all at once: rather a mistake than a wish."""


class Sync(StrEnum):
    """Does the world match what Git wants?"""

    SYNCED = "Synced"
    OUT_OF_SYNC = "OutOfSync"
    UNKNOWN = "Unknown"


class State(StrEnum):
    """What the stack is doing, in one word."""

    IDLE = "Idle"
    PLANNING = "Planning"
    APPLYING = "Applying"
    AWAITING_APPROVAL = "AwaitingApproval"
    HELD = "Held"
    REFUSED = "Refused"
    BACKOFF = "Backoff"
    STALLED = "Stalled"
    SUSPENDED = "Suspended"
    REMOVED = "Removed"


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A typed fact: status is "True", "False" or "Unknown"; reason is a stable CamelCase word."""

    type: str
    status: str
    reason: str
    message: str
    changed_at: datetime


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What one pass learned. ``decision`` is None when it did not get as far as the gate."""

    decision: Decision | None
    failure: ReconcileError | None
    applied: bool
    effects: int
    drift: tuple[Drifted, ...]
    health: Health
    previous_sync: Sync = Sync.UNKNOWN
    """What is known without a plan: of a pass that only waits nothing new follows."""
    removing: bool = False
    """Did the stack leave Git, so that nothing of it is to be left?"""


@dataclass(frozen=True, kw_only=True)
class Conclusion:
    """The status of a stack after a pass."""

    sync: Sync
    state: State
    reason: str
    message: str


SEVERITIES = ("none", "informational", "reverting", "gone")


def severity(drift: tuple[Drifted, ...]) -> str:
    """The gravest kind of drift there is, one of SEVERITIES; suppressed drift counts as none."""
    kinds = {str(entry.kind) for entry in drift}
    return max((name for name in SEVERITIES if name in kinds), key=SEVERITIES.index, default="none")


def conclude(facts: Facts) -> Conclusion:
    """The one status that follows from what a pass learned; a failure speaks before a decision."""
    if facts.failure is not None:
        return _failed(facts, facts.failure)
    if facts.removing and (facts.applied or isinstance(facts.decision, Nothing)):
        return _destroyed(facts.decision)
    match facts.decision:
        case None:
            return Conclusion(
                sync=Sync.UNKNOWN, state=State.IDLE, reason="NotPlanned", message="the pass made no plan"
            )
        case Nothing():
            return _nothing(facts, facts.decision)
        case Proceed():
            return _proceeded(facts, facts.decision)
        case Hold():
            return _held(facts.decision)
        case Refuse(reasons=reasons):
            return Conclusion(
                sync=Sync.OUT_OF_SYNC, state=State.REFUSED, reason="Refused", message="; ".join(reasons)
            )
    assert_never(facts.decision)


def _failed(facts: Facts, failure: ReconcileError) -> Conclusion:
    if isinstance(failure, Waiting):
        state = State.SUSPENDED if failure.reason in (SUSPENDED, SUSPENDED_IN_GIT) else State.HELD
        sync = Sync.OUT_OF_SYNC if facts.effects else facts.previous_sync
        return Conclusion(sync=sync, state=state, reason=failure.reason, message=failure.message)
    state = State.BACKOFF if isinstance(failure, Transient) else State.STALLED
    sync = Sync.OUT_OF_SYNC if facts.effects else Sync.UNKNOWN
    return Conclusion(sync=sync, state=state, reason=failure.reason, message=failure.message)


def _nothing(facts: Facts, decision: Nothing) -> Conclusion:
    reasons = decision.reasons
    if any(entry.kind in (DriftKind.REVERTING, DriftKind.GONE) for entry in facts.drift):
        return Conclusion(
            sync=Sync.OUT_OF_SYNC, state=State.IDLE, reason="DriftReported", message="; ".join(reasons)
        )
    message = "; ".join(reasons) or "the world is as Git wants it"
    return Conclusion(sync=Sync.SYNCED, state=State.IDLE, reason="UpToDate", message=message)


def _destroyed(decision: Decision | None) -> Conclusion:
    by = decision.on_word_of if isinstance(decision, Proceed) else ()
    word = f"what it had was destroyed on the word of {', '.join(by)}"
    message = f"left Git, and {word if by else 'nothing was left to destroy'}"
    return Conclusion(sync=Sync.SYNCED, state=State.REMOVED, reason=DESTROYED, message=message)


def _proceeded(facts: Facts, decision: Proceed) -> Conclusion:
    if not facts.applied:
        return Conclusion(
            sync=Sync.OUT_OF_SYNC, state=State.IDLE, reason="Stopped", message="stopped before the apply"
        )
    by = f" on the word of {', '.join(decision.on_word_of)}" if decision.on_word_of else ""
    message = f"{facts.effects} {'change' if facts.effects == 1 else 'changes'} applied{by}"
    return Conclusion(sync=Sync.SYNCED, state=State.IDLE, reason="Applied", message=message)


def _held(decision: Hold) -> Conclusion:
    """How many have answered is left out: ``answers`` tells that when the status is read."""
    if decision.closed:
        message = "; ".join(decision.reasons)
        return Conclusion(sync=Sync.OUT_OF_SYNC, state=State.HELD, reason=WINDOW_CLOSED, message=message)
    return Conclusion(
        sync=Sync.OUT_OF_SYNC,
        state=State.AWAITING_APPROVAL,
        reason="AwaitingApproval",
        message=_summary(decision.needs, decision.reasons),
    )


def _summary(needs: tuple[Need, ...], reasons: tuple[str, ...]) -> str:
    """Three sentences at most; what concerns the plan as a whole is among them, whatever else there is."""
    whole = [need.why for need in needs if need.digest is None and need.why in reasons]
    single = [reason for reason in reasons if any(reason == need.why for need in needs)]
    beside = [reason for reason in reasons if reason not in single]
    sentences = tuple(dict.fromkeys([*beside, *whole, *single, *(need.why for need in needs)]))
    more = f"; and {len(sentences) - 3} more" if len(sentences) > 3 else ""
    return "; ".join(sentences[:3]) + more


def conditions(
    conclusion: Conclusion, facts: Facts, *, previous: Mapping[str, Condition], now: datetime
) -> tuple[Condition, ...]:
    """Every condition of the stack; ``changed_at`` moves only when the status moves."""
    stated = (
        _ready(conclusion, facts),
        _drifted(facts),
        _awaiting(conclusion),
        _healthy(facts.health),
        _stalled(conclusion, facts.failure),
    )
    return tuple(_dated(type_, *rest, previous=previous, now=now) for type_, *rest in stated)


def _dated(
    type_: str, status: str, reason: str, message: str, *, previous: Mapping[str, Condition], now: datetime
) -> Condition:
    before = previous.get(type_)
    since = before.changed_at if before is not None and before.status == status else now
    return Condition(type=type_, status=status, reason=reason, message=message, changed_at=since)


def _ready(conclusion: Conclusion, facts: Facts) -> tuple[str, str, str, str]:
    waits = (State.AWAITING_APPROVAL, State.HELD)
    if conclusion.state in waits or conclusion.reason == "Stopped":
        status = "Unknown"
    elif conclusion.sync is Sync.SYNCED and facts.health.status is not HealthStatus.DEGRADED:
        status = "True"
    else:
        status = "False"
    return "Ready", status, conclusion.reason, conclusion.message


def _drifted(facts: Facts) -> tuple[str, str, str, str]:
    loud = [entry for entry in facts.drift if entry.kind is not DriftKind.SUPPRESSED]
    if facts.decision is None and facts.failure is not None:
        return "Drifted", "Unknown", "NotPlanned", "the last pass did not get to a plan"
    if not loud:
        return "Drifted", "False", "NoDrift", ""
    named = ", ".join(f"{entry.address} ({entry.kind})" for entry in loud[:5])
    more = f" and {len(loud) - 5} more" if len(loud) > 5 else ""
    return "Drifted", "True", severity(facts.drift).capitalize(), named + more


def _awaiting(conclusion: Conclusion) -> tuple[str, str, str, str]:
    if conclusion.state is State.AWAITING_APPROVAL:
        return "AwaitingApproval", "True", conclusion.reason, conclusion.message
    return "AwaitingApproval", "False", "NothingHeld", ""


def _healthy(health: Health) -> tuple[str, str, str, str]:
    known = {HealthStatus.HEALTHY: "True", HealthStatus.DEGRADED: "False"}
    return "Healthy", known.get(health.status, "Unknown"), health.reason, health.message


def _stalled(conclusion: Conclusion, failure: ReconcileError | None) -> tuple[str, str, str, str]:
    if isinstance(failure, Stalled):
        return "Stalled", "True", conclusion.reason, conclusion.message
    return "Stalled", "False", "NotStalled", ""

"""Does one status follow from what a pass learned, and does a condition keep its date?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.classify.model import Drifted, DriftKind
from tfreconcile.errors import ReconcileError, Stalled, Transient, Waiting
from tfreconcile.gate.model import Decision, Hold, Need, Nothing, Proceed, Refuse, Requirement
from tfreconcile.observe.conditions import (
    Conclusion,
    Condition,
    Facts,
    State,
    Sync,
    conclude,
    conditions,
    severity,
)
from tfreconcile.observe.health import Health, HealthStatus
from tfreconcile.plan.document import Address

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HEALTHY = Health(status=HealthStatus.HEALTHY, reason="NoChecks", message="fine")
DEGRADED = Health(status=HealthStatus.DEGRADED, reason="ChecksFailing", message="http://x: 500")
FACTS = Facts(decision=Nothing(), failure=None, applied=False, effects=0, drift=(), health=HEALTHY)
DECIDED = Proceed(("policy asks for nobody's word",))
NAMED = Proceed(("approved",), (1,), ("ana", "bob"))
HELD = Hold(("destroys a queue",), (), given=1, required=2)
CLOSED = Hold(("deny window 'freeze' is closed for apply until tomorrow",), closed=True)
OVERRIDE = Need(None, Address(""), Requirement.APPROVE, "the freeze")


def drifted(*kinds: DriftKind) -> tuple[Drifted, ...]:
    return tuple(Drifted(Address(f"a.b{number}"), kind, ("x",)) for number, kind in enumerate(kinds))


REVERTING, GONE, INFORMATIONAL, SUPPRESSED = (
    drifted(DriftKind.REVERTING),
    drifted(DriftKind.GONE),
    drifted(DriftKind.INFORMATIONAL),
    drifted(DriftKind.SUPPRESSED),
)


@pytest.mark.parametrize(
    ("facts", "sync", "state", "reason"),
    [
        pytest.param(FACTS, Sync.SYNCED, State.IDLE, "UpToDate", id="nothing"),
        pytest.param(
            replace(FACTS, drift=INFORMATIONAL),
            Sync.SYNCED,
            State.IDLE,
            "UpToDate",
            id="nothing-informational",
        ),
        pytest.param(
            replace(FACTS, drift=SUPPRESSED), Sync.SYNCED, State.IDLE, "UpToDate", id="nothing-suppressed"
        ),
        pytest.param(
            replace(FACTS, drift=REVERTING), Sync.OUT_OF_SYNC, State.IDLE, "DriftReported", id="reported"
        ),
        pytest.param(replace(FACTS, drift=GONE), Sync.OUT_OF_SYNC, State.IDLE, "DriftReported", id="gone"),
        pytest.param(
            replace(FACTS, decision=DECIDED, applied=True), Sync.SYNCED, State.IDLE, "Applied", id="applied"
        ),
        pytest.param(replace(FACTS, decision=DECIDED), Sync.OUT_OF_SYNC, State.IDLE, "Stopped", id="stopped"),
        pytest.param(
            replace(FACTS, decision=HELD),
            Sync.OUT_OF_SYNC,
            State.AWAITING_APPROVAL,
            "AwaitingApproval",
            id="held",
        ),
        pytest.param(
            replace(FACTS, decision=Refuse(("never",))),
            Sync.OUT_OF_SYNC,
            State.REFUSED,
            "Refused",
            id="refused",
        ),
        pytest.param(
            replace(FACTS, decision=None), Sync.UNKNOWN, State.IDLE, "NotPlanned", id="no-plan-and-no-failure"
        ),
        pytest.param(
            replace(FACTS, decision=None, failure=Transient("Throttled", "later")),
            Sync.UNKNOWN,
            State.BACKOFF,
            "Throttled",
            id="transient",
        ),
        pytest.param(
            replace(FACTS, decision=None, failure=Stalled("InvalidConfiguration", "no")),
            Sync.UNKNOWN,
            State.STALLED,
            "InvalidConfiguration",
            id="stalled",
        ),
        pytest.param(
            replace(FACTS, decision=DECIDED, effects=2, failure=Stalled("ApplyFailed", "no")),
            Sync.OUT_OF_SYNC,
            State.STALLED,
            "ApplyFailed",
            id="apply-failed",
        ),
        pytest.param(
            replace(FACTS, decision=None, failure=Waiting("Busy", "b"), previous_sync=Sync.SYNCED),
            Sync.SYNCED,
            State.HELD,
            "Busy",
            id="waiting-keeps-what-was-known",
        ),
        pytest.param(
            replace(
                FACTS, decision=DECIDED, effects=1, failure=Waiting("Busy", "b"), previous_sync=Sync.SYNCED
            ),
            Sync.OUT_OF_SYNC,
            State.HELD,
            "Busy",
            id="waiting-with-a-plan-that-has-effects",
        ),
        pytest.param(
            replace(FACTS, decision=None, failure=Waiting("SuspendedInGit", "s")),
            Sync.UNKNOWN,
            State.SUSPENDED,
            "SuspendedInGit",
            id="suspended-in-git",
        ),
    ],
)
def test_one_status_follows(facts: Facts, sync: Sync, state: State, reason: str) -> None:
    found = conclude(facts)
    assert (found.sync, found.state, found.reason) == (sync, state, reason)
    assert found.message or facts.drift


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        pytest.param(FACTS, "the world is as Git wants it", id="nothing"),
        pytest.param(replace(FACTS, decision=Nothing(("a", "b"))), "a; b", id="nothing-with-reasons"),
        pytest.param(
            replace(FACTS, decision=DECIDED, applied=True, effects=1), "1 change applied", id="one-change"
        ),
        pytest.param(
            replace(FACTS, decision=NAMED, applied=True, effects=2),
            "2 changes applied on the word of ana, bob",
            id="on-a-word",
        ),
        pytest.param(
            replace(FACTS, decision=HELD),
            "destroys a queue",
            id="held-without-a-count-that-the-next-word-makes-false",
        ),
        pytest.param(replace(FACTS, decision=Refuse(("never", "no"))), "never; no", id="refused"),
        pytest.param(replace(FACTS, failure=Stalled("X", "told")), "told", id="failed"),
    ],
)
def test_its_message_is_for_people(facts: Facts, message: str) -> None:
    assert conclude(facts).message == message


@pytest.mark.parametrize(
    "needs", [pytest.param((), id="nobody may override it"), pytest.param((OVERRIDE,), id="people may")]
)
def test_what_waits_for_a_window_is_held_for_a_time_and_not_for_approval(needs: tuple[Need, ...]) -> None:
    facts = replace(FACTS, decision=replace(CLOSED, needs=needs))
    said = conclude(facts)
    assert (said.sync, said.state, said.reason) == (Sync.OUT_OF_SYNC, State.HELD, "WindowClosed")
    assert said.message == CLOSED.reasons[0]
    stated = {one.type: one.status for one in conditions(said, facts, previous={}, now=NOON)}
    assert (stated["Ready"], stated["AwaitingApproval"]) == ("Unknown", "False")


def test_a_long_list_of_needs_is_cut_and_says_each_thing_once() -> None:
    needs = tuple(Need(None, Address(""), Requirement.APPROVE, f"need {number}") for number in range(5))
    held = Hold(("need 0",), needs)
    message = conclude(replace(FACTS, decision=held)).message
    assert message == "need 0; need 1; need 2; and 2 more"


@pytest.mark.parametrize(
    ("drift", "worst"),
    [
        pytest.param((), "none", id="none"),
        pytest.param(SUPPRESSED, "none", id="suppressed"),
        pytest.param(INFORMATIONAL, "informational", id="informational"),
        pytest.param(drifted(DriftKind.GONE, DriftKind.REVERTING), "gone", id="gone-is-the-gravest"),
        pytest.param(drifted(DriftKind.INFORMATIONAL, DriftKind.REVERTING), "reverting", id="reverting"),
    ],
)
def test_the_gravest_drift_counts(drift: tuple[Drifted, ...], worst: str) -> None:
    assert severity(drift) == worst


def stated(
    facts: Facts, *, previous: tuple[Condition, ...] = (), now: datetime = NOON
) -> dict[str, Condition]:
    known = {one.type: one for one in previous}
    return {one.type: one for one in conditions(conclude(facts), facts, previous=known, now=now)}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(
            FACTS, "Ready=True Drifted=False AwaitingApproval=False Healthy=True Stalled=False", id="fine"
        ),
        pytest.param(
            replace(FACTS, health=DEGRADED),
            "Ready=False Drifted=False AwaitingApproval=False Healthy=False Stalled=False",
            id="degraded",
        ),
        pytest.param(
            replace(FACTS, decision=HELD, drift=GONE),
            "Ready=Unknown Drifted=True AwaitingApproval=True Healthy=True Stalled=False",
            id="held",
        ),
        pytest.param(
            replace(FACTS, decision=DECIDED),
            "Ready=Unknown Drifted=False AwaitingApproval=False Healthy=True Stalled=False",
            id="stopped",
        ),
        pytest.param(
            replace(FACTS, decision=None, failure=Stalled("X", "m")),
            "Ready=False Drifted=Unknown AwaitingApproval=False Healthy=True Stalled=True",
            id="stalled-before-a-plan",
        ),
        pytest.param(
            replace(FACTS, failure=Stalled("X", "m"), drift=SUPPRESSED),
            "Ready=False Drifted=False AwaitingApproval=False Healthy=True Stalled=True",
            id="stalled-after-a-plan",
        ),
        pytest.param(
            replace(FACTS, decision=None, failure=Transient("X", "m")),
            "Ready=False Drifted=Unknown AwaitingApproval=False Healthy=True Stalled=False",
            id="back-off",
        ),
        pytest.param(
            replace(FACTS, decision=None, failure=Waiting("Busy", "m"), previous_sync=Sync.SYNCED),
            "Ready=Unknown Drifted=Unknown AwaitingApproval=False Healthy=True Stalled=False",
            id="waiting",
        ),
        pytest.param(
            replace(
                FACTS, health=Health(status=HealthStatus.PROGRESSING, reason="Settling", message="not yet")
            ),
            "Ready=True Drifted=False AwaitingApproval=False Healthy=Unknown Stalled=False",
            id="progressing",
        ),
    ],
)
def test_each_condition_is_true_false_or_unknown(facts: Facts, expected: str) -> None:
    assert " ".join(f"{one.type}={one.status}" for one in stated(facts).values()) == expected


def test_drift_is_named_up_to_five_addresses() -> None:
    drift = drifted(*[DriftKind.REVERTING] * 7, DriftKind.SUPPRESSED)
    found = stated(replace(FACTS, drift=drift))["Drifted"]
    assert (found.reason, found.message.count("a.b"), found.message[-10:]) == ("Reverting", 5, "and 2 more")


def test_a_condition_keeps_its_date_until_its_status_moves() -> None:
    hour = timedelta(hours=1)
    first = stated(FACTS)
    second = stated(
        replace(FACTS, decision=Nothing(("another reason",))), previous=tuple(first.values()), now=NOON + hour
    )
    assert (second["Ready"].changed_at, second["Ready"].message) == (NOON, "another reason")
    failing = replace(FACTS, failure=Stalled("X", "m"))
    third = stated(failing, previous=tuple(second.values()), now=NOON + 2 * hour)
    moved = {name for name, one in third.items() if one.changed_at == NOON + 2 * hour}
    assert moved == {"Ready", "Stalled"}


KINDS = st.sampled_from([Transient, Stalled, Waiting])
FAILURES = st.none() | st.builds(lambda kind, reason: kind(reason, "m"), KINDS, st.sampled_from(["A", "B"]))
DECISIONS: st.SearchStrategy[Decision | None] = st.sampled_from(
    [None, Nothing(), Nothing(("r",)), DECIDED, NAMED, HELD, Refuse(("r",))]
)


@given(
    decision=DECISIONS,
    failure=FAILURES,
    applied=st.booleans(),
    effects=st.integers(0, 3),
    drift=st.lists(st.sampled_from(list(DriftKind)), max_size=3),
    health=st.sampled_from([HEALTHY, DEGRADED]),
)
@settings(max_examples=200, deadline=None)
def test_a_stack_is_ready_only_if_it_is_in_sync_works_and_nothing_failed(
    decision: Decision | None,
    failure: ReconcileError | None,
    applied: bool,
    effects: int,
    drift: list[DriftKind],
    health: Health,
) -> None:
    facts = replace(
        FACTS,
        decision=decision,
        failure=failure,
        applied=applied,
        effects=effects,
        drift=drifted(*drift),
        health=health,
    )
    conclusion: Conclusion = conclude(facts)
    if failure is not None:
        assert conclusion.reason == failure.reason
    ready = stated(facts)["Ready"].status == "True"
    in_sync = isinstance(decision, Nothing) or (isinstance(decision, Proceed) and applied)
    assert not ready or (in_sync and failure is None and health is HEALTHY)
    assert not ready or conclusion.sync is Sync.SYNCED

"""Does the status document say how a stack stands, in the keys of the contract?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

import pytest
from support.remembered import HEAD, HOUR, NET, NOON, PAY, a_plan, an_approval

from tfreconcile.gate.approvals import REJECTED
from tfreconcile.gate.model import Approval, Verdict
from tfreconcile.plan.fingerprint import ChangeDigest, Fingerprint
from tfreconcile.reconcile.status import counted, document, documents, hazards, standing_no, suspended
from tfreconcile.reconcile.world import World
from tfreconcile.store import approvals, plans, stacks
from tfreconcile.store.records import JsonObject, PlanRecord, StackRecord

HAZARD = {"kind": "destroy", "address": "a.b", "detail": "d", "requires": "approve"}
WHOLE = {"kind": "backend-moved", "address": "", "detail": "d", "requires": "approve"}
ROW = StackRecord(name=PAY, definition="stacks/pay/stack.yaml", state="Held", reason="Busy", message="m")
PENDING = replace(
    a_plan(),
    id=7,
    classification=(
        {"kind": "delete", "actions": ["delete"], "digest": "c" * 64, "hazards": [HAZARD]},
        {"kind": "create", "actions": ["create"], "digest": "d" * 64, "hazards": []},
        {"kind": "output", "actions": ["update"], "digest": "e" * 64, "hazards": []},
    ),
    decision={"verdict": "hold", "required": 2, "given": 0, "approvers": [["*"]], "hazards": [WHOLE]},
)
ASKS: JsonObject = {"address": "a.b", "digest": "c" * 64, "requires": "approve", "why": "w"}
OF_ALL: JsonObject = {"address": "", "digest": None, "requires": "approve", "why": "w"}
SHOWN = replace(
    an_approval(),
    changes=frozenset(ChangeDigest(letter * 64) for letter in "cde"),
    hazards=frozenset({("destroy", "a.b"), ("backend-moved", "")}),
)


GOING = replace(ROW, removed_at=NOON, on_removal="destroy", backend="local:1")


def told(record: StackRecord = ROW, pending: PlanRecord | None = None, *words: Approval) -> dict[str, object]:
    return document(record, pending, words, None, NOON)


def part(found: Mapping[str, object], name: str) -> JsonObject:
    return cast(JsonObject, found[name])


def test_a_stack_of_which_nothing_is_known_has_every_key() -> None:
    assert told() == {
        "name": "payments-prod",
        "sync": "Unknown",
        "health": "Unknown",
        "state": "Held",
        "reason": "Busy",
        "message": "m",
        "desired_revision": None,
        "observed_revision": None,
        "applied_revision": None,
        "drift": {"detected": False, "severity": "none", "resources": []},
        "pending": None,
        "conditions": [
            {
                "type": "Suspended",
                "status": "False",
                "reason": "NotSuspended",
                "message": "",
                "changed_at": None,
            },
            {
                "type": "SourceVerified",
                "status": "Unknown",
                "reason": "NotAsked",
                "message": "source.verify is none",
                "changed_at": None,
            },
        ],
        "last_checked_at": None,
        "last_applied_at": None,
        "next_due_at": None,
        "failures": 0,
        "definition": "stacks/pay/stack.yaml",
        "ignored": {"count": 0, "until": None, "rules": []},
        "left_git_at": None,
    }


def test_times_are_rfc_3339_in_utc() -> None:
    row = replace(ROW, last_checked_at=NOON, last_applied_at=NOON - HOUR, next_due_at=NOON + HOUR)
    found = told(row)
    assert (found["last_checked_at"], found["last_applied_at"], found["next_due_at"]) == (
        "2026-11-21T12:00:00Z",
        "2026-11-21T11:00:00Z",
        "2026-11-21T13:00:00Z",
    )


@pytest.mark.parametrize(
    ("record", "state", "reason", "message"),
    [
        pytest.param(ROW, "Held", "Busy", "m", id="as-the-last-pass-left-it"),
        pytest.param(
            replace(ROW, suspended_at=NOON, suspended_by="ana", suspended_reason="holidays"),
            "Suspended",
            "Suspended",
            "by ana: holidays",
            id="suspended",
        ),
        pytest.param(
            replace(
                ROW,
                suspended_at=NOON,
                suspended_by="ana",
                suspended_reason="holidays",
                suspended_until=NOON + HOUR,
            ),
            "Suspended",
            "Suspended",
            "by ana until 2026-11-21T13:00:00Z: holidays",
            id="suspended-until",
        ),
        pytest.param(
            replace(ROW, suspended_at=NOON - HOUR, suspended_until=NOON), "Held", "Busy", "m", id="over"
        ),
        pytest.param(
            replace(ROW, removed_at=NOON, suspended_at=NOON, next_due_at=NOON),
            "Removed",
            "LeftGit",
            "left Git before 2026-11-21T12:00:00Z; its resources stay",
            id="removed",
        ),
        pytest.param(
            replace(GOING, reason="AwaitingApproval", state="AwaitingApproval"),
            "AwaitingApproval",
            "AwaitingApproval",
            "m",
            id="removed-and-to-be-destroyed",
        ),
        pytest.param(
            replace(GOING, reason="Destroyed", backend=None), "Removed", "Destroyed", "m", id="destroyed"
        ),
        pytest.param(
            replace(GOING, reason="StateTakenOver", backend=None),
            "Removed",
            "StateTakenOver",
            "m",
            id="taken-over",
        ),
        pytest.param(
            replace(GOING, suspended_at=NOON, suspended_by="ana", suspended_reason="holidays"),
            "Suspended",
            "Suspended",
            "by ana: holidays",
            id="removed-to-be-destroyed-and-suspended",
        ),
    ],
)
def test_what_a_person_did_stands_before_what_a_pass_found(
    record: StackRecord, state: str, reason: str, message: str
) -> None:
    found = told(record)
    assert (found["state"], found["reason"], found["message"]) == (state, reason, message)


def test_a_removed_stack_is_never_due_unless_it_is_to_be_destroyed() -> None:
    assert told(replace(ROW, removed_at=NOON, next_due_at=NOON))["next_due_at"] is None
    assert told(replace(GOING, next_due_at=NOON))["next_due_at"] == "2026-11-21T12:00:00Z"


@pytest.mark.parametrize(
    ("since", "until", "paused"),
    [
        pytest.param(None, None, False, id="never"),
        pytest.param(NOON, None, True, id="until-resumed"),
        pytest.param(NOON, NOON + timedelta(seconds=1), True, id="a-second-more"),
        pytest.param(NOON, NOON, False, id="ends-at-the-moment-it-says"),
    ],
)
def test_a_pause_holds_until_its_end(since: datetime | None, until: datetime | None, paused: bool) -> None:
    assert suspended(replace(ROW, suspended_at=since, suspended_until=until), NOON) is paused


def test_drift_that_an_ignore_rule_hides_is_listed_and_not_detected() -> None:
    quiet: JsonObject = {"address": "a.b", "kind": "suppressed", "attributes": ["x"], "why": "autoscaler"}
    loud: JsonObject = {**quiet, "kind": "reverting"}
    assert part(told(replace(ROW, drift=(quiet,), severity="none")), "drift")["detected"] is False
    found = part(told(replace(ROW, drift=(quiet, loud), severity="reverting")), "drift")
    assert (found["detected"], found["severity"], found["resources"]) == (True, "reverting", [quiet, loud])


def test_a_pending_plan_is_counted_with_all_its_hazards() -> None:
    found = part(told(ROW, PENDING), "pending")
    assert [found[kind] for kind in ("create", "update", "replace", "delete", "forget")] == [1, 0, 0, 1, 0]
    assert (found["id"], found["fingerprint"], found["hazards"]) == (7, "f" * 64, [HAZARD, WHOLE])
    assert found["approvals"] == {"required": 2, "given": 0, "expires_at": None}


@pytest.mark.parametrize(
    ("words", "given"),
    [
        pytest.param((SHOWN,), 1, id="one"),
        pytest.param((SHOWN, replace(SHOWN, by="bob")), 2, id="two"),
        pytest.param((SHOWN, replace(SHOWN, by="ANA")), 1, id="one-person-in-two-spellings"),
        pytest.param((replace(SHOWN, revoked_at=NOON - HOUR),), 0, id="revoked"),
        pytest.param((replace(SHOWN, consumed_at=NOON - HOUR),), 0, id="used"),
        pytest.param((replace(SHOWN, expires_at=NOON),), 0, id="expired"),
        pytest.param((replace(SHOWN, verdict=Verdict.REJECT),), 0, id="a-no"),
        pytest.param((replace(SHOWN, changes=frozenset()),), 0, id="shown-something-else"),
        pytest.param((replace(SHOWN, hazards=frozenset()),), 0, id="not-shown-the-hazards"),
    ],
)
def test_only_words_that_stand_and_cover_the_plan_are_given(words: tuple[Approval, ...], given: int) -> None:
    found = part(part(told(ROW, PENDING, *words), "pending"), "approvals")
    assert found["given"] == given
    assert (found["expires_at"] is None) is (given == 0)


def test_the_first_word_to_expire_sets_the_end() -> None:
    soon = replace(SHOWN, by="bob", expires_at=NOON + HOUR)
    found = part(part(told(ROW, PENDING, SHOWN, soon), "pending"), "approvals")
    assert found["expires_at"] == "2026-11-21T13:00:00Z"


def test_a_stranger_is_not_counted() -> None:
    pending = replace(PENDING, decision={**PENDING.decision, "approvers": [["bob"]]})
    assert part(part(told(ROW, pending, SHOWN), "pending"), "approvals")["given"] == 0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param((), {}, id="none"),
        pytest.param(({"kind": "create", "actions": ["create"]},) * 2, {"create": 2}, id="two"),
        pytest.param(({"kind": "import", "actions": ["no-op"]},), {"import": 1}, id="import"),
        pytest.param(
            ({"kind": "import", "actions": ["update"]},), {"import": 1, "update": 1}, id="import-that-updates"
        ),
    ],
)
def test_effects_are_counted_by_kind(changes: tuple[JsonObject, ...], expected: dict[str, int]) -> None:
    assert counted(changes) == expected


def test_a_plan_without_hazards_has_none() -> None:
    assert hazards(a_plan()) == []


def test_documents_join_each_stack_with_its_plan_and_its_words(world: World) -> None:
    for name in (PAY, NET):
        stacks.ensure(world.store, name, "d")
    plan_id = plans.add(world.store, replace(PENDING, id=0))
    approvals.add(world.store, SHOWN)
    record = stacks.get(world.store, PAY)
    assert record is not None
    stacks.save(world.store, replace(record, pending_plan=plan_id, desired_revision=HEAD))
    network, payments = documents(world.store, stacks.all(world.store), NOON)
    assert (network["name"], network["pending"]) == ("network-prod", None)
    assert payments["desired_revision"] == HEAD
    assert part(part(payments, "pending"), "approvals")["given"] == 1


@pytest.mark.parametrize(
    ("digests", "asked", "needs", "stands"),
    [
        pytest.param("c", "9", [ASKS], True, id="an effect that asks"),
        pytest.param("cd", "9", [ASKS], True, id="and a harmless one"),
        pytest.param("d9", "9", [ASKS], False, id="only a harmless one"),
        pytest.param("d9", "9", [ASKS, OF_ALL], True, id="a harmless one, and all of it asks"),
        pytest.param("d9", "9", [{**OF_ALL, "exactly": True}], False, id="it came back, and asks anew"),
        pytest.param("d9", "d", [ASKS], True, id="one that asked when it was rejected"),
        pytest.param("d9", "", [ASKS], True, id="nothing asked by itself when it was rejected"),
        pytest.param("", "", [ASKS, OF_ALL], False, id="none of them"),
    ],
)
def test_a_rejection_of_another_plan_holds_this_one_by_the_effects_that_ask_or_asked(
    digests: str, asked: str, needs: list[JsonObject], stands: bool
) -> None:
    pending = replace(PENDING, decision={**PENDING.decision, "needs": needs})
    no = replace(
        an_approval(),
        verdict=Verdict.REJECT,
        fingerprint=Fingerprint("9" * 64),
        changes=frozenset(ChangeDigest(letter * 64) for letter in digests),
        hazards=frozenset((REJECTED, letter * 64) for letter in asked),
    )
    assert standing_no(pending, (no,), NOON) == (no if stands else None)


def test_words_are_read_once_and_sorted_by_stack(world: World) -> None:
    pay = approvals.add(world.store, an_approval(PAY))
    net = approvals.add(world.store, an_approval(NET))
    found = approvals.by_stack(world.store)
    assert (found[PAY], found[NET], found["nobody"]) == ((pay,), (net,), ())

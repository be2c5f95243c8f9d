"""Are changes, drift and decisions told in the shapes of the contract, without secrets?"""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from support.judged import assessed, change, planned, rule, strayed

from tfreconcile.classify.model import Cause, Classification, ClassifiedOutput, Hazard, HazardKind
from tfreconcile.gate.model import Decision, Hold, Need, Nothing, Policy, Proceed, Refuse, Requirement
from tfreconcile.gate.policy import DEFAULT_HAZARDS
from tfreconcile.observe import report
from tfreconcile.plan.document import Address, Kind, Output
from tfreconcile.plan.fingerprint import ChangeDigest
from tfreconcile.redact import SENSITIVE, Scrubber

SECRET = "EXAMPLE-SECRET-key"
POLICY = Policy(hazards=DEFAULT_HAZARDS)
KEYED = f'aws_sqs_queue.q["{SECRET}"]'
SCRUB = Scrubber.of((SECRET,)).scrub
NEED = Need(ChangeDigest("c"), Address(KEYED), Requirement.APPROVE, f"{KEYED}: deletes a queue")


def test_a_change_is_told_with_its_cause_its_digest_and_its_hazards() -> None:
    classification = assessed(planned(change(Kind.DELETE, before={"a": 1})))
    (told,) = report.changes(classification, POLICY, str)
    (hazard,) = classification.changes[0].hazards
    assert told == {
        "address": "aws_sqs_queue.q",
        "deposed": None,
        "kind": "delete",
        "actions": ["delete"],
        "cause": "other",
        "drift": None,
        "digest": "change-0",
        "hazards": [
            {
                "kind": "destroy",
                "address": "aws_sqs_queue.q",
                "detail": hazard.detail,
                "requires": "approve",
            }
        ],
    }


def test_an_output_is_told_after_the_changes() -> None:
    output = ClassifiedOutput(
        output=Output(name="url", actions=("update",), before="EXAMPLE-SECRET-old"),
        digest=ChangeDigest("output-0"),
        cause=Cause.GIT,
    )
    classification = Classification(
        changes=assessed(planned(change(before={"a": 1}, after={"a": 2}))).changes, outputs=(output,)
    )
    first, last = report.effects(classification, POLICY, str)
    assert first["address"] == "aws_sqs_queue.q"
    assert last == {
        "address": "output.url",
        "deposed": None,
        "kind": "output",
        "actions": ["update"],
        "cause": "git",
        "drift": None,
        "digest": "output-0",
        "hazards": [],
    }


def test_a_hazard_without_a_rule_is_never_let_through() -> None:
    hazard = Hazard(HazardKind.DESTROY, Address("a.b"), "detail")
    (told,) = report.hazards((hazard,), Policy(hazards={}), str)
    assert told == {"kind": "destroy", "address": "a.b", "detail": "detail", "requires": "never"}


def test_drift_is_told_by_the_names_of_attributes_and_never_by_their_values() -> None:
    plan = planned(
        change(before={"size": SECRET, "tag": "x"}, after={"size": "EXAMPLE-SECRET-new", "tag": "x"}),
        drift=(strayed({"size": "EXAMPLE-SECRET-new"}, {"size": SECRET}),),
    )
    (told,) = report.drift(assessed(plan), str)
    assert told == {"address": "aws_sqs_queue.q", "kind": "reverting", "attributes": ["size"], "why": ""}


def test_suppressed_drift_says_why() -> None:
    plan = planned(drift=(strayed({"size": 1}, {"size": 2}),))
    (told,) = report.drift(assessed(plan, ignore=(rule("aws_sqs_queue.*", "size"),)), str)
    assert (told["kind"], told["why"]) == ("suppressed", "autoscaler")


OF_ANYBODY = {
    "kinds": [],
    "required": 1,
    "given": 0,
    "approvers": [],
    "signed": False,
    "exactly": False,
    "missing": "",
}
RULED = Need(
    ChangeDigest("c"),
    Address("a.b"),
    Requirement.APPROVE,
    "w",
    frozenset({HazardKind.STATEFUL, HazardKind.DESTROY}),
    required=2,
    approvers=(("*",), ("ana", "bo")),
    signed=True,
    given=1,
    missing="1 more signed approval by ana, bo",
)
UNTIL = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(Nothing(("r",)), {"verdict": "nothing", "reasons": ["r"], "needs": []}, id="nothing"),
        pytest.param(
            Proceed(("r",), (1,), ("ana",)),
            {"verdict": "proceed", "reasons": ["r"], "needs": [], "on_word_of": ["ana"]},
            id="proceed",
        ),
        pytest.param(
            Hold(("r",), (Need(None, Address(""), Requirement.APPROVE, "w"),), given=1, required=2),
            {
                "verdict": "hold",
                "reasons": ["r"],
                "needs": [{"address": "", "digest": None, "requires": "approve", "why": "w", **OF_ANYBODY}],
                "given": 1,
                "required": 2,
                "closed": False,
                "until": None,
            },
            id="hold",
        ),
        pytest.param(
            Hold(("r",), (RULED,), given=1, required=2, until=UNTIL, closed=True),
            {
                "verdict": "hold",
                "reasons": ["r"],
                "needs": [
                    {
                        "address": "a.b",
                        "digest": "c",
                        "requires": "approve",
                        "why": "w",
                        "kinds": ["destroy", "stateful"],
                        "required": 2,
                        "given": 1,
                        "approvers": [["*"], ["ana", "bo"]],
                        "signed": True,
                        "exactly": False,
                        "missing": "1 more signed approval by ana, bo",
                    }
                ],
                "given": 1,
                "required": 2,
                "closed": True,
                "until": "2026-11-23T08:00:00Z",
            },
            id="hold for a window",
        ),
        pytest.param(
            Refuse(("r",), (Need(None, Address(""), Requirement.NEVER, "w"),)),
            {
                "verdict": "refuse",
                "reasons": ["r"],
                "needs": [{"address": "", "digest": None, "requires": "never", "why": "w", **OF_ANYBODY}],
            },
            id="refuse",
        ),
    ],
)
def test_a_decision_is_told_with_what_a_program_needs(made: Decision, expected: dict[str, object]) -> None:
    assert report.decision(made, str) == expected


def test_secrets_in_keys_and_sentences_are_scrubbed_everywhere() -> None:
    plan = planned(
        change(Kind.DELETE, KEYED, before={SECRET: 1}), drift=(strayed({SECRET: 1}, {SECRET: 2}, KEYED),)
    )
    classification = assessed(plan)
    whole = Classification(
        changes=classification.changes,
        drift=classification.drift,
        outputs=(
            ClassifiedOutput(
                output=Output(name=SECRET, actions=("create",)), digest=ChangeDigest("o"), cause=Cause.GIT
            ),
        ),
        hazards=(Hazard(HazardKind.BACKEND_MOVED, Address(KEYED), f"moved to {SECRET}"),),
    )
    told = json.dumps(
        [
            *report.effects(whole, POLICY, SCRUB),
            *report.drift(whole, SCRUB),
            *report.hazards(whole.hazards, POLICY, SCRUB),
            *(
                report.decision(made, SCRUB)
                for made in (Hold((SECRET,), (NEED,)), Refuse((SECRET,), (NEED,)))
            ),
            *(report.decision(made, SCRUB) for made in (Nothing((SECRET,)), Proceed((SECRET,)))),
        ]
    )
    assert SECRET not in told
    assert told.count(SENSITIVE) >= 10


def test_all_of_it_is_plain_json() -> None:
    plan = planned(
        change(Kind.REPLACE, before={"a": 1}, after={"a": 2}), drift=(strayed({"a": 2}, {"a": 1}),)
    )
    found = [*report.changes(assessed(plan), POLICY, str), *report.drift(assessed(plan), str)]
    assert json.loads(json.dumps(found)) == found

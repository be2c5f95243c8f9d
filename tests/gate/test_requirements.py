"""What each effect asks for."""

from __future__ import annotations

import pytest
from support.judged import CALM, assessed, change, fixture, planned

from tfreconcile.classify.hazards import change_hazards
from tfreconcile.classify.model import Cause, Classification, Classified, DriftKind, Hazard, HazardKind
from tfreconcile.gate.model import DriftPolicy, Policy, Requirement
from tfreconcile.gate.policy import DEFAULT_HAZARDS
from tfreconcile.gate.requirements import requirements
from tfreconcile.plan.document import Address, Change, Kind
from tfreconcile.plan.fingerprint import ChangeDigest

AUTO, APPROVE, NEVER = Requirement.AUTO, Requirement.APPROVE, Requirement.NEVER


def policy(
    apply: Requirement = AUTO,
    drift: DriftPolicy = DriftPolicy.HEAL,
    prune: Requirement = AUTO,
    hazard: Requirement = AUTO,
) -> Policy:
    """A policy with one answer for all hazards."""
    return Policy(hazards=dict.fromkeys(HazardKind, hazard), apply=apply, drift=drift, prune=prune)


def classified(
    one: Change, cause: Cause = Cause.GIT, drift: DriftKind | None = None, hazards: tuple[Hazard, ...] = ()
) -> Classification:
    """A plan of one change."""
    digest = ChangeDigest("a")
    return Classification(
        changes=(Classified(change=one, digest=digest, cause=cause, drift=drift, hazards=hazards),)
    )


REPORT, ASK = DriftPolicy.REPORT, DriftPolicy.APPROVE


@pytest.mark.parametrize(
    ("cause", "drift", "rules", "expected"),
    [
        pytest.param(Cause.GIT, None, policy(), AUTO, id="git, all automatic"),
        pytest.param(Cause.GIT, None, policy(apply=APPROVE), APPROVE, id="git asks apply"),
        pytest.param(Cause.OTHER, None, policy(apply=NEVER), NEVER, id="other asks apply"),
        pytest.param(Cause.UNKNOWN, None, policy(apply=APPROVE), APPROVE, id="unknown asks apply"),
        pytest.param(Cause.GIT, None, policy(drift=ASK), AUTO, id="git does not ask drift"),
        pytest.param(Cause.GIT, DriftKind.INFORMATIONAL, policy(drift=ASK), AUTO, id="nor beside drift"),
        pytest.param(Cause.DRIFT, DriftKind.REVERTING, policy(apply=NEVER), AUTO, id="drift heals"),
        pytest.param(Cause.DRIFT, DriftKind.REVERTING, policy(drift=ASK), APPROVE, id="drift asks"),
        pytest.param(Cause.DRIFT, DriftKind.GONE, policy(drift=REPORT), APPROVE, id="reported drift asks"),
        pytest.param(Cause.BOTH, DriftKind.REVERTING, policy(apply=APPROVE), APPROVE, id="both: apply"),
        pytest.param(Cause.BOTH, DriftKind.REVERTING, policy(drift=ASK), APPROVE, id="both: drift"),
        pytest.param(Cause.UNKNOWN, DriftKind.REVERTING, policy(drift=ASK), APPROVE, id="perhaps drift"),
        pytest.param(Cause.DRIFT, DriftKind.SUPPRESSED, policy(), APPROVE, id="quiet drift asks"),
        pytest.param(Cause.BOTH, DriftKind.SUPPRESSED, policy(), APPROVE, id="quiet drift and a wish"),
    ],
)
def test_a_cause_asks_for_what_policy_says(
    cause: Cause, drift: DriftKind | None, rules: Policy, expected: Requirement
) -> None:
    (need,) = requirements(classified(change(), cause, drift), rules)
    assert need.requires is expected
    assert need.why.startswith("aws_sqs_queue.q: ")


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        pytest.param(
            change(Kind.DELETE, reason="delete_because_no_resource_config"), APPROVE, id="left the code"
        ),
        pytest.param(change(Kind.DELETE), AUTO, id="-destroy gives no reason"),
        pytest.param(change(Kind.FORGET), APPROVE, id="forget"),
        pytest.param(change(Kind.REPLACE, actions=("create", "forget")), APPROVE, id="abandoned"),
        pytest.param(change(Kind.REPLACE, reason="replace_by_triggers"), AUTO, id="replace"),
        pytest.param(change(), AUTO, id="update"),
    ],
)
def test_what_leaves_the_code_asks_prune(one: Change, expected: Requirement) -> None:
    (need,) = requirements(classified(one), policy(prune=APPROVE))
    assert need.requires is expected


@pytest.mark.parametrize("level", Requirement)
def test_a_hazard_asks_for_what_policy_says(level: Requirement) -> None:
    one = change(Kind.DELETE)
    (need,) = requirements(classified(one, hazards=change_hazards(one, None, CALM)), policy(hazard=level))
    assert need.requires is level


def test_a_hazard_that_policy_does_not_name_is_never_let_through() -> None:
    one = change(Kind.DELETE)
    found = classified(one, hazards=change_hazards(one, None, CALM))
    (need,) = requirements(found, Policy(hazards={}))
    assert need.requires is NEVER


def test_a_hazard_of_the_plan_is_a_need_without_a_digest() -> None:
    hazard = Hazard(HazardKind.BACKEND_MOVED, Address(""), "it moved")
    (need,) = requirements(Classification(hazards=(hazard,)), Policy(hazards=DEFAULT_HAZARDS))
    assert (need.digest, need.address, need.requires, need.why) == (None, "", APPROVE, "it moved")


@pytest.mark.parametrize(
    ("inputs_changed", "expected"), [(True, APPROVE), (None, APPROVE), (False, AUTO)], ids=str
)
def test_an_output_asks_apply_when_git_may_have_wanted_it(
    inputs_changed: bool | None, expected: Requirement
) -> None:
    found = assessed(fixture("output_only"), inputs_changed=inputs_changed)
    (need,) = requirements(found, policy(apply=APPROVE))
    assert need.requires is expected


def test_the_why_holds_every_strictest_reason_and_no_weaker_one() -> None:
    found = assessed(fixture("stateful_delete"), inputs_changed=True)
    (need,) = requirements(found, Policy(hazards=DEFAULT_HAZARDS, prune=AUTO))
    assert need.why == (
        "aws_dynamodb_table.t would be destroyed (its block left the code); "
        "aws_dynamodb_table.t holds data (aws_dynamodb_table), which would be destroyed with it"
    )


def test_nothing_needs_nothing() -> None:
    assert requirements(assessed(planned()), policy()) == ()

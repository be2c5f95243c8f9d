"""What is asked before something goes that Git no longer has: one resource, or a whole stack?"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.judged import CALM, MARK, NOON, assessed, change, fixture, planned

from tfreconcile.classify.model import Classification, HazardKind
from tfreconcile.gate.decision import Asked, decide
from tfreconcile.gate.model import Decision, Hold, Policy, Proceed, Refuse, Requirement
from tfreconcile.gate.requirements import required
from tfreconcile.plan.document import Kind

AUTO, APPROVE, NEVER = Requirement.AUTO, Requirement.APPROVE, Requirement.NEVER
LEFT = (
    "delete_removed_from_config",
    "delete_module_removed",
    "delete_count_reduced",
    "delete_each_key",
    "delete_wrong_repetition",
    "forget",
)
STAYED = ("replace_destroy_first", "replace_create_first", "replace_tainted", "update_in_place", "create")
KNOWN = replace(CALM, max_destroys=1000)
REMOVED = replace(CALM, removed=True, max_destroys=0, max_destroy_percent=0)


def open_to_all(prune: Requirement = AUTO, stack_removed: Requirement = AUTO) -> Policy:
    """Nothing asks but what is named."""
    hazards = {**dict.fromkeys(HazardKind, AUTO), HazardKind.STACK_REMOVED: stack_removed}
    return Policy(hazards=hazards, prune=prune)


def decided(found: Classification, policy: Policy) -> Decision:
    asked = Asked(stack="payments", fingerprint=MARK, applyable=True)
    return decide(found, policy, (), asked=asked, now=NOON)


@pytest.mark.parametrize(("prune", "verdict"), [(AUTO, Proceed), (APPROVE, Hold), (NEVER, Refuse)], ids=str)
@pytest.mark.parametrize("name", LEFT)
def test_what_left_the_code_goes_by_prune(name: str, prune: Requirement, verdict: type[Decision]) -> None:
    found = assessed(fixture(name), inputs_changed=True, known=KNOWN)
    made = decided(found, open_to_all(prune))
    assert isinstance(made, verdict)
    assert prune is AUTO or f"left the code; prune: {prune}" in made.reasons[0]


@pytest.mark.parametrize("name", STAYED)
def test_what_is_still_in_the_code_does_not_go_by_prune(name: str) -> None:
    found = assessed(fixture(name), inputs_changed=True, known=KNOWN)
    assert isinstance(decided(found, open_to_all(NEVER)), Proceed)


@pytest.mark.parametrize(
    ("prune", "hazard", "verdict"),
    [
        (AUTO, AUTO, Hold),
        (AUTO, APPROVE, Hold),
        (APPROVE, AUTO, Hold),
        (AUTO, NEVER, Refuse),
        (NEVER, AUTO, Refuse),
        (NEVER, NEVER, Refuse),
    ],
    ids=str,
)
def test_a_whole_stack_never_goes_without_a_word(
    prune: Requirement, hazard: Requirement, verdict: type[Decision]
) -> None:
    found = assessed(fixture("destroy_all"), inputs_changed=True, known=REMOVED)
    assert isinstance(decided(found, open_to_all(prune, hazard)), verdict)


def test_a_stack_of_which_only_outputs_are_left_needs_a_word_too() -> None:
    found = assessed(fixture("output_only"), inputs_changed=True, known=REMOVED)
    assert isinstance(decided(found, open_to_all()), Hold)


@given(
    prune=st.sampled_from(Requirement),
    hazard=st.sampled_from([*Requirement, None]),
    kinds=st.lists(st.sampled_from([Kind.DELETE, Kind.FORGET, Kind.UPDATE]), min_size=1, max_size=4),
)
@settings(max_examples=60, deadline=None)
def test_no_policy_lets_a_stack_go_without_a_word(
    prune: Requirement, hazard: Requirement | None, kinds: list[Kind]
) -> None:
    policy = open_to_all(prune)
    hazards = dict(policy.hazards)
    del hazards[HazardKind.STACK_REMOVED]
    if hazard is not None:
        hazards[HazardKind.STACK_REMOVED] = hazard
    policy = replace(policy, hazards=hazards)
    plan = planned(*(change(kind, f"aws_sqs_queue.q{number}") for number, kind in enumerate(kinds)))
    found = assessed(plan, inputs_changed=True, known=REMOVED)
    assert not isinstance(decided(found, policy), Proceed)
    (whole,) = found.hazards
    assert required(whole, policy) is not AUTO

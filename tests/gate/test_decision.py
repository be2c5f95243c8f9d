"""May this plan be applied now?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.judged import CALM, MARK, NOON, assessed, change, fixture, planned, rule, strayed, word

from tfreconcile.classify.hazards import change_hazards
from tfreconcile.classify.model import (
    Cause,
    Classification,
    Classified,
    ClassifiedOutput,
    DriftKind,
    Hazard,
    HazardKind,
)
from tfreconcile.gate.approvals import REJECTED
from tfreconcile.gate.decision import Asked, decide, question
from tfreconcile.gate.model import (
    Approval,
    ApprovalRules,
    Decision,
    DriftPolicy,
    Hold,
    Nothing,
    Policy,
    Proceed,
    Refuse,
    Requirement,
    Verdict,
)
from tfreconcile.gate.policy import DEFAULT_HAZARDS, Floor
from tfreconcile.gate.requirements import requirements
from tfreconcile.plan.document import Address, Kind, Output
from tfreconcile.plan.fingerprint import ChangeDigest, Fingerprint

ASKED = Asked(stack="payments", fingerprint=MARK, applyable=True)
POLICY = Policy(hazards=DEFAULT_HAZARDS)
TWO = replace(POLICY, approvals=ApprovalRules(required=2))
DESTROY = ("destroy", "aws_sqs_queue.q0")
REPORT = replace(POLICY, drift=DriftPolicy.REPORT)


def gate(
    found: Classification, *approvals: Approval, policy: Policy = POLICY, asked: Asked = ASKED
) -> Decision:
    """The decision at noon."""
    return decide(found, policy, approvals, asked=asked, now=NOON)


def destroying(count: int = 1, extra: int = 0) -> Classification:
    """A plan that destroys some queues and creates some others; digests are d0, d1, ..."""
    changes = [change(Kind.DELETE, f"aws_sqs_queue.q{number}") for number in range(count)]
    changes += [change(Kind.CREATE, f"aws_sqs_queue.n{number}") for number in range(extra)]
    return Classification(
        changes=tuple(
            Classified(
                change=one,
                digest=ChangeDigest(f"d{number}"),
                cause=Cause.GIT,
                hazards=change_hazards(one, None, CALM),
            )
            for number, one in enumerate(changes)
        )
    )


def yes(*digests: str, by: str = "ana", number: int = 1) -> Approval:
    """A word on digests, with the hazards that go with them."""
    hazards = frozenset(("destroy", f"aws_sqs_queue.q{digest[1:]}") for digest in digests)
    return word(*digests, hazards=hazards, by=by, number=number)


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("no_changes", Nothing),
        ("check_failing", Nothing),
        ("drift_informational", Nothing),
        ("drift_gone_and_removed", Nothing),
        ("create", Proceed),
        ("update_in_place", Proceed),
        ("move", Proceed),
        ("import", Proceed),
        ("output_only", Proceed),
        ("drift_deleted", Proceed),
        ("drift_changed_reverting", Proceed),
        ("drift_and_config", Proceed),
        ("delete_removed_from_config", Hold),
        ("replace_tainted", Hold),
        ("forget", Hold),
        ("stateful_delete", Hold),
        ("targeted", Hold),
        ("precondition_failing", Refuse),
        ("more/39_prevent_destroy", Refuse),
        ("drift_refresh_only", Refuse),
    ],
)
def test_real_runs_under_the_built_in_policy(name: str, verdict: type[Decision]) -> None:
    plan = fixture(name)
    asked = replace(ASKED, applyable=plan.applyable, complete=plan.complete, errored=plan.errored)
    assert isinstance(gate(assessed(plan), asked=asked), verdict)


def test_a_lost_state_is_refused_whatever_anybody_says() -> None:
    found = assessed(fixture("empty_state"), known=replace(CALM, had_resources=3))
    everything = word(*(item.digest for item in found.changes), hazards=frozenset({("empty-state", "")}))
    decision = gate(found, everything)
    assert isinstance(decision, Refuse)
    assert "the state is empty" in decision.reasons[0]


def test_a_destroy_waits_and_says_for_what() -> None:
    decision = gate(destroying())
    assert isinstance(decision, Hold)
    assert (decision.given, decision.required) == (0, 1)
    assert decision.reasons == ("aws_sqs_queue.q0 would be destroyed",)
    assert [need.digest for need in decision.needs] == ["d0"]


def test_the_question_of_a_plan_is_what_it_waits_for() -> None:
    held = gate(destroying(extra=1))
    asked = question(destroying(extra=1), Floor().policy, asked=ASKED)
    assert isinstance(held, Hold)
    assert [need.digest for need in asked.needs] == [need.digest for need in held.needs]
    assert asked.shown.everything == {"d0", "d1"}


def test_an_approval_of_the_effect_lets_it_pass() -> None:
    decision = gate(destroying(), yes("d0", number=7))
    assert decision == Proceed(("approved by ana",), (7,), ("ana",))


def test_a_harmless_extra_change_does_not_void_an_approval() -> None:
    assert isinstance(gate(destroying(1, extra=2), yes("d0")), Proceed)


def test_what_is_left_after_half_an_apply_goes_on_under_the_same_word() -> None:
    assert isinstance(gate(destroying(1), yes("d0", "d1", "d2")), Proceed)


def test_one_more_destroy_asks_again_and_says_what_the_old_word_was_not_given_for() -> None:
    decision = gate(destroying(2), yes("d0"))
    assert isinstance(decision, Hold)
    assert decision.given == 0
    assert decision.reasons[-1] == ("approval 1 of ana was given for something else than: aws_sqs_queue.q1")


def test_a_new_hazard_of_an_approved_change_voids_the_approval() -> None:
    (item,) = destroying().changes
    stateful = Hazard(HazardKind.STATEFUL, item.change.address, "holds data")
    found = Classification(changes=(replace(item, hazards=(*item.hazards, stateful)),))
    assert isinstance(gate(found, yes("d0")), Hold)
    shown = word("d0", hazards=frozenset({DESTROY, ("stateful", "aws_sqs_queue.q0")}))
    assert isinstance(gate(found, shown), Proceed)


def test_a_hazard_that_policy_lets_through_may_come_under_an_old_word() -> None:
    (item,) = destroying().changes
    stateful = Hazard(HazardKind.STATEFUL, item.change.address, "holds data")
    found = Classification(changes=(replace(item, hazards=(*item.hazards, stateful)),))
    lax = replace(POLICY, hazards={**DEFAULT_HAZARDS, HazardKind.STATEFUL: Requirement.AUTO})
    assert isinstance(gate(found, yes("d0"), policy=lax), Proceed)


@pytest.mark.parametrize(
    "useless",
    [
        pytest.param(replace(yes("d0"), expires_at=NOON), id="expired"),
        pytest.param(replace(yes("d0"), revoked_at=NOON), id="revoked"),
        pytest.param(replace(yes("d0"), consumed_at=NOON), id="used up"),
        pytest.param(replace(yes("d0"), stack="network"), id="another stack"),
        pytest.param(
            replace(yes("d0"), verdict=Verdict.REJECT, fingerprint=Fingerprint("e" * 64)), id="a no"
        ),
        pytest.param(replace(yes("d0"), by="mallory"), id="not an approver"),
        pytest.param(word("d0"), id="did not see the hazard"),
        pytest.param(yes("d1"), id="another effect"),
    ],
)
def test_a_word_that_does_not_count_does_nothing(useless: Approval) -> None:
    rules = ApprovalRules(approvers=(("*",), ("ana", "bo")))
    decision = gate(destroying(), useless, policy=replace(POLICY, approvals=rules))
    assert isinstance(decision, Hold)
    assert decision.given == 0


def test_two_must_be_two_people() -> None:
    ana, again, bo = yes("d0"), yes("d0", by="ANA", number=2), yes("d0", by="bo", number=3)
    decision = gate(destroying(), ana, again, policy=TWO)
    assert isinstance(decision, Hold)
    assert (decision.given, decision.required) == (1, 2)
    assert gate(destroying(), ana, bo, policy=TWO) == Proceed(("approved by ana, bo",), (1, 3), ("ana", "bo"))


def test_the_effect_with_the_fewest_people_decides() -> None:
    words = (yes("d0", "d1", by="ana", number=1), yes("d0", by="bo", number=2), yes("d1", by="cy", number=3))
    decision = gate(destroying(2), *words[:2], policy=TWO)
    assert isinstance(decision, Hold)
    assert decision.given == 1
    assert isinstance(gate(destroying(2), *words, policy=TWO), Proceed)


def test_a_quorum_of_none_is_still_one() -> None:
    nobody = replace(POLICY, approvals=ApprovalRules(required=0))
    assert isinstance(gate(destroying(), policy=nobody), Hold)


def test_a_rejection_holds_even_what_others_approved() -> None:
    no = word(verdict=Verdict.REJECT, by="bo", number=2)
    decision = gate(destroying(), yes("d0"), no)
    assert isinstance(decision, Hold)
    assert decision.given == 0
    assert decision.reasons == ("rejected by bo: looked at it; revoke the rejection or change Git",)
    assert [need.digest for need in decision.needs] == ["d0"]


def test_a_rejection_holds_a_plan_that_would_need_nobody() -> None:
    found = destroying(0, extra=1)
    assert isinstance(gate(found), Proceed)
    assert isinstance(gate(found, word(verdict=Verdict.REJECT)), Hold)
    assert isinstance(gate(found, word(verdict=Verdict.REJECT, stack="network")), Proceed)


def test_a_rejection_is_not_lifted_by_a_harmless_change_when_no_effect_asked_by_itself() -> None:
    no = word("d0", verdict=Verdict.REJECT, fingerprint=Fingerprint("e" * 64))
    assert isinstance(gate(destroying(0, extra=2), no), Hold)
    elsewhere = word("d7", verdict=Verdict.REJECT, fingerprint=Fingerprint("e" * 64))
    assert isinstance(gate(destroying(0, extra=2), elsewhere), Proceed)


def test_a_rejection_does_not_hold_for_ever_what_only_stood_beside_the_rejected_effect() -> None:
    asked = frozenset({DESTROY, (REJECTED, "d7")})
    no = word("d7", "d0", verdict=Verdict.REJECT, fingerprint=Fingerprint("e" * 64), hazards=asked)
    assert isinstance(gate(destroying(0, extra=1), no), Proceed)
    moved = Hazard(HazardKind.BACKEND_MOVED, Address(""), "the state moved")
    held = gate(replace(destroying(0, extra=1), hazards=(moved,)), no)
    assert isinstance(held, Hold)
    assert "rejected by ana" in held.reasons[0]


def test_a_hazard_of_the_plan_needs_a_word_on_every_effect() -> None:
    moved = Hazard(HazardKind.BACKEND_MOVED, Address(""), "the state moved")
    small, grown = (replace(destroying(0, extra=size), hazards=(moved,)) for size in (1, 2))
    shown = word("d0", hazards=frozenset({("backend-moved", "")}))
    assert isinstance(gate(small), Hold)
    assert isinstance(gate(small, word("d0")), Hold)
    assert isinstance(gate(small, shown), Proceed)
    assert isinstance(gate(grown, shown), Hold)


def test_a_plan_that_is_not_complete_needs_a_word_on_every_effect() -> None:
    partial = replace(ASKED, complete=False)
    decision = gate(destroying(0, extra=1), asked=partial)
    assert isinstance(decision, Hold)
    assert "not complete" in decision.reasons[0]
    assert isinstance(gate(destroying(0, extra=1), word("d0"), asked=partial), Proceed)
    assert isinstance(gate(destroying(0, extra=2), word("d0"), asked=partial), Hold)


def test_a_plan_that_is_never_equal_twice_cannot_hold_an_approval() -> None:
    restless = replace(ASKED, unstable=("plantimestamp() gives another value each time",))
    decision = gate(destroying(), yes("d0"), asked=restless)
    assert isinstance(decision, Refuse)
    assert decision.reasons[-1] == "plantimestamp() gives another value each time"
    assert isinstance(gate(destroying(0, extra=1), asked=restless), Proceed)


def test_an_errored_plan_is_refused_first_of_all() -> None:
    assert isinstance(gate(destroying(), yes("d0"), asked=replace(ASKED, errored=True)), Refuse)


def test_a_plan_that_names_no_effect_is_refused_when_it_claims_to_have_one() -> None:
    assert isinstance(gate(Classification()), Refuse)
    assert gate(Classification(), asked=replace(ASKED, applyable=False)) == Nothing()


WAS, IS = {"size": 1}, {"size": 9}


def healing(*more: Kind, quiet: bool = False, inputs_changed: bool = False) -> Classification:
    """A plan that puts back one drifted queue, and does something else."""
    others = (change(kind, f"py_thing.n{number}") for number, kind in enumerate(more))
    plan = planned(change(before={**WAS, **IS}, after={**WAS}), *others, drift=(strayed({**WAS}, {**IS}),))
    return assessed(plan, inputs_changed=inputs_changed, ignore=(rule("*", "size"),) if quiet else ())


def test_drift_that_is_only_reported_is_left_as_it_is() -> None:
    assert gate(healing(), policy=REPORT) == Nothing(
        ("aws_sqs_queue.q: the plan would put it back; drift is only reported",)
    )


def test_drift_under_an_ignore_rule_is_left_as_it_is() -> None:
    assert gate(healing(quiet=True)) == Nothing(
        ("aws_sqs_queue.q: the plan would put it back; an ignore rule covers its drift",)
    )


def test_a_wish_that_comes_with_ignored_drift_is_not_left_alone() -> None:
    renamed = planned(
        change(before={"size": 9, "name": "q"}, after={"size": 1, "name": "z"}),
        drift=(strayed({"size": 1, "name": "q"}, {"size": 9, "name": "q"}),),
    )
    found = assessed(renamed, inputs_changed=True, ignore=(rule("*", "size"),))
    assert isinstance(gate(found), Hold)


def wishing(*more: Kind) -> Classification:
    """A plan in which Git changes what an ignore rule covers, and does something else."""
    others = (change(kind, f"py_thing.n{number}") for number, kind in enumerate(more))
    plan = planned(change(before={**WAS}, after={**IS}), *others)
    return assessed(plan, inputs_changed=True, ignore=(rule("*", "size"),))


def test_a_wish_of_git_under_an_ignore_rule_is_left_alone_and_says_why() -> None:
    assert gate(wishing()) == Nothing(("aws_sqs_queue.q: ignored: autoscaler",))


@pytest.mark.parametrize("level", [Requirement.APPROVE, Requirement.NEVER])
def test_an_ignore_rule_hides_nothing_that_could_hurt(level: Requirement) -> None:
    found = wishing()
    hazard = Hazard(HazardKind.SCALE, Address("aws_sqs_queue.q"), "it shrinks")
    hurting = replace(found, changes=(replace(found.changes[0], hazards=(hazard,)),))
    policy = replace(POLICY, hazards={**POLICY.hazards, HazardKind.SCALE: level})
    assert isinstance(gate(hurting, policy=policy), Hold if level is Requirement.APPROVE else Refuse)
    harmless = replace(POLICY, hazards={**POLICY.hazards, HazardKind.SCALE: Requirement.AUTO})
    assert isinstance(gate(hurting, policy=harmless), Nothing)


@pytest.mark.parametrize(
    ("found", "policy"),
    [
        pytest.param(healing(Kind.CREATE), REPORT, id="reported"),
        pytest.param(healing(Kind.CREATE, quiet=True), POLICY, id="ignored"),
        pytest.param(wishing(Kind.CREATE), POLICY, id="ignored wish"),
    ],
)
def test_drift_to_be_left_alone_asks_when_the_plan_does_something_else(
    found: Classification, policy: Policy
) -> None:
    decision = gate(found, policy=policy)
    assert isinstance(decision, Hold)
    assert [need.address for need in decision.needs] == ["aws_sqs_queue.q"]
    assert "a plan cannot be split" in decision.reasons[0]
    assert isinstance(gate(found, word("change-0"), policy=policy), Proceed)


def test_drift_is_left_alone_when_only_outputs_follow_it() -> None:
    output = Output(name="size", actions=("update",))
    follows = ClassifiedOutput(output=output, digest=ChangeDigest("o"), cause=Cause.OTHER)
    assert isinstance(gate(replace(healing(), outputs=(follows,)), policy=REPORT), Nothing)
    wished = replace(follows, cause=Cause.GIT)
    assert isinstance(gate(replace(healing(), outputs=(wished,)), policy=REPORT), Hold)


# -- the property: whatever is put together, nobody is passed over --------------------------------

DIGESTS = [ChangeDigest(name) for name in ("d0", "d1", "d2")]
PEOPLE = ("ana", "bo", "mallory")
OWN = [(kind, Address(f"aws_sqs_queue.{digest}")) for digest in DIGESTS for kind in HazardKind]
PAIRS = [*((str(kind), str(address)) for kind, address in OWN), *((str(kind), "") for kind in HazardKind)]


@st.composite
def findings(draw: st.DrawFn) -> Classification:
    """Up to three changes of any cause, drift and hazards, and hazards of the plan."""
    kinds = st.lists(st.sampled_from(HazardKind), max_size=2, unique=True)
    changes = []
    for digest in draw(st.lists(st.sampled_from(DIGESTS), max_size=3, unique=True)):
        address = Address(f"aws_sqs_queue.{digest}")
        changes.append(
            Classified(
                change=change(draw(st.sampled_from([Kind.CREATE, Kind.UPDATE, Kind.DELETE])), address),
                digest=digest,
                cause=draw(st.sampled_from(Cause)),
                drift=draw(st.none() | st.sampled_from(DriftKind)),
                hazards=tuple(Hazard(kind, address, "hurts") for kind in draw(kinds)),
            )
        )
    of_plan = tuple(
        Hazard(kind, Address(""), "hurts all") for kind in draw(kinds.filter(lambda k: len(k) < 2))
    )
    return Classification(changes=tuple(changes), hazards=of_plan)


LEVELS = st.sampled_from(Requirement)
POLICIES = st.builds(
    Policy,
    hazards=st.dictionaries(st.sampled_from(HazardKind), LEVELS, min_size=6),
    apply=LEVELS,
    drift=st.sampled_from(DriftPolicy),
    prune=LEVELS,
    approvals=st.builds(
        ApprovalRules, required=st.integers(1, 2), approvers=st.just((("*",), ("ana", "bo")))
    ),
)
WORDS = st.builds(
    lambda digests, hazards, by, **rest: replace(word(*digests, hazards=hazards, by=by), **rest),
    st.frozensets(st.sampled_from(DIGESTS), min_size=2),
    st.just(frozenset(PAIRS)) | st.frozensets(st.sampled_from(PAIRS), min_size=20),
    st.sampled_from(PEOPLE),
    id=st.integers(1, 99),
    stack=st.sampled_from(["payments", "payments", "payments", "network"]),
    verdict=st.sampled_from([Verdict.APPROVE, Verdict.APPROVE, Verdict.APPROVE, Verdict.REJECT]),
    expires_at=st.sampled_from([NOON - timedelta(seconds=1), NOON, NOON + timedelta(seconds=1)]),
    revoked_at=st.sampled_from([None, None, None, NOON]),
    consumed_at=st.sampled_from([None, None, None, NOON]),
)


def people_behind(digests: set[str], hazards: set[tuple[str, str]], words: list[Approval]) -> set[str]:
    """Said once more, and otherwise than in the code: who has a good word on all of this?"""
    return {
        one.by
        for one in words
        if one.verdict is Verdict.APPROVE
        and one.stack == "payments"
        and one.by in ("ana", "bo")
        and not one.revoked_at
        and not one.consumed_at
        and one.expires_at > NOON
        and digests.issubset(one.changes)
        and hazards.issubset(one.hazards)
    }


def approving(hazards: tuple[Hazard, ...], policy: Policy) -> set[tuple[str, str]]:
    """The hazards that need approval."""
    levels = policy.hazards
    return {
        (str(hazard.kind), str(hazard.address))
        for hazard in hazards
        if levels.get(hazard.kind) is Requirement.APPROVE
    }


@given(findings(), POLICIES, st.lists(WORDS, max_size=5), st.booleans())
@settings(max_examples=400, deadline=None)
def test_nothing_goes_ahead_without_the_people_it_needs(
    found: Classification, policy: Policy, words: list[Approval], complete: bool
) -> None:
    decision = gate(found, *words, policy=policy, asked=replace(ASKED, complete=complete))
    if not isinstance(decision, Proceed):
        return
    everything = {str(item.digest) for item in found.changes}
    for need in requirements(found, policy):
        assert need.requires is not Requirement.NEVER
        if need.requires is Requirement.APPROVE and need.digest is not None:
            (own,) = (item.hazards for item in found.changes if item.digest == need.digest)
            people = people_behind({str(need.digest)}, approving(own, policy), words)
            assert len(people) >= policy.approvals.required
    of_plan = approving(found.hazards, policy)
    if of_plan or not complete:
        assert len(people_behind(everything, of_plan, words)) >= policy.approvals.required
    assert not any(
        one.verdict is Verdict.REJECT and one.stack == "payments" and not one.revoked_at for one in words
    )
    assert set(decision.approvals) <= {one.id for one in words if one.by in decision.on_word_of}


@given(findings(), POLICIES, st.lists(WORDS, max_size=4))
@settings(max_examples=100, deadline=None)
def test_every_decision_but_an_empty_nothing_says_why(
    found: Classification, policy: Policy, words: list[Approval]
) -> None:
    decision = gate(found, *words, policy=policy)
    assert decision.reasons
    assert all(reason and reason == reason.strip() for reason in decision.reasons)

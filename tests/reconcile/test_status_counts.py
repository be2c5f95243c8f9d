"""Does the status document count words exactly as the gate does? A kept plan is JSON, the gate has values."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given, settings
from support.oracle import STACK, Situation
from support.remembered import NOON, a_plan
from support.stories import SITUATIONS

from tfreconcile.gate.authors import barred
from tfreconcile.gate.decision import Asked, decide, in_time
from tfreconcile.gate.model import Approval, Decision, Hold, Proceed
from tfreconcile.observe import kept, report
from tfreconcile.reconcile import status
from tfreconcile.source.model import StackName
from tfreconcile.store.records import PlanRecord


def doubts(at: Situation) -> dict[int, str]:
    """Why some words are doubted."""
    return dict.fromkeys(at.doubted, "its key was revoked")


def decided(at: Situation) -> Decision:
    """What the gate says."""
    asked = Asked(
        stack=STACK, fingerprint=at.fingerprint, applyable=True, complete=at.complete, doubts=doubts(at)
    )
    made = decide(at.plan, at.policy, at.words, asked=asked, authors=at.authors, now=at.now)
    return in_time(made, at.plan, at.policy, at.words, asked=asked, authors=at.authors, now=at.now)


def record(at: Situation, made: Decision) -> PlanRecord:
    """What a pass keeps of it."""
    known = barred(at.policy.approvals, at.authors)
    return replace(
        a_plan(StackName(STACK)),
        created_at=NOON,
        fingerprint=at.fingerprint,
        classification=report.effects(at.plan, at.policy, str),
        decision=report.kept(made, at.plan, at.policy, barred=known, doubts=doubts(at), scrub=str),
    )


def counted(plan: PlanRecord, at: Situation) -> tuple[int, int]:
    """Given and required, as status tells it."""
    own: tuple[Approval, ...] = tuple(one for one in at.words if one.stack == STACK)
    tally = status.weighed(plan, own, at.now)
    return tally.given, tally.required


@given(SITUATIONS)
@settings(max_examples=700, deadline=None)
def test_the_count_of_a_held_plan_is_the_gates(at: Situation) -> None:
    made = decided(at)
    assume(isinstance(made, Hold))
    assert isinstance(made, Hold)
    assert counted(record(at, made), at) == (made.given, made.required)


@given(SITUATIONS)
@settings(max_examples=700, deadline=None)
def test_words_that_are_given_later_are_counted_as_the_next_pass_will(at: Situation) -> None:
    before, made = decided(replace(at, words=())), decided(at)
    assume(isinstance(before, Hold))
    given, required = counted(record(at, before), at)
    match before, made:
        case Hold(closed=False), Hold(closed=False):
            assert (given, required) == (made.given, made.required)
        case Hold(), Proceed():
            assert given >= required
        case Hold(closed=False), Hold(closed=True):
            assert given >= required


@given(SITUATIONS)
@settings(max_examples=300, deadline=None)
def test_a_question_is_the_same_after_it_was_kept(at: Situation) -> None:
    made = decided(at)
    assume(isinstance(made, Hold) and made.needs)
    assert isinstance(made, Hold)
    asked = kept.question(
        STACK,
        at.fingerprint,
        report.effects(at.plan, at.policy, str),
        report.kept(made, at.plan, at.policy, barred=None, doubts=doubts(at), scrub=str),
    )
    assert (asked.ttl, asked.doubts) == (at.policy.approvals.ttl, doubts(at))
    assert asked.needs == tuple(replace(need, given=0, missing="") for need in made.needs)
    assert asked.barred is None

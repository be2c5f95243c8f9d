"""Can any story of plans, words, clocks and policies let through what needs approval without its people?

Stories are told: people approve, reject, sign and revoke, commits are made, time goes by, policies change,
plans gain and lose effects and hazards, applies succeed and fail half-way. After each turn the gate must say
what the plain rules of ``support.oracle`` say, which know none of its code.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import event, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from support.judged import NOON
from support.oracle import STACK, Situation, is_good, is_rejected, may_be_applied
from support.stories import COMMITS, DIE, MANNERS, PLANS, POLICIES, SITUATIONS, Manner, frozen, named, spoken

from tfreconcile.classify.model import Classification
from tfreconcile.gate.decision import Asked, decide, in_time
from tfreconcile.gate.model import Approval, Decision, Nothing, Policy, Proceed
from tfreconcile.source.model import Authorship


def decided(at: Situation) -> Decision:
    """What the gate says."""
    asked = Asked(
        stack=STACK,
        fingerprint=at.fingerprint,
        applyable=True,
        complete=at.complete,
        doubts=dict.fromkeys(at.doubted, "its key was revoked"),
    )
    made = decide(at.plan, at.policy, at.words, asked=asked, authors=at.authors, now=at.now)
    return in_time(made, at.plan, at.policy, at.words, asked=asked, authors=at.authors, now=at.now)


def compared(at: Situation) -> Decision:
    """The gate's word, when it lets through exactly what the rules let through, and on words that count."""
    made, allowed = decided(at), may_be_applied(at)
    match made:
        case Proceed():
            assert allowed, made
            used = [word for word in at.words if word.id in made.approvals]
            assert {word.by for word in used} == set(made.on_word_of)
            assert all(is_good(at, word, set()) for word in used)
        case Nothing():
            pass  # nothing is applied
        case _:
            assert not allowed, made
            assert made.reasons
    return made


@given(SITUATIONS)
@settings(max_examples=10_000, deadline=None, derandomize=True)
def test_nothing_that_needs_approval_is_applied_without_its_people(at: Situation) -> None:
    made = compared(at)
    words = " on words" if isinstance(made, Proceed) and made.approvals else ""
    event(f"{type(made).__name__}{words}")


@given(SITUATIONS.map(frozen))
@settings(max_examples=1500, deadline=None, derandomize=True)
def test_a_closed_window_gives_way_only_to_people_who_saw_it_all(at: Situation) -> None:
    compared(at)


class Story(RuleBasedStateMachine):
    """One stack over weeks."""

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = NOON
        self.words: list[Approval] = []
        self.used: set[int] = set()
        self.authors: tuple[Authorship, ...] | None = ()
        self.readable = True

    @initialize(plan=PLANS, policy=POLICIES)
    def begins(self, plan: Classification, policy: Policy) -> None:
        """There is a plan, and a policy."""
        self.plan, self.policy = plan, policy

    def at(self) -> Situation:
        """How things stand now."""
        authors = self.authors if self.readable else None
        words, mark = tuple(self.words), named(self.plan)
        return Situation(self.plan, self.policy, words, authors, self.now, mark)

    @rule(manner=MANNERS)
    def somebody_speaks(self, manner: Manner) -> None:
        """About the plan as it is now."""
        self.words.append(spoken(manner, self.plan, number=len(self.words), now=self.now))
        compared(self.at())

    @precondition(lambda self: self.words)
    @rule(which=st.integers(0, 9))
    def somebody_revokes(self, which: int) -> None:
        """A word, unless it was used."""
        one = self.words[which % len(self.words)]
        if one.consumed_at is None:
            self.words[one.id] = replace(one, revoked_at=self.now)
        compared(self.at())

    @rule(one=COMMITS)
    def somebody_commits(self, one: Authorship) -> None:
        """Whoever may have approved it before."""
        self.authors = (*(self.authors or ()), one)
        compared(self.at())

    @rule()
    def history_is_lost_or_found(self) -> None:
        """Under four eyes nobody counts while it is lost."""
        self.readable = not self.readable
        compared(self.at())

    @rule(hours=st.sampled_from([1, 4, 20, 24, 80]))
    def time_goes_by(self, hours: int) -> None:
        """Words end, windows open and close."""
        self.now += timedelta(hours=hours)
        compared(self.at())

    @rule(policy=POLICIES)
    def the_host_is_configured_anew(self, policy: Policy) -> None:
        """To a laxer or a stricter policy."""
        self.policy = policy
        compared(self.at())

    @rule(other=PLANS, which=DIE)
    def the_plan_changes(self, other: Classification, which: int) -> None:
        """It gains effects, has others for the same addresses, loses one, or loses its own hazards."""
        changes = {one.change.address: one for one in self.plan.changes}
        grown = {**changes, **{one.change.address: one for one in other.changes}}
        kept = dict(list(changes.items())[1:]) or grown
        whole = self.plan.hazards if which != 2 else other.hazards
        self.plan = replace(self.plan, changes=tuple((kept if which == 3 else grown).values()), hazards=whole)
        compared(self.at())

    @rule(other=PLANS)
    def it_is_applied(self, other: Classification) -> None:
        """Without an error: the words are used up, and Git wants something else by and by."""
        made = compared(self.at())
        if not isinstance(made, Proceed):
            return
        assert not self.used.intersection(made.approvals), "a word was used twice"
        self.used.update(made.approvals)
        for number in made.approvals:
            self.words[number] = replace(self.words[number], consumed_at=self.now)
        self.plan, self.authors = other, ()
        compared(self.at())

    @precondition(lambda self: len(self.plan.changes) > 1)
    @rule()
    def an_apply_fails_half_way(self) -> None:
        """What is left goes on under the same words, unless somebody said no to just that."""
        made = compared(self.at())
        if isinstance(made, Proceed):
            self.plan = replace(self.plan, changes=self.plan.changes[1:])
            rest = compared(self.at())
            assert isinstance(rest, Proceed | Nothing) or is_rejected(self.at(), whole=True)


Story.TestCase.settings = settings(max_examples=200, stateful_step_count=25, deadline=None, derandomize=True)
TestNoStoryLetsAnythingThrough = Story.TestCase

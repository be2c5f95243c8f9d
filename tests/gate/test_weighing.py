"""How many people stand behind an effect, and what is said of words that do not count?"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from support.judged import A_SIGNATURE, MARK, NOON, change, commit, word

from tfreconcile.classify.model import Cause, Classification, Classified, Hazard, HazardKind
from tfreconcile.gate.approvals import REJECTED
from tfreconcile.gate.decision import Asked, decide, in_time
from tfreconcile.gate.model import (
    Approval,
    ApprovalRules,
    Decision,
    HazardRules,
    Hold,
    Policy,
    Proceed,
    Requirement,
    Verdict,
    Window,
)
from tfreconcile.gate.policy import DEFAULT_HAZARDS
from tfreconcile.gate.weighing import unfit
from tfreconcile.plan.document import Address, Kind
from tfreconcile.plan.fingerprint import ChangeDigest, Fingerprint
from tfreconcile.source.model import Authorship

ASKED = Asked(stack="payments", fingerprint=MARK, applyable=True)
STATEFUL, DESTROY = HazardKind.STATEFUL, HazardKind.DESTROY
TABLE, QUEUE = Address("aws_dynamodb_table.t"), Address("aws_sqs_queue.q")
DBA = HazardRules(required=2, approvers=(("ana", "bo"),), signed=True)
FOUND = Classification(
    changes=(
        Classified(
            change=change(Kind.DELETE, TABLE),
            digest=ChangeDigest("table"),
            cause=Cause.GIT,
            hazards=(Hazard(DESTROY, TABLE, "gone"), Hazard(STATEFUL, TABLE, "holds data")),
        ),
        Classified(
            change=change(Kind.DELETE, QUEUE),
            digest=ChangeDigest("queue"),
            cause=Cause.GIT,
            hazards=(Hazard(DESTROY, QUEUE, "gone"),),
        ),
    )
)
PAIRS = frozenset({("destroy", TABLE), ("stateful", TABLE), ("destroy", QUEUE)})
OVERRIDE = ("window-override", "")


def policy(rules: ApprovalRules | None = None, **hazards: Requirement) -> Policy:
    """The built-in one with other rules for approvals."""
    levels = {HazardKind(name.replace("_", "-")): level for name, level in hazards.items()}
    return Policy(hazards={**DEFAULT_HAZARDS, **levels}, approvals=rules or ApprovalRules())


def yes(by: str, number: int, *, signed: bool = True) -> Approval:
    """A word on all of it."""
    signature = A_SIGNATURE if signed else None
    return word("table", "queue", hazards=PAIRS, by=by, number=number, signature=signature)


def decided(rules: ApprovalRules, *words: Approval, authors: tuple[Authorship, ...] | None = ()) -> Decision:
    return decide(FOUND, policy(rules), words, asked=ASKED, authors=authors, now=NOON)


def test_a_hazard_with_rules_of_its_own_asks_more_and_other_effects_do_not() -> None:
    held = decided(ApprovalRules(hazards={STATEFUL: DBA}))
    assert isinstance(held, Hold)
    table, queue = held.needs
    assert (table.required, table.approvers, table.signed) == (2, (("*",), ("ana", "bo")), True)
    assert table.kinds == {DESTROY, STATEFUL}
    assert (queue.required, queue.approvers, queue.signed) == (1, (("*",),), False)
    assert (held.given, held.required) == (0, 2)
    assert table.missing == "2 more signed approvals by ana, bo"
    assert queue.missing == "1 more approval"


def test_each_effect_is_weighed_by_its_own_rules() -> None:
    rules = ApprovalRules(hazards={STATEFUL: DBA})
    held = decided(rules, yes("ana", 1), yes("cy", 2))
    assert isinstance(held, Hold)
    assert [(need.given, need.missing) for need in held.needs] == [
        (1, "1 more signed approval by ana, bo"),
        (2, ""),
    ]
    assert (held.given, held.required) == (1, 2)
    made = decided(rules, yes("ana", 1), yes("cy", 2), yes("bo", 3))
    assert made == Proceed(("approved by ana, bo, cy",), (1, 2, 3), ("ana", "bo", "cy"))


def test_rules_of_a_hazard_that_policy_lets_through_do_not_count() -> None:
    lax = policy(ApprovalRules(hazards={STATEFUL: DBA}), stateful=Requirement.AUTO)
    made = decide(FOUND, lax, (yes("cy", 1, signed=False),), asked=ASKED, now=NOON)
    assert isinstance(made, Proceed)


@pytest.mark.parametrize(
    ("rules", "one", "authors", "objection"),
    [
        pytest.param(
            ApprovalRules(signed=True),
            yes("ana", 4, signed=False),
            (),
            f"approval 4 of ana has no signature, as is asked for: {TABLE}, {QUEUE}",
            id="not signed",
        ),
        pytest.param(
            ApprovalRules(hazards={STATEFUL: DBA}),
            yes("cy", 5),
            (),
            "approval 5 of cy does not count, since its giver is not among the approvers for destroy,"
            f" stateful, for: {TABLE}",
            id="not among the approvers for a hazard",
        ),
        pytest.param(
            ApprovalRules(approvers=(("ana",),)),
            yes("cy", 5),
            (),
            "approval 5 of cy does not count, since its giver is not among the approvers for destroy,"
            f" stateful, for: {TABLE}",
            id="not among the approvers at all",
        ),
        pytest.param(
            ApprovalRules(four_eyes=True),
            yes("ana", 6),
            (commit("ana"),),
            "approval 6 of ana does not count, since four eyes must see what its giver wrote or committed,"
            f" for: {TABLE}, {QUEUE}",
            id="an author",
        ),
        pytest.param(
            ApprovalRules(four_eyes=True),
            yes("ana", 6),
            None,
            "approval 6 of ana does not count, since four eyes cannot tell who wrote what it is for,"
            f" for: {TABLE}, {QUEUE}",
            id="who wrote it is not known",
        ),
        pytest.param(
            ApprovalRules(),
            word("queue", hazards=PAIRS, number=7),
            (),
            f"approval 7 of ana was given for something else than: {TABLE}",
            id="another effect",
        ),
    ],
)
def test_a_hold_says_why_a_standing_word_does_not_count(
    rules: ApprovalRules, one: Approval, authors: tuple[Authorship, ...] | None, objection: str
) -> None:
    held = decided(rules, one, authors=authors)
    assert isinstance(held, Hold)
    assert objection in held.reasons


def test_a_word_counts_no_longer_than_policy_says_today() -> None:
    shorter = ApprovalRules(ttl=timedelta(hours=1))
    assert isinstance(decided(replace(shorter, ttl=timedelta(hours=1, seconds=1)), yes("ana", 1)), Proceed)
    held = decided(shorter, yes("ana", 1))
    assert isinstance(held, Hold)
    assert held.given == 0
    assert held.reasons[-1] == f"approval 1 of ana is older than policy lets a word be, for: {TABLE}, {QUEUE}"


def test_a_word_whose_signature_is_no_longer_good_counts_for_nothing() -> None:
    asked = replace(ASKED, doubts={1: "its key was revoked"})
    words = (yes("ana", 1), overriding("bo", 2))
    held = decide(FOUND, policy(), words[:1], asked=asked, now=NOON)
    assert isinstance(held, Hold)
    why = f"approval 1 of ana does not count, since its key was revoked, for: {TABLE}, {QUEUE}"
    assert (held.given, held.reasons[-1]) == (0, why)
    made = decide(FOUND, policy(), words, asked=asked, now=NOON)
    assert isinstance(made, Proceed)
    assert made.approvals == (2,)
    strict = replace(policy(), windows=(FROZEN,))
    doubted = replace(asked, doubts={2: "its key was revoked"})
    assert isinstance(in_time(made, FOUND, strict, words, asked=asked, now=NOON), Proceed)
    assert isinstance(in_time(made, FOUND, strict, words, asked=doubted, now=NOON), Hold)


def test_a_login_of_a_domain_and_a_key_are_not_two_people() -> None:
    two = ApprovalRules(required=2)
    ana, login = yes("ana@example.com", 1), yes("ana@ad.example.com", 2, signed=False)
    assert isinstance(decided(two, ana, login), Hold)
    assert isinstance(decided(two, ana, replace(login, signature=A_SIGNATURE)), Proceed)


def test_four_eyes_see_an_author_behind_the_login_of_a_domain() -> None:
    eyes, authors = ApprovalRules(four_eyes=True), (commit("Ana Smith", email="ana@example.com"),)
    login = yes("ana@ad.example.com", 2, signed=False)
    assert isinstance(decided(eyes, login, authors=authors), Hold)
    assert isinstance(decided(eyes, replace(login, signature=A_SIGNATURE), authors=authors), Proceed)


def test_without_four_eyes_an_author_may_approve() -> None:
    assert isinstance(decided(ApprovalRules(), yes("ana", 1), authors=(commit("ana"),)), Proceed)
    assert isinstance(decided(ApprovalRules(), yes("ana", 1), authors=None), Proceed)


def test_a_person_can_be_told_beforehand_that_no_word_of_theirs_will_count() -> None:
    held = decided(ApprovalRules(hazards={STATEFUL: DBA}))
    assert isinstance(held, Hold)
    need = held.needs[0]
    assert unfit("ana", need, signed=True, barred=frozenset()) is None
    assert unfit("ana", need, signed=False, barred=frozenset()) == "has no signature, as is asked for"
    assert unfit("cy", need, signed=True, barred=frozenset()) is not None
    assert unfit("ana", need, signed=True, barred=frozenset({"ana@example.com"})) is not None
    assert unfit("ana", need, signed=True, barred=None) is not None


# -- windows: for now, or not -----------------------------------------------------------------------

FROZEN = Window(allow=False, cron="0 0 * * SAT", duration=timedelta(hours=20), why="freeze")
AFTER = NOON.replace(hour=20)
WHY = "deny window 'freeze' is closed for apply until 2026-11-21T20:00:00Z"


def timed(
    *words: Approval,
    rules: ApprovalRules | None = None,
    found: Classification = FOUND,
    override: Requirement = Requirement.APPROVE,
) -> Decision:
    """The decision at noon of the day on which nothing is applied."""
    strict = replace(policy(rules, window_override=override), windows=(FROZEN,))
    made = decide(found, strict, words, asked=ASKED, now=NOON)
    return in_time(made, found, strict, words, asked=ASKED, now=NOON)


def overriding(by: str, number: int, *, hazards: frozenset[tuple[str, str]] = PAIRS) -> Approval:
    return replace(yes(by, number), hazards=hazards | {OVERRIDE})


def test_what_may_go_ahead_waits_for_the_window() -> None:
    held = timed(yes("ana", 1))
    assert isinstance(held, Hold)
    assert (held.closed, held.until, held.reasons) == (True, AFTER, (WHY,))
    assert (held.given, held.required) == (0, 1)
    (need,) = held.needs
    assert need.kinds == {HazardKind.WINDOW_OVERRIDE}
    assert need.missing == "1 more approval"


def test_what_waits_for_people_says_so_first() -> None:
    held = timed()
    assert isinstance(held, Hold)
    assert not held.closed


def test_a_word_that_says_so_overrides_the_window() -> None:
    made = timed(yes("ana", 1), overriding("bo", 2))
    assert made == Proceed(("approved by ana, bo", f"{WHY}, overridden by bo"), (1, 2), ("ana", "bo"))


@pytest.mark.parametrize(
    ("one", "rules", "override"),
    [
        pytest.param(
            overriding("bo", 2, hazards=frozenset()), None, Requirement.APPROVE, id="it saw no hazard"
        ),
        pytest.param(
            replace(overriding("bo", 2), changes=frozenset({ChangeDigest("queue")})),
            None,
            Requirement.APPROVE,
            id="a part of it",
        ),
        pytest.param(replace(overriding("bo", 2), expires_at=NOON), None, Requirement.APPROVE, id="expired"),
        pytest.param(
            overriding("bo", 2),
            ApprovalRules(hazards={HazardKind.WINDOW_OVERRIDE: HazardRules(required=2)}),
            Requirement.APPROVE,
            id="a quorum of its own",
        ),
        pytest.param(overriding("bo", 2), None, Requirement.NEVER, id="never"),
    ],
)
def test_a_window_gives_way_to_nothing_less(
    one: Approval, rules: ApprovalRules | None, override: Requirement
) -> None:
    held = timed(yes("ana", 1), one, rules=rules, override=override)
    assert isinstance(held, Hold)
    assert (held.closed, held.until) == (True, AFTER)


def test_a_window_that_opens_by_itself_would_be_none() -> None:
    assert isinstance(timed(yes("ana", 1), override=Requirement.AUTO), Hold)


def test_nobody_overrides_a_window_for_a_part_of_what_was_rejected() -> None:
    changed = change(Kind.CREATE), ChangeDigest("new")
    harmless = Classification(changes=(Classified(change=changed[0], digest=changed[1], cause=Cause.GIT),))
    no = word(
        *("new", "gone"),
        verdict=Verdict.REJECT,
        by="cy",
        fingerprint=Fingerprint("e" * 64),
        hazards=frozenset({(REJECTED, "gone")}),
    )
    yes_to_it = word("new", hazards=frozenset({OVERRIDE}), number=2)
    held = timed(no, yes_to_it, found=harmless)
    assert isinstance(held, Hold)
    assert (held.closed, held.given, held.until) == (True, 0, AFTER)
    assert held.reasons[1].startswith("rejected by cy")


def test_what_needs_nobody_waits_for_the_window_too() -> None:
    harmless = Classification(
        changes=(Classified(change=change(Kind.CREATE), digest=ChangeDigest("new"), cause=Cause.GIT),)
    )
    held = timed(found=harmless)
    assert isinstance(held, Hold)
    assert held.closed
    assert isinstance(timed(word("new", hazards=frozenset({OVERRIDE})), found=harmless), Proceed)


def test_five_thousand_effects_are_weighed_in_a_second() -> None:
    changes = tuple(
        Classified(
            change=change(Kind.DELETE, f"aws_sqs_queue.q{number}"),
            digest=ChangeDigest(f"d{number}"),
            cause=Cause.GIT,
            hazards=(Hazard(DESTROY, Address(f"aws_sqs_queue.q{number}"), "gone"),),
        )
        for number in range(5000)
    )
    digests = [item.digest for item in changes]
    pairs = frozenset(("destroy", f"aws_sqs_queue.q{number}") for number in range(5000))
    words = tuple(word(*digests, hazards=pairs, by=by, number=n) for n, by in enumerate(("ana", "bo", "cy")))
    authors = tuple(commit(f"author{number}") for number in range(500))
    rules = policy(ApprovalRules(required=3, four_eyes=True))
    began = time.perf_counter()
    made = decide(Classification(changes=changes), rules, words, asked=ASKED, authors=authors, now=NOON)
    assert isinstance(made, Proceed)
    assert time.perf_counter() - began < 1

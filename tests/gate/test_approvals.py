"""Whose word counts, for what, and how long."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.judged import MARK, NOON, word

from tfreconcile.gate.approvals import covers, is_allowed, rejected, stands
from tfreconcile.gate.model import Approval, ApprovalRules, Verdict
from tfreconcile.plan.fingerprint import ChangeDigest, Fingerprint

A, B = ChangeDigest("a"), ChangeDigest("b")


def test_an_approval_ends_at_the_minute_it_says() -> None:
    ana = word(expires_at=NOON)
    assert stands(ana, NOON - timedelta(seconds=1))
    assert not stands(ana, NOON)


@pytest.mark.parametrize(
    "spent",
    [
        pytest.param(word(revoked_at=NOON), id="revoked"),
        pytest.param(word(consumed_at=NOON), id="used up"),
        pytest.param(word(verdict=Verdict.REJECT), id="a no"),
    ],
)
def test_a_word_that_is_spent_does_not_stand(spent: Approval) -> None:
    assert not stands(spent, NOON)


def test_an_approval_covers_what_it_was_shown_and_less() -> None:
    ana = word("a", "b", hazards=frozenset({("destroy", "x.y")}))
    assert covers(ana, frozenset({A, B}), frozenset({("destroy", "x.y")}))
    assert covers(ana, frozenset({A}), frozenset())
    assert not covers(ana, frozenset({A, ChangeDigest("c")}), frozenset())
    assert not covers(ana, frozenset({A}), frozenset({("destroy", "x.z")}))
    assert not covers(ana, frozenset({A}), frozenset({("stateful", "x.y")}))


@pytest.mark.parametrize(
    ("person", "groups", "expected"),
    [
        ("ana", (("*",),), True),
        ("ana@example.com", (("*@example.com",), ("ana@*", "bo@*")), True),
        ("cy@example.com", (("*@example.com",), ("ana@*", "bo@*")), False),
        ("Ana", (("ana",),), False),
        ("ana", (("*",), ()), False),
        ("ana", (), True),
    ],
    ids=["anybody", "both groups", "one group only", "case counts", "an empty group", "no group"],
)
def test_a_person_must_match_one_pattern_of_every_group(
    person: str, groups: tuple[tuple[str, ...], ...], expected: bool
) -> None:
    assert is_allowed(person, ApprovalRules(approvers=groups)) is expected


def test_the_newest_standing_no_to_this_very_plan_is_found() -> None:
    first = word(verdict=Verdict.REJECT, by="ana", number=1)
    second = word(verdict=Verdict.REJECT, by="bo", number=2)
    assert rejected((first, second, word()), MARK, NOON) == second


def test_a_no_does_not_expire() -> None:
    no = word(verdict=Verdict.REJECT, expires_at=NOON)
    assert rejected((no,), MARK, NOON) == no


@pytest.mark.parametrize(
    "spent",
    [
        pytest.param(word(), id="a yes"),
        pytest.param(word(verdict=Verdict.REJECT, revoked_at=NOON), id="revoked"),
        pytest.param(word(verdict=Verdict.REJECT, fingerprint=Fingerprint("e" * 64)), id="another plan"),
    ],
)
def test_what_is_no_standing_no_rejects_nothing(spent: Approval) -> None:
    assert rejected((spent,), MARK, NOON) is None

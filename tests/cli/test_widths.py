"""Can a table be read on a terminal of 80, 120 or 160 columns?"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from support.operator import Operator, a_held_stack, a_plan_of
from support.remembered import MARK, NOON, an_approval
from support.terminal import at_terminal

from tfreconcile.gate.model import Verdict
from tfreconcile.source.model import StackName
from tfreconcile.store import approvals, passes, tags
from tfreconcile.store.records import TagRecord

STACK = StackName("payments-prod")
BY = "ana.lopez@example.com"
REASON = "reason " * 12
CONDITION = {
    "type": "AwaitingApproval",
    "status": "True",
    "reason": "AwaitingApproval",
    "message": "word " * 12,
    "changed_at": "2026-11-21T12:00:00Z",
}
TAG = TagRecord(
    ref=f"tfreconcile/approve/{STACK}/{MARK[:12]}-ana",
    object="a" * 40,
    stack=STACK,
    at=NOON,
    signer=BY,
    refused="refused " * 8,
)


@pytest.fixture
def told(operator: Operator) -> Operator:
    """A machine with a long name and a long sentence in every table."""
    operator.remember(replace(a_held_stack(STACK), conditions=(CONDITION,)), a_plan_of(STACK))
    with operator.store() as store:
        word = replace(an_approval(STACK), verdict=Verdict.REJECT, by=BY, reason=REASON)
        approvals.add(store, word)
        tags.refuse(store, TAG)
        turn = passes.begin(store, STACK, at=NOON)
        passes.finish(store, turn, at=NOON, outcome="Held", reason="DependencyNotReady", message="word " * 12)
    return operator


def _screen(operator: Operator, columns: int, *typed: str) -> str:
    seen = at_terminal(*typed, env={**operator.environment, "NO_COLOR": "1"}, columns=columns)
    assert seen.code == 0, seen.screen
    return re.sub(r"\x1b\[[0-9;]*m", "", seen.screen)


def _longest(screen: str) -> int:
    return max(len(line.rstrip()) for line in screen.splitlines())


@pytest.mark.parametrize(
    ("columns", "headers"),
    [
        (80, ["ID", "STACK", "VERDICT", "BY", "STATE"]),
        (120, ["ID", "STACK", "VERDICT", "BY", "AT", "STATE", "REASON"]),
        (160, ["ID", "STACK", "VERDICT", "BY", "VIA", "AT", "PLAN", "STATE", "REASON"]),
    ],
)
def test_words_are_shown_with_whole_names_and_states(
    columns: int, headers: list[str], told: Operator
) -> None:
    screen = _screen(told, columns, "approvals")
    head, word = screen.splitlines()[:2]
    assert head.split() == headers
    assert all(one in word for one in (STACK, "reject", BY, "stands until"))
    assert screen.count("reason") == (12 if "REASON" in headers else 0)
    assert _longest(screen) <= columns


@pytest.mark.parametrize("columns", [80, 120, 160])
@pytest.mark.parametrize(
    ("typed", "whole", "wrapped"),
    [
        pytest.param(("approvals",), TAG.ref, "refused", id="refused tags"),
        pytest.param(("status", STACK), "AwaitingApproval  True", "word", id="conditions"),
        pytest.param(("history",), STACK, "word", id="passes"),
    ],
)
def test_the_sentence_at_the_end_is_there_whole(
    columns: int, typed: tuple[str, ...], whole: str, wrapped: str, told: Operator
) -> None:
    screen = _screen(told, columns, *typed)
    assert whole in screen
    assert screen.count(wrapped) == (8 if wrapped == "refused" else 12)
    assert "…" not in screen
    assert _longest(screen) <= columns


@pytest.mark.parametrize("columns", [80, 120, 160])
@pytest.mark.parametrize("typed", [("hazards",), ("hazards", "exposure"), ("diff", STACK)], ids=" ".join)
def test_no_cell_is_cut(columns: int, typed: tuple[str, ...], told: Operator) -> None:
    screen = _screen(told, columns, *typed)
    assert "…" not in screen
    if typed == ("hazards",):
        lines = [line for line in screen.splitlines() if line.startswith(("HAZARD", "destroy "))]
        assert all(len(line.split()) >= 3 for line in lines)
        assert "window-override" in screen

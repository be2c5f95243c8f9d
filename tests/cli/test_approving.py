"""May this person say this word about this plan, and what is kept of it?"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from support.judged import assessed, fixture, marked
from support.operator import RULES, Operator, a_held_stack, a_plan_of, a_stack
from support.remembered import MARK, NOON
from support.terminal import CTRL_C, Seen, at_terminal

from tfreconcile import clock
from tfreconcile.classify.model import HazardKind
from tfreconcile.cli.person import person
from tfreconcile.gate.decision import Asked, decide
from tfreconcile.gate.model import Approval, HazardRules, Hold, Policy, Proceed, Requirement
from tfreconcile.gate.policy import Floor
from tfreconcile.store import approvals, tags
from tfreconcile.store.records import PlanRecord, TagRecord

OURS = person(os.environ)
SHORT = MARK[:12]
YES = ("--plan", SHORT, "--yes")


@pytest.fixture
def held(operator: Operator) -> Operator:
    """A machine on which the stack ``archive`` waits: its plan would delete a bucket."""
    return operator.remember(a_held_stack("archive"), a_plan_of("archive"))


def _words(operator: Operator) -> tuple[Approval, ...]:
    with operator.store() as store:
        return approvals.of(store)


def _listed(operator: Operator) -> list[Any]:
    found: list[Any] = operator.types("approvals", "archive", "-o", "json").json["approvals"]
    return found


def test_an_approval_keeps_who_when_why_and_exactly_what(held: Operator) -> None:
    before = clock.now()
    told = held.types("approve", "archive", *YES, "--reason", "ticket 4711")
    assert told.code == 0
    (word,) = _words(held)
    assert (word.stack, word.fingerprint, word.verdict, word.by) == ("archive", MARK, "approve", OURS)
    assert (word.channel, word.reason) == ("cli", "ticket 4711")
    assert before <= word.at <= clock.now()
    assert word.expires_at - word.at == timedelta(hours=6), "what the stack's policy said when it was planned"
    plan = a_plan_of("archive")
    assert word.changes == {one["digest"] for one in plan.classification}
    assert {kind for kind, _ in word.hazards} == {"destroy", "stateful"}
    assert told.stdout == (
        f"approved by {OURS}: plan {SHORT} of archive, until {clock.text(word.expires_at)} (approval 1)\n"
    )
    assert told.stderr == "next: tfreconcile once archive, or wait for the next pass\n"


def test_what_is_kept_is_enough_for_the_gate(held: Operator) -> None:
    held.types("approve", "archive", *YES)
    plan = fixture("stateful_delete")
    asked = Asked(stack="archive", fingerprint=marked(plan).fingerprint, applyable=True)
    policy, now = Floor().policy, clock.now()
    assert isinstance(decide(assessed(plan), policy, (), asked=asked, now=now), Hold)
    made = decide(assessed(plan), policy, _words(held), asked=asked, now=now)
    assert isinstance(made, Proceed)
    assert made.on_word_of == (OURS,)


@pytest.mark.parametrize("verb", ["approve", "reject"])
@pytest.mark.parametrize(
    "flags",
    [(), ("--plan", SHORT), ("--yes",), ("--reason", "x")],
    ids=lambda flags: " ".join(flags) or "bare",
)
def test_without_a_terminal_plan_and_yes_are_required(
    verb: str, flags: tuple[str, ...], held: Operator
) -> None:
    told = held.types(verb, "archive", *flags)
    assert (told.code, told.stdout) == (2, "")
    assert f"tfreconcile {verb} archive --plan {SHORT} --yes --reason '...'" in told.stderr
    assert "tfreconcile diff archive" in told.stderr
    assert _words(held) == ()


@pytest.mark.parametrize("length", [0, 1, 11])
def test_fewer_than_12_digits_name_no_plan(length: int, held: Operator) -> None:
    told = held.types("approve", "archive", "--plan", MARK[:length], "--yes")
    assert told.code == 2
    assert f"needs at least 12 digits of the fingerprint, found {length}" in told.stderr
    assert _words(held) == ()


@pytest.mark.parametrize("typed", [MARK, MARK[:12], MARK[:40].upper(), f" {SHORT} "])
def test_any_prefix_of_12_digits_or_more_names_the_plan(typed: str, held: Operator) -> None:
    assert held.types("approve", "archive", "--plan", typed, "--yes").code == 0
    assert [word.fingerprint for word in _words(held)] == [MARK]


@pytest.mark.parametrize("typed", ["0123456789ab", f"{MARK}0", f"{MARK[:20]}g"])
def test_another_plan_than_the_pending_one_is_refused_with_what_to_type(typed: str, held: Operator) -> None:
    told = held.types("approve", "archive", "--plan", typed, "--yes")
    assert told.code == 2
    assert f"the pending plan is {MARK[: len(typed)]}, not {typed}" in told.stderr
    assert "tfreconcile diff archive" in told.stderr
    assert _words(held) == ()


def test_a_stack_without_a_waiting_plan_cannot_be_approved(operator: Operator) -> None:
    operator.remember(a_stack("archive"))
    told = operator.types("approve", "archive", *YES)
    assert told.code == 2
    assert "no plan waits: it is Synced, Idle" in told.stderr


def test_who_is_not_among_the_approvers_is_refused_and_told_who_is(operator: Operator) -> None:
    rules = replace(RULES, approvers=(("*",), ("ana", "*@example.com")))
    operator.remember(a_held_stack("archive"), a_plan_of("archive", rules=rules))
    told = operator.types("approve", "archive", *YES)
    assert told.code == 2
    assert f"archive: {OURS} is not among the approvers; allowed: *, and also one of ana, *@ex" in told.stderr
    assert _words(operator) == ()
    assert operator.types("reject", "archive", *YES).code == 0, "to stop needs no permission"


def test_who_is_not_among_the_approvers_for_a_hazard_is_refused(operator: Operator) -> None:
    dba = HazardRules(approvers=(("dba@example.com",),))
    rules = replace(RULES, hazards=dict.fromkeys(HazardKind, dba))
    operator.remember(a_held_stack("archive"), a_plan_of("archive", rules=rules))
    told = operator.types("approve", "archive", *YES)
    assert told.code == 2
    assert f"an approval by {OURS} does not count, since its giver is not among" in told.stderr
    assert _words(operator) == ()


def test_who_wrote_what_is_to_be_applied_is_refused_under_four_eyes(operator: Operator) -> None:
    plan = a_plan_of("archive")
    operator.remember(a_held_stack("archive"), replace(plan, decision={**plan.decision, "barred": [OURS]}))
    told = operator.types("approve", "archive", *YES)
    assert told.code == 2
    assert f"an approval by {OURS} does not count, since four eyes must see" in told.stderr
    assert _words(operator) == ()


def _refused(name: str) -> PlanRecord:
    never = Policy(hazards=dict.fromkeys(Floor().policy.hazards, Requirement.NEVER))
    return a_plan_of(name, policy=never)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        pytest.param(_refused("archive"), "no approval can change that", id="refused"),
        pytest.param(a_plan_of("archive", source="create"), "waits for nobody's approval", id="proceeds"),
    ],
)
def test_a_plan_that_waits_for_nobody_cannot_be_approved(
    plan: PlanRecord, said: str, operator: Operator
) -> None:
    operator.remember(a_held_stack("archive"), plan)
    told = operator.types("approve", "archive", *YES)
    assert told.code == 2
    assert said in told.stderr
    assert "tfreconcile explain archive" in told.stderr
    assert _words(operator) == ()


def test_after_a_rejection_an_approval_is_kept_and_the_plan_stays_held(held: Operator) -> None:
    rejected = held.types("reject", "archive", *YES, "--reason", "not now")
    assert rejected.code == 0
    assert rejected.stdout.startswith(f"rejected by {OURS}: plan {SHORT} of archive, until ")
    assert "tfreconcile revoke archive --id 1" in rejected.stderr
    approved = held.types("approve", "archive", *YES)
    assert approved.code == 0
    assert f"it stays held: {OURS} rejected this plan" in approved.stderr
    assert "tfreconcile revoke archive --id 1" in approved.stderr
    plan = fixture("stateful_delete")
    asked = Asked(stack="archive", fingerprint=MARK, applyable=True)
    made = decide(assessed(plan), Floor().policy, _words(held), asked=asked, now=clock.now())
    assert isinstance(made, Hold)


def test_revoke_takes_back_everything_that_stands_and_says_what(held: Operator) -> None:
    held.types("approve", "archive", *YES)
    held.types("reject", "archive", *YES)
    told = held.types("revoke", "archive")
    assert told.code == 0
    assert told.stdout.splitlines() == [
        f"revoked approval 1 of {OURS}: plan {SHORT} of archive",
        f"revoked rejection 2 of {OURS}: plan {SHORT} of archive",
    ]
    assert [word.revoked_by for word in _words(held)] == [OURS, OURS]


def test_revoke_takes_back_one_word_by_its_number(held: Operator) -> None:
    held.types("approve", "archive", *YES)
    held.types("reject", "archive", *YES)
    assert held.types("revoke", "archive", "--id", "2").code == 0
    assert [word.revoked_at is not None for word in _words(held)] == [False, True]


@pytest.mark.parametrize("flags", [(), ("--id", "7")], ids=["any", "a number"])
def test_with_nothing_to_revoke_the_exit_code_is_1(flags: tuple[str, ...], held: Operator) -> None:
    told = held.types("revoke", "archive", *flags)
    assert (told.code, told.stdout) == (1, "")
    assert "stands that could be revoked (tfreconcile approvals archive)" in told.stderr


def test_what_is_used_or_expired_cannot_be_revoked(held: Operator) -> None:
    held.types("approve", "archive", *YES)
    (word,) = _words(held)
    with held.store() as store:
        with store.write() as session:
            approvals.use(store, session, [word.id], stack=word.stack, at=clock.now(), apply_id=1)
        over = clock.now() - timedelta(hours=1)
        approvals.add(store, replace(word, at=over - timedelta(hours=1), expires_at=over))
    assert held.types("revoke", "archive").code == 1
    assert [one["state"].split()[0] for one in _listed(held)] == ["used", "expired"]


def test_another_stacks_word_cannot_be_revoked_by_its_number(held: Operator) -> None:
    held.types("approve", "archive", *YES)
    held.remember(a_stack("orders"))
    assert held.types("revoke", "orders", "--id", "1").code == 1
    assert [word.revoked_at for word in _words(held)] == [None]


def test_the_approvals_document_has_its_keys(held: Operator) -> None:
    held.types("approve", "archive", *YES, "--reason", "ticket 4711")
    held.types("revoke", "archive")
    (word,) = _listed(held)
    assert word.keys() >= {
        "id",
        "stack",
        "fingerprint",
        "verdict",
        "by",
        "channel",
        "at",
        "reason",
        "expires_at",
    }
    assert (word["verdict"], word["by"], word["revoked_by"], word["consumed_at"]) == (
        "approve",
        OURS,
        OURS,
        None,
    )
    assert datetime.fromisoformat(word["expires_at"]).tzinfo is not None
    assert {hazard["kind"] for hazard in word["hazards"]} == {"destroy", "stateful"}
    assert word["state"] == f"revoked by {OURS}"


def test_the_approvals_table_shows_the_reason_harmlessly(held: Operator) -> None:
    held.types("approve", "archive", *YES, "--reason", "done\x1b[31m\nby ben")
    told = held.types("approvals")
    assert "done [31m by ben" in told.stdout
    assert "\x1b" not in told.stdout
    assert "stands until" in told.stdout


def test_refused_tags_are_listed_with_why(held: Operator) -> None:
    with held.store() as store:
        refused = TagRecord(
            ref="tfreconcile/approve/archive/x", object="a" * 40, stack="archive", at=NOON, refused="unsigned"
        )
        tags.refuse(store, refused)
        tags.refuse(store, replace(refused, ref="tfreconcile/x", stack="", signer="ana", refused="no word"))
    told = held.types("approvals")
    assert "tfreconcile/approve/archive/x" in told.stdout
    assert "no word" in told.stdout
    assert held.types("approvals", "archive", "-o", "json").json["refused"] == [
        {
            "tag": "tfreconcile/approve/archive/x",
            "object": "a" * 40,
            "stack": "archive",
            "at": "2026-11-21T12:00:00Z",
            "signer": None,
            "reason": "unsigned",
        }
    ]
    assert [one["stack"] for one in held.types("approvals", "-o", "json").json["refused"]] == [
        "archive",
        None,
    ]


def test_who_approves_what_waits_for_a_window_is_told_how_to_override_it(operator: Operator) -> None:
    plan = a_plan_of("archive")
    closed = replace(plan, decision={**plan.decision, "closed": True})
    operator.remember(a_held_stack("archive"), closed)
    assert "to say that it need not: --override-window" in operator.types("approve", "archive", *YES).stderr
    told = operator.types("approve", "archive", *YES, "--override-window")
    assert told.stderr.startswith("next: tfreconcile once archive")


def test_after_one_of_two_approvals_the_next_pass_is_not_promised(operator: Operator) -> None:
    operator.remember(a_held_stack("archive"), a_plan_of("archive", rules=replace(RULES, required=2)))
    told = operator.types("approve", "archive", *YES)
    assert told.stderr == (
        "it stays held: 1 more of 2 approvals is needed; who may: tfreconcile explain archive\n"
    )


def test_where_only_signed_approvals_count_the_command_to_type_signs(operator: Operator) -> None:
    operator.remember(a_held_stack("archive"), a_plan_of("archive", rules=replace(RULES, signed=True)))
    assert f"--plan {SHORT} --sign KEY --yes --reason" in operator.types("approve", "archive").stderr
    assert f"--plan {SHORT} --yes --reason" in operator.types("reject", "archive").stderr


def test_before_anybody_spoke_the_table_is_empty_and_says_so(held: Operator) -> None:
    told = held.types("approvals")
    assert (told.code, told.stdout, told.stderr) == (0, "", "nobody has said anything yet\n")


PROMPT = f"plan {SHORT} of archive as {OURS}? [y/N]:"


def _typed(operator: Operator, *arguments: str, answers: Mapping[str, str]) -> Seen:
    return at_terminal(*arguments, env=operator.environment, answers=answers)


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_at_a_terminal_the_plan_is_shown_and_a_yes_is_asked_for(verb: str, held: Operator) -> None:
    seen = _typed(held, verb, "archive", answers={PROMPT: "y\n"})
    assert seen.code == 0
    assert "will be destroyed" in seen.screen
    assert seen.screen.index("will be destroyed") < seen.screen.index(PROMPT)
    assert [word.verdict for word in _words(held)] == [verb]


@pytest.mark.parametrize("answer", ["n\n", "\n", CTRL_C, "\x04"], ids=["no", "nothing", "Ctrl-C", "Ctrl-D"])
def test_anything_but_a_yes_keeps_nothing(answer: str, held: Operator) -> None:
    seen = _typed(held, "approve", "archive", answers={PROMPT: answer})
    assert seen.code == 1
    assert "stopped by you; nothing was changed" in seen.screen
    assert "Traceback" not in seen.screen
    assert _words(held) == ()


def test_a_stranger_at_a_terminal_is_not_even_asked(operator: Operator) -> None:
    rules = replace(RULES, approvers=(("ana",),))
    operator.remember(a_held_stack("archive"), a_plan_of("archive", rules=rules))
    seen = _typed(operator, "approve", "archive", answers={})
    assert seen.code == 2
    assert "[y/N]" not in seen.screen


def test_yes_alone_approves_nothing_at_a_terminal_either(held: Operator) -> None:
    seen = _typed(held, "approve", "archive", "--yes", answers={})
    assert seen.code == 2
    assert "--yes needs --plan" in seen.screen
    assert _words(held) == ()

"""What do status, diff and explain tell people and programs about a database?"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from support.operator import RULES, Operator, a_held_stack, a_plan_of, a_stack
from support.remembered import HEAD, MARK, NOON
from support.terminal import at_terminal

from tfreconcile import clock
from tfreconcile.classify.model import HazardKind
from tfreconcile.cli.person import person
from tfreconcile.gate.model import Approval, ApprovalRules, HazardRules, Verdict
from tfreconcile.source.model import StackName
from tfreconcile.store import approvals, removals, sources, stacks
from tfreconcile.store.journal import BY_ITSELF, Event, EventKind
from tfreconcile.store.records import SourceRecord, StackRecord

CONTRACT = {
    "name",
    "sync",
    "health",
    "state",
    "reason",
    "message",
    "desired_revision",
    "observed_revision",
    "applied_revision",
    "drift",
    "pending",
    "conditions",
    "last_checked_at",
    "last_applied_at",
    "next_due_at",
    "failures",
}
OURS = person(os.environ)
HOSTILE = "evil\x1b[31m\x1b]0;owned\x07\x9b2J\u202e\nsecond line"
CONTROLS = ("\x1b", "\x07", "\x9b", "\u202e")


def test_status_before_any_pass_says_what_to_type(operator: Operator) -> None:
    told = operator.types("status")
    assert (told.code, told.stdout) == (0, "no pass has run yet, so no stack is known: tfreconcile once\n")
    assert operator.types("status", "-o", "json").json == {"stacks": []}


def test_status_is_one_line_a_stack_with_its_name_and_words(operator: Operator) -> None:
    operator.remember(a_held_stack("archive"), a_plan_of("archive")).remember(a_stack("orders"))
    told = operator.types("status")
    head, archive, orders = told.stdout.splitlines()
    assert head.split() == ["STACK", "SYNC", "HEALTH", "STATE", "PENDING", "REVISION", "NEXT", "MESSAGE"]
    assert archive.split()[:5] == ["archive", "OutOfSync", "Healthy", "AwaitingApproval", "-1"]
    assert "a bucket would be deleted" in archive
    assert orders.split()[:4] == ["orders", "Synced", "Healthy", "Idle"]
    assert "\x1b" not in told.stdout


def test_the_status_document_keeps_the_contract(operator: Operator) -> None:
    operator.remember(a_held_stack("archive"), a_plan_of("archive", rules=replace(RULES, required=2)))
    (stack,) = operator.types("status", "archive", "-o", "json").json["stacks"]
    assert stack.keys() - {"definition", "ignored", "left_git_at"} == CONTRACT
    assert stack["drift"].keys() == {"detected", "severity", "resources"}
    pending = stack["pending"]
    assert pending.keys() >= {"fingerprint", "create", "update", "replace", "delete", "forget", "hazards"}
    assert (pending["fingerprint"], pending["delete"], pending["create"]) == (MARK, 1, 0)
    assert {hazard["kind"] for hazard in pending["hazards"]} == {"destroy", "stateful"}
    assert all(hazard.keys() == {"kind", "address", "detail", "requires"} for hazard in pending["hazards"])
    assert pending["approvals"] == {"required": 2, "given": 0, "expires_at": None}
    assert all(
        one.keys() == {"type", "status", "reason", "message", "changed_at"} for one in stack["conditions"]
    )
    assert stack["last_checked_at"] == "2026-11-21T12:00:00Z"


def test_the_status_of_one_stack_shows_the_plan_that_waits_and_how_to_read_it(operator: Operator) -> None:
    operator.remember(a_held_stack("archive"), a_plan_of("archive"))
    told = operator.types("status", "archive")
    assert f"-1 ({MARK[:12]}); tfreconcile diff archive shows it" in told.stdout
    assert "AwaitingApproval" in told.stdout


def test_a_suspended_stack_says_who_until_when_and_why(operator: Operator) -> None:
    operator.remember(a_stack("archive"))
    with operator.store() as store:
        until = clock.now() + timedelta(days=2)
        stacks.suspend(store, StackName("archive"), by="ana", reason="restore", until=until, at=NOON)
    (stack,) = operator.types("status", "-o", "json").json["stacks"]
    assert (stack["state"], stack["reason"]) == ("Suspended", "Suspended")
    assert stack["message"] == f"by ana until {clock.text(until)}: restore"
    assert "tfreconcile resume archive" in operator.types("explain", "archive").stdout


def test_a_stack_that_left_git_is_removed_and_never_due(operator: Operator) -> None:
    operator.remember(a_stack("archive"))
    with operator.store() as store:
        removals.mark(store, (), NOON)
    (stack,) = operator.types("status", "-o", "json").json["stacks"]
    assert (stack["state"], stack["next_due_at"]) == ("Removed", None)
    assert "put the definition back" in operator.types("explain", "archive").stdout


@pytest.mark.parametrize("columns", [40, 60, 80, 99])
def test_a_narrow_terminal_shows_whole_names_and_states(columns: int, operator: Operator) -> None:
    operator.remember(a_stack("orders-a", state="Stalled", message="word " * 30))
    seen = at_terminal("status", env=operator.environment, columns=columns)
    assert seen.code == 0
    assert "orders-a" in seen.screen
    assert "Stalled" in seen.screen
    assert "REVISION" not in seen.screen
    assert seen.screen.count("word") == 30, "what does not fit is wrapped, not cut"


def test_a_terminal_gets_colour_unless_no_color_is_set(operator: Operator) -> None:
    operator.remember(a_stack())
    assert "\x1b[32mSynced" in at_terminal("status", env=operator.environment).screen
    plain = at_terminal("status", env={**operator.environment, "NO_COLOR": "1"}).screen
    assert "Synced" in plain
    assert "\x1b[32m" not in plain


@pytest.mark.parametrize("output", ["table", "json"])
@pytest.mark.parametrize(
    "typed",
    [("status",), ("status", "archive"), ("explain", "archive"), ("diff", "archive"), ("history",)],
    ids=" ".join,
)
def test_nothing_in_the_database_can_steer_a_terminal(
    typed: tuple[str, ...], output: str, operator: Operator
) -> None:
    plan = a_plan_of("archive")
    hostile = replace(
        plan,
        engine=HOSTILE,
        classification=({**plan.classification[0], "address": HOSTILE}, *plan.classification[1:]),
        decision={**plan.decision, "reasons": [HOSTILE], "approvers": [[HOSTILE]]},
    )
    record = replace(
        a_held_stack("archive"), message=HOSTILE, reason=HOSTILE, sync=HOSTILE, definition=HOSTILE
    )
    drift = {"address": HOSTILE, "kind": "gone", "attributes": [HOSTILE], "why": HOSTILE}
    operator.remember(replace(record, drift=(drift,)), hostile)
    told = operator.types(*typed, "-o", output)
    assert told.code == 0
    assert [one for one in CONTROLS if one in told.text] == []


def test_diff_shows_the_plan_its_hazards_and_its_name(operator: Operator) -> None:
    operator.remember(a_held_stack("archive"), a_plan_of("archive"))
    told = operator.types("diff", "archive")
    assert told.code == 0
    assert "will be destroyed" in told.stdout
    assert "HAZARD" in told.stdout
    assert "stateful" in told.stdout
    assert told.stdout.splitlines()[-1] == f"plan {MARK[:12]} of archive at aaaaaaa, terraform 1.11.4"


def test_diff_for_programs_has_the_plan_the_changes_and_the_decision(operator: Operator) -> None:
    operator.remember(a_held_stack("archive"), a_plan_of("archive"))
    document = operator.types("diff", "archive", "-o", "json").json
    assert document.keys() >= {"fingerprint", "plan", "changes", "decision", "revision"}
    assert document["fingerprint"] == MARK
    assert document["decision"]["verdict"] == "hold"


def test_diff_without_a_waiting_plan_says_how_the_stack_stands(operator: Operator) -> None:
    operator.remember(a_stack("archive"))
    told = operator.types("diff", "archive")
    assert (told.code, told.stdout) == (0, "archive: no plan waits: it is Synced, Idle\n")
    assert json.loads(operator.types("diff", "archive", "-o", "json").stdout)["fingerprint"] is None


def test_explain_names_what_is_missing_who_may_and_the_command(operator: Operator) -> None:
    rules = replace(RULES, required=2, approvers=(("ana", "ben"), ("*",)))
    operator.remember(a_held_stack("archive"), a_plan_of("archive", rules=rules))
    told = operator.types("explain", "archive").stdout
    assert "waits for 2 of 2 approvals" in told
    assert f"tfreconcile approve archive --plan {MARK[:12]} --reason '...'" in told
    assert "who may approve: ana, ben, and also matching *" in told
    assert " requires approve: " in told


def test_explain_for_programs_has_the_sentences_and_the_status(operator: Operator) -> None:
    operator.remember(a_held_stack("archive"), a_plan_of("archive"))
    document = operator.types("explain", "archive", "-o", "json").json
    assert document.keys() >= {"name", "next", "decision", "status"}
    assert document["name"] == "archive"
    assert document["status"].keys() >= CONTRACT


def _no() -> Approval:
    now = clock.now()
    return Approval(
        id=0,
        stack="archive",
        fingerprint=MARK,
        verdict=Verdict.REJECT,
        by="ben",
        channel="cli",
        at=now,
        reason="",
        expires_at=now + timedelta(hours=1),
        changes=frozenset(),
        hazards=frozenset(),
    )


def test_explain_after_enough_approvals_says_that_the_next_pass_goes_on(operator: Operator) -> None:
    operator.remember(a_held_stack("archive"), a_plan_of("archive"))
    assert operator.types("approve", "archive", "--plan", MARK[:12], "--yes").code == 0
    told = operator.types("explain", "archive").stdout
    assert "enough people have approved" in told
    assert "who agrees types" not in told


@pytest.mark.parametrize(
    ("more", "said"),
    [
        pytest.param(
            {"until": "2026-11-23T08:00:00Z"}, "it goes on by itself at 2026-11-23T08:00:00Z", id="when"
        ),
        pytest.param({}, "no opening of a window is in sight", id="or that nobody knows"),
        pytest.param({}, "--override-window", id="how to override it"),
        pytest.param({"needs": []}, "policy lets nobody override it", id="or that nobody may"),
    ],
)
def test_explain_says_until_when_a_window_is_closed(
    more: dict[str, object], said: str, operator: Operator
) -> None:
    plan = a_plan_of("archive")
    closed = replace(plan, decision={**plan.decision, "closed": True, "until": None, **more})
    operator.remember(replace(a_held_stack("archive"), state="Held", reason="WindowClosed"), closed)
    assert said in operator.types("explain", "archive").stdout


def test_explain_says_what_each_effect_lacks(operator: Operator) -> None:
    rules = ApprovalRules(
        hazards={HazardKind.STATEFUL: HazardRules(required=2, approvers=(("bo",),), signed=True)}
    )
    operator.remember(a_held_stack("archive"), a_plan_of("archive", rules=rules))
    told = operator.types("explain", "archive").stdout
    assert "- missing: 2 more signed approvals by bo, for aws_dynamodb_table.t\n" in told


def test_explain_names_the_stacks_that_must_come_first(operator: Operator) -> None:
    ready = replace(a_stack("network"), applied_revision=HEAD)
    late = replace(a_stack("dns", sync="OutOfSync"), applied_revision=HEAD)
    needs = (StackName("network"), StackName("dns"), StackName("vault"))
    operator.remember(ready).remember(late)
    operator.remember(replace(a_stack("archive"), depends_on=needs, desired_revision=HEAD))
    told = operator.types("explain", "archive")
    assert "- depends on network, which is ready\n" in told.stdout
    assert "- depends on dns, which is OutOfSync, Healthy\n" in told.stdout
    assert "- depends on vault, which was never checked\n" in told.stdout
    listed = operator.types("explain", "archive", "-o", "json").json["depends_on"]
    assert [(one["name"], one["ready"]) for one in listed] == [
        ("network", True),
        ("dns", False),
        ("vault", False),
    ]


def test_explain_names_the_windows_that_speak_of_the_stack(operator: Operator) -> None:
    always = {"cron": "* * * * *", "duration": "1h"}
    shut = {
        "deny": always["cron"],
        "duration": "1h",
        "stacks": ["arch*"],
        "actions": ["apply"],
        "why": "freeze",
    }
    opened = {"allow": always["cron"], "duration": "1h", "actions": ["heal"]}
    other = {"deny": always["cron"], "duration": "1h", "stacks": ["orders"], "actions": ["plan"]}
    operator.configure(gate={"windows": [shut, opened, other]})
    operator.remember(a_stack("archive"))
    told = operator.types("explain", "archive").stdout
    assert "- window for apply: deny window 'freeze' is closed for apply" in told
    assert "- window for heal: open\n" in told
    assert "window for plan" not in told
    listed = operator.types("explain", "archive", "-o", "json").json["windows"]
    assert [(one["act"], one["open"], one["until"]) for one in listed] == [
        ("apply", False, None),
        ("heal", True, None),
    ]


@pytest.mark.parametrize("trusts", [True, False])
def test_explain_offers_a_signed_tag_where_tags_are_read(operator: Operator, trusts: bool) -> None:
    if trusts:
        operator.configure(signers="/nonexistent/allowed_signers")
    operator.remember(a_held_stack("archive"), a_plan_of("archive"))
    assert ("approve archive --as-tag" in operator.types("explain", "archive").stdout) is trusts


def test_explain_asks_for_a_signed_word_where_only_such_count(operator: Operator) -> None:
    operator.remember(a_held_stack("archive"), a_plan_of("archive", rules=ApprovalRules(signed=True)))
    assert " --sign KEY --reason" in operator.types("explain", "archive").stdout


def test_explain_names_who_may_by_what_each_effect_asks(operator: Operator) -> None:
    rules = ApprovalRules(hazards={HazardKind.STATEFUL: HazardRules(approvers=(("bo", "cyd"),))})
    operator.remember(a_held_stack("archive"), a_plan_of("archive", rules=rules))
    told = operator.types("explain", "archive").stdout
    assert "- who may approve: *, and also matching bo, cyd\n" in told


@pytest.mark.parametrize(
    ("barred", "said"),
    [
        pytest.param(
            ["ana", "ana@example.com"], "- four eyes: not ana, ana@example.com, whose", id="authors"
        ),
        pytest.param(None, "- four eyes: nobody may, since it is not known who", id="unknown authors"),
    ],
)
def test_explain_names_whom_four_eyes_keep_out(
    barred: list[str] | None, said: str, operator: Operator
) -> None:
    plan = a_plan_of("archive")
    operator.remember(a_held_stack("archive"), replace(plan, decision={**plan.decision, "barred": barred}))
    assert said in operator.types("explain", "archive").stdout


@pytest.mark.parametrize("verb", ["status", "explain"])
def test_a_refused_head_is_told_wherever_a_stack_is_shown(verb: str, operator: Operator) -> None:
    operator.remember(a_stack("archive"))
    refused = SourceRecord(
        branch="main@1",
        accepted=HEAD,
        head=HEAD,
        reason="SourceUntrusted",
        message="commit aaaa is not trusted: it is not signed",
        changed_at=NOON,
    )
    event = Event(kind=EventKind.SOURCE_REFUSED, stack=None, actor=BY_ITSELF, at=NOON, body={})
    with operator.store() as store:
        sources.save(store, refused, event)
    told = operator.types(verb, "archive")
    assert "the head of the branch is refused, the last accepted commit holds: commit aaaa is not" in (
        told.stdout + told.stderr
    )


def test_explain_after_a_rejection_does_not_ask_for_approvals(operator: Operator) -> None:
    operator.remember(a_held_stack("archive"), a_plan_of("archive"))
    with operator.store() as store:
        approvals.add(store, _no())
    told = operator.types("explain", "archive").stdout
    assert "ben rejected it at " in told
    assert "tfreconcile revoke archive --id 1" in told
    assert "who agrees types" not in told


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("Idle", "nothing is to be done now"),
        ("Planning", "a pass is under way"),
        ("Applying", "a pass is under way"),
        ("Held", "it waits; each pass looks whether it still has to"),
        ("Refused", "nobody can approve this"),
        ("Backoff", "tried again, later each time"),
        ("Stalled", "tfreconcile sync archive"),
    ],
)
def test_explain_has_a_next_step_for_every_state(state: str, said: str, operator: Operator) -> None:
    operator.remember(a_stack("archive", state=state))
    assert said in operator.types("explain", "archive").stdout


def test_a_stack_suspended_in_git_is_not_told_to_resume_by_hand(operator: Operator) -> None:
    operator.remember(replace(a_stack("archive", state="Suspended"), reason="SuspendedInGit"))
    told = operator.types("explain", "archive").stdout
    assert "no longer says suspend: true" in told
    assert "tfreconcile resume" not in told


def test_explain_names_each_drift_with_its_attributes_and_why_it_is_quiet(operator: Operator) -> None:
    drift = (
        {"address": "aws_sqs_queue.a", "kind": "reverting", "attributes": ["delay_seconds"], "why": ""},
        {"address": "aws_sqs_queue.b", "kind": "suppressed", "attributes": [], "why": "autoscaler"},
    )
    operator.remember(replace(a_stack("archive"), drift=drift))
    told = operator.types("explain", "archive").stdout
    assert "- drift, reverting: aws_sqs_queue.a (delay_seconds)\n" in told
    assert "- drift, suppressed: aws_sqs_queue.b: autoscaler\n" in told


def _ignoring(days: int, *hides: str) -> StackRecord:
    """A stack with one ignore rule that ends in so many days."""
    rule = {
        "address": "aws_sqs_queue.*",
        "attributes": ["delay_seconds"],
        "until": (clock.now().date() + timedelta(days=days)).isoformat(),
        "why": "the scaler owns it",
        "hides": list(hides),
    }
    return replace(a_stack("archive"), ignored=(rule,))


def test_what_ignore_rules_hide_is_counted_wherever_a_stack_is_shown(operator: Operator) -> None:
    operator.remember(_ignoring(100, "aws_sqs_queue.a", "aws_sqs_queue.b"))
    assert "2 resources ignored" in operator.types("status").stdout
    assert "2 resources ignored" in operator.types("status", "archive").stdout
    for verb in ("explain", "diff"):
        told = operator.types(verb, "archive").stdout
        assert "ignore rule for aws_sqs_queue.* (delay_seconds) until" in told
        assert "hides 2 resources now: the scaler owns it" in told
    document = operator.types("diff", "archive", "-o", "json").json["ignored"]
    assert (document["count"], document["rules"][0]["hides"]) == (2, 2)


@pytest.mark.parametrize(
    ("days", "said"),
    [
        pytest.param(15, "the scaler owns it\n", id="far"),
        pytest.param(14, "it ends in 14 days, and stops the stack then", id="near"),
        pytest.param(1, "it ends in 1 day, and stops the stack then", id="tomorrow"),
        pytest.param(0, "it has ended, and nothing is done to the stack", id="today"),
    ],
)
def test_a_rule_that_ends_soon_is_warned_of(days: int, said: str, operator: Operator) -> None:
    operator.remember(_ignoring(days))
    told = operator.types("explain", "archive").stdout
    assert "hides nothing now" in told
    assert said in told
    assert ("the next rule ends on" in operator.types("status").stdout) is (days <= 14)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("LeftGit", "its resources and its state stay; put the definition back to adopt them"),
        ("Destroyed", "it has no resources any more; put the definition back to create it anew"),
    ],
)
def test_explain_says_what_became_of_a_stack_that_left_git(
    reason: str, said: str, operator: Operator
) -> None:
    operator.remember(replace(a_stack("archive", state="Removed"), reason=reason, removed_at=NOON))
    assert said in operator.types("explain", "archive").stdout


def test_explain_of_a_stack_that_is_to_go_says_how_to_keep_it(operator: Operator) -> None:
    goes = replace(a_held_stack("archive"), removed_at=NOON, on_removal="destroy", backend="local:1")
    operator.remember(goes, a_plan_of("archive"))
    told = operator.types("explain", "archive").stdout
    assert "it left Git before 2026-11-21T12:00:00Z and is to be destroyed; put it back to keep it" in told
    assert "who agrees types: tfreconcile approve archive" in told


@pytest.mark.parametrize("verb", [("status",), ("diff", "archive"), ("explain", "archive")])
def test_a_row_that_was_garbled_is_named_and_not_a_traceback(
    verb: tuple[str, ...], operator: Operator
) -> None:
    operator.remember(a_held_stack("archive"), a_plan_of("archive"))
    with operator.store() as store, store.write() as session:
        session.execute(text("UPDATE plans SET document = '{'"))
    told = operator.types(*verb)
    assert (told.code, told.stdout) == (2, "")
    assert "a row of the database holds what tfreconcile never writes" in told.stderr
    assert "tfreconcile audit verify" in told.stderr
    assert operator.types("audit", "verify").code == 1


def test_a_status_counts_the_words_that_were_given_since_the_pass(operator: Operator) -> None:
    operator.remember(a_held_stack("archive"), a_plan_of("archive", rules=replace(RULES, required=2)))
    yes = ("approve", "archive", "--plan", MARK[:12], "--yes")
    for verb in ("status", "explain"):
        told = " ".join(operator.types(verb, "archive").stdout.split())
        assert "a bucket would be deleted; approved by 0 of 2: tfreconcile approve archive" in told
    operator.types(*yes)
    for verb in ("status", "explain"):
        assert "approved by 1 of 2" in " ".join(operator.types(verb, "archive").stdout.split())
    operator.types("reject", *yes[1:])
    (stack,) = operator.types("status", "-o", "json").json["stacks"]
    assert "tfreconcile revoke archive --id 2 lifts that" in stack["message"]
    assert (stack["pending"]["rejected"]["id"], stack["pending"]["approvals"]["given"]) == (2, 0)


def _closed(operator: Operator) -> Operator:
    """The stack ``archive`` waits for a window; its plan deletes a table."""
    plan = a_plan_of("archive")
    freeze = {
        "address": "",
        "requires": "approve",
        "why": "the freeze",
        "kinds": ["window-override"],
        "required": 1,
        "approvers": [["*"]],
    }
    decision = {**plan.decision, "closed": True, "reasons": ["the freeze"], "needs": [freeze]}
    held = replace(a_held_stack("archive"), state="Held", reason="WindowClosed", message="the freeze")
    return operator.remember(held, replace(plan, decision=decision))


def test_explain_under_a_closed_window_tells_the_plans_own_hazards_and_who_agreed(operator: Operator) -> None:
    _closed(operator)
    told = operator.types("explain", "archive").stdout
    assert "requires approve: " in told
    assert "; no approval of it stands any more\n" in told
    assert "the freeze; overridden by 0 of 1: tfreconcile approve archive --override-window" in told
    operator.types("approve", "archive", "--plan", MARK[:12], "--yes")
    told = operator.types("explain", "archive").stdout
    assert told.count(f"; approved by {OURS}\n") == 2, "to be destroyed, and to be stateful"
    assert "overridden by 0 of 1" in told, "nobody said that the window need not open"


def test_a_later_pass_that_waits_for_another_window_promises_no_override(operator: Operator) -> None:
    _closed(operator)
    with operator.store() as store:
        record = stacks.get(store, StackName("archive"))
        assert record is not None
        stacks.save(store, replace(record, message="closed for plan until noon"))
    (stack,) = operator.types("status", "-o", "json").json["stacks"]
    assert stack["message"] == "closed for plan until noon"


def test_what_is_missing_stands_before_the_next_look(operator: Operator) -> None:
    operator.remember(a_held_stack("archive"), a_plan_of("archive"))
    told = operator.types("explain", "archive").stdout
    assert 0 < told.index("- missing: ") < told.index("- looked at again ")
    assert "or when its inputs change in Git" in told


def test_a_stack_that_left_git_has_no_inputs_that_could_change_there(operator: Operator) -> None:
    goes = replace(a_held_stack("archive"), removed_at=NOON, on_removal="destroy", backend="local:1")
    operator.remember(goes, a_plan_of("archive"))
    told = operator.types("explain", "archive").stdout
    assert "looked at again" in told
    assert "when its inputs change" not in told


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        pytest.param(
            {"needs": [{"address": "a.b", "requires": "approve", "why": "a.b: Git changed; apply: approve"}]},
            "requires approve: a.b: Git changed; apply: approve\n",
            id="apply",
        ),
        pytest.param(
            {"verdict": "refuse", "needs": [], "reasons": ["it differs each time that it is made"]},
            "refused: it differs each time that it is made\n",
            id="refused",
        ),
        pytest.param(
            {"closed": True, "needs": [], "reasons": ["the freeze"]},
            "waits for a time: the freeze\n",
            id="time",
        ),
    ],
)
def test_diff_says_why_a_plan_waits_if_no_hazard_does(
    decision: dict[str, object], said: str, operator: Operator
) -> None:
    plan = a_plan_of("archive")
    operator.remember(a_held_stack("archive"), replace(plan, decision={**plan.decision, **decision}))
    assert said in operator.types("diff", "archive").stdout


def test_diff_does_not_say_twice_what_its_hazards_say(operator: Operator) -> None:
    operator.remember(a_held_stack("archive"), a_plan_of("archive"))
    told = operator.types("diff", "archive").stdout
    assert "HAZARD" in told
    assert "requires approve: aws_dynamodb_table.t: left the code; prune: approve\n" in told
    assert told.count("requires approve:") == 1


def test_an_ignore_rule_does_not_hide_what_the_pending_plan_changes(operator: Operator) -> None:
    plan = a_plan_of("archive")
    record = _ignoring(100, str(plan.classification[0]["address"]))
    operator.remember(replace(a_held_stack("archive"), ignored=record.ignored), plan)
    for verb in ("explain", "diff"):
        told = operator.types(verb, "archive").stdout
        assert "would hide 1 resource, but the pending plan changes it all the same" in told

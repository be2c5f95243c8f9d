"""What does a whole pass come to? Real Git, real SQLite, real Terraform with stacks of ``terraform_data``."""

from __future__ import annotations

import errno
import json
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.worlds import Shop

from tfreconcile import daemon
from tfreconcile.cloud.guard import Guard
from tfreconcile.errors import Misconfigured, Stalled, Transient, Waiting
from tfreconcile.gate.model import DriftPolicy, Verdict
from tfreconcile.gate.policy import Floor
from tfreconcile.observe.conditions import State, Sync
from tfreconcile.plan import desk
from tfreconcile.reconcile.one import Passed
from tfreconcile.settings.model import BackendDefault
from tfreconcile.source.model import StackName
from tfreconcile.store import applies, approvals, passes, plans, stacks
from tfreconcile.store.records import ApplyStatus, PlanState
from tfreconcile.terraform.engine import Engine

ONE = 'resource "terraform_data" "one" {\n  input = "v1"\n}\n'
TWO = ONE + 'resource "terraform_data" "two" {\n  input = "v1"\n}\n'
CHANGED = ONE.replace("v1", "v2")
REPLACED = 'resource "terraform_data" "one" {\n  input = "v1"\n  triggers_replace = "%s"\n}\n'
FAILING = (
    ONE + 'resource "terraform_data" "two" {\n  provisioner "local-exec" {\n    command = "exit 3"\n  }\n}\n'
)
BROKEN = 'resource "terraform_data" "one" {\n  no_such = 1\n}\n'
AWS = 'provider "aws" {}\n'
EPHEMERAL = """
variable "word" {
  type      = string
  ephemeral = true
}
resource "terraform_data" "one" {
  provisioner "local-exec" {
    command     = "printf %%s $WORD > %s"
    environment = { WORD = var.word }
  }
}
"""


def verdict(passed: Passed) -> tuple[Sync, State, str]:
    return passed.conclusion.sync, passed.conclusion.state, passed.conclusion.reason


def inputs_in_state(team: Shop, name: str) -> dict[str, object]:
    """What Terraform's own state says of each resource's input."""
    state = json.loads(team.state_file(name).read_text())
    return {
        resource["name"]: instance["attributes"]["input"]["value"]
        for resource in state["resources"]
        for instance in resource["instances"]
    }


def once(team: Shop, happened: Callable[[], bool], act: Callable[[], object]) -> None:
    """Have ``act`` done in the middle of a pass: when the clock is looked at and this has just happened."""
    todo = [act]

    def look() -> None:
        if todo and happened():
            todo.pop()()

    team.clock.on_look = look


def is_planned(team: Shop) -> bool:
    return any((team.world.directory.root / "passes").glob("*/*/spool/plan.tfplan"))


def is_decided(team: Shop) -> bool:
    newest = plans.history(team.world.store, limit=1)
    return any(one.decision["verdict"] == "proceed" and one.state is PlanState.PENDING for one in newest)


SEES_DRIFT = """
import json, subprocess, sys
done = subprocess.run([{terraform!r}, *sys.argv[1:]], stdout=subprocess.PIPE)
if sys.argv[1] == "show":
    plan = json.loads(done.stdout)
    updates = [one for one in plan["resource_changes"] if one["change"]["actions"] == ["update"]]
    undone = [(one, one["change"] | {{"before": one["change"]["after"]}}) for one in updates]
    plan["resource_drift"] = [
        one | {{"change": change | {{"after": one["change"]["before"]}}}} for one, change in undone
    ]
    done.stdout = json.dumps(plan).encode()
sys.stdout.buffer.write(done.stdout)
sys.exit(done.returncode)
"""


def seeing_drift(engine: Engine, home: Path) -> Engine:
    """A Terraform that takes each update for drift: ``terraform_data`` cannot change behind its back."""
    script = home / "terraform.py"
    script.write_text(SEES_DRIFT.format(terraform=engine.argv[0]))
    return replace(engine, argv=(sys.executable, "-I", str(script)))


def edit_state(team: Shop, name: str, value: str) -> None:
    """Change the world behind Git's back, as far as Terraform can tell: its state, and nothing else."""
    state = json.loads(team.state_file(name).read_text())
    state["serial"] += 1
    for resource in state["resources"]:
        for instance in resource["instances"]:
            instance["attributes"]["input"]["value"] = value
            instance["attributes"]["output"]["value"] = value
    team.state_file(name).write_text(json.dumps(state))


def test_what_git_wants_is_created_and_the_next_pass_finds_nothing_to_do(team: Shop) -> None:
    team.stack("net", ONE)
    first = team.once("net")
    assert verdict(first) == (Sync.SYNCED, State.IDLE, "Applied")
    assert (first.again, first.failed, first.waits) == (True, False, False)
    assert team.record("net").next_due_at == team.clock.now
    second = team.once("net")
    assert verdict(second) == (Sync.SYNCED, State.IDLE, "UpToDate")
    assert not second.again
    record = team.record("net")
    assert record.applied_revision == record.observed_revision == team.repository.head()
    assert record.next_due_at is not None
    assert record.next_due_at > team.clock.now
    assert (record.failures, record.pending_plan, record.resources) == (0, None, 1)


def test_nothing_is_left_on_the_desk_and_every_pass_is_closed(team: Shop) -> None:
    team.stack("net", ONE).once("net")
    team.stack("net", BROKEN).once("net")
    assert team.desks("net") == []
    history = passes.history(team.world.store, limit=9)
    assert [(one.outcome, one.ended_at is not None) for one in history] == [("Stalled", True), ("Idle", True)]
    record = team.record("net")
    assert (record.lease_holder, record.lease_until) == (None, None)


def test_what_could_hurt_is_held_then_approved_then_applied_and_the_word_is_used_up(team: Shop) -> None:
    team.stack("net", REPLACED % 1).once("net")
    held = team.stack("net", REPLACED % 2).once("net")
    assert verdict(held) == (Sync.OUT_OF_SYNC, State.AWAITING_APPROVAL, "AwaitingApproval")
    assert (held.waits, held.failed) == (True, False)
    assert team.record("net").pending_plan == team.pending("net").id
    team.approve("net")
    applied = team.once("net")
    assert verdict(applied) == (Sync.SYNCED, State.IDLE, "Applied")
    assert "on the word of ana" in applied.conclusion.message
    (word,) = approvals.of(team.world.store)
    assert word.consumed_at == team.clock.now
    (newest, _) = applies.history(team.world.store, limit=2)
    assert (newest.status, newest.on_word_of, newest.approvals) == (
        ApplyStatus.SUCCEEDED,
        ("ana",),
        (word.id,),
    )
    assert newest.pid is not None


def test_a_rejected_plan_stays_held_whoever_else_approves_it(team: Shop) -> None:
    team.stack("net", REPLACED % 1).once("net")
    team.stack("net", REPLACED % 2).once("net")
    team.approve("net", by="bob", verdict=Verdict.REJECT)
    team.approve("net")
    held = team.once("net")
    assert held.conclusion.state is State.AWAITING_APPROVAL
    assert "rejected by bob" in held.conclusion.message


def test_an_approval_that_is_revoked_between_decision_and_apply_applies_nothing(team: Shop) -> None:
    team.stack("net", REPLACED % 1).once("net")
    before = team.state_file("net").read_text()
    team.stack("net", REPLACED % 2).once("net")
    word = team.approve("net")
    store = team.world.store
    once(
        team, lambda: is_decided(team), lambda: approvals.revoke(store, word.id, by="bob", at=team.clock.now)
    )
    gone = team.once("net")
    assert verdict(gone) == (Sync.OUT_OF_SYNC, State.HELD, "ApprovalGone")
    assert "revoked by bob" in gone.conclusion.message
    assert team.state_file("net").read_text() == before
    assert len(applies.history(team.world.store, limit=9)) == 1
    assert team.once("net").conclusion.state is State.AWAITING_APPROVAL


def test_a_lease_that_is_lost_before_the_apply_applies_nothing(team: Shop) -> None:
    team.stack("net", ONE)

    def lose() -> None:
        with team.world.store.write() as session:
            session.connection().exec_driver_sql("UPDATE stacks SET lease_holder = 'bob:1:1:b:1'")

    once(team, lambda: is_planned(team), lose)
    lost = team.once("net")
    assert (lost.conclusion.state, lost.conclusion.reason, lost.failed) == (State.HELD, "LeaseLost", False)
    assert applies.history(team.world.store, limit=9) == ()
    assert not team.state_file("net").exists()
    assert team.record("net").lease_holder == "bob:1:1:b:1", "what is another's is not given back"


def test_a_stop_before_the_apply_applies_nothing_and_the_stack_stays_due(team: Shop) -> None:
    team.stack("net", ONE)
    once(team, lambda: is_planned(team), team.world.stop.set)
    stopped = team.once("net")
    assert verdict(stopped) == (Sync.OUT_OF_SYNC, State.IDLE, "Stopped")
    assert (stopped.again, team.state_file("net").exists()) == (False, False)
    assert applies.history(team.world.store, limit=9) == ()
    errand = team.errand("net")
    assert daemon.due(team.record("net"), errand.wanted, (), team.clock.now) == "its interval is over"
    team.world.stop.clear()
    assert verdict(team.once("net")) == (Sync.SYNCED, State.IDLE, "Applied")


def test_a_bug_marks_one_stack_and_the_others_go_on(team: Shop, caplog: pytest.LogCaptureFixture) -> None:
    def buggy(_account: Mapping[str, str], clouds: frozenset[str], _env: Mapping[str, str]) -> None:
        if "aws" in clouds:
            raise RuntimeError("EXAMPLE-SECRET-bug")

    team.world = replace(team.world, guard=Guard(timedelta(0), buggy))
    team.stack("cloud", AWS).stack("net", ONE)
    errands = {StackName(name): team.errand(name) for name in ("cloud", "net")}
    cloud, net = daemon.run(
        errands, lambda errand: team.once(errand.wanted.stack.name), workers=2, stop=threading.Event()
    )
    assert verdict(cloud) == (Sync.UNKNOWN, State.BACKOFF, "Bug")
    assert cloud.failed
    assert "EXAMPLE-SECRET" not in cloud.conclusion.message
    assert net.conclusion.sync is Sync.SYNCED
    (told,) = [record for record in caplog.records if record.getMessage() == "pass failed"]
    assert "in buggy" in vars(told)["traceback"]
    assert (team.record("cloud").reason, team.record("cloud").failures) == ("Bug", 1)
    assert team.desks("cloud") == []


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        pytest.param(OSError(errno.ENOSPC, "no space"), State.BACKOFF, "DiskFull", id="full-disk"),
        pytest.param(OSError(errno.EIO, "broken"), State.BACKOFF, "Bug", id="broken-disk"),
        pytest.param(Misconfigured.at("f", "wrong"), State.BACKOFF, "Misconfigured", id="wrong-file"),
        pytest.param(Transient("Throttled", ""), State.BACKOFF, "Throttled", id="transient"),
        pytest.param(Stalled("AccessDenied", ""), State.STALLED, "AccessDenied", id="stalled"),
        pytest.param(Waiting("NotYet", ""), State.HELD, "NotYet", id="waiting"),
    ],
)
def test_whatever_a_step_raises_is_the_outcome_of_the_pass(
    team: Shop, error: Exception, state: State, reason: str
) -> None:
    def failing(_account: Mapping[str, str], _clouds: frozenset[str], _env: Mapping[str, str]) -> None:
        raise error

    team.world = replace(team.world, guard=Guard(timedelta(0), failing))
    failed = team.stack("net", ONE).once("net")
    assert (failed.conclusion.state, failed.conclusion.reason) == (state, reason)
    assert (team.record("net").state, team.record("net").reason) == (str(state), reason)
    (kept,) = passes.history(team.world.store, limit=9)
    assert (kept.outcome, kept.reason) == (str(state), reason)


def test_a_bug_outside_the_steps_marks_one_stack_and_raises_nothing(team: Shop) -> None:
    team.stack("net", ONE).once("net")
    stacks.save(team.world.store, replace(team.record("net"), conditions=({"type": "Ready"},)))
    broken = team.once("net")
    assert (broken.conclusion.state, broken.conclusion.reason, broken.failed) == (State.BACKOFF, "Bug", True)
    assert team.desks("net") == []


def test_a_stack_that_git_suspends_is_left_alone(team: Shop) -> None:
    team.stack("net", ONE).once("net")
    suspended = team.stack("net", CHANGED, suspend="true").once("net")
    assert verdict(suspended) == (Sync.UNKNOWN, State.SUSPENDED, "SuspendedInGit")
    assert (suspended.failed, suspended.waits) == (False, False)
    assert inputs_in_state(team, "net") == {"one": "v1"}


def test_a_stack_that_waits_with_changed_inputs_is_not_called_in_sync(team: Shop) -> None:
    team.stack("net", ONE).stack("app", ONE, depends_on="[net]").once("net")
    assert team.once("app").conclusion.sync is Sync.SYNCED
    team.stack("net", BROKEN).once("net")
    assert verdict(team.once("app")) == (Sync.SYNCED, State.HELD, "DependencyNotReady"), (
        "its own are as planned"
    )
    team.stack("app", ONE.replace("v1", "v2"), depends_on="[net]")
    assert verdict(team.once("app")) == (Sync.UNKNOWN, State.HELD, "DependencyNotReady")


def test_a_stack_waits_for_what_it_depends_on(team: Shop) -> None:
    team.stack("net", BROKEN).stack("app", ONE, depends_on="[net]")
    assert team.once("net").conclusion.state is State.STALLED
    waiting = team.once("app")
    assert (waiting.conclusion.state, waiting.conclusion.reason) == (State.HELD, "DependencyNotReady")
    assert waiting.conclusion.message == "net is Unknown, Unknown"
    assert (waiting.waits, waiting.failed, team.record("app").failures) == (True, False, 0)
    team.stack("net", ONE)
    assert team.once("net").conclusion.sync is Sync.SYNCED
    assert team.once("app").conclusion.sync is Sync.SYNCED


def test_a_dependency_that_was_never_checked_is_waited_for(team: Shop) -> None:
    team.stack("net", ONE).stack("app", ONE, depends_on="[net]")
    assert team.once("app").conclusion.message == "net is Unknown, Unknown"


def test_the_same_change_right_after_it_was_applied_is_held_until_somebody_says_so(team: Shop) -> None:
    team.stack("net", ONE).once("net")
    before = team.state_file("net").read_text()
    team.stack("net", TWO).once("net")

    def undo() -> None:
        """Something puts the old state back, so that the very same change is planned again."""
        team.state_file("net").write_text(before)

    undo()
    held = team.once("net")
    assert held.conclusion.state is State.AWAITING_APPROVAL
    assert held.conclusion.message.startswith("NotConverging: ")
    assert team.once("net").conclusion.state is State.AWAITING_APPROVAL, "it does not go on by itself"
    team.approve("net")
    again = team.once("net")
    assert verdict(again) == (Sync.SYNCED, State.IDLE, "Applied")
    undo()
    assert team.once("net").conclusion.state is State.AWAITING_APPROVAL, "one word, one apply"


def test_a_failure_backs_off_more_each_time_and_a_success_starts_over(team: Shop) -> None:
    trouble: list[Transient] = []

    def guarded(_account: Mapping[str, str], _clouds: frozenset[str], _env: Mapping[str, str]) -> None:
        for error in trouble:
            raise error

    team.world = replace(team.world, guard=Guard(timedelta(0), guarded))
    team.stack("net", ONE)
    trouble.append(Transient("Throttled", "later"))
    waits = []
    for failures in (1, 2, 3, 4):
        failed = team.once("net")
        record = team.record("net")
        assert record.next_due_at is not None
        assert (failed.conclusion.state, record.failures) == (State.BACKOFF, failures)
        waits.append(record.next_due_at - team.clock.now)
    assert all(
        timedelta(seconds=15 * 2**step / 2) <= wait <= timedelta(seconds=15 * 2**step)
        for step, wait in enumerate(waits)
    )
    trouble.clear()
    assert team.once("net").conclusion.sync is Sync.SYNCED
    assert team.record("net").failures == 0


def test_a_failed_apply_is_told_and_leads_to_a_new_plan(team: Shop) -> None:
    failed = team.stack("net", FAILING).once("net")
    assert (failed.conclusion.state, failed.conclusion.reason) == (State.STALLED, "ApplyFailed")
    assert failed.conclusion.message.endswith("(1 applied, 1 failed)")
    assert (failed.failed, failed.again) == (True, False)
    (told,) = applies.history(team.world.store, limit=9)
    assert {one["address"]: one["status"] for one in told.outcomes} == {
        "terraform_data.one": "applied",
        "terraform_data.two": "failed",
    }
    (plan,) = plans.history(team.world.store, limit=9)
    assert plan.state is PlanState.FAILED
    team.stack("net", FAILING.replace("exit 3", "true")).once("net")
    assert team.record("net").pending_plan == team.pending("net").id, "a tainted resource is replaced"


def test_invalid_code_stalls_until_git_changes(team: Shop) -> None:
    stalled = team.stack("net", BROKEN).once("net")
    assert stalled.conclusion.state is State.STALLED
    assert "no_such" in stalled.conclusion.message
    errand, record = team.errand("net"), team.record("net")
    assert daemon.due(record, errand.wanted, (), team.clock.now) is None
    team.stack("net", ONE)
    assert daemon.due(record, team.errand("net").wanted, (), team.clock.now) == "its inputs changed in Git"


def test_a_state_that_cannot_be_saved_is_kept_and_nothing_is_done_until_a_person_acts(team: Shop) -> None:
    team.stack("net", ONE).once("net")
    team.state_file("net").with_name("terraform.tfstate.backup").mkdir()
    lost = team.stack("net", CHANGED).once("net")
    assert (lost.conclusion.state, lost.conclusion.reason) == (State.STALLED, "StateNotSaved")
    (kept,) = team.world.directory.rescued(StackName("net")).iterdir()
    assert str(kept) in lost.conclusion.message
    assert (
        json.loads(kept.read_text())["resources"][0]["instances"][0]["attributes"]["input"]["value"] == "v2"
    )
    assert kept.stat().st_mode & 0o777 == 0o600
    assert team.desks("net") == []
    frozen = team.once("net")
    assert frozen.conclusion.reason == "StateNotSaved"
    assert len(applies.history(team.world.store, limit=9)) == 2
    kept.unlink()
    team.state_file("net").with_name("terraform.tfstate.backup").rmdir()
    assert team.once("net").conclusion.sync is Sync.SYNCED


def test_a_killed_pass_leaves_a_desk_that_the_next_one_sweeps(team: Shop) -> None:
    team.stack("net", ONE)
    with desk.desk(team.world.directory, StackName("net")) as killed:
        (killed.spool / "variables.tfvars.json").write_text("EXAMPLE-SECRET-left")
        assert team.once("net").conclusion.sync is Sync.SYNCED
        assert team.desks("net") == []


def test_a_state_on_the_desk_of_a_killed_pass_is_kept_and_stops_the_stack(team: Shop) -> None:
    team.stack("net", ONE)
    with desk.desk(team.world.directory, StackName("net")) as killed:
        (killed.tree / "stacks" / "net").mkdir(parents=True)
        (killed.tree / "stacks" / "net" / "errored.tfstate").write_text("the only copy")
        assert team.once("net").conclusion.reason == "StateNotSaved"
    (kept,) = team.world.directory.rescued(StackName("net")).iterdir()
    assert kept.read_text() == "the only copy"
    assert not team.state_file("net").exists()


def test_no_room_for_a_desk_is_a_failure_of_the_stack_that_is_written_down(team: Shop) -> None:
    team.stack("net", ONE)
    team.world.directory.root.joinpath("passes").write_text("not a directory")
    stuck = team.once("net")
    assert (stuck.conclusion.state, stuck.conclusion.reason) == (State.STALLED, "StateDirectory")
    record = team.record("net")
    assert (record.state, record.reason, record.failures) == ("Stalled", "StateDirectory", 1)
    assert record.next_due_at is not None
    assert record.next_due_at > team.clock.now
    assert record.lease_holder is None


def test_a_stack_that_somebody_else_works_on_is_left_to_them(team: Shop) -> None:
    team.stack("net", ONE)
    errand = team.errand("net")
    with team.world.store.write() as session:
        until = "2999-01-01 00:00:00"
        session.connection().exec_driver_sql(
            "UPDATE stacks SET lease_holder = 'elsewhere:1:1:b:1', lease_until = ?", (until,)
        )
    busy = team.once(errand.wanted.stack.name)
    assert (busy.conclusion.state, busy.conclusion.reason) == (State.HELD, "Busy")
    assert (busy.waits, busy.failed) == (True, False)
    assert passes.history(team.world.store, limit=9) == ()


def test_drift_is_put_back_and_told(team: Shop, tmp_path: Path) -> None:
    team.world = replace(team.world, engine=seeing_drift(team.world.engine, tmp_path))
    team.stack("net", ONE).once("net")
    edit_state(team, "net", "by hand")
    healed = team.once("net")
    assert verdict(healed) == (Sync.SYNCED, State.IDLE, "Applied")
    assert inputs_in_state(team, "net") == {"one": "v1"}
    (told,) = team.record("net").drift
    assert (told["address"], told["kind"]) == ("terraform_data.one", "reverting")


def test_drift_that_policy_only_reports_is_told_and_left_alone(team: Shop, tmp_path: Path) -> None:
    team.world = replace(
        team.world,
        engine=seeing_drift(team.world.engine, tmp_path),
        floor=Floor(policy=replace(Floor().policy, drift=DriftPolicy.REPORT)),
    )
    team.stack("net", ONE).once("net")
    edit_state(team, "net", "by hand")
    told = team.once("net")
    assert verdict(told) == (Sync.OUT_OF_SYNC, State.IDLE, "DriftReported")
    assert inputs_in_state(team, "net") == {"one": "by hand"}
    record = team.record("net")
    assert (record.severity, len(record.drift)) == ("reverting", 1)
    (ready, drifted) = (one for one in record.conditions if one["type"] in ("Ready", "Drifted"))
    assert (ready["status"], drifted["status"], drifted["reason"]) == ("False", "True", "Reverting")
    assert len(applies.history(team.world.store, limit=9)) == 1
    newest = plans.history(team.world.store, limit=9)[0]
    team.once("net")
    assert plans.history(team.world.store, limit=9)[0] == newest, "the same plan is kept once"


def test_a_stack_without_a_backend_is_refused_when_the_host_gives_none(team: Shop) -> None:
    team.world = replace(team.world, backend=BackendDefault(kind="none"))
    refused = team.stack("net", ONE).once("net")
    assert (refused.conclusion.state, refused.conclusion.reason) == (State.STALLED, "NoBackend")


def test_a_wrong_account_stops_the_pass_before_any_plan(team: Shop) -> None:
    def wrong(_account: Mapping[str, str], _clouds: frozenset[str], _env: Mapping[str, str]) -> None:
        raise Stalled("WrongAccount", "another account")

    team.world = replace(team.world, guard=Guard(timedelta(0), wrong))
    assert team.stack("net", ONE).once("net").conclusion.reason == "WrongAccount"
    assert plans.history(team.world.store, limit=9) == ()
    assert not team.world.directory.terraform(StackName("net")).exists()


def test_an_ephemeral_value_reaches_the_apply_and_nothing_that_stays(team: Shop, tmp_path: Path) -> None:
    out = tmp_path / "out"
    word = "EXAMPLE-SECRET-ephemeral"
    team.stack("net", EPHEMERAL % out, variables=f"{{word: {word}}}")
    assert team.once("net").conclusion.reason == "Applied"
    assert out.read_text() == word
    kept = [path for path in team.world.directory.root.glob("tfreconcile.db*") if path.is_file()]
    assert kept
    assert not any(word.encode() in path.read_bytes() for path in kept)
    assert word not in team.state_file("net").read_text()

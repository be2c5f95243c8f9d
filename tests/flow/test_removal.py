"""What becomes of a stack that leaves Git? Real Git, real SQLite, real Terraform with ``terraform_data``."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from support.worlds import Shop

from tfreconcile import daemon
from tfreconcile.classify.model import HazardKind
from tfreconcile.gate.model import Policy, Requirement
from tfreconcile.gate.policy import DEFAULT_HAZARDS, Floor
from tfreconcile.observe.conditions import State, Sync
from tfreconcile.plan.fingerprint import Mode
from tfreconcile.reconcile import status
from tfreconcile.reconcile.one import Passed, reconcile
from tfreconcile.source.model import StackName
from tfreconcile.store import approvals, plans, stacks
from tfreconcile.store.records import PlanState

ONE = 'resource "terraform_data" "one" {\n  input = "v1"\n}\n'
TWO = ONE + 'resource "terraform_data" "two" {\n  input = "v1"\n}\n'
SIX = "".join(f'resource "terraform_data" "r{number}" {{}}\n' for number in range(6))
FAILING = ONE.replace(
    "\n}\n", '\n  provisioner "local-exec" {\n    when    = destroy\n    command = "exit 3"\n  }\n}\n'
)


def verdict(passed: Passed) -> tuple[Sync, State, str]:
    return passed.conclusion.sync, passed.conclusion.state, passed.conclusion.reason


def resources(team: Shop, name: str) -> set[str]:
    """What Terraform's own state holds."""
    state = json.loads(team.state_file(name).read_text())
    return {one["name"] for one in state["resources"] if one["instances"]}


def events(team: Shop) -> list[tuple[str, str | None]]:
    """What the journal says of stacks that came and went."""
    with team.world.store.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT event, stack FROM journal ORDER BY id").all()
    return [(event, stack) for event, stack in found if event in ("stack.removed", "stack.adopted")]


def applied(team: Shop, name: str, hcl: str = ONE, **keys: object) -> Shop:
    """A stack that is in sync, and a second one, so that Git is never empty."""
    team.stack("other", ONE).stack(name, hcl, **keys).once(name)
    return team


def leaving(team: Shop, hcl: str = ONE, **keys: object) -> Shop:
    """``old`` was applied, said ``on_removal: destroy``, and left Git."""
    return applied(team, "old", hcl, on_removal="destroy", **keys).leave("old")


def told(team: Shop, name: str) -> dict[str, object]:
    return status.document(team.record(name), None, (), None, team.clock.now)


def test_a_stack_that_is_to_be_destroyed_is_held_then_approved_then_gone(team: Shop) -> None:
    leaving(team, TWO)
    held = team.go("old")
    assert verdict(held) == (Sync.OUT_OF_SYNC, State.AWAITING_APPROVAL, "AwaitingApproval")
    assert "all 2 resources (2 terraform_data) would be destroyed" in held.conclusion.message
    assert team.pending("old").mode == "destroy"
    assert {one["kind"] for one in team.pending("old").classification} == {"delete"}
    assert resources(team, "old") == {"one", "two"}
    team.approve("old")
    gone = team.go("old")
    assert verdict(gone) == (Sync.SYNCED, State.REMOVED, "Destroyed")
    assert gone.conclusion.message == "left Git, and what it had was destroyed on the word of ana"
    assert (gone.again, gone.failed, gone.waits) == (False, False, False)
    assert team.state_file("old").exists()
    assert resources(team, "old") == set()


def test_what_is_gone_is_never_looked_at_again_and_its_row_says_so(team: Shop) -> None:
    leaving(team).go("old")
    team.approve("old")
    team.go("old")
    record = team.record("old")
    assert (record.resources, record.backend, record.next_due_at, record.pending_plan) == (
        0,
        None,
        None,
        None,
    )
    assert team.removals() == {}
    shown = told(team, "old")
    assert (shown["state"], shown["reason"], shown["next_due_at"]) == ("Removed", "Destroyed", None)
    kept = team.world.mirror.path / "refs" / "tfreconcile"
    assert not list(kept.rglob("stack_old"))


def test_a_stack_that_says_nothing_is_left_as_it_is_and_says_so(team: Shop) -> None:
    applied(team, "old").leave("old")
    assert team.removals() == {}
    shown = told(team, "old")
    assert (shown["state"], shown["reason"]) == ("Removed", "LeftGit")
    assert "its resources stay" in str(shown["message"])
    assert resources(team, "old") == {"one"}


@pytest.mark.parametrize("max_destroys", [0, 1])
def test_the_limits_for_single_plans_do_not_stop_a_whole_stack_and_the_count_is_shown(
    team: Shop, max_destroys: int
) -> None:
    leaving(team, SIX)
    tight = Floor(policy=Policy(hazards=DEFAULT_HAZARDS, max_destroys=max_destroys, max_destroy_percent=0))
    team.world = replace(team.world, floor=tight)
    passed = team.go("old")
    assert verdict(passed)[1] is State.AWAITING_APPROVAL
    assert "all 6 resources" in passed.conclusion.message


def test_a_host_that_lets_everything_through_still_asks_for_a_stack_that_goes(team: Shop) -> None:
    leaving(team)
    every = dict.fromkeys(HazardKind, Requirement.AUTO)
    team.world = replace(team.world, floor=Floor(policy=Policy(hazards=every, prune=Requirement.AUTO)))
    assert verdict(team.go("old"))[1] is State.AWAITING_APPROVAL
    assert resources(team, "old") == {"one"}


@pytest.mark.parametrize(
    "policy",
    [
        pytest.param(Policy(hazards=DEFAULT_HAZARDS, prune=Requirement.NEVER), id="prune"),
        pytest.param(
            Policy(hazards={**DEFAULT_HAZARDS, HazardKind.STACK_REMOVED: Requirement.NEVER}), id="hazard"
        ),
        pytest.param(Policy(hazards=DEFAULT_HAZARDS, apply=Requirement.NEVER), id="apply"),
    ],
)
def test_a_host_that_became_stricter_after_the_stack_left_is_obeyed(team: Shop, policy: Policy) -> None:
    leaving(team)
    team.world = replace(team.world, floor=Floor(policy=policy))
    assert verdict(team.go("old"))[1] is State.REFUSED
    assert resources(team, "old") == {"one"}


def test_a_word_on_the_deletion_of_resources_does_not_count_for_the_stack(team: Shop) -> None:
    """Same resources, same actions: another mode is another effect."""
    applied(team, "old", TWO, on_removal="destroy")
    team.stack("old", "# nothing\n", on_removal="destroy").once("old")
    word = team.approve("old")
    team.leave("old")
    assert verdict(team.go("old"))[1] is State.AWAITING_APPROVAL
    assert not word.changes & {one["digest"] for one in team.pending("old").classification}
    assert resources(team, "old") == {"one", "two"}


def test_who_flips_the_switch_and_deletes_in_the_next_commit_is_held_all_the_same(team: Shop) -> None:
    applied(team, "old")
    team.stack("old", ONE, on_removal="destroy")
    team.once("old")
    team.leave("old")
    assert verdict(team.go("old"))[1] is State.AWAITING_APPROVAL


def test_a_switch_that_no_survey_saw_counts_for_nothing(team: Shop) -> None:
    applied(team, "old")
    team.stack("old", ONE, on_removal="destroy").leave("old")
    assert team.removals() == {}


def test_a_stack_that_comes_back_before_it_is_destroyed_is_adopted(team: Shop) -> None:
    leaving(team).go("old")
    team.approve("old")
    team.stack("old", ONE, on_removal="destroy")
    assert verdict(team.once("old")) == (Sync.SYNCED, State.IDLE, "UpToDate")
    assert team.removals() == {}
    states = [plan.state for plan in plans.history(team.world.store, StackName("old"), limit=9)]
    assert PlanState.PENDING not in states
    assert events(team) == [("stack.removed", "old"), ("stack.adopted", "old")]
    assert resources(team, "old") == {"one"}


def test_a_word_to_destroy_does_not_outlive_the_return_of_the_definition(team: Shop) -> None:
    leaving(team).go("old")
    word = team.approve("old")
    team.stack("old", ONE, on_removal="destroy").once("old")
    assert verdict(team.leave("old").go("old"))[1] is State.AWAITING_APPROVAL
    (kept,) = approvals.of(team.world.store, "old")
    assert (kept.id, kept.revoked_by) == (word.id, "tfreconcile")
    assert resources(team, "old") == {"one"}


def test_a_stack_that_comes_back_after_it_was_destroyed_is_made_anew(team: Shop) -> None:
    leaving(team).go("old")
    team.approve("old")
    team.go("old")
    team.stack("old", ONE, on_removal="destroy")
    assert verdict(team.once("old")) == (Sync.SYNCED, State.IDLE, "Applied")
    assert team.record("old").resources == 1


def test_a_definition_that_comes_back_between_decision_and_apply_stops_the_apply(team: Shop) -> None:
    leaving(team).go("old")
    team.approve("old")
    errand = team.removals()[StackName("old")]
    team.clock.on_look = once(lambda: _is_planned(team), lambda: _comes_back(team))
    passed = reconcile(team.world, errand)
    assert verdict(passed)[1:] == (State.HELD, "DefinitionIsBack")
    assert resources(team, "old") == {"one"}


def once(happened: Callable[[], bool], act: Callable[[], object]) -> Callable[[], object]:
    """Does ``act`` when somebody looks at the clock after it happened, and only then."""
    todo = [act]

    def look() -> None:
        if todo and happened():
            todo.pop()()

    return look


def _is_planned(team: Shop) -> bool:
    return any((team.world.directory.root / "passes").glob("*/*/spool/plan.tfplan"))


def _comes_back(team: Shop) -> None:
    head = team.repository.head()
    inputs = team.record("old").tried_inputs
    assert inputs is not None
    now = team.clock.now
    stacks.seen(team.world.store, StackName("old"), definition="d", revision=head, inputs=inputs, now=now)


def test_a_broken_definition_is_no_removal(team: Shop) -> None:
    applied(team, "old", on_removal="destroy")
    team.repository.write({"stacks/old/stack.yaml": "name: old\nmodul: x\n"}).commit()
    assert team.removals() == {}
    assert team.record("old").removed_at is None


def test_a_repository_without_any_stack_is_taken_for_a_mistake(team: Shop) -> None:
    leaving_both = applied(team, "old", on_removal="destroy").leave("old", "other")
    assert leaving_both.removals() == {}
    record = team.record("old")
    assert (record.removed_at, record.state, record.reason) == (None, "Held", "SourceEmpty")
    team.stack("old", ONE, on_removal="destroy")
    assert verdict(team.once("old")) == (Sync.SYNCED, State.IDLE, "UpToDate")


def test_the_last_stack_of_all_may_go(team: Shop) -> None:
    team.stack("old", ONE, on_removal="destroy").once("old")
    assert set(team.leave("old").removals()) == {"old"}


def test_while_all_stacks_vanished_none_that_left_before_is_destroyed(team: Shop) -> None:
    leaving(team).stack("third", ONE).go("old")
    team.approve("old")
    assert team.leave("other", "third").removals() == {}


def test_a_branch_that_was_rewritten_does_not_lose_the_code_of_a_stack_that_goes(team: Shop) -> None:
    applied(team, "old", on_removal="destroy")
    team.repository.git("checkout", "--quiet", "--orphan", "anew")
    team.repository.remove("stacks/old").commit("Start over")
    team.repository.git("branch", "--quiet", "-M", "anew", "main")
    team.removals()
    team.world.mirror.git("reflog", "expire", "--expire=now", "--all")
    team.world.mirror.git("gc", "--prune=now", "--quiet")
    assert verdict(team.go("old"))[1] is State.AWAITING_APPROVAL


def test_dependents_go_first(team: Shop) -> None:
    team.stack("other", ONE).stack("net", ONE, on_removal="destroy")
    team.stack("app", ONE, on_removal="destroy", depends_on="[net]").once("net")
    team.once("app")
    team.leave("app", "net")
    assert verdict(team.go("net")) == (Sync.OUT_OF_SYNC, State.HELD, "DependencyNotReady")
    ran = daemon.run(team.removals(), _going(team), workers=2, stop=threading.Event())
    assert [one.conclusion.reason for one in ran] == ["AwaitingApproval", "DependencyNotReady"]
    team.approve("app")
    ran = daemon.run(team.removals(), _going(team), workers=2, stop=threading.Event())
    assert [one.conclusion.reason for one in ran] == ["Destroyed", "AwaitingApproval"]


def _going(team: Shop) -> Callable[..., Passed]:
    return lambda errand: reconcile(team.world, errand)


def test_a_stack_on_which_one_in_git_depends_is_not_destroyed(team: Shop) -> None:
    team.stack("net", ONE, on_removal="destroy").stack("app", ONE, depends_on="[net]").once("net")
    team.once("app")
    passed = team.leave("net").go("net")
    assert verdict(passed)[1:] == (State.HELD, "DependencyNotReady")
    assert "app depends on it" in passed.conclusion.message


def test_a_dependent_that_cannot_be_destroyed_either_still_keeps_what_it_needs(team: Shop) -> None:
    team.stack("other", ONE).stack("net", ONE, on_removal="destroy")
    team.stack("app", ONE, on_removal="destroy", depends_on="[net]", prune="approve").once("net")
    team.once("app")
    team.leave("app", "net").removals()
    never = Floor(policy=Policy(hazards=DEFAULT_HAZARDS, prune=Requirement.NEVER))
    team.world = replace(team.world, floor=never)
    assert set(team.removals()) == {"net"}
    assert verdict(team.go("net"))[1:] == (State.HELD, "DependencyNotReady")


def test_a_stack_that_git_suspended_is_not_destroyed(team: Shop) -> None:
    applied(team, "old").stack("old", ONE, on_removal="destroy", suspend="true").once("old")
    assert verdict(team.leave("old").go("old"))[1] is State.SUSPENDED


def test_a_destruction_that_fails_is_told_and_tried_again_under_the_same_word(team: Shop) -> None:
    leaving(team, FAILING).go("old")
    team.approve("old")
    assert verdict(team.go("old"))[1:] == (State.STALLED, "ApplyFailed")
    assert resources(team, "old") == {"one"}
    again = team.go("old")
    assert verdict(again)[1:] == (State.STALLED, "ApplyFailed")
    assert team.record("old").resources == 1
    team.stack("old", FAILING, on_removal="destroy")
    assert team.once("old").conclusion.reason == "UpToDate"


def test_a_definition_that_today_is_too_weak_stalls_and_says_what_to_do(team: Shop) -> None:
    leaving(team, prune="approve")
    never = Floor(policy=Policy(hazards=DEFAULT_HAZARDS, prune=Requirement.NEVER))
    team.world = replace(team.world, floor=never)
    assert team.removals() == {}
    record = team.record("old")
    assert (record.state, record.reason) == ("Stalled", "InvalidDefinition")
    assert "put the definition back, mend it, and remove it again" in record.message
    assert told(team, "old")["state"] == "Stalled"


def test_a_stack_that_never_had_a_plan_has_nothing_to_destroy(team: Shop) -> None:
    team.stack("other", ONE).stack("old", ONE, on_removal="destroy").errand("old")
    assert team.leave("old").removals() == {}
    assert told(team, "old")["state"] == "Removed"


def test_a_state_that_is_empty_already_needs_nobody(team: Shop) -> None:
    leaving(team)
    team.state_file("old").unlink()
    assert verdict(team.go("old")) == (Sync.SYNCED, State.REMOVED, "Destroyed")
    assert team.record("old").message == "left Git, and nothing was left to destroy"


def test_a_stack_is_destroyed_from_its_last_good_definition(team: Shop) -> None:
    applied(team, "old", TWO, on_removal="destroy")
    good = team.repository.head()
    team.repository.write({"stacks/old/stack.yaml": "name: old\nmodul: x\n"}).commit()
    team.removals()
    team.leave("old")
    errand = team.removals()[StackName("old")]
    assert (errand.revision, errand.gone_at, errand.mode) == (good, team.repository.head(), Mode.DESTROY)


def renamed(team: Shop, hcl: str = ONE) -> Passed:
    """``old`` became ``new``, in another directory and with the same code."""
    applied(team, "old", hcl)
    team.leave("old").removals()
    return team.stack("new", hcl).once("new")


def test_a_renamed_stack_waits_before_it_makes_everything_a_second_time(team: Shop) -> None:
    passed = renamed(team)
    assert verdict(passed)[1] is State.AWAITING_APPROVAL
    assert "the stack old left Git with resources" in passed.conclusion.message
    assert "move the state first, or name it old" in passed.conclusion.message


def test_a_renamed_stack_whose_state_was_moved_goes_on(team: Shop) -> None:
    renamed(team)
    moved = team.state_file("new")
    moved.parent.mkdir(parents=True, exist_ok=True)
    team.state_file("old").rename(moved)
    assert verdict(team.once("new")) == (Sync.SYNCED, State.IDLE, "UpToDate")


def test_another_name_in_the_same_file_is_a_renamed_stack(team: Shop) -> None:
    applied(team, "old")
    team.repository.write({"stacks/old/stack.yaml": "name: new\n", "stacks/old/main.tf": TWO}).commit()
    assert "renamed stack starts with an empty state" in team.once("new").conclusion.message


def test_a_new_stack_with_other_code_is_no_renamed_one(team: Shop) -> None:
    applied(team, "old")
    team.leave("old").removals()
    assert verdict(team.stack("new", TWO).once("new"))[2] == "Applied"


def test_a_stack_that_was_renamed_with_its_backend_in_the_code_keeps_what_it_has(team: Shop) -> None:
    place = team.world.directory.root / "shared.tfstate"
    hcl = f'terraform {{\n  backend "local" {{\n    path = "{place}"\n  }}\n}}\n' + ONE
    applied(team, "old", hcl, on_removal="destroy").leave("old").stack("new", hcl)
    assert team.removals() == {}
    shown = told(team, "old")
    assert (shown["state"], shown["reason"]) == ("Removed", "StateTakenOver")
    assert verdict(team.once("new")) == (Sync.SYNCED, State.IDLE, "UpToDate")


def test_code_whose_backend_moved_to_that_of_another_stack_destroys_nothing(team: Shop) -> None:
    """The state that the last pass knew is its own; the one that its code names by now is not."""
    place = team.world.directory.root / "shared.tfstate"
    hcl = f'terraform {{\n  backend "local" {{\n    path = "{place}"\n  }}\n}}\n' + ONE
    applied(team, "old", on_removal="destroy").stack("new", hcl).once("new")
    team.stack("old", hcl, on_removal="destroy").errand("old")
    assert team.leave("old").removals() == {}
    assert told(team, "old")["reason"] == "StateTakenOver"

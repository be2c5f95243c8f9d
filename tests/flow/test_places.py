"""May two stacks keep one state, or one stack escape its rules by another name? Real Git and Terraform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.worlds import Shop

from tfreconcile.classify.model import HazardKind
from tfreconcile.errors import Waiting
from tfreconcile.gate.model import Act, Window
from tfreconcile.gate.policy import Floor, StackRules, StackWindow
from tfreconcile.observe.conditions import State
from tfreconcile.reconcile import status, survey
from tfreconcile.reconcile.one import Passed, reconcile
from tfreconcile.source.model import GateWish, StackName
from tfreconcile.store import places, removals, stacks

ONE = 'resource "terraform_data" "one" {\n  input = "v1"\n}\n'
CHANGED = ONE.replace("v1", "v2")
OLD, NEW = StackName("payments-prod"), StackName("zzz")
FREEZE = Window(allow=False, cron="0 0 * * *", duration=timedelta(hours=24), why="freeze")


def kept(path: Path, more: str = "") -> str:
    """A local backend, spelled in some way."""
    return f'terraform {{\n  backend "local" {{\n    path = "{path}"\n{more}  }}\n}}\n'


def frozen(team: Shop, *acts: Act) -> Shop:
    """The host shuts payments for good."""
    shut = replace(FREEZE, acts=frozenset(acts)) if acts else FREEZE
    floor = replace(Floor(), windows=(StackWindow(window=shut, stacks=("payments-*",)),))
    team.world = replace(team.world, floor=floor)
    return team


def reason(passed: Passed) -> tuple[State, str]:
    return passed.conclusion.state, passed.conclusion.reason


@pytest.mark.parametrize("name", ["zzz", "aaa"])
def test_a_second_stack_with_the_state_of_another_is_not_planned(team: Shop, name: str) -> None:
    team.stack(OLD, ONE).once(OLD)
    state = team.state_file(OLD)
    frozen(team).stack(name, kept(state) + CHANGED)
    passed = team.once(name)
    assert reason(passed) == (State.STALLED, "SharedState")
    assert "payments-prod keeps its state there" in passed.conclusion.message
    assert '"v2"' not in state.read_text()
    assert reason(team.once(OLD)) == (State.IDLE, "UpToDate")


@pytest.mark.parametrize("spelled", ["{0}/./x.tfstate", "{0}/a/../x.tfstate", "{0}/link/x.tfstate"])
def test_another_spelling_does_not_make_another_state(team: Shop, tmp_path: Path, spelled: str) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "a").mkdir()
    team.stack(OLD, kept(tmp_path / "x.tfstate") + ONE).once(OLD)
    other = kept(Path("PLACE")).replace("PLACE", spelled.format(tmp_path))
    assert reason(team.stack(NEW, other + CHANGED).once(NEW)) == (State.STALLED, "SharedState")


def test_a_workspace_does_not_make_another_state_of_the_same_file(team: Shop, tmp_path: Path) -> None:
    team.stack(OLD, kept(tmp_path / "w" / "prod" / "terraform.tfstate") + ONE).once(OLD)
    hcl = kept(tmp_path / "y", f'    workspace_dir = "{tmp_path}/w"\n') + CHANGED
    assert reason(team.stack(NEW, hcl, workspace="prod").once(NEW)) == (State.STALLED, "SharedState")


@pytest.mark.parametrize("computed", ['${"x"}', '${true ? "x" : "y"}', '${["x"][0]}', "\\u0078"])
def test_a_text_that_is_computed_does_not_hide_the_state_of_another(
    team: Shop, tmp_path: Path, computed: str
) -> None:
    team.stack(OLD, kept(tmp_path / "x.tfstate") + ONE).once(OLD)
    hidden = kept(Path("PLACE")).replace("PLACE", f"{tmp_path}/{computed}.tfstate")
    assert reason(team.stack(NEW, hidden + CHANGED).once(NEW)) == (State.STALLED, "SharedState")


def test_of_two_new_stacks_with_one_state_the_later_by_name_is_not_planned(
    team: Shop, tmp_path: Path
) -> None:
    hcl = kept(tmp_path / "x.tfstate")
    team.stack("bbb", hcl + CHANGED).stack("aaa", hcl + ONE)
    assert reason(team.once("bbb")) == (State.STALLED, "SharedState")
    assert reason(team.once("aaa")) == (State.IDLE, "Applied")


def test_a_stack_that_moves_its_backend_keeps_both_places_until_it_is_in_effect(
    team: Shop, tmp_path: Path
) -> None:
    team.stack(OLD, kept(tmp_path / "x.tfstate") + ONE).once(OLD)
    team.stack(OLD, kept(tmp_path / "y.tfstate") + ONE).once(OLD)
    for name in ("x", "y"):
        team.stack(NEW, kept(tmp_path / f"{name}.tfstate") + CHANGED)
        assert reason(team.once(NEW)) == (State.STALLED, "SharedState")


def test_a_state_is_free_once_its_stack_moved(team: Shop, tmp_path: Path) -> None:
    team.stack(OLD, kept(tmp_path / "x.tfstate") + ONE).once(OLD)
    (tmp_path / "x.tfstate").rename(tmp_path / "y.tfstate")
    team.stack(OLD, kept(tmp_path / "y.tfstate") + ONE).once(OLD)
    team.stack(NEW, kept(tmp_path / "x.tfstate") + ONE)
    assert reason(team.once(NEW))[1] == "Applied"


def test_who_took_a_state_over_keeps_it_when_the_old_name_comes_back(team: Shop, tmp_path: Path) -> None:
    hcl = kept(tmp_path / "x.tfstate") + ONE
    team.stack("other", ONE).stack(OLD, hcl).once(OLD)
    team.leave(OLD).stack(NEW, hcl).once(NEW)
    team.stack(OLD, hcl)
    assert reason(team.once(OLD)) == (State.STALLED, "SharedState")
    assert reason(team.once(NEW)) == (State.IDLE, "UpToDate")


@pytest.mark.parametrize("more", ["", '    workspace_dir = "/srv/w"\n'])
def test_an_heir_that_spells_the_backend_in_another_way_keeps_its_resources(
    team: Shop, tmp_path: Path, more: str
) -> None:
    state = tmp_path / "x.tfstate"
    team.stack("other", ONE).stack(OLD, kept(state) + ONE, on_removal="destroy").once(OLD)
    team.leave(OLD).stack(NEW, kept(tmp_path / "." / "x.tfstate", more) + ONE)
    assert team.removals() == {}
    assert team.record(OLD).reason == "StateTakenOver"
    assert reason(team.once(NEW)) == (State.IDLE, "UpToDate")


def test_an_heir_that_names_the_place_of_the_hosts_default_keeps_its_resources(team: Shop) -> None:
    team.stack("other", ONE).stack(OLD, ONE, on_removal="destroy").once(OLD)
    team.leave(OLD).stack(NEW, kept(team.state_file(OLD)) + ONE)
    assert team.removals() == {}


def test_a_removal_whose_state_was_taken_over_meanwhile_destroys_nothing(team: Shop) -> None:
    team.stack("other", ONE).stack(OLD, ONE, on_removal="destroy").once(OLD)
    team.leave(OLD).go(OLD)
    errand = team.removals()[OLD]
    team.approve(OLD)
    place = team.record(OLD).place
    assert place is not None
    stacks.ensure(team.world.store, NEW, "stacks/zzz/stack.yaml")
    assert places.claim(team.world.store, NEW, place) is None
    assert reason(reconcile(team.world, errand)) == (State.STALLED, "SharedState")
    with (
        team.world.store.write() as session,
        pytest.raises(Waiting, match="zzz keeps its state in the same place"),
    ):
        removals.require(session, OLD, removing=True, at=team.clock.now)
    assert '"v1"' in team.state_file(OLD).read_text()


def test_a_removal_says_that_nobody_can_tell_whose_state_it_is(team: Shop, tmp_path: Path) -> None:
    team.stack("other", ONE).stack(OLD, ONE, on_removal="destroy").once(OLD)
    hidden = kept(Path("PLACE")).replace("PLACE", f'{tmp_path}/${{true ? "x" : ""}}.tfstate')
    team.leave(OLD).stack(NEW, hidden + ONE).go(OLD)
    shown = [one for one in status.hazards(team.pending(OLD)) if isinstance(one, Mapping)]
    detail = next(str(one["detail"]) for one in shown if one["kind"] == HazardKind.STACK_REMOVED)
    assert "nobody can tell whether zzz keeps its state in the same place" in detail


@pytest.mark.parametrize("on_removal", ["orphan", "destroy"])
def test_another_name_does_not_open_the_windows_of_a_stack(
    team: Shop, tmp_path: Path, on_removal: str
) -> None:
    hcl = kept(tmp_path / "x.tfstate")
    team.stack("other", ONE).stack(OLD, hcl + ONE, on_removal=on_removal).once(OLD)
    frozen(team).leave(OLD).stack(NEW, hcl + CHANGED).removals()
    passed = team.once(NEW)
    assert passed.conclusion.state is State.HELD
    assert "freeze" in passed.conclusion.message
    assert '"v2"' not in (tmp_path / "x.tfstate").read_text()


def test_another_name_does_not_lower_the_quorum_of_a_stack(team: Shop) -> None:
    asks = GateWish(required=2, approvers=("*@payments.example.com",))
    team.world = replace(
        team.world, floor=replace(Floor(), stacks=(StackRules(stacks="payments-*", asks=asks),))
    )
    team.stack("other", ONE).stack(OLD, ONE).once(OLD)
    team.leave(OLD).stack(NEW, ONE).once(NEW)
    rules = status.rules(team.pending(NEW))
    assert (rules.required, rules.approvers) == (2, (("*",), ("*@payments.example.com",)))


def test_a_stack_that_moves_to_the_state_of_one_that_left_is_held_to_its_rules(
    team: Shop, tmp_path: Path
) -> None:
    hcl = kept(tmp_path / "x.tfstate")
    team.stack(OLD, hcl + ONE).stack(NEW, ONE).once(OLD)
    team.once(NEW)
    frozen(team).leave(OLD).stack(NEW, hcl + CHANGED).once(NEW)
    team.approve(NEW)
    assert "freeze" in team.once(NEW).conclusion.message


def test_a_renamed_stack_is_free_of_its_former_name_once_it_was_applied(team: Shop, tmp_path: Path) -> None:
    hcl = kept(tmp_path / "x.tfstate")
    team.stack("other", ONE).stack(OLD, hcl + ONE).once(OLD)
    team.leave(OLD).stack(NEW, hcl + ONE).once(NEW)
    frozen(team).stack(NEW, hcl + CHANGED)
    assert reason(team.once(NEW))[1] == "Applied"


def test_a_plan_of_a_renamed_stack_waits_for_the_windows_of_its_former_name(team: Shop) -> None:
    team.stack("other", ONE).stack(OLD, ONE).once(OLD)
    frozen(team, Act.PLAN).leave(OLD).stack(NEW, ONE)
    assert "freeze" in team.once(NEW).conclusion.message


def test_a_survey_gives_each_place_to_one_stack(team: Shop, tmp_path: Path) -> None:
    hcl = kept(tmp_path / "x.tfstate") + ONE
    team.stack("bbb", hcl).stack("aaa", hcl)
    survey.survey(team.world)
    assert team.record("aaa").claimed is not None
    assert team.record("bbb").claimed is None

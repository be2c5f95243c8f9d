"""Do passes know who asked for a change, and when? Real Git, real Terraform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from support.worlds import Shop

from tfreconcile.gate.model import Window
from tfreconcile.gate.policy import Floor, StackWindow
from tfreconcile.observe.conditions import State
from tfreconcile.reconcile import status

ONE = 'resource "terraform_data" "one" {\n  input = "%s"\n}\n'
BOT = "dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>"


def _kinds(team: Shop, name: str) -> set[str]:
    found = status.hazards(team.pending(name))
    return {str(one["kind"]) for one in found if isinstance(one, Mapping)}


def _bot_commits(team: Shop, hcl: str) -> None:
    team.repository.write({"stacks/app/main.tf": hcl})
    team.repository.git("add", "--all")
    team.repository.git("commit", "--quiet", "--author", BOT, "-m", "Bump")


def test_what_a_robot_wrote_waits_for_a_person(team: Shop) -> None:
    team.stack("app", ONE % "1")
    assert team.once("app").conclusion.state is State.IDLE
    _bot_commits(team, ONE % "2")
    assert team.once("app").conclusion.state is State.AWAITING_APPROVAL
    assert _kinds(team, "app") == {"unattended-author"}
    team.approve("app")
    assert team.once("app").conclusion.state is State.IDLE


def test_a_merge_by_a_person_does_not_hide_what_a_robot_wrote(team: Shop) -> None:
    team.stack("app", ONE % "1")
    team.once("app")
    team.repository.git("switch", "--quiet", "--create", "bump")
    _bot_commits(team, ONE % "2")
    team.repository.git("switch", "--quiet", "main")
    team.repository.git("merge", "--quiet", "--no-ff", "-m", "Merge", "bump")
    assert team.once("app").conclusion.state is State.AWAITING_APPROVAL


def test_a_robot_that_takes_a_file_away_is_seen(team: Shop) -> None:
    team.repository.write({"stacks/app/two.tf": 'output "two" {\n  value = 2\n}\n'})
    team.stack("app", ONE % "1")
    team.once("app")
    team.repository.git("rm", "--quiet", "stacks/app/two.tf")
    team.repository.git("commit", "--quiet", "--author", BOT, "-m", "Tidy")
    team.repository.write({"stacks/app/main.tf": ONE % "2"}).commit()
    assert team.once("app").conclusion.state is State.AWAITING_APPROVAL


def test_a_robot_elsewhere_and_a_robot_of_yesterday_are_none_of_it(team: Shop) -> None:
    team.stack("app", ONE % "1").stack("other", ONE % "1")
    _bot_commits(team, ONE % "2")
    team.once("app")
    team.approve("app")
    assert team.once("app").conclusion.state is State.IDLE
    team.repository.write({"stacks/other/main.tf": ONE % "9"})
    team.repository.git("add", "--all")
    team.repository.git("commit", "--quiet", "--author", BOT, "-m", "Bump the other one")
    team.stack("app", ONE % "3")
    assert team.once("app").conclusion.state is State.IDLE


@pytest.mark.parametrize(("hour", "state"), [(12, State.IDLE), (13, State.AWAITING_APPROVAL)])
def test_outside_of_the_working_hours_a_change_waits(team: Shop, hour: int, state: State) -> None:
    hours = Window(allow=True, cron=f"0 {hour} * * *", duration=timedelta(hours=1))
    team.world = replace(team.world, floor=Floor(working_hours=(StackWindow(window=hours),)))
    team.stack("app", ONE % "1")
    assert team.once("app").conclusion.state is state


def test_under_four_eyes_the_word_of_an_author_does_not_count(team: Shop) -> None:
    policy = Floor().policy
    strict = replace(policy, approvals=replace(policy.approvals, four_eyes=True))
    team.world = replace(team.world, floor=Floor(policy=strict))
    team.stack("app", ONE % "1")
    assert team.once("app").conclusion.state is State.IDLE, "nothing asks for a word"
    team.stack("app", "")
    assert team.once("app").conclusion.state is State.AWAITING_APPROVAL
    team.approve("app", by="ana@example.com")
    assert team.once("app").conclusion.state is State.AWAITING_APPROVAL
    team.approve("app", by="bo@example.com")
    assert team.once("app").conclusion.state is State.IDLE


def test_an_author_of_something_else_may_approve_the_first_apply(team: Shop) -> None:
    policy = Floor().policy
    strict = replace(policy, approvals=replace(policy.approvals, four_eyes=True))
    team.world = replace(team.world, floor=Floor(policy=strict))
    team.repository.write({"elsewhere.txt": "x"})
    team.repository.git("add", "--all")
    team.repository.git("commit", "--quiet", "--author", "Bo <bo@example.com>", "-m", "Elsewhere")
    _bot_commits(team, ONE % "1")
    team.stack("app", ONE % "1")
    assert team.once("app").conclusion.state is State.AWAITING_APPROVAL
    team.approve("app", by="bo@example.com")
    assert team.once("app").conclusion.state is State.IDLE

"""Every kind of change is called by its right name, from real plans of both engines."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.team import DATA, Team

pytestmark = pytest.mark.e2e

MOVED = "moved {\n  from = terraform_data.old\n  to   = terraform_data.new\n}\n"
REMOVED = "removed {\n  from = terraform_data.f\n  lifecycle {\n    destroy = false\n  }\n}\n"
IMPORT = 'import {\n  to = terraform_data.i\n  id = "known"\n}\n'
OUTPUT = 'output "o" {\n  value = "%s"\n}\n'
CHECK = (
    'check "c" {\n  assert {\n    condition     = terraform_data.a.output == "%s"\n'
    '    error_message = "not so"\n  }\n}\n'
)


def _last_plan(team: Team) -> Any:
    return team.run("history", "app", "-o", "json").json["plans"][0]


def _kinds(plan: Any) -> list[tuple[str, str, str]]:
    return [(one["address"], one["kind"], one["cause"]) for one in plan["changes"]]


def test_a_no_op_is_nothing(team: Team) -> None:
    team.stack("app", DATA % ("a", "1")).commit().once()
    assert team.once("--all")["app"]["reason"] == "UpToDate"
    assert len(team.run("history", "app", "-o", "json").json["plans"]) == 1, "an empty plan is no history"


def test_an_output_alone_is_an_output_and_is_applied(team: Team) -> None:
    team.stack("app", DATA % ("a", "1") + OUTPUT % "1").commit().once()
    team.stack("app", DATA % ("a", "1") + OUTPUT % "2").commit()
    assert team.once()["app"]["sync"] == "Synced"
    assert _kinds(_last_plan(team)) == [("output.o", "output", "git")]


def test_a_move_is_a_move_and_destroys_nothing(team: Team) -> None:
    team.stack("app", DATA % ("old", "1")).commit().once()
    team.stack("app", DATA % ("new", "1") + MOVED).commit()
    assert team.once()["app"]["sync"] == "Synced"
    plan = _last_plan(team)
    assert _kinds(plan) == [("terraform_data.new", "move", "git")]
    assert plan["changes"][0]["hazards"] == []
    assert team.addresses("app") == {"terraform_data.new"}


def test_an_import_is_an_import(team: Team) -> None:
    team.stack("app", IMPORT + 'resource "terraform_data" "i" {}\n').commit()
    assert team.once()["app"]["sync"] == "Synced"
    assert _kinds(_last_plan(team)) == [("terraform_data.i", "import", "git")]


def test_a_forgotten_resource_is_held_though_nothing_is_deleted(team: Team) -> None:
    team.stack("app", DATA % ("f", "1") + DATA % ("g", "1")).commit().once()
    team.stack("app", DATA % ("g", "1") + REMOVED).commit()
    held = team.once(code=3)["app"]
    assert (held["pending"]["forget"], held["pending"]["delete"]) == (1, 0)
    assert [hazard["kind"] for hazard in held["pending"]["hazards"]] == ["forget"]
    team.approve("app")
    team.once()
    assert team.addresses("app") == {"terraform_data.g"}


def test_a_tainted_resource_is_a_replacement_that_says_tainted(team: Team) -> None:
    team.stack("app", DATA % ("a", "1") + DATA % ("b", "1")).commit().once()
    file = team.state / "tfstate" / "app" / "terraform.tfstate"
    state = json.loads(file.read_text())
    state["resources"][0]["instances"][0]["status"] = "tainted"
    state["serial"] += 1
    file.write_text(json.dumps(state))
    held = team.once("--all", code=3)["app"]
    assert held["pending"]["replace"] == 1
    assert [(hazard["kind"], "tainted" in hazard["detail"]) for hazard in held["pending"]["hazards"]] == [
        ("replace", True)
    ]
    assert _last_plan(team)["changes"][0]["cause"] == "other"


def test_a_failing_check_makes_the_stack_progressing_then_degraded(team: Team) -> None:
    team.stack("app", DATA % ("a", "1") + CHECK % "9").commit()
    stack = team.once(code=3)["app"]
    assert (stack["sync"], stack["health"]) == ("Synced", "Progressing")
    team.stack("app", DATA % ("a", "1") + CHECK % "1").commit()
    assert team.once()["app"]["health"] == "Healthy"


def test_a_precondition_that_fails_is_told_and_nothing_is_applied(team: Team) -> None:
    guarded = (
        'variable "ok" {\n  default = false\n}\n'
        'resource "terraform_data" "a" {\n  lifecycle {\n    precondition {\n      condition     = var.ok\n'
        '      error_message = "never"\n    }\n  }\n}\n'
    )
    team.stack("app", guarded).commit()
    stalled = team.once(code=1)["app"]
    assert (stalled["state"], stalled["reason"]) == ("Stalled", "PolicyInConfiguration")
    assert "main.tf:" in stalled["message"]
    assert not (team.state / "tfstate" / "app" / "terraform.tfstate").exists()


def test_a_plan_that_differs_each_time_cannot_hold_an_approval_and_is_refused(team: Team) -> None:
    team.stack("app", DATA % ("a", "1") + DATA % ("b", "1")).commit().once()
    stamped = 'resource "terraform_data" "a" {\n  triggers_replace = [plantimestamp()]\n}\n'
    team.stack("app", DATA % ("b", "1") + stamped).commit()
    refused = team.once(code=1)["app"]
    assert refused["state"] == "Refused"
    assert "differs each time" in refused["message"]

"""A denied plan is refused, and what the host forbids never runs."""

from __future__ import annotations

import pytest
from support.team import DATA, CloudTeam, Team

pytestmark = pytest.mark.e2e

PUBLIC = """package main

import rego.v1

deny contains {"msg": msg, "resource": rc.address} if {
	some rc in input.resource_changes
	rc.type == "aws_sqs_queue"
	rc.change.after.visibility_timeout_seconds > 60
	msg := sprintf("%s: messages stay invisible for more than a minute", [rc.address])
}
"""
QUEUE = 'resource "aws_sqs_queue" "q" {\n  name = "q"\n  visibility_timeout_seconds = %s\n}\n'
UNKNOWN = DATA % ("seconds", "90") + QUEUE % "terraform_data.seconds.output"
CANARY = 'resource "terraform_data" "one" {\n  provisioner "local-exec" {\n    command = "touch %s"\n  }\n}\n'


def test_a_denied_plan_is_refused_and_the_stack_is_untouched(cloud: CloudTeam) -> None:
    policies = cloud.home / "policies"
    policies.mkdir()
    (policies / "queues.rego").write_text(PUBLIC)
    cloud.configure(gate={"policy": {"rego": ["policies"], "engine": "regorus"}})
    queues = cloud.aws.client("sqs")
    cloud.aws_stack("app", QUEUE % "90").commit()
    refused = cloud.once(code=1)["app"]
    assert refused["state"] == "Refused"
    assert "messages stay invisible" in refused["message"]
    assert "QueueUrls" not in queues.list_queues()
    answer = cloud.run("approve", "app", "--plan", refused["pending"]["fingerprint"], "--yes")
    assert answer.code == 2, "nobody can approve what policy denies"
    cloud.aws_stack("app", UNKNOWN).commit()
    refused = cloud.once(code=1)["app"]
    assert "known only after the apply" in refused["message"]
    assert "QueueUrls" not in queues.list_queues()
    cloud.aws_stack("app", QUEUE % "30").commit().once()
    assert len(queues.list_queues()["QueueUrls"]) == 1


def test_a_provisioner_in_git_never_runs_where_it_is_forbidden(team: Team) -> None:
    canary = team.home / "canary"
    team.configure(gate={"configuration": {"provisioners": "deny", "providers": []}})
    team.stack("app", CANARY % canary).commit()
    stalled = team.once(code=1)["app"]
    assert (stalled["state"], stalled["reason"]) == ("Stalled", "ConfigurationForbidden")
    assert "stacks/app/main.tf:1:" in stalled["message"]
    assert not canary.exists()
    assert not (team.state / "terraform" / "app").exists(), "not even init has run"
    team.stack("app", DATA % ("one", "1")).commit().once()
    assert team.addresses("app") == {"terraform_data.one"}

"""What becomes of real resources when a stack leaves Git, and when an ignore rule ends?"""

from __future__ import annotations

import pytest
from support.team import DATA, QUEUE, CloudTeam

pytestmark = pytest.mark.e2e

GOES = {"on_removal": "destroy"}
RULE = {
    "address": "aws_sqs_queue.*",
    "attributes": ["visibility_timeout_seconds"],
    "until": "2099-01-01",
    "why": "a consumer tunes it",
}


def _queues(cloud: CloudTeam) -> set[str]:
    """The queues that really exist."""
    found = cloud.aws.client("sqs").list_queues().get("QueueUrls", [])
    return {url.rpartition("/")[2] for url in found}


def _timeout(cloud: CloudTeam, *, set_to: str | None = None) -> str:
    """The visibility timeout of the queue, changed by hand first if asked for."""
    sqs = cloud.aws.client("sqs")
    url = sqs.get_queue_url(QueueName="tuned")["QueueUrl"]
    if set_to is not None:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": set_to})
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    return str(found["Attributes"]["VisibilityTimeout"])


def test_a_stack_that_leaves_git_goes_through_the_gate_or_is_left_alone_or_comes_back(
    cloud: CloudTeam,
) -> None:
    for name, definition in (("old", GOES), ("kept", {}), ("back", GOES)):
        cloud.aws_stack(name, QUEUE % ("q", name, ""), definition)
    cloud.stack("rest", DATA % ("x", "1")).commit().once()
    for name in ("old", "kept", "back"):
        cloud.repository.remove(f"stacks/{name}")
    cloud.commit("Remove three stacks")
    stacks = cloud.once(code=3)
    assert {name: (one["state"], one["reason"]) for name, one in stacks.items()} == {
        "back": ("AwaitingApproval", "AwaitingApproval"),
        "kept": ("Removed", "LeftGit"),
        "old": ("AwaitingApproval", "AwaitingApproval"),
        "rest": ("Idle", "UpToDate"),
    }
    assert stacks["old"]["pending"]["delete"] == 1
    asked = {one["kind"]: one["requires"] for one in stacks["old"]["pending"]["hazards"]}
    assert asked["stack-removed"] == "approve"
    assert _queues(cloud) == {"old", "kept", "back"}
    cloud.approve("old", "--reason", "not needed any more")
    cloud.approve("back")
    cloud.aws_stack("back", QUEUE % ("q", "back", ""), GOES).commit("Put it back")
    stacks = cloud.once()
    assert (stacks["old"]["state"], stacks["old"]["reason"]) == ("Removed", "Destroyed")
    assert (stacks["back"]["state"], stacks["back"]["reason"]) == ("Idle", "UpToDate")
    assert _queues(cloud) == {"kept", "back"}
    assert cloud.addresses("old") == set()
    assert "it has no resources any more" in cloud.run("explain", "old").stdout


def test_drift_under_an_ignore_rule_stays_and_is_told_until_the_rule_ends(cloud: CloudTeam) -> None:
    hcl = QUEUE % ("q", "tuned", "  visibility_timeout_seconds = 30\n")
    cloud.aws_stack("tuned", hcl, {"ignore": [RULE]}).commit().once()
    _timeout(cloud, set_to="77")
    stack = cloud.once("--all")["tuned"]
    assert (stack["sync"], stack["drift"]["detected"], stack["ignored"]["count"]) == ("Synced", False, 1)
    assert stack["ignored"]["rules"][0]["why"] == "a consumer tunes it"
    assert "1 resource ignored" in cloud.run("status").stdout
    assert "hides 1 resource now: a consumer tunes it" in cloud.run("explain", "tuned").stdout
    cloud.aws_stack("tuned", hcl, {"ignore": [{**RULE, "until": "2020-01-01"}]}).commit()
    stopped = cloud.once(code=1)["tuned"]
    assert (stopped["state"], stopped["reason"]) == ("Stalled", "IgnoreRuleExpired")
    checked = cloud.run("validate", str(cloud.repository.path / "stacks"))
    assert (checked.code, "ended on 2020-01-01" in checked.text) == (2, True)
    assert _timeout(cloud) == "77"

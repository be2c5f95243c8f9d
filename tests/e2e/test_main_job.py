"""The main job, end to end: real Git, real Terraform, the real AWS provider, an AWS of the test's own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.team import QUEUE, CloudTeam

pytestmark = pytest.mark.e2e

BUCKET = 'resource "aws_s3_bucket" "%s" {\n  bucket = "%s"\n}\n'


def _queues(cloud: CloudTeam) -> set[str]:
    urls = cloud.aws.client("sqs").list_queues().get("QueueUrls", [])
    return {url.rsplit("/", 1)[1] for url in urls}


def _buckets(cloud: CloudTeam) -> set[str]:
    return {bucket["Name"] for bucket in cloud.aws.client("s3").list_buckets()["Buckets"]}


def _url(cloud: CloudTeam, name: str) -> str:
    found: str = cloud.aws.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    return found


def _timeout(cloud: CloudTeam, name: str) -> str:
    answer = cloud.aws.client("sqs").get_queue_attributes(
        QueueUrl=_url(cloud, name), AttributeNames=["VisibilityTimeout"]
    )
    found: str = answer["Attributes"]["VisibilityTimeout"]
    return found


def _retune(cloud: CloudTeam, name: str, seconds: int) -> None:
    cloud.aws.client("sqs").set_queue_attributes(
        QueueUrl=_url(cloud, name), Attributes={"VisibilityTimeout": str(seconds)}
    )


def test_what_git_wants_is_created_and_a_second_once_plans_nothing(cloud: CloudTeam) -> None:
    cloud.aws_stack("orders", QUEUE % ("a", "a", "") + QUEUE % ("b", "b", "")).commit()
    stacks = cloud.once()
    assert (stacks["orders"]["sync"], stacks["orders"]["state"]) == ("Synced", "Idle")
    assert _queues(cloud) == {"a", "b"}
    again = cloud.run("once", "-o", "json")
    assert (again.code, again.json["passed"]) == (0, [])
    assert cloud.once("--all")["orders"]["reason"] == "UpToDate"
    ends = [turn["outcome"] for turn in cloud.run("history", "-o", "json").json["passes"]]
    assert ends == ["Idle", "Idle", "Idle"]


def test_a_queue_deleted_by_hand_is_gone_and_is_created_again(cloud: CloudTeam) -> None:
    cloud.aws_stack("orders", QUEUE % ("a", "a", "") + QUEUE % ("b", "b", "")).commit().once()
    cloud.aws.client("sqs").delete_queue(QueueUrl=_url(cloud, "a"))
    cloud.once("--all")
    assert _queues(cloud) == {"a", "b"}
    healed = cloud.run("history", "orders", "-o", "json").json["plans"][0]
    change = next(one for one in healed["changes"] if one["address"] == "aws_sqs_queue.a")
    assert (change["cause"], change["drift"], healed["state"]) == ("drift", "gone", "applied")


def test_the_only_resource_of_a_stack_deleted_by_hand_is_drift_and_not_an_empty_state(
    cloud: CloudTeam,
) -> None:
    cloud.aws_stack("orders", QUEUE % ("a", "a", "")).commit().once()
    cloud.aws.client("sqs").delete_queue(QueueUrl=_url(cloud, "a"))
    assert cloud.once("--all")["orders"]["sync"] == "Synced"
    assert _queues(cloud) == {"a"}


def test_an_attribute_changed_by_hand_is_put_back(cloud: CloudTeam) -> None:
    cloud.aws_stack("orders", QUEUE % ("a", "a", "  visibility_timeout_seconds = 30\n")).commit().once()
    _retune(cloud, "a", 99)
    cloud.once("--all")
    assert _timeout(cloud, "a") == "30"
    healed = cloud.run("history", "orders", "-o", "json").json["plans"][0]["changes"]
    assert [(one["kind"], one["cause"], one["drift"]) for one in healed] == [("update", "drift", "reverting")]


def test_drift_is_held_when_the_stack_says_approve_and_healed_once_approved(cloud: CloudTeam) -> None:
    hcl = QUEUE % ("a", "a", "  visibility_timeout_seconds = 30\n")
    cloud.aws_stack("orders", hcl, {"drift": "approve"}).commit().once()
    _retune(cloud, "a", 99)
    held = cloud.once("--all", code=3)["orders"]
    assert held["state"] == "AwaitingApproval"
    assert held["drift"]["resources"] == [
        {
            "address": "aws_sqs_queue.a",
            "kind": "reverting",
            "attributes": ["visibility_timeout_seconds"],
            "why": "",
        }
    ]
    assert _timeout(cloud, "a") == "99"
    cloud.approve("orders")
    cloud.once()
    assert _timeout(cloud, "a") == "30"


def test_drift_that_is_only_reported_is_left_alone(cloud: CloudTeam) -> None:
    hcl = QUEUE % ("a", "a", "  visibility_timeout_seconds = 30\n")
    cloud.aws_stack("orders", hcl, {"drift": "report"}).commit().once()
    _retune(cloud, "a", 99)
    told = cloud.once("--all")["orders"]
    assert (told["sync"], told["reason"], told["drift"]["severity"]) == (
        "OutOfSync",
        "DriftReported",
        "reverting",
    )
    assert _timeout(cloud, "a") == "99"


def test_a_bucket_that_left_git_is_held_survives_is_approved_and_is_gone(cloud: CloudTeam) -> None:
    cloud.aws_stack("archive", BUCKET % ("keep", "keep") + BUCKET % ("drop", "drop")).commit().once()
    cloud.aws_stack("archive", BUCKET % ("keep", "keep")).commit("Drop a bucket")
    held = cloud.once(code=3)["archive"]
    assert held["pending"]["delete"] == 1
    kinds = {hazard["kind"] for hazard in held["pending"]["hazards"]}
    assert kinds == {"destroy", "stateful"}
    assert cloud.run("once").code == 3, "it still waits, though nothing is due"
    assert _buckets(cloud) == {"keep", "drop"}
    said = cloud.approve("archive", "--reason", "moved to the lake")
    assert "approved by" in said.stdout
    assert cloud.once()["archive"]["sync"] == "Synced"
    assert _buckets(cloud) == {"keep"}
    used = cloud.run("approvals", "archive", "-o", "json").json["approvals"]
    assert [(one["reason"], one["consumed_at"] is not None) for one in used] == [("moved to the lake", True)]
    done = cloud.run("history", "archive", "-o", "json").json["applies"][0]
    assert [(one["address"], one["action"], one["status"]) for one in done["outcomes"]] == [
        ("aws_s3_bucket.drop", "delete", "applied")
    ]


def test_a_table_deleted_by_hand_is_not_made_again_empty_without_a_word(cloud: CloudTeam) -> None:
    table = (
        'resource "aws_dynamodb_table" "t" {\n  name = "ledger"\n  billing_mode = "PAY_PER_REQUEST"\n'
        '  hash_key = "id"\n  attribute {\n    name = "id"\n    type = "S"\n  }\n}\n'
    )
    cloud.aws_stack("ledger", table + QUEUE % ("q", "q", "")).commit().once()
    cloud.aws.client("dynamodb").delete_table(TableName="ledger")
    held = cloud.once("--all", code=3)["ledger"]
    assert [hazard["kind"] for hazard in held["pending"]["hazards"]] == ["stateful"]
    assert cloud.aws.client("dynamodb").list_tables()["TableNames"] == []


def test_a_failed_apply_is_told_resource_by_resource(cloud: CloudTeam) -> None:
    cloud.aws.client("ssm").put_parameter(Name="/taken", Value="x", Type="String")
    parameter = 'resource "aws_ssm_parameter" "p" {\n  name = "/taken"\n  type = "String"\n  value = "y"\n}\n'
    cloud.aws_stack("settings", QUEUE % ("a", "a", "") + parameter).commit()
    failed = cloud.once(code=1)["settings"]
    assert (failed["state"], failed["reason"]) == ("Stalled", "ApplyFailed")
    done = cloud.run("history", "-o", "json").json["applies"][0]
    statuses = {one["address"]: one["status"] for one in done["outcomes"]}
    assert statuses == {"aws_sqs_queue.a": "applied", "aws_ssm_parameter.p": "failed"}
    error = next(one["error"] for one in done["outcomes"] if one["status"] == "failed")
    assert "ParameterAlreadyExists" in error


def test_a_wrong_account_stops_before_any_plan_and_names_both(cloud: CloudTeam) -> None:
    cloud.configure(account={"aws": "999999999999"})
    cloud.aws_stack("orders", QUEUE % ("a", "a", "")).stack(
        "plain", 'resource "terraform_data" "x" {}\n'
    ).commit()
    stacks = cloud.once(code=1)
    assert (stacks["orders"]["state"], stacks["orders"]["reason"]) == ("Stalled", "WrongAccount")
    assert "123456789012" in stacks["orders"]["message"]
    assert "999999999999" in stacks["orders"]["message"]
    assert stacks["plain"]["sync"] == "Synced", "a stack without AWS is not stopped"
    assert _queues(cloud) == set()


def test_state_can_live_in_s3_with_terraforms_own_locking(cloud: CloudTeam) -> None:
    cloud.aws.client("s3").create_bucket(Bucket="states")
    cloud.configure(backend={"s3": _s3(cloud)})
    cloud.aws_stack("orders", QUEUE % ("a", "a", "")).commit().once()
    kept = cloud.aws.client("s3").list_objects_v2(Bucket="states")["Contents"]
    assert [one["Key"] for one in kept] == ["team/orders/terraform.tfstate"]
    lock = {
        "ID": "1",
        "Operation": "OperationTypeApply",
        "Who": "ana@laptop",
        "Version": "1",
        "Created": "2026-01-01T00:00:00Z",
        "Path": "x",
    }
    cloud.aws.client("s3").put_object(
        Bucket="states", Key="team/orders/terraform.tfstate.tflock", Body=json.dumps(lock).encode()
    )
    cloud.aws_stack("orders", QUEUE % ("a", "a", "  delay_seconds = 5\n"), {"timeout": "2m"}).commit()
    locked = cloud.once(code=1)["orders"]
    assert (locked["state"], locked["reason"]) == ("Backoff", "StateLocked")
    assert "ana@laptop" in locked["message"]


def _s3(cloud: CloudTeam) -> dict[str, Any]:
    return {
        "bucket": "states",
        "key": "team/{stack}/terraform.tfstate",
        "region": "us-east-1",
        "use_lockfile": True,
        "use_path_style": True,
        "skip_credentials_validation": True,
        "skip_requesting_account_id": True,
        "skip_metadata_api_check": True,
        "skip_region_validation": True,
        "skip_s3_checksum": True,
        "endpoints": {"s3": cloud.aws.endpoint, "sts": cloud.aws.endpoint, "iam": cloud.aws.endpoint},
    }


def test_a_stack_acts_as_its_role_and_takes_values_from_the_cloud(cloud: CloudTeam) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}],
    }
    role = cloud.aws.client("iam").create_role(
        RoleName="deployer", AssumeRolePolicyDocument=json.dumps(trust)
    )
    cloud.aws.client("ssm").put_parameter(Name="/app/name", Value="from-ssm", Type="SecureString")
    definition = {"role": role["Role"]["Arn"], "variables_from": [{"ssm": "/app/name", "as": "name"}]}
    hcl = 'variable "name" {\n  type = string\n}\n' + 'resource "aws_sqs_queue" "q" {\n  name = var.name\n}\n'
    cloud.aws_stack("app", hcl, definition).commit().once()
    assert _queues(cloud) == {"from-ssm"}

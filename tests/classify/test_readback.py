"""What only looks like drift."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.judged import change, fixture, planned, strayed

from tfreconcile.classify.paths import dotted
from tfreconcile.classify.readback import block_of, real_drift
from tfreconcile.plan.document import Configured, Drift, Json, Kind, Plan

ROLE: dict[str, Json] = {"id": "r-00", "name": "r-00"}
GROUP: dict[str, Json] = {"id": "sg-1"}


def names(plan: Plan) -> dict[str, list[str]]:
    """The attributes of the real drift of a plan, by address."""
    return {
        address: sorted(dotted(path) for path in drift.paths) for address, drift in real_drift(plan).items()
    }


def set_in_code(type_: str, *attributes: str, module: str = "", name: str = "r") -> Configured:
    """A block that sets these attributes."""
    return Configured(
        module=module, type=type_, name=name, provider_key="aws", attributes=frozenset(attributes)
    )


def side(own: dict[str, Json], attribute: str, value: Json) -> Json:
    """A resource's value with one more attribute."""
    return {**own, attribute: value}


@pytest.mark.parametrize(
    "name",
    [
        "update_in_place",
        "replace_destroy_first",
        "delete_removed_from_config",
        "exposure_open_ssh",
        "exposure_public_bucket",
        "iam_widened",
        "stateful_delete",
        "protection_removed",
        "protection_removed_rds",
        "more/02_update",
        "more/03_replace_dbc",
        "more/26_noop",
    ],
)
def test_read_back_of_a_real_run_is_no_drift(name: str) -> None:
    plan = fixture(name)
    assert plan.drift
    assert names(plan) == {}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("drift_changed_reverting", {"aws_sqs_queue.chg": ["visibility_timeout_seconds"]}),
        ("drift_informational", {"aws_sqs_queue.ign": ["visibility_timeout_seconds"]}),
        ("drift_and_config", {"aws_sqs_queue.both": ["visibility_timeout_seconds"]}),
        ("drift_refresh_only", {"aws_sqs_queue.ro": ["visibility_timeout_seconds"]}),
        ("drift_deleted", {"aws_sqs_queue.gone": []}),
        ("drift_gone_and_removed", {"aws_sqs_queue.gr": []}),
    ],
)
def test_what_somebody_changed_stays(name: str, expected: dict[str, list[str]]) -> None:
    assert names(fixture(name)) == expected


def test_a_computed_value_that_the_code_sets_is_never_noise() -> None:
    drift = strayed({"status": "Enabled"}, {"status": "Suspended"}, "aws_eks_cluster.r")
    plan = planned(drift=(drift,))
    assert names(plan) == {}
    assert names(replace(plan, configured=(set_in_code("aws_eks_cluster", "status"),))) == {
        "aws_eks_cluster.r": ["status"]
    }


def test_the_block_of_an_instance_is_found_in_its_module() -> None:
    address = 'module.east["a.b"].aws_eks_cluster.r[0]'
    drift = replace(strayed({"status": "A"}, {"status": "B"}, address), type="aws_eks_cluster")
    block = set_in_code("aws_eks_cluster", "status", module="module.east")
    assert block_of(address) == "module.east.aws_eks_cluster.r"
    assert names(replace(planned(drift=(drift,)), configured=(block,))) == {address: ["status"]}


def role_drift(before: Json, after: Json, attribute: str) -> Drift:
    """A role one of whose attributes differs."""
    return strayed(side(ROLE, attribute, before), side(ROLE, attribute, after), "aws_iam_role.r")


def attachment(arn: str, role: str = "r-00") -> Plan:
    """A plan in which a policy is attached to a role by a resource of its own."""
    value: Json = {"role": role, "policy_arn": arn}
    return planned(
        change(Kind.NO_OP, "aws_iam_role_policy_attachment.a", before=value, after=value),
        drift=(role_drift([], ["arn:read"], "managed_policy_arns"),),
    )


def test_a_policy_that_the_plan_attaches_is_no_drift_of_the_role() -> None:
    assert names(attachment("arn:read")) == {}


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(attachment("arn:other"), id="another policy"),
        pytest.param(attachment("arn:read", role="r-01"), id="to another role"),
        pytest.param(replace(attachment("arn:read"), changes=()), id="nothing attaches any"),
        pytest.param(
            replace(attachment("arn:read"), configured=(set_in_code("aws_iam_role", "managed_policy_arns"),)),
            id="the role sets its own",
        ),
    ],
)
def test_a_policy_that_somebody_attached_by_hand_is_drift(plan: Plan) -> None:
    assert names(plan) == {"aws_iam_role.r": ["managed_policy_arns.0"]}


def test_an_inline_policy_that_nobody_manages_stays_visible_beside_one_that_is_managed() -> None:
    managed: Json = {"name": "app", "role": "r-00", "policy": "{}"}
    elements: Json = [{"name": "app", "policy": "{}"}, {"name": "backdoor", "policy": "*"}]
    plan = planned(
        change(Kind.NO_OP, "aws_iam_role_policy.p", before=managed, after=managed),
        drift=(role_drift([{"name": "", "policy": ""}], elements, "inline_policy"),),
    )
    assert "inline_policy.1.name" in names(plan)["aws_iam_role.r"]


def opened(port: int, *blocks: str) -> Json:
    """A rule as aws_security_group shows it."""
    return {
        "protocol": "tcp",
        "from_port": port,
        "to_port": port,
        "cidr_blocks": list(blocks),
        "self": False,
        "security_groups": [],
    }


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        pytest.param([opened(443, "10.0.0.0/8")], False, id="one rule"),
        pytest.param([opened(443, "10.0.0.0/8", "10.1.0.0/16")], False, id="two rules of one port"),
        pytest.param([opened(443, "10.0.0.0/8", "0.0.0.0/0")], True, id="one more block"),
        pytest.param([opened(22, "10.0.0.0/8")], True, id="another port"),
        pytest.param([opened(443, "10.0.0.0/8"), opened(22, "0.0.0.0/0")], True, id="one more rule"),
    ],
)
def test_only_rules_that_the_plan_manages_are_no_drift_of_a_group(seen: Json, expected: bool) -> None:
    managed: dict[str, Json] = {
        "type": "ingress",
        "security_group_id": "sg-1",
        "protocol": "tcp",
        "from_port": 443,
        "to_port": 443,
        "cidr_blocks": ["10.0.0.0/8"],
        "source_security_group_id": None,
    }
    newer: Json = {
        "security_group_id": "sg-1",
        "ip_protocol": "tcp",
        "from_port": 443,
        "to_port": 443,
        "cidr_ipv4": "10.1.0.0/16",
    }
    drift = strayed(side(GROUP, "ingress", []), side(GROUP, "ingress", seen), "aws_security_group.g")
    gathered: Json = {**managed, "cidr_blocks": ["10.0.0.0/8", "10.1.0.0/16"]}
    plan = planned(
        change(Kind.NO_OP, "aws_security_group_rule.a", before=gathered, after=gathered),
        change(Kind.NO_OP, "aws_vpc_security_group_ingress_rule.b", before=newer, after=newer),
        drift=(drift,),
    )
    assert bool(names(plan)) is expected


def test_a_rule_for_one_direction_does_not_account_for_the_other() -> None:
    managed: Json = {"type": "egress", "security_group_id": "sg-1", "protocol": "tcp", "cidr_blocks": ["::"]}
    seen: Json = [{"protocol": "tcp", "cidr_blocks": ["::"]}]
    rule = change(Kind.NO_OP, "aws_security_group_rule.a", before=managed, after=managed)
    for attribute, expected in (("egress", False), ("ingress", True)):
        drift = strayed(side(GROUP, attribute, []), side(GROUP, attribute, seen), "aws_security_group.g")
        assert bool(names(planned(rule, drift=(drift,)))) is expected


def test_the_versioning_of_a_bucket_shows_as_drift_of_the_resource_that_manages_it() -> None:
    bucket: dict[str, Json] = {"id": "b", "bucket": "b"}
    own: Json = {"bucket": "b", "versioning_configuration": [{"status": "Enabled"}]}
    drift = strayed(
        side(bucket, "versioning", [{"enabled": False}]),
        side(bucket, "versioning", [{"enabled": True}]),
        "aws_s3_bucket.b",
    )
    managed = planned(change(Kind.NO_OP, "aws_s3_bucket_versioning.v", before=own, after=own), drift=(drift,))
    assert names(managed) == {}
    assert names(planned(drift=(drift,))) == {"aws_s3_bucket.b": ["versioning.0.enabled"]}

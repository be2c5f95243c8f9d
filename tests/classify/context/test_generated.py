"""What a ``dynamic`` block gives that is not known yet, which a plan shows as if the cloud chose it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.judged import NO_DYNAMIC, assessed, change, planned, strayed

from tfreconcile.classify.model import HazardKind
from tfreconcile.plan.document import Address, Configured, Json, Kind, Plan
from tfreconcile.plan.dynamic import Generated


def _made(type_: str, block: str, module: str = "") -> Plan:
    """A new resource with a block of which all is unknown, though the configuration seems to lack it."""
    one = change(Kind.CREATE, f"{type_}.x", after={"name": "r"}, unknown={block: True, "id": True})
    one = replace(one, address=Address(f"{module}[0].{one.address}" if module else one.address))
    block_of = Configured(
        module=module, type=type_, name="x", provider_key="", attributes=frozenset({"name"})
    )
    return replace(planned(one), configured=(block_of,))


def _by(type_: str, block: str) -> Generated:
    return Generated(by_resource=frozenset({(type_, "x", block)}))


@pytest.mark.parametrize(
    ("type_", "block", "kind"),
    [
        ("aws_iam_role", "inline_policy", HazardKind.IAM),
        ("aws_s3_bucket", "grant", HazardKind.EXPOSURE),
        ("aws_security_group", "ingress", HazardKind.EXPOSURE),
    ],
)
def test_a_dynamic_block_that_is_not_known_yet_may_be_the_worst(
    type_: str, block: str, kind: HazardKind
) -> None:
    plan = _made(type_, block)
    (told,) = assessed(plan, generated=_by(type_, block)).changes
    assert [hazard.kind for hazard in told.hazards] == [kind]
    (quiet,) = assessed(plan, generated=NO_DYNAMIC).changes
    assert quiet.hazards == (), "the code is at hand and makes no such block: the cloud chooses"
    (unsure,) = assessed(plan, generated=None).changes
    assert [hazard.kind for hazard in unsure.hazards] == [kind], "the code is not at hand"


def test_a_dynamic_block_of_a_module_counts_for_each_of_its_resources() -> None:
    plan = _made("aws_iam_role", "inline_policy", "module.app")
    (told,) = assessed(plan, generated=_by("aws_iam_role", "inline_policy")).changes
    assert [hazard.kind for hazard in told.hazards] == [HazardKind.IAM]


def test_without_the_code_a_plain_attribute_is_still_left_to_the_cloud() -> None:
    (one,) = assessed(_made("aws_iam_policy", "policy"), generated=None).changes
    assert one.hazards == ()


def test_what_a_dynamic_block_sets_is_never_taken_for_read_back() -> None:
    was: Json = {"name": "g", "ingress": []}
    world: Json = {"name": "g", "ingress": [{"cidr_blocks": ["10.0.0.0/8"], "protocol": "tcp"}]}
    rule = change(
        Kind.NO_OP,
        "aws_security_group_rule.r",
        before={
            "type": "ingress",
            "security_group_id": "sg-1",
            "cidr_blocks": ["10.0.0.0/8"],
            "protocol": "tcp",
        },
    )
    group = "aws_security_group.x"
    named: dict[str, Json] = {"id": "sg-1"}
    assert isinstance(was, dict)
    assert isinstance(world, dict)
    plan = planned(rule, drift=(strayed({**named, **was}, {**named, **world}, group),))
    block = Configured(module="", type="aws_security_group", name="x", provider_key="")
    plan = replace(plan, configured=(block,))
    generated = _by("aws_security_group", "ingress")
    assert assessed(plan, generated=NO_DYNAMIC).drift == ()
    assert [one.address for one in assessed(plan, generated=generated).drift] == [group]

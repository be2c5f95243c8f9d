"""A block that the code makes with ``dynamic`` of what is not known yet: no plan shows what it gives."""

from __future__ import annotations

import pytest
from support.team import CloudTeam

pytestmark = pytest.mark.e2e

ROLE = """
resource "terraform_data" "u" {
  input = ["x"]
}
resource "aws_iam_role" "r" {
  name = "r"
  assume_role_policy = jsonencode({Version = "2012-10-17", Statement = [
    {Effect = "Allow", Action = "sts:AssumeRole", Principal = {Service = "ec2.amazonaws.com"}}
  ]})
  dynamic "inline_policy" {
    for_each = terraform_data.u.output
    content {
      name   = inline_policy.value
      policy = jsonencode({Version = "2012-10-17", Statement = [
        {Effect = "Allow", Action = "*", Resource = "*"}
      ]})
    }
  }
}
"""


def test_a_dynamic_block_that_may_give_all_rights_waits_for_a_person(cloud: CloudTeam) -> None:
    cloud.configure(account={})
    cloud.aws_stack("app", ROLE).commit()
    assert cloud.once(code=3)["app"]["state"] == "AwaitingApproval"
    (plan,) = cloud.run("history", "app", "-o", "json").json["plans"]
    hazards = {one["kind"] for change in plan["changes"] for one in change["hazards"]}
    assert hazards == {"iam"}
    assert cloud.aws.client("iam").list_roles()["Roles"] == []

"""An approval names an effect: it covers that, unchanged, once, and nothing else."""

from __future__ import annotations

import pytest
from support.team import DATA, CloudTeam, Team

pytestmark = pytest.mark.e2e

SECRET = 'variable "pw" {\n  type      = string\n  sensitive = true\n}\n'
KEEPER = 'resource "terraform_data" "keeper" {\n  triggers_replace = [%s]\n}\n'
FOUR = "".join(DATA % (name, "1") for name in ("w", "x", "y", "z"))


def _without(*names: str) -> str:
    return "".join(DATA % (name, "1") for name in ("w", "x", "y", "z") if name not in names)


def test_an_approval_does_not_cover_the_deletion_of_another_resource(team: Team) -> None:
    team.stack("app", FOUR).commit().once()
    team.stack("app", _without("x")).commit()
    team.once(code=3)
    team.approve("app")
    team.stack("app", _without("y")).commit()
    held = team.once(code=3)["app"]
    assert held["pending"]["approvals"]["given"] == 0
    assert team.addresses("app") == {f"terraform_data.{name}" for name in "wxyz"}


def test_a_second_deletion_beside_the_approved_one_is_asked_for_again(team: Team) -> None:
    team.stack("app", FOUR).commit().once()
    team.stack("app", _without("x")).commit()
    team.once(code=3)
    team.approve("app")
    team.stack("app", _without("x", "y")).commit()
    assert team.once(code=3)["app"]["state"] == "AwaitingApproval"
    assert len(team.addresses("app")) == 4


def test_an_approval_does_not_cover_another_variable_at_the_same_commit(cloud: CloudTeam) -> None:
    ssm = cloud.aws.client("ssm")
    ssm.put_parameter(Name="/size", Value="1", Type="String")
    hcl = 'variable "size" {\n  type = string\n}\n' + KEEPER % "var.size"
    cloud.stack("app", hcl, {"variables_from": [{"ssm": "/size", "as": "size"}]}).commit().once()
    ssm.put_parameter(Name="/size", Value="2", Type="String", Overwrite=True)
    first = cloud.once("--all", code=3)["app"]["pending"]["fingerprint"]
    cloud.approve("app")
    ssm.put_parameter(Name="/size", Value="3", Type="String", Overwrite=True)
    held = cloud.once(code=3)["app"]
    assert held["pending"]["fingerprint"] != first
    assert "was given for something else" in held["message"]


def test_an_approval_does_not_cover_a_changed_secret_and_nobody_sees_either(cloud: CloudTeam) -> None:
    ssm = cloud.aws.client("ssm")
    ssm.put_parameter(Name="/pw", Value="EXAMPLE-SECRET-OLD", Type="SecureString")
    hcl = SECRET + KEEPER % "var.pw"
    cloud.stack("app", hcl, {"variables_from": [{"ssm": "/pw", "as": "pw"}]}).commit().once()
    ssm.put_parameter(Name="/pw", Value="EXAMPLE-SECRET-NEW", Type="SecureString", Overwrite=True)
    cloud.once("--all", code=3)
    cloud.approve("app")
    ssm.put_parameter(Name="/pw", Value="EXAMPLE-SECRET-THIRD", Type="SecureString", Overwrite=True)
    assert cloud.once(code=3)["app"]["state"] == "AwaitingApproval"
    shown = cloud.run("diff", "app").text + cloud.run("history", "app", "-o", "json").text
    assert "(sensitive)" in shown
    assert "EXAMPLE-SECRET" not in shown


def test_a_harmless_extra_change_and_a_new_commit_do_not_void_an_approval(team: Team) -> None:
    team.stack("app", FOUR).commit().once()
    team.stack("app", _without("x")).commit()
    team.once(code=3)
    team.approve("app")
    team.stack("app", "# a comment\n" + _without("x") + DATA % ("extra", "1")).commit("Something harmless")
    assert team.once()["app"]["sync"] == "Synced"
    assert team.addresses("app") == {f"terraform_data.{name}" for name in ("w", "y", "z", "extra")}


def test_a_revoked_approval_does_nothing(team: Team) -> None:
    team.stack("app", FOUR).commit().once()
    team.stack("app", _without("x")).commit()
    team.once(code=3)
    team.approve("app")
    revoked = team.run("revoke", "app")
    assert revoked.code == 0, revoked.text
    assert team.once(code=3)["app"]["state"] == "AwaitingApproval"
    assert len(team.addresses("app")) == 4


def test_an_expired_approval_does_nothing(team: Team) -> None:
    short = {"gate": {"approvals": {"ttl": "1s"}}}
    team.stack("app", FOUR, short).commit().once()
    team.stack("app", _without("x"), short).commit()
    team.once(code=3)
    given = team.approve("app")
    assert "until" in given.stdout
    state = ""
    while not state.startswith("expired"):  # each turn is a whole process: it ends after one second
        state = team.run("approvals", "app", "-o", "json").json["approvals"][0]["state"]
    assert team.once(code=3)["app"]["state"] == "AwaitingApproval"
    assert len(team.addresses("app")) == 4


def test_a_used_approval_does_not_allow_the_same_deletion_again(team: Team) -> None:
    team.stack("app", FOUR).commit().once()
    team.stack("app", _without("x")).commit()
    team.once(code=3)
    team.approve("app")
    team.once()
    team.stack("app", FOUR).commit().once()
    team.stack("app", _without("x")).commit()
    assert team.once(code=3)["app"]["state"] == "AwaitingApproval"
    assert len(team.addresses("app")) == 4


def test_a_rejected_plan_stays_held_though_somebody_approves_it(team: Team) -> None:
    team.stack("app", FOUR).commit().once()
    team.stack("app", _without("x")).commit()
    team.once(code=3)
    team.approve("app")
    mark = team.status("app")["pending"]["fingerprint"][:12]
    rejected = team.run("reject", "app", "--plan", mark, "--yes", "--reason", "not this week")
    assert rejected.code == 0, rejected.text
    assert "not this week" in team.once(code=3)["app"]["message"]
    assert len(team.addresses("app")) == 4


def test_a_plan_that_is_gone_cannot_be_approved_by_its_old_name(team: Team) -> None:
    team.stack("app", FOUR).commit().once()
    team.stack("app", _without("x")).commit()
    old = team.once(code=3)["app"]["pending"]["fingerprint"]
    team.stack("app", _without("y")).commit()
    team.once(code=3)
    answer = team.run("approve", "app", "--plan", old[:12], "--yes")
    assert answer.code == 2
    assert "tfreconcile diff app" in answer.stderr


def test_two_people_are_needed_when_the_host_says_two(team: Team) -> None:
    team.configure(gate={"approvals": {"required": 2}})
    team.stack("app", FOUR).commit().once()
    team.stack("app", _without("x")).commit()
    team.once(code=3)
    team.approve("app")
    team.approve("app")
    held = team.once(code=3)["app"]
    assert "approved by 1 of 2" in held["message"], "one person who says yes twice is one person"
    assert len(team.addresses("app")) == 4


def test_losing_the_state_is_refused_and_nobody_can_approve_it(team: Team) -> None:
    team.stack("app", FOUR).commit().once()
    (team.state / "tfstate" / "app" / "terraform.tfstate").unlink()
    refused = team.once("--all", code=1)["app"]
    assert refused["state"] == "Refused"
    assert [hazard["kind"] for hazard in refused["pending"]["hazards"]] == ["empty-state"]
    answer = team.run("approve", "app", "--plan", refused["pending"]["fingerprint"], "--yes")
    assert answer.code == 2
    assert "refused" in answer.stderr


def test_a_moved_backend_is_a_hazard_and_never_a_silent_init(team: Team) -> None:
    own = 'terraform {\n  backend "local" {\n    path = "%s"\n  }\n}\n'
    team.stack("app", FOUR).commit().once()
    elsewhere = team.home / "elsewhere.tfstate"
    elsewhere.write_bytes((team.state / "tfstate" / "app" / "terraform.tfstate").read_bytes())
    team.stack("app", own % elsewhere + FOUR + DATA % ("new", "1")).commit()
    held = team.once(code=3)["app"]
    assert "backend-moved" in {hazard["kind"] for hazard in held["pending"]["hazards"]}
    team.approve("app")
    assert team.once()["app"]["sync"] == "Synced"


def test_an_approval_does_not_cover_what_a_value_known_later_will_say(team: Team) -> None:
    team.configure(gate={"apply": "approve"})
    code = (
        'resource "terraform_data" "bucket" {}\nresource "terraform_data" "policy" {\n'
        '  input = "principal=%s bucket=${terraform_data.bucket.id}"\n}\n'
    )
    team.stack("app", code % "admin").commit()
    team.once(code=3)
    team.approve("app")
    team.stack("app", code % "EVERYBODY").commit()
    assert team.once(code=3)["app"]["state"] == "AwaitingApproval"
    assert not (team.state / "tfstate" / "app" / "terraform.tfstate").exists()


def test_a_rejected_deletion_is_not_let_through_beside_a_harmless_change(team: Team) -> None:
    team.stack("app", FOUR).commit().once()
    team.stack("app", _without("x")).commit()
    team.once(code=3)
    team.approve("app")
    mark = team.status("app")["pending"]["fingerprint"][:12]
    assert team.run("reject", "app", "--plan", mark, "--yes").code == 0
    team.stack("app", _without("x") + DATA % ("extra", "1")).commit()
    assert "rejected by" in team.once(code=3)["app"]["message"]
    assert len(team.addresses("app")) == 4


def test_an_approval_under_one_role_is_not_used_under_another(cloud: CloudTeam) -> None:
    arn = "arn:aws:iam::123456789012:role/%s"
    cloud.configure(gate={"apply": "approve"})
    cloud.stack("app", DATA % ("a", "1"), {"role": arn % "one"}).commit()
    cloud.once(code=3)
    cloud.approve("app")
    cloud.stack("app", DATA % ("a", "1"), {"role": arn % "two"}).commit()
    assert cloud.once(code=3)["app"]["state"] == "AwaitingApproval"


def test_another_region_is_no_drift_to_be_healed(cloud: CloudTeam) -> None:
    from support.ground import aws_provider

    one = 'resource "aws_ssm_parameter" "%s" {\n  name = "/%s"\n  type = "String"\n  value = "v"\n}\n'
    code = aws_provider(cloud.aws.endpoint) + one % ("a", "a") + one % ("b", "b")
    cloud.stack("app", code).commit().once()
    cloud.stack("app", code.replace('"us-east-1"', '"eu-west-1"')).commit()
    refused = cloud.once(code=1)["app"]
    assert refused["state"] == "Refused"
    assert "region" in refused["message"]


def test_a_check_that_reads_a_data_source_leaves_the_stack_in_sync(team: Team) -> None:
    state = team.home / "other.tfstate"
    state.write_text(
        '{"version": 4, "terraform_version": "1.6.0", "serial": 1, "lineage": "x", "outputs": {}}'
    )
    check = (
        'check "c" {\n  data "terraform_remote_state" "r" {\n    backend = "local"\n'
        '    config  = { path = "%s" }\n  }\n  assert {\n'
        "    condition     = length(data.terraform_remote_state.r.outputs) == 0\n"
        '    error_message = "never"\n  }\n}\n'
    )
    team.stack("app", DATA % ("a", "1") + check % state).commit().once()
    assert team.once("--all")["app"]["reason"] == "UpToDate"


def test_a_stack_that_never_settles_is_held_and_not_applied_for_ever(team: Team) -> None:
    team.stack("app", 'resource "terraform_data" "a" {\n  input = uuid()\n}\n').commit()
    held = team.once(code=3)["app"]
    assert "NotConverging" in held["message"]
    assert len(team.run("history", "app", "-o", "json").json["applies"]) == 2
    assert "NotConverging" in team.once("--all", code=3)["app"]["message"]
    assert len(team.run("history", "app", "-o", "json").json["applies"]) == 2


def test_a_stack_waits_until_its_dependency_is_at_the_same_revision(team: Team) -> None:
    team.stack("net", DATA % ("a", "1"))
    team.stack("app", DATA % ("a", "1"), {"depends_on": ["net"]}).commit().once()
    team.stack("net", DATA % ("a", "2"))
    team.stack("app", DATA % ("a", "2"), {"depends_on": ["net"]}).commit()
    held = team.once("app", code=3)["app"]
    assert held["reason"] == "DependencyNotReady"
    assert {stack["sync"] for stack in team.once().values()} == {"Synced"}

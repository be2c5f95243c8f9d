"""What do policies and rules before init do to a whole pass? Real Git, SQLite and Terraform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from support.policies import RULES, V1
from support.repository import Repository
from support.serving import git_daemon
from support.worlds import Shop

from tfreconcile.classify.model import HazardKind
from tfreconcile.gate.configuration import ConfigurationRules
from tfreconcile.gate.model import Requirement
from tfreconcile.gate.policy import Floor
from tfreconcile.observe.conditions import State
from tfreconcile.policies.model import PolicyRules
from tfreconcile.reconcile import status, survey
from tfreconcile.reconcile.one import reconcile

ONE = 'resource "terraform_data" "one" {\n  input = "%s"\n}\n'
UNKNOWN = ONE % "good" + 'resource "terraform_data" "two" {\n  input = terraform_data.one.id\n}\n'
DENY_BAD = (
    V1 + "deny contains msg if {\n  some rc in input.resource_changes\n"
    '  rc.change.after.input == "bad"\n  msg := sprintf("%s is %s", [rc.address, rc.change.after.input])\n}\n'
)
WARN = V1 + 'warn contains "careful" if count(input.resource_changes) > 0\n'
BROKEN = V1 + "deny contains msg if {\n"


def _policies(team: Shop, home: Path, text: str = "", *, git: tuple[str, ...] = ()) -> None:
    """Hold the shop's plans to a policy of the host, and to those of Git."""
    rules = replace(RULES, git=git)
    if text:
        (home / "policies").mkdir(exist_ok=True)
        (home / "policies" / "main.rego").write_text(text)
        rules = replace(rules, rego=(home / "policies",))
    team.world = replace(team.world, policies=rules)


def _hazards(team: Shop) -> list[tuple[object, object]]:
    found = status.hazards(team.pending("app"))
    return [(one["kind"], one["detail"]) for one in found if isinstance(one, Mapping)]


def test_a_denied_plan_is_refused_and_nothing_is_applied(team: Shop, tmp_path: Path) -> None:
    _policies(team, tmp_path, DENY_BAD)
    passed = team.stack("app", ONE % "bad").once("app")
    assert passed.conclusion.state is State.REFUSED
    assert "policy main.deny: terraform_data.one is bad" in passed.conclusion.message
    assert not team.state_file("app").exists()


def test_a_plan_that_no_policy_denies_is_applied(team: Shop, tmp_path: Path) -> None:
    _policies(team, tmp_path, DENY_BAD)
    assert team.stack("app", ONE % "good").once("app").again
    assert team.state_file("app").exists()


def test_a_value_that_is_known_only_later_does_not_pass(team: Shop, tmp_path: Path) -> None:
    _policies(team, tmp_path, DENY_BAD)
    passed = team.stack("app", UNKNOWN).once("app")
    assert passed.conclusion.state is State.REFUSED
    assert "terraform_data.two: input is known only after the apply" in passed.conclusion.message
    assert not team.state_file("app").exists()


def test_a_policy_that_cannot_be_evaluated_blocks(team: Shop, tmp_path: Path) -> None:
    _policies(team, tmp_path, BROKEN)
    passed = team.stack("app", ONE % "good").once("app")
    assert (passed.conclusion.state, passed.conclusion.reason) == (State.STALLED, "PolicyError")
    assert not team.state_file("app").exists()


def test_a_warning_holds_only_where_the_host_says_so(team: Shop, tmp_path: Path) -> None:
    _policies(team, tmp_path, WARN)
    policy = Floor().policy
    hazards = {**policy.hazards, HazardKind.POLICY_WARNING: Requirement.APPROVE}
    floor = Floor(policy=replace(policy, hazards=hazards))
    team.world = replace(team.world, floor=floor)
    assert team.stack("app", ONE % "good").once("app").conclusion.state is State.AWAITING_APPROVAL
    assert ("policy-warning", "policy main.warn: careful") in _hazards(team)
    team.world = replace(team.world, floor=Floor())
    assert team.once("app").again


def test_a_policy_from_git_denies_and_its_exception_lifts_nothing_of_the_host(
    team: Shop, tmp_path: Path
) -> None:
    _policies(team, tmp_path, DENY_BAD, git=("policies/**/*.rego",))
    own = V1 + 'exception contains [""] if true\nwarn contains "from Git" if true\n'
    team.repository.write({"policies/deep/app.rego": own})
    passed = team.stack("app", ONE % "bad").once("app")
    assert passed.conclusion.state is State.REFUSED
    team.repository.write({"policies/deep/app.rego": V1 + 'deny contains "from Git" if true\n'})
    passed = team.stack("app", ONE % "good").once("app")
    assert "policy main.deny: from Git" in passed.conclusion.message
    assert not team.state_file("app").exists()


def test_policies_of_git_alone_hold_too_and_an_error_in_one_blocks(team: Shop, tmp_path: Path) -> None:
    _policies(team, tmp_path, git=("policies/*.rego",))
    assert team.stack("app", ONE % "good").once("app").again, "no policy is there yet"
    team.repository.write({"policies/app.rego": BROKEN})
    passed = team.stack("app", ONE % "new").once("app")
    assert passed.conclusion.reason == "PolicyError"
    assert "policies/app.rego" in passed.conclusion.message


def test_a_link_among_the_policies_of_git_is_no_policy(team: Shop, tmp_path: Path) -> None:
    _policies(team, tmp_path, git=("policies/*.rego",))
    folder = team.repository.path / "policies"
    folder.mkdir(parents=True)
    (folder / "a.rego").symlink_to("/etc/hostname")
    passed = team.stack("app", ONE % "good").once("app")
    assert passed.conclusion.reason == "PolicyError"
    assert "symlink" in passed.conclusion.message


def test_no_secret_of_the_plan_leaves_in_the_words_of_a_policy(team: Shop, tmp_path: Path) -> None:
    code = (
        'variable "pw" {\n  type = string\n  sensitive = true\n  default = "EXAMPLE-SECRET-PW"\n}\n'
        'resource "terraform_data" "one" {\n  input = var.pw\n}\n'
    )
    text = V1 + "deny contains rc.change.after.input if some rc in input.resource_changes\n"
    _policies(team, tmp_path, text)
    passed = team.stack("app", code).once("app")
    assert "EXAMPLE-SECRET" not in passed.conclusion.message + str(_hazards(team))
    assert "(sensitive)" in passed.conclusion.message


def test_nothing_is_evaluated_when_a_plan_does_nothing(team: Shop, tmp_path: Path) -> None:
    team.stack("app", ONE % "good").once("app")
    _policies(team, tmp_path, BROKEN)
    assert team.once("app").conclusion.state is State.IDLE


CANARY = 'resource "terraform_data" "one" {\n  provisioner "local-exec" {\n    command = "touch %s"\n  }\n}\n'
PROGRAM = 'data "external" "e" {\n  program = ["touch", "%s"]\n}\n'
REMOTE = 'module "m" {\n  source = "acme/%.0sx/aws"\n}\n'
VENDORED = (
    "stacks/app/terraform.d/plugins/registry.example.com/a/b/terraform-provider-b_1.0.0_linux_amd64.zip"
)


@pytest.mark.parametrize(
    ("rules", "code", "named"),
    [
        (ConfigurationRules(provisioners=False), CANARY, "stacks/app/main.tf:1:10: a provisioner of"),
        (ConfigurationRules(external_data=False), PROGRAM, "the program of data.external.e"),
        (ConfigurationRules(providers=()), PROGRAM, "the provider hashicorp/external is not allowed"),
        (ConfigurationRules(modules=()), REMOTE, "the module acme/x/aws"),
    ],
    ids=["provisioner", "external data", "provider", "module"],
)
def test_what_the_host_forbids_is_refused_before_anything_of_terraform_runs(
    team: Shop, tmp_path: Path, rules: ConfigurationRules, code: str, named: str
) -> None:
    canary = tmp_path / "canary"
    team.world = replace(team.world, configuration=rules)
    passed = team.stack("app", code % canary).once("app")
    assert (passed.conclusion.state, passed.conclusion.reason) == (State.STALLED, "ConfigurationForbidden")
    assert named in passed.conclusion.message
    assert not canary.exists()
    assert not list(team.world.directory.root.glob("terraform/app/*")), "init has not run"


def test_a_provider_binary_in_git_is_refused_where_providers_are_listed(team: Shop) -> None:
    team.world = replace(team.world, configuration=ConfigurationRules(providers=("*/*",)))
    team.repository.write({VENDORED: "PK"})
    passed = team.stack("app", ONE % "good").once("app")
    assert "the provider binary" in passed.conclusion.message
    assert not team.state_file("app").exists()


def test_what_init_installs_is_looked_at_before_a_plan(team: Shop, tmp_path: Path) -> None:
    rules = ConfigurationRules(external_data=False)
    team.world = replace(team.world, configuration=rules)
    assert team.stack("app", ONE % "good").once("app").again
    place = next(team.world.directory.root.glob("terraform/app"))
    (place / "modules" / "evil").mkdir(parents=True)
    (place / "modules" / "evil" / "main.tf").write_text(PROGRAM % (tmp_path / "canary"))
    entry = f'{{"Key": "evil", "Source": "x/y/z", "Dir": "{place}/modules/evil"}}'
    (place / "modules" / "modules.json").write_text(f'{{"Modules": [{entry}]}}')
    passed = team.stack("app", ONE % "good" + "# a comment\n").once("app")
    assert passed.conclusion.reason == "ConfigurationForbidden"
    assert "module.evil/main.tf:1:" in passed.conclusion.message


def test_rules_that_allow_it_change_nothing(team: Shop) -> None:
    rules = ConfigurationRules(providers=(), modules=(), provisioners=False, external_data=False)
    team.world = replace(team.world, configuration=rules, policies=PolicyRules())
    assert team.stack("app", ONE % "good").once("app").again


ABOUT = V1 + 'deny contains {"msg": "odd", "resource": rc.address} if some rc in input.resource_changes\n'


def test_a_finding_stands_with_the_change_that_it_names(team: Shop, tmp_path: Path) -> None:
    _policies(team, tmp_path, ABOUT)
    team.stack("app", ONE % "good").once("app")
    (change,) = team.pending("app").classification
    assert [one["address"] for one in _listed(change["hazards"])] == ["terraform_data.one"]


def _listed(found: object) -> list[Mapping[str, object]]:
    assert isinstance(found, list)
    return found


def _asking(team: Shop) -> None:
    policy = Floor().policy
    hazards = {**policy.hazards, HazardKind.POLICY: Requirement.APPROVE}
    team.world = replace(team.world, floor=Floor(policy=replace(policy, hazards=hazards)))


@pytest.mark.parametrize("other", ['deny contains "b" if true', 'deny contains "a" if true # still'])
def test_an_approval_of_one_finding_does_not_cover_another_or_another_policy(
    team: Shop, tmp_path: Path, other: str
) -> None:
    _asking(team)
    _policies(team, tmp_path, V1 + 'deny contains "a" if true\n')
    assert team.stack("app", ONE % "good").once("app").conclusion.state is State.AWAITING_APPROVAL
    team.approve("app")
    _policies(team, tmp_path, f"{V1}{other}\n")
    assert team.once("app").conclusion.state is State.AWAITING_APPROVAL
    team.approve("app")
    assert team.once("app").again


def test_the_code_of_a_remote_module_is_looked_at_before_it_runs(team: Shop, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    shared = Repository(tmp_path / "shared").write({"net/main.tf": CANARY % canary})
    shared.commit()
    with git_daemon(tmp_path) as server:
        _only_what_is_allowed_runs(team, f"git::{server}/shared", canary)


def _only_what_is_allowed_runs(team: Shop, address: str, canary: Path) -> None:
    team.stack("app", f'module "net" {{\n  source = "{address}//net"\n}}\n')
    pattern = f"{address}//**"
    rules = ConfigurationRules(modules=(pattern,), provisioners=False)
    team.world = replace(team.world, configuration=rules)
    passed = team.once("app")
    assert passed.conclusion.reason == "ConfigurationForbidden"
    assert "module.net/main.tf:1:10: a provisioner of terraform_data.one" in passed.conclusion.message
    team.world = replace(team.world, configuration=ConfigurationRules(modules=()))
    assert "main.tf:2:12: the module git::" in team.once("app").conclusion.message
    assert not canary.exists()
    team.world = replace(team.world, configuration=ConfigurationRules(modules=(pattern,)))
    assert team.once("app").again
    assert canary.exists(), "allowed, it runs: the test would see it"


@pytest.mark.parametrize("source", ['["./sub"][0]', 'true ? "./sub" : "x"', '{a="./sub"}.a', '("./sub")'])
def test_no_expression_hides_a_module_of_the_repository(team: Shop, tmp_path: Path, source: str) -> None:
    canary = tmp_path / "canary"
    team.repository.write({"stacks/app/sub/main.tf": CANARY % canary})
    team.stack("app", f'module "m" {{\n  source = {source}\n}}\n')
    (broken,) = survey.survey(team.world).broken
    assert "is computed" in str(broken.problems[0])
    assert not canary.exists()


def test_code_that_was_not_read_from_git_never_runs_whatever_the_host_allows(
    team: Shop, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    team.repository.write({"stacks/app/sub/main.tf": CANARY % canary})
    team.stack("app", 'module "m" {\n  source = "./sub"\n}\n')
    errand = team.errand("app")
    unread = replace(errand.wanted, module=replace(errand.wanted.module, local_modules=()))
    passed = reconcile(team.world, replace(errand, wanted=unread))
    assert passed.conclusion.reason == "ConfigurationForbidden"
    assert "module.m is a directory that was not read from Git" in passed.conclusion.message
    assert not canary.exists()
    assert team.once("app").again
    assert canary.exists(), "read from Git, it runs: the test would see it"


@pytest.mark.parametrize("scheme", ["FILE", "File", "git::file", "git::FILE"])
def test_no_module_comes_from_the_disk_of_the_host(team: Shop, tmp_path: Path, scheme: str) -> None:
    (tmp_path / "host").mkdir()
    (tmp_path / "host" / "main.tf").write_text(ONE % "host")
    team.stack("app", f'module "m" {{\n  source = "{scheme}://{tmp_path}/host"\n}}\n')
    (broken,) = survey.survey(team.world).broken
    assert "outside the repository" in str(broken.problems[0])


@pytest.mark.parametrize(
    "wish",
    [
        'ext = { source = ["hashicorp/external"][0] }',
        'ext = { ("source") = "hashicorp/external" }',
        'terraform = { source = "hashicorp/external" }',
    ],
)
def test_no_spelling_hides_the_provider_of_programs(team: Shop, wish: str) -> None:
    team.world = replace(team.world, configuration=ConfigurationRules(external_data=False))
    name = wish.partition(" ")[0]
    required = f"terraform {{\n  required_providers {{\n    {wish}\n  }}\n}}\n"
    data = f'data "external" "e" {{\n  provider = {name}\n  program = ["id"]\n}}\n'
    passed = team.stack("app", required + data).once("app")
    assert passed.conclusion.reason == "ConfigurationForbidden"
    assert not list(team.world.directory.root.glob("terraform/app/*")), "init has not run"


def test_a_stack_that_left_git_is_held_to_the_policies_of_today(team: Shop, tmp_path: Path) -> None:
    _policies(team, tmp_path, git=("policies/*.rego",))
    team.repository.write({"policies/main.rego": DENY_BAD})
    team.stack("other", ONE % "good").stack("app", ONE % "good", on_removal="destroy").once("app")
    team.repository.write({"policies/main.rego": V1 + 'deny contains "nothing goes" if true\n'})
    held = team.leave("app").go("app")
    assert held.conclusion.state is State.REFUSED
    assert "nothing goes" in held.conclusion.message


def test_a_stack_that_left_git_is_held_to_the_policies_it_left_as_well(team: Shop, tmp_path: Path) -> None:
    _policies(team, tmp_path, git=("policies/*.rego",))
    nothing_goes = (
        V1 + 'deny contains "nothing goes" if input.resource_changes[_].change.actions[_] == "delete"\n'
    )
    team.repository.write({"policies/main.rego": nothing_goes})
    team.stack("other", ONE % "good").stack("app", ONE % "good", on_removal="destroy").once("app")
    team.repository.write({"policies/main.rego": DENY_BAD})
    assert "nothing goes" in team.leave("app").go("app").conclusion.message

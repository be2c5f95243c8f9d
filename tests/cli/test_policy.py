"""What does ``policy test`` say, and what does doctor say of policies that do not work?"""

from __future__ import annotations

from pathlib import Path

import pytest
from support.operator import Operator
from support.plans import PLANS
from support.policies import V1

DENY = V1 + 'deny contains {"msg": "no", "resource": "aws_sqs_queue.q"} if input.resource_changes[_]\n'
WARN = V1 + 'warn contains "careful" if input.resource_changes[_]\n'
BROKEN = V1 + "deny contains {\n"
CREATE = str(PLANS / "create.json")


def _rego(place: Path, text: str) -> str:
    file = place / "main.rego"
    file.write_text(text)
    return str(file)


def test_what_is_denied_is_printed_and_the_exit_code_is_1(operator: Operator) -> None:
    told = operator.types("policy", "test", CREATE, "--rego", _rego(operator.home, DENY))
    assert told.code == 1
    assert "main.deny" in told.stdout
    assert "1 denied, 0 warned, 0 excepted" in told.stdout


def test_as_json_each_finding_has_its_rule_message_and_address(operator: Operator) -> None:
    told = operator.types("policy", "test", CREATE, "--rego", _rego(operator.home, DENY), "-o", "json")
    assert told.json["denied"] == [{"source": "main.deny", "message": "no", "address": "aws_sqs_queue.q"}]
    assert (told.json["warned"], told.json["excepted"]) == ([], [])


def test_a_warning_alone_is_no_failure(operator: Operator) -> None:
    told = operator.types("policy", "test", CREATE, "--rego", _rego(operator.home, WARN))
    assert (told.code, "careful" in told.stdout) == (0, True)


def test_the_policies_of_the_host_are_used_when_none_are_named(operator: Operator) -> None:
    operator.configure(gate={"policy": {"rego": [_rego(operator.home, DENY)], "engine": "regorus"}})
    assert operator.types("policy", "test", CREATE).code == 1


def test_data_and_namespaces_can_be_named(operator: Operator) -> None:
    text = V1.replace("main", "acme") + 'deny contains "many" if count(input.resource_changes) > data.most\n'
    (operator.home / "most.yaml").write_text("most: 0\n")
    flags = ["--data", str(operator.home / "most.yaml"), "--namespace", "acme"]
    told = operator.types("policy", "test", CREATE, "--rego", _rego(operator.home, text), *flags)
    assert (told.code, "acme.deny" in told.stdout) == (1, True)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("most: [", "most.yaml"),
        ("- 1\n", "must hold an object"),
        ("main: {deny: []}\n", "rename it"),
    ],
    ids=["no YAML", "a list", "in the way of rules"],
)
def test_bad_data_is_a_configuration_error(operator: Operator, content: str, named: str) -> None:
    file = operator.home / "most.yaml"
    file.write_text(content)
    told = operator.types("policy", "test", CREATE, "--rego", _rego(operator.home, DENY), "--data", str(file))
    assert (told.code, named in told.stderr) == (2, True), told.stderr


def test_the_same_key_in_two_files_of_data_is_an_error(operator: Operator) -> None:
    files = [operator.home / name for name in ("a.yaml", "b.json")]
    files[0].write_text("shared: {most: 1, other: 1}\n")
    files[1].write_text('{"shared": {"most": 2}}')
    flags = [word for file in files for word in ("--data", str(file))]
    told = operator.types("policy", "test", CREATE, "--rego", _rego(operator.home, DENY), *flags)
    assert (told.code, "say it once" in told.stderr) == (2, True)


def test_a_policy_that_cannot_be_evaluated_ends_with_2(operator: Operator) -> None:
    told = operator.types("policy", "test", CREATE, "--rego", _rego(operator.home, BROKEN))
    assert told.code == 2
    assert "main.rego:4" in told.stderr


def test_without_any_policy_it_says_what_to_do(operator: Operator) -> None:
    told = operator.types("policy", "test", CREATE)
    assert (told.code, "--rego" in told.stderr) == (2, True)


def test_what_is_no_plan_is_refused(operator: Operator) -> None:
    file = operator.home / "x.json"
    file.write_text("{}")
    told = operator.types("policy", "test", str(file), "--rego", _rego(operator.home, DENY))
    assert (told.code, "terraform show -json" in told.stderr) == (2, True)


def test_secrets_of_the_plan_are_not_printed(operator: Operator) -> None:
    text = V1 + "deny contains json.marshal(rc.change.after) if some rc in input.resource_changes\n"
    plan = str(PLANS / "sensitive_create.json")
    for output in ("table", "json"):
        told = operator.types("policy", "test", plan, "--rego", _rego(operator.home, text), "-o", output)
        assert told.code == 1
        assert "EXAMPLE-SECRET" not in told.text


@pytest.mark.parametrize(
    ("text", "finding"), [(DENY, "ok"), (BROKEN, "wrong"), (V1, "wrong")], ids=["good", "broken", "no rule"]
)
def test_doctor_says_whether_the_policies_work(operator: Operator, text: str, finding: str) -> None:
    operator.configure(gate={"policy": {"rego": [_rego(operator.home, text)], "engine": "regorus"}})
    told = operator.types("doctor", "-o", "json")
    assert finding in [one["finding"] for one in told.json["findings"] if one["subject"] == "policy"]

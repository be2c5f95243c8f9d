"""What stack does a definition describe, and what is said about a wrong one?"""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from pathlib import PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.errors import Misconfigured, Place
from tfreconcile.source.model import HealthCheck, Parameter
from tfreconcile.source.stack import parse

FILE = "stacks/payments-prod/stack.yaml"
DEFINITION = PurePosixPath(FILE)
CONTRACT = b"""\
name: payments-prod
module: ../../terraform/payments
workspace: default
var_files: [prod.tfvars]
variables: {region: eu-central-1, sizes: [1, 2], tags: {team: a}, on: true, none: null}
variables_from:
  - {ssm: /payments/db_password, as: db_password}
role: arn:aws:iam::123456789012:role/payments-deployer
interval: 10m
timeout: 30m
depends_on: [network-prod]
apply: auto
drift: heal
prune: approve
on_removal: orphan
ignore: [{address: "aws_autoscaling_group.*", attributes: [desired_capacity], until: 2027-01-01, why: scaled}]
gate: {hazards: {replace: never, exposure: approve}, approvals: {required: 2}}
health: [{http: https://pay.example.com/healthz, expect: 200, within: 5m}, {tcp: "[::1]:5432"}]
context: {owner: team-payments, latency_critical: false, budget_monthly_usd: 900}
watch: ["shared/policies/**"]
suspend: false
"""


def test_every_key_of_the_contract_is_read() -> None:
    stack = parse(CONTRACT, DEFINITION)
    assert stack.name == "payments-prod"
    assert stack.definition == DEFINITION
    assert stack.module == PurePosixPath("terraform/payments")
    assert stack.var_files == (PurePosixPath("stacks/payments-prod/prod.tfvars"),)
    assert stack.variables["sizes"] == [1, 2]
    assert stack.parameters == (Parameter(ssm="/payments/db_password", name="db_password"),)
    assert stack.role == "arn:aws:iam::123456789012:role/payments-deployer"
    assert (stack.interval, stack.timeout) == (timedelta(minutes=10), timedelta(minutes=30))
    assert stack.depends_on == ("network-prod",)
    assert stack.ignore[0].until == date(2027, 1, 1)
    assert stack.ignore[0].place == Place(FILE, 16, 10)
    assert stack.health[0] == HealthCheck(http="https://pay.example.com/healthz")
    assert stack.health[1] == HealthCheck(tcp="[::1]:5432")
    assert stack.context["budget_monthly_usd"] == 900
    assert stack.watch == ("shared/policies/**",)
    assert stack.suspend is False


def test_a_wish_about_the_gate_keeps_its_places() -> None:
    gate = parse(CONTRACT, DEFINITION).gate
    assert gate.hazards == {"replace": "never", "exposure": "approve"}
    assert (gate.apply, gate.drift, gate.prune, gate.required) == ("auto", "heal", "approve", 2)
    assert (gate.ttl, gate.approvers, gate.max_destroys) == (None, None, None)
    assert (gate.four_eyes, gate.signed) == (None, None)
    assert gate.places["gate.hazards.replace"] == Place(FILE, 17, 27)
    assert gate.places["gate.approvals.required"] == Place(FILE, 17, 76)
    assert gate.places["apply"] == Place(FILE, 12, 8)
    assert "name" not in gate.places


def test_a_stack_may_wish_for_four_eyes_signed_words_groups_and_its_own_end() -> None:
    wish = b"gate: {approvals: {four_eyes: true, signed: false, approvers: ['group:dba']}}\n"
    stack = parse(b"on_removal: destroy\n" + wish, DEFINITION)
    assert stack.on_removal == "destroy"
    assert (stack.gate.four_eyes, stack.gate.signed) == (True, False)
    assert stack.gate.approvers == ("group:dba",)
    assert stack.gate.places["gate.approvals.approvers.0"] == Place(FILE, 2, 64)


def test_what_is_left_out_is_left_to_the_host_or_taken_from_the_directory() -> None:
    stack = parse(b"suspend: true\n", DEFINITION)
    assert stack.name == "payments-prod"
    assert stack.module == PurePosixPath("stacks/payments-prod")
    assert stack.interval is None
    assert stack.gate.apply is None
    assert stack.suspend


WRONG = {
    "capitals in a name": ("name: Pay", "1:7: name: found 'Pay'; allowed: lower-case letters, digits"),
    "a hyphen at the end": ("name: pay-", "1:7: name: found 'pay-'"),
    "a newline after a name": ('name: "pay\\n"', "1:7: name: found 'pay\\n'"),
    "a module outside": (
        "module: ../../../x",
        "1:9: module: '../../../x', seen from stacks/payments-prod, leaves",
    ),
    "an absolute module": ("module: /etc", "1:9: module: '/etc' is absolute"),
    "a module in .git": ("module: ../../.git/x", "1:9: module: '../../.git/x' leads into a .git directory"),
    "a var file outside": ("var_files: [a, ../../../b]", "1:16: var_files.1: '../../../b', seen from"),
    "an option as workspace": ("workspace: -x", "1:12: workspace: found '-x'; allowed: letters, digits"),
    "a hyphenated start of a variable": (
        "variables: {1a: 2}",
        "1:13: variables.1a: found '1a'; allowed: a var",
    ),
    "a variable twice": (
        "variables: {a: 1}\nvariables_from: [{ssm: /a, as: a}]",
        "1:1: variables and variables_from give a value twice: a",
    ),
    "a parameter without a variable": (
        "variables_from: [{ssm: /a}]",
        "1:18: variables_from.0.as: the key is miss",
    ),
    "a user as role": (
        "role: arn:aws:iam::123456789012:user/x",
        "1:7: role: found 'arn:aws:iam::123456789012:user/x'",
    ),
    "an empty role": ("role:", "1:1: role: the key has no value"),
    "an interval too short": ("interval: 9s", "1:11: interval: found '9s'; allowed: 10s to 30d"),
    "a timeout too long": ("timeout: 25h", "1:10: timeout: found '25h'; allowed: 10s to 1d"),
    "an unknown level": ("apply: yes", "1:8: apply: found 'yes'; allowed: auto, approve, never"),
    "a level of another key": ("drift: auto", "1:8: drift: found 'auto'; allowed: heal, approve, report"),
    "a removal of another kind": (
        "on_removal: delete",
        "1:13: on_removal: found 'delete'; allowed: orphan, destroy",
    ),
    "a group that can be none": (
        "gate: {approvals: {approvers: ['group:A b']}}",
        "1:32: gate.approvals.approvers.0: found 'group:A b'; allowed: a name, a pattern",
    ),
    "a group in capitals": (
        "gate: {approvals: {approvers: [Group:dba]}}",
        "1:32: gate.approvals.approvers.0: found 'Group:dba'; allowed: a name, a pattern",
    ),
    "rules for hazards": (
        "gate: {approvals: {hazards: {destroy: {required: 1}}}}",
        "1:20: gate.approvals.hazards: there is no such key; allowed: required, ttl",
    ),
    "nobody to approve": (
        "gate: {approvals: {approvers: []}}",
        "1:31: gate.approvals.approvers: found 0 entries",
    ),
    "nobody required": (
        "gate: {approvals: {required: 0}}",
        "1:30: gate.approvals.required: found 0 (a number)",
    ),
    "too high a percentage": (
        "gate: {max_destroy_percent: 101}",
        "1:29: gate.max_destroy_percent: found 101",
    ),
    "windows": (
        "gate: {windows: []}",
        "1:8: gate.windows: there is no such key; allowed: hazards, max_destroys",
    ),
    "a dependency twice": ("depends_on: [a, b, a]", "1:13: depends_on: a is there twice"),
    "a probe of two kinds": (
        "health: [{http: http://a, tcp: a:1}]",
        "1:10: health.0: allowed: exactly one of http",
    ),
    "a probe of no kind": ("health: [{within: 1m}]", "1:10: health.0: allowed: exactly one of http and tcp"),
    "a file as probe": ("health: [{http: file:///etc/passwd}]", "1:17: health.0.http: found text of"),
    "a password in a probe": (
        "health: [{http: http://u:p@a/}]",
        "1:17: health.0.http: found text of 13 char",
    ),
    "a port out of range": (
        "health: [{tcp: a:65536}]",
        "1:16: health.0.tcp: found 'a:65536'; allowed: host:port",
    ),
    "a status for tcp": ("health: [{tcp: a:1, expect: 200}]", "1:10: health.0: expect is an HTTP status"),
    "a rule without a reason": (
        "ignore: [{address: a, attributes: [b], until: 2027-01-01}]",
        "1:10: ignore.0.why: the key is missing",
    ),
    "a rule about nothing": (
        "ignore: [{address: a, attributes: [], until: 2027-01-01, why: x}]",
        "1:35: ignore.0.attributes: found 0 entries; allowed: at least 1",
    ),
    "a rule for ever": (
        "ignore: [{address: a, attributes: [b], until: never, why: x}]",
        "1:47: ignore.0.until: found 'never'; allowed: a date",
    ),
    "a context with depth": (
        "context: {a: {b: 1}}",
        "1:14: context.a: found a mapping; allowed: text, a number",
    ),
    "a glob that climbs": ("watch: [a/../../b]", "1:9: watch.0: found 'a/../../b'; allowed: a glob from"),
    "an absolute glob": ("watch: [/etc/*]", "1:9: watch.0: found '/etc/*'; allowed: a glob from"),
    "a misspelt key": ("depend_on: [a]", "1:1: depend_on: there is no such key; allowed: name, module,"),
}


@pytest.mark.parametrize(("text", "begins"), WRONG.values(), ids=WRONG)
def test_a_wrong_definition_is_refused_with_its_place(text: str, begins: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        parse(f"{text}\n".encode(), DEFINITION)
    assert str(refused.value).startswith(f"{FILE}:{begins}")
    assert len(refused.value.problems) == 1


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        ("stack.yaml", "stack.yaml: name: the key is missing, and it stands at the root"),
        ("a/My_Stack/stack.yaml", "the directory is called 'My_Stack', which cannot be a name"),
    ],
    ids=["at the root", "a directory that is no name"],
)
def test_a_directory_that_cannot_be_a_name_asks_for_one(definition: str, says: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        parse(b"suspend: true", PurePosixPath(definition))
    assert says in str(refused.value)
    assert "add name: " in str(refused.value)


def test_every_path_that_leaves_is_told_with_the_others() -> None:
    with pytest.raises(Misconfigured) as refused:
        parse(b"module: /a\nvar_files: [/b, /c]\n", DEFINITION)
    assert [str(problem.place) for problem in refused.value.problems] == [
        f"{FILE}:1:9",
        f"{FILE}:2:13",
        f"{FILE}:2:17",
    ]


def test_the_value_of_a_variable_is_in_no_message() -> None:
    with pytest.raises(Misconfigured) as refused:
        parse(b"variables: [EXAMPLE, hunter2]\nvariables_from: {x: hunter2}\n", DEFINITION)
    assert "hunter2" not in str(refused.value)


@given(st.lists(st.sampled_from(CONTRACT.splitlines(keepends=True)), max_size=12).map(b"".join), st.data())
@settings(max_examples=100, deadline=None)
def test_no_torn_definition_brings_another_exception(content: bytes, data: st.DataObject) -> None:
    cut = data.draw(st.integers(min_value=0, max_value=len(content)))
    torn = content[cut:] + data.draw(st.binary(max_size=6))
    with suppress(Misconfigured):
        assert parse(torn, DEFINITION).definition == DEFINITION

"""Does a value that is known only after the apply pass? Not where a policy reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plans import JUNK
from support.policies import V1, created, judge, planned, said

from tfreconcile.policies import unknown
from tfreconcile.policies.chains import ANY, ONE
from tfreconcile.policies.clauses import RegoFile, rules_of
from tfreconcile.policies.model import Findings
from tfreconcile.policies.reads import reads
from tfreconcile.policies.unknown import meet

EACH = "some rc in input.resource_changes\n  "
ACL = 'rc.change.after.acl == "public-read"'
BUCKET = created(
    "aws_s3_bucket.b",
    {"bucket": "b", "tags": {}},
    {"acl": True, "arn": True, "id": True, "tags": {"owner": True}, "rule": [{"days": True}]},
    expressions={"acl": {"references": ["local.acl"]}, "tags": {}, "rule": [{}]},
)
GROUP = created(
    "aws_security_group.g",
    {"ingress": [{"cidr_blocks": ["10.0.0.0/8"]}]},
    {"arn": True, "name": True, "ingress": [{"security_groups": [True]}]},
    expressions={"ingress": {}},
)
PLAN = planned(BUCKET, GROUP)


def rule(body: str, *, head: str = 'deny contains "bad"') -> str:
    return f"{V1}import data.tfreconcile\n{head} if {{\n  {EACH}{body}\n}}\n"


def found(*texts: str, plan: dict[str, Any] = PLAN, dynamic: frozenset[str] = frozenset()) -> Findings:
    files = [RegoFile(f"{number}.rego", text) for number, text in enumerate(texts)]
    return unknown.findings(plan, reads(rules_of(files)), dynamic)


def named(*texts: str) -> list[str]:
    """Address and attribute of each finding."""
    return [one.message.partition(" is known")[0] for one in found(*texts).denied]


ACL_IS_READ = ["aws_s3_bucket.b: acl"]


@pytest.mark.parametrize(
    "body",
    [
        ACL,
        'rc.change.after["acl"] == "public-read"',
        'after := rc.change.after\n  after.acl == "public-read"',
        'rc.change.after.acl in {"public-read"}',
        'startswith(rc.change.after.acl, "public")',
        'object.get(rc.change.after, "acl", "private") == "public-read"',
        'object.get(rc.change.after, ["acl"], "private") == "public-read"',
        'acl := rc.change.after.acl\n  acl != "private"',
        'rc.type == "aws_s3_bucket"\n  rc.change.after.acl == "public-read"',
        'rc.type in {"aws_s3_bucket", "x"}\n  rc.change.after.acl == "public-read"',
        'not rc.type == "aws_s3_bucket"\n  rc.change.after.acl == "public-read"',
        'msg := sprintf("%s", [rc.change.after.acl])\n  msg == ""',
        'x := [a | a := rc.change.after.acl; a == "public-read"]\n  count(x) > 0',
        "not rc.change.after.acl",
        'rc.change[_].acl == "public-read"',
        'object.get(rc, ["change", "after", "acl"], "") == "public-read"',
        'after := object.get(rc.change, "after", {})\n  after.acl == "public-read"',
        'object.get(rc.change, "after", {}).acl == "public-read"',
        'object.get(rc.change, "after", {})["acl"] == "public-read"',
        'input.resource_changes[i].change.after.acl == "public-read"',
        'afters := {r.address: r.change.after | some r in input.resource_changes}\n  afters[_].acl == "x"',
    ],
)
def test_an_unknown_value_that_a_rule_reads_does_not_pass(body: str) -> None:
    assert named(rule(body)) == ACL_IS_READ


OLD_SYNTAX = """package main
deny[msg] {
  rc := input.resource_changes[_]
  rc.change.after.acl == "x"
  msg := "m"
}
"""
FUNCTION = """package main
deny[msg] { is_public(input.resource_changes[_]); msg := "m" }
is_public(r) { r.change.after.acl == "x" }
"""
LIBRARY = """package lib
import rego.v1
is_public(after) if after.acl == 1
"""
HELPER_RULE = """package main
import rego.v1
buckets contains rc if { some rc in input.resource_changes; rc.type == "aws_s3_bucket" }
deny contains "x" if { some b in buckets; b.change.after.acl == 1 }
"""
WALK = """package main
import rego.v1
deny contains "x" if {
  walk(input.planned_values, [_, v])
  v.type == "aws_s3_bucket"
  v.values.acl == 1
}
"""


@pytest.mark.parametrize(
    "texts",
    [(OLD_SYNTAX,), (FUNCTION,), (rule("lib.is_public(rc.change.after)"), LIBRARY), (HELPER_RULE,), (WALK,)],
    ids=["old syntax", "function", "library", "helper rule", "walk over modules"],
)
def test_the_way_to_a_value_is_followed(texts: tuple[str, ...]) -> None:
    assert named(*texts) == ACL_IS_READ


LENT = (
    V1
    + 'bad if input.acl == "x"\n'
    + 'deny contains "x" if {\n  some rc in input.resource_changes\n  bad with %s\n}\n'
)
LENT_DATA = LENT.replace("input.acl", "data.lent.acl")
LENT_TO_LIBRARY = V1 + (
    "import data.lib\ndeny contains 1 if {\n  some rc in input.resource_changes\n"
    "  lib.is_public with input as rc.change.after\n}\n"
)
LENT_LIBRARY = "package lib\nimport rego.v1\nis_public if input.acl == 1\n"
PARAMETER = V1 + (
    'public({"acl": "x"}) := true\n'
    "deny contains 1 if {\n  some rc in input.resource_changes\n  public(rc.change.after)\n}\n"
)


@pytest.mark.parametrize(
    "texts",
    [
        (LENT % "input as rc.change.after",),
        (LENT.replace("input.acl", "input.x.acl") % 'input as {"x": rc.change.after}',),
        (LENT_DATA % "data.lent as rc.change.after",),
        (LENT_TO_LIBRARY, LENT_LIBRARY),
        (PARAMETER,),
        (rule('some {"change": {"after": {"acl": "x"}}} in input.resource_changes'),),
        (rule('{"acl": "x", "bucket": _} = rc.change.after'),),
        (rule('a := rc.change.after\n  {"acl": "x"} == a'),),
        (rule('walk(input, [_, {"acl": "x"}])'),),
    ],
    ids=["input", "a part", "data", "a library", "parameter", "some", "unified", "compared", "walk"],
)
def test_a_name_that_is_read_of_something_else_is_one_that_is_read(texts: tuple[str, ...]) -> None:
    assert "aws_s3_bucket.b: acl" in named(*texts)


def test_a_pattern_may_be_nested_without_end() -> None:
    deep = '{"a": ' * 3000 + '{"acl": 1}' + "}" * 3000
    assert named(rule(f"x == {deep}")) == ACL_IS_READ


@pytest.mark.parametrize("name", ["after", "change", "values"])
def test_a_pattern_of_a_resource_reads_its_attributes_only(name: str) -> None:
    text = rule(f'some {{"{name}": {{"x": 1}}, "name": "x"}} in input.resource_changes')
    group = planned(created("aws_security_group.g", {}, {"name": True}, expressions={"name": {}}))
    assert bool(found(text, plan=group).denied) is (name == "after")


@pytest.mark.parametrize(
    "body",
    [
        'rc.change.after.bucket == "x"',
        'rc.type == "aws_sqs_queue"\n  rc.change.after.acl == "x"',
        'rc.change.before.acl == "x"',
        'rc.name == "x"',
        'rc.change.actions[_] == "delete"',
        'tfreconcile.unknown(rc, "acl")',
        "rc.change.after_unknown.acl",
        f'tfreconcile.known(rc, "acl")\n  {ACL}',
        f"not rc.change.after_unknown.acl\n  {ACL}",
        f'object.get(rc.change.after_unknown, "acl", false)\n  {ACL}',
        f'not tfreconcile.unknown(rc, key)\n  key := "acl"\n  {ACL}',
        'some rule in rc.change.after.ingress\n  "0.0.0.0/0" in rule.cidr_blocks',
        "is_object(rc.change.after)",
        "rc.change.after != null",
    ],
)
def test_what_is_known_not_read_or_asked_about_is_no_finding(body: str) -> None:
    assert named(rule(body)) == []


def test_one_rule_that_asks_speaks_for_the_whole_set() -> None:
    assert named(rule('tfreconcile.unknown(rc, "acl")'), rule(ACL)) == []


def test_asking_about_one_attribute_says_nothing_of_another() -> None:
    assert named(rule('tfreconcile.unknown(rc, "tags")'), rule(ACL)) == ACL_IS_READ


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ('rc.change.after.tags.owner == "x"', ["aws_s3_bucket.b: tags.owner"]),
        ("count(rc.change.after.tags) == 0", ["aws_s3_bucket.b: tags.owner"]),
        ("rc.change.after.tags[key] == 1", ["aws_s3_bucket.b: tags.owner"]),
        ("rc.change.after.rule[_].days > 3", ["aws_s3_bucket.b: rule.days"]),
        ("some r in rc.change.after.rule\n  r.days > 3", ["aws_s3_bucket.b: rule.days"]),
        ("some r in rc.change.after.rule\n  r.hours > 3", []),
        ("count(rc.change.after.ingress) > 1", ["aws_security_group.g: ingress.security_groups"]),
    ],
)
def test_paths_meet_when_one_is_the_beginning_of_the_other(body: str, wanted: list[str]) -> None:
    assert named(rule(body)) == wanted


@pytest.mark.parametrize(
    "body",
    [
        'walk(rc.change.after, [_, v])\n  v == "0.0.0.0/0"',
        'some key, v in rc.change.after\n  v == "x"',
        'contains(json.marshal(rc.change.after), "0.0.0.0/0")',
        'contains(json.marshal(rc), "0.0.0.0/0")',
        'contains(json.marshal(rc.change), "0.0.0.0/0")',
        'contains(json.marshal(input), "0.0.0.0/0")',
        'contains(json.marshal(input.resource_changes), "0.0.0.0/0")',
        'contains(json.marshal([r | some r in input.resource_changes]), "0.0.0.0/0")',
        'contains(sprintf("%v",[rc]), "0.0.0.0/0")',
        'x := [r | some r in input.resource_changes]\n  contains(json.marshal(x), "0.0.0.0/0")',
        'x := {"a": rc}\n  y := [x]\n  contains(json.marshal(y), "0.0.0.0/0")',
        '[_, v] := walk(input.resource_changes)[_]\n  v == "0.0.0.0/0"',
        'walk(input, pair)\n  pair[1] == "0.0.0.0/0"',
        'rc.change == {"actions": ["create"], "before": null, "after": {}}',
        'path := ["change", "after"]\n  object.get(rc, path, {}).bucket == "0.0.0.0/0"',
        'some r in object.union(rc, {})\n  r == "x"',
    ],
)
def test_whoever_looks_at_all_attributes_meets_what_the_code_sets(body: str) -> None:
    assert set(named(rule(body))) == {
        "aws_s3_bucket.b: acl",
        "aws_s3_bucket.b: tags.owner",
        "aws_s3_bucket.b: rule.days",
        "aws_security_group.g: ingress.security_groups",
    }


HAS = 'has(r) if contains(json.marshal(r), "x")\n'
FOR_EACH = f"deny contains 1 if {{\n  {EACH}%s\n}}\n"
IN_ALL = 'deny contains 1 if contains(json.marshal(all), "x")\n'
HELPERS = {
    "a function": HAS + FOR_EACH % "has(rc)",
    "two functions": HAS + "asks(r) if has(r.change)\n" + FOR_EACH % "asks(rc)",
    "a rule": f"all contains rc if {{\n  {EACH}true\n}}\n" + IN_ALL,
    "a name for the plan": "all := input.resource_changes\n" + IN_ALL,
    "a list": "all := [rc | some rc in input.resource_changes]\n" + IN_ALL,
    "named like a builtin": "marshal(x) := x\n" + FOR_EACH % 'contains(json.marshal(rc), "x")',
}


@pytest.mark.parametrize("text", HELPERS.values(), ids=HELPERS)
def test_a_resource_is_followed_to_whoever_looks_into_it(text: str) -> None:
    assert {"aws_s3_bucket.b: acl", "aws_s3_bucket.b: rule.days"} <= set(named(V1 + text))


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("input as plan", "json.marshal(plan)"),
        ("input.resource_changes as all", "json.marshal(all[0])"),
        ("input.resource_changes", "json.marshal(resource_changes)"),
        ("input.resource_changes as all", "[r.change.after | some r in all][0].acl"),
    ],
)
def test_a_name_that_is_imported_for_the_input_is_followed(name: str, body: str) -> None:
    text = f'{V1}import {name}\ndeny contains "x" if contains({body}, "public")\n'
    assert "aws_s3_bucket.b: acl" in named(text)


@pytest.mark.parametrize(
    "body",
    [
        "count(input.resource_changes) > 100",
        'n := count([r | some r in input.resource_changes; r.type == 1])\n  n > 1\n  sprintf("%d", [n]) == 1',
        'names := [r.address | some r in input.resource_changes]\n  concat(", ", names) == ""',
        'x := {"msg": "m", "acl": rc.address}\n  x.msg == 1',
        "rc != null",
        "is_object(rc)",
        'sprintf("%s", [rc.address]) == ""',
    ],
)
def test_whoever_looks_at_no_attribute_reads_none(body: str) -> None:
    assert named(rule(body)) == []


@pytest.mark.parametrize(
    "body",
    [
        'some name in ["acl", "policy"]\n  rc.change.after[name] == "x"',
        'walk(input, [path, v])\n  path[count(path) - 1] == "acl"\n  v == "x"',
        'json.filter(rc.change.after, ["acl"]).acl == "x"',
    ],
)
def test_whoever_chooses_attributes_by_name_reads_what_is_spelled_out_anywhere(body: str) -> None:
    bucket = created("aws_s3_bucket.b", {}, {"acl": True, "id": True}, expressions={})
    assert [
        one.message.partition(" is known")[0] for one in found(rule(body), plan=planned(bucket)).denied
    ] == (ACL_IS_READ)


def test_names_in_the_data_count_for_whoever_chooses_by_name(tmp_path: Path) -> None:
    bucket = planned(created("aws_s3_bucket.b", {}, {"acl": True, "id": True}, expressions={}))
    text = rule('some name in data.attributes\n  rc.change.after[name] == "x"')
    assert judge(tmp_path)(text, plan=bucket, data={"attributes": ["acl"]}).denied
    assert not judge(tmp_path)(text, plan=bucket, data={"attributes": ["tags"]}).denied


def test_an_object_in_the_head_does_not_undo_the_narrowing() -> None:
    head = 'deny contains {"msg": "m", "resource": rc.address}'
    assert named(rule(f'rc.type == "aws_sqs_queue"\n  {ACL}', head=head)) == []
    assert named(rule(f'rc.type == "aws_s3_bucket"\n  {ACL}', head=head)) == ACL_IS_READ


def test_a_dynamic_block_counts_as_set_though_the_configuration_lacks_it() -> None:
    group = created("aws_security_group.g", {}, {"ingress": True}, expressions={"name": {}})
    text = rule('walk(rc.change.after, [_, v])\n  v == "0.0.0.0/0"')
    assert found(text, plan=planned(group)).denied == ()
    assert len(found(text, plan=planned(group), dynamic=frozenset({"ingress"})).denied) == 1


def test_a_rule_that_only_warns_leads_to_a_warning() -> None:
    told = found(rule(ACL, head='warn contains "odd"'))
    assert (told.denied, len(told.warned)) == ((), 1)


def test_a_resource_that_is_not_known_at_all_is_read_by_every_rule() -> None:
    whole = planned(created("aws_s3_bucket.b", {}, True))
    assert len(found(rule(ACL), plan=whole).denied) == 1


@pytest.mark.parametrize("action", ["no-op", "delete", "forget"])
def test_what_stays_or_goes_has_nothing_unknown(action: str) -> None:
    gone = {**BUCKET, "change": {**BUCKET["change"], "actions": [action]}}
    assert found(rule(ACL), plan=planned(gone)).denied == ()


def test_the_finding_says_where_it_is_read_and_what_to_do() -> None:
    (one,) = found(rule(ACL)).denied
    assert one.address == "aws_s3_bucket.b"
    assert "main.deny (0.rego:6)" in one.message
    assert "tfreconcile.unknown" in one.message


def test_a_module_is_found_in_the_configuration() -> None:
    change = {**BUCKET, "address": 'module.m["a.b"].aws_s3_bucket.b[0]'}
    bare = {"mode": "managed", "type": "aws_s3_bucket", "name": "b", "expressions": {"acl": {}}}
    calls = {"m": {"module": {"resources": [bare]}}}
    plan = {"resource_changes": [change], "configuration": {"root_module": {"module_calls": calls}}}
    (one,) = found(rule('walk(rc.change.after, [_, v])\n  v == "x"'), plan=plan).denied
    assert "acl" in one.message


def test_in_a_real_plan_the_value_of_another_resource_does_not_pass(tmp_path: Path) -> None:
    told = judge(tmp_path)(rule('rc.change.after.input == "bad"'), plan="unknown_after_apply")
    assert [one.address for one in told.denied] == ["terraform_data.a", "terraform_data.b"]


def test_the_helper_tells_what_is_unknown_in_a_real_plan(tmp_path: Path) -> None:
    body = "tfreconcile.unknown(rc, {})\n  msg := rc.address"
    for path, wanted in (
        ('"input"', ["terraform_data.a", "terraform_data.b"]),
        ('"triggers_replace"', ["terraform_data.b"]),
        ('["triggers_replace", 0]', ["terraform_data.b"]),
        ('["input", "deeper"]', ["terraform_data.a", "terraform_data.b"]),
        ('"no_such"', []),
    ):
        text = rule(body.format(path), head="deny contains msg")
        told = judge(tmp_path)(text, plan="unknown_after_apply")
        assert [message for _, message in said(told.denied)] == wanted, path


def test_the_helper_works_beside_the_old_syntax(tmp_path: Path) -> None:
    text = (
        "package main\nimport data.tfreconcile\ndeny[msg] {\n  rc := input.resource_changes[_]\n"
        '  tfreconcile.known(rc, "triggers_replace")\n  msg := rc.address\n}\n'
    )
    told = judge(tmp_path)(text, plan="unknown_after_apply")
    assert [message for _, message in said(told.denied)] == ["terraform_data.a"]


STEPS = st.lists(st.sampled_from(["a", "b", ONE]), max_size=4).map(tuple)


@given(STEPS, STEPS)
@settings(max_examples=100, deadline=None)
def test_paths_meet_both_ways_and_a_path_meets_its_own_beginning(
    one: tuple[str, ...], other: tuple[str, ...]
) -> None:
    assert meet(one, other) == meet(other, one)
    assert meet(one, (*one, *other))
    assert meet((ANY,), one)


@given(JUNK, st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_no_plan_and_no_text_is_too_odd(document: Any, text: str) -> None:
    unknown.findings(document, reads(rules_of([RegoFile("a.rego", text)])))


@given(st.sampled_from(["acl", "arn", "id", "bucket"]), st.booleans())
@settings(max_examples=20, deadline=None)
def test_a_read_attribute_is_a_finding_exactly_when_it_is_unknown(name: str, blank: bool) -> None:
    plan = planned(created("aws_s3_bucket.b", {}, {name: blank}))
    assert bool(found(rule(f'rc.change.after.{name} == "x"'), plan=plan).denied) is blank

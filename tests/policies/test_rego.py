"""What do policies say of a plan, by regorus and by an opa? Both sign one contract."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.policies import FAKE_OPA, RULES, V1, Judge, bench, judge, program, said

from tfreconcile.errors import Stalled, Transient
from tfreconcile.policies import rego
from tfreconcile.policies.clauses import RegoFile
from tfreconcile.policies.engines import find
from tfreconcile.policies.model import PolicyRules


@pytest.fixture(params=["regorus", "opa"])
def rules(request: pytest.FixtureRequest, tmp_path: Path) -> PolicyRules:
    """Both engines keep one contract; the opa is a fake that speaks opa's command line and JSON."""
    engine = "regorus" if request.param == "regorus" else str(program(tmp_path / "opa", FAKE_OPA))
    return replace(RULES, engine=engine)


@pytest.fixture
def judged(tmp_path: Path, rules: PolicyRules) -> Judge:
    """Evaluates texts with either engine."""
    return judge(tmp_path, rules)


ALWAYS = V1 + 'deny contains "no" if true\n'


@pytest.mark.parametrize("rule", ["deny", "deny_ports", "violation", "violation_a_b"])
def test_a_rule_that_denies_denies(judged: Judge, rule: str) -> None:
    found = judged(f'{V1}{rule} contains "no" if true\n')
    assert (said(found.denied), found.warned) == ([(f"main.{rule}", "no")], ())


@pytest.mark.parametrize("rule", ["warn", "warn_cost"])
def test_a_rule_that_warns_warns(judged: Judge, rule: str) -> None:
    found = judged(f'{V1}{rule} contains "careful" if true\n')
    assert (found.denied, said(found.warned)) == ((), [(f"main.{rule}", "careful")])


def test_the_old_syntax_is_read_when_the_new_one_does_not_fit(judged: Judge) -> None:
    assert said(judged('package main\ndeny[msg] { msg := "old" }\n').denied) == [("main.deny", "old")]


def test_a_file_with_the_new_imports_stands_beside_old_ones(judged: Judge) -> None:
    found = judged('package main\ndeny[msg] { msg := "old" }\n', V1 + 'deny contains "new" if true\n')
    assert sorted(said(found.denied)) == [("main.deny", "new"), ("main.deny", "old")]


def test_an_object_names_its_resource(judged: Judge) -> None:
    text = 'deny contains {"msg": "a", "metadata": {"resource": "aws_sqs_queue.q"}} if true\n'
    (one,) = judged(V1 + text).denied
    assert (one.message, one.address) == ("a", "aws_sqs_queue.q")


def test_rules_of_other_packages_and_other_names_are_not_asked(judged: Judge) -> None:
    text = ALWAYS + "denial := 1\n"
    assert len(judged(text, 'package other\nimport rego.v1\ndeny contains "x" if true\n').denied) == 1


def test_policies_read_their_data_and_their_libraries(judged: Judge) -> None:
    library = "package lib\nimport rego.v1\nlarge(n) if n > data.most\n"
    text = V1 + 'import data.lib\ndeny contains "many" if lib.large(count(input.resource_changes))\n'
    assert judged(text, library, data={"most": 1}).denied
    assert not judged(text, library, data={"most": 100}).denied


@pytest.mark.parametrize(
    ("exception", "denied", "excepted"),
    [
        ('exception contains ["ports"] if true', ["main.deny"], ["main.deny_ports"]),
        ('exception contains [""] if true', ["main.deny_ports"], ["main.deny"]),
        ('exception contains ["", "ports"] if true', [], ["main.deny", "main.deny_ports"]),
        ('exception contains ["other"] if true', ["main.deny", "main.deny_ports"], []),
        ('exception contains ["ports"] if 1 == 2', ["main.deny", "main.deny_ports"], []),
    ],
    ids=["by name", "plain deny", "both", "another", "does not hold"],
)
def test_an_exception_lifts_the_rule_that_it_names(
    judged: Judge, exception: str, denied: list[str], excepted: list[str]
) -> None:
    found = judged(f'{ALWAYS}deny_ports contains "port" if true\n{exception}\n')
    assert [one.source for one in found.denied] == denied
    assert [one.source for one in found.excepted] == excepted


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (V1 + "deny contains msg if {\n  msg == }\n", "policies/0.rego:4:10"),
        ("package main\ndeny[msg] {\n  msg = = 1 }\n", "policies/0.rego:3"),
        (V1 + 'deny contains "x" if to_number("abc") == 1\n', "policies/0.rego:3"),
        (V1 + 'deny contains "x" if nowhere(1)\n', "nowhere"),
        (V1 + "deny contains 1 if true\n", "neither a text nor an object"),
        (V1 + 'deny contains {"message": "x"} if true\n', "neither a text nor an object"),
        (V1 + 'deny := "x" if true\n', "must be a set of messages"),
        (V1 + 'deny := "x" if 1 == 2\n', "is undefined"),
        (V1 + 'deny["x"] if true\n', "must be a set of messages"),
        (V1 + "deny := null\n", "is undefined"),
        (ALWAYS + "exception contains 1 if true\n", "exception must be"),
        (V1 + "allow if true\n", "namespace main has no deny, violation or warn rule"),
        (V1.replace("main", "terraform") + 'deny contains "x" if true\n', "namespace main has no"),
        (V1 + 'deny contains "x" if http.send({"url": "x"}).status == 1\n', "policies/0.rego:3: http.send"),
        ("package tfreconcile\nimport rego.v1\nknown(a, b) if true\n", "comes with tfreconcile"),
        (V1 + 'deny contains $"{input.x}" if true\n', "policies/0.rego:3: texts with $"),
        ("", "namespace main has no"),
    ],
    ids=[
        "syntax",
        "old syntax",
        "builtin",
        "unknown function",
        "a number",
        "no msg",
        "a complete rule",
        "undefined",
        "an object",
        "null",
        "exception",
        "no rule",
        "another package",
        "the world outside",
        "our own package",
        "a template",
        "an empty file",
    ],
)
def test_a_policy_that_gives_no_answer_blocks(judged: Judge, text: str, named: str) -> None:
    with pytest.raises(Stalled) as stalled:
        judged(text)
    assert stalled.value.reason == "PolicyError"
    assert named in stalled.value.message
    assert "Stack backtrace" not in stalled.value.message


@pytest.mark.parametrize(
    "text",
    [
        'deny contains "a" if { false } deny_b contains "b" if { true }',
        'deny contains "a" if false deny_b contains "b" if true',
        'default deny_x := {"x"}',
        'deny_x.y contains "x" if true',
        'deny_ contains "x" if true',
        'warn_a__b contains "x" if true',
        "default violation_x := false",
    ],
)
@pytest.mark.parametrize("complete", [True, False])
def test_a_rule_that_would_not_be_asked_blocks(judged: Judge, text: str, complete: bool) -> None:
    with pytest.raises(Stalled, match=r"PolicyError.*would not be asked"):
        judged(V1 + 'deny contains "z" if 1 == 2\n' + text + "\n", complete=complete)


def test_a_rule_that_would_not_be_asked_blocks_in_a_namespace_of_its_own_too(tmp_path: Path) -> None:
    rules = replace(RULES, namespaces=("main", "other.one"))
    texts = (ALWAYS, 'package other.one\nimport rego.v1\ndefault deny_x := {"x"}\n')
    with pytest.raises(Stalled, match=r"other\.one\.deny_x would not be asked"):
        judge(tmp_path, rules)(*texts, complete=False)


def test_a_set_that_may_be_incomplete_needs_one_rule_only(judged: Judge) -> None:
    with pytest.raises(Stalled, match="nothing would ever be checked"):
        judged("package lib\nimport rego.v1\nx := 1\n", complete=False)
    assert judged(ALWAYS, complete=False).denied


@pytest.mark.parametrize("place", ["main", "tfreconcile"])
def test_data_cannot_stand_where_rules_do(judged: Judge, place: str) -> None:
    with pytest.raises(Stalled, match="rename it"):
        judged(ALWAYS, data={place: {"deny": []}})


def test_a_loop_ends_at_the_time_limit(tmp_path: Path, rules: PolicyRules) -> None:
    endless = (
        'deny contains "x" if {\n  n := numbers.range(1, 100000)\n'
        "  count([1 | some i in n; some j in n; i * j == 7]) > 9\n}\n"
    )
    with pytest.raises(Stalled, match="took longer than 1 s"):
        judge(tmp_path, replace(rules, timeout=timedelta(seconds=1)))(V1 + endless)


def test_a_memory_bomb_ends_at_the_memory_limit(tmp_path: Path) -> None:
    many = 'count([s | some i in numbers.range(1, 9000000); s := sprintf("%099d", [i])]) == 1'
    small = replace(RULES, memory=200 << 20)
    with pytest.raises(Stalled, match=r"more than 200 MiB|ended by signal"):
        judge(tmp_path, small)(f'{V1}deny contains "x" if {many}\n')


def test_an_engine_that_crashes_blocks(tmp_path: Path) -> None:
    with pytest.raises(Stalled, match="ended by signal"):
        judge(tmp_path)(V1 + 'f(x) := f(x + 1)\ndeny contains "x" if f(1) == 2\n')


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("#!/bin/sh\nexit 0\n", "crashed"),
        ("#!/bin/sh\necho '{\"result\": []}'\n", "crashed"),
        ("#!/bin/sh\necho nonsense; exit 3\n", "crashed"),
        ("#!/bin/sh\necho 'Error: unknown flag: --v1-compatible' >&2; exit 1\n", "opa 0.70 or later"),
        ("#!/nonexistent/interpreter\n", "crashed"),
        ("#!/bin/sh\nkill -9 $$\n", "signal 9"),
        ("#!/bin/sh\nwhile :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done\n", "MiB|longer"),
    ],
    ids=["silent", "no bindings", "nonsense", "an old opa", "no interpreter", "killed", "endless output"],
)
def test_an_opa_that_does_not_answer_as_documented_blocks(tmp_path: Path, text: str, named: str) -> None:
    opa = program(tmp_path / "opa", text)
    with pytest.raises(Stalled, match=named):
        judge(tmp_path, replace(RULES, engine=str(opa), timeout=timedelta(seconds=5)))(ALWAYS)


def test_an_opa_on_the_path_is_taken_before_regorus(tmp_path: Path) -> None:
    opa = program(tmp_path / "opa", FAKE_OPA)
    assert find("auto", str(tmp_path)) == opa
    assert find("auto", "/nonexistent") is None
    with pytest.raises(Stalled, match=r"correct gate\.policy\.engine"):
        find("/nonexistent/opa", str(tmp_path))


def test_an_evaluation_that_is_told_to_stop_is_no_verdict(tmp_path: Path) -> None:
    place = bench(tmp_path)
    place.stop.set()
    with pytest.raises(Transient, match="Stopped"):
        rego.evaluate((RegoFile("a.rego", ALWAYS),), {}, rules=RULES, bench=place)


def test_policies_see_no_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_TOKEN", "EXAMPLE-SECRET-TOKEN")
    with pytest.raises(Stalled, match=r"opa\.runtime"):
        judge(tmp_path)(V1 + "deny contains x if x := opa.runtime().env.EXAMPLE_TOKEN\n")


def test_many_findings_are_told_as_the_first_and_how_many_more(judged: Judge) -> None:
    found = judged(V1 + 'deny contains sprintf("%04d", [i]) if some i in numbers.range(1, 300)\n').denied
    assert len(found) == 201
    assert found[-1].message == "and 100 more"


def test_tests_of_policies_are_no_policies(tmp_path: Path) -> None:
    (tmp_path / "a.rego").write_text(ALWAYS)
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "b.rego").write_text("package lib\n")
    (tmp_path / "a_test.rego").write_text("nonsense {{{")
    (tmp_path / "README.md").write_text("about")
    assert [Path(one.name).name for one in rego.load((tmp_path,))] == ["a.rego", "b.rego"]


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: None], ids=["empty", "missing"])
def test_a_place_without_a_policy_blocks(tmp_path: Path, make: object) -> None:
    place = tmp_path / "policies"
    assert callable(make)
    make(place)
    with pytest.raises(Stalled, match="policies"):
        rego.load((place,))


def test_a_policy_that_is_no_text_or_too_large_blocks(tmp_path: Path) -> None:
    file = tmp_path / "a.rego"
    for content in (b"\xff\xfe", b"#" * (rego.LARGEST_FILE + 1)):
        file.write_bytes(content)
        with pytest.raises(Stalled, match=r"a\.rego"):
            rego.load((file,))

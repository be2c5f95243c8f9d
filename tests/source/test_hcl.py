from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.errors import Misconfigured, Place
from tfreconcile.source.hcl import MAX_BRACKETS, MAX_BYTES, MAX_SIGNS, FileFacts, file_facts

MAIN = "stacks/pay/main.tf"


def facts_of(text: str | bytes, name: str = MAIN) -> FileFacts:
    return file_facts(name, text.encode() if isinstance(text, str) else text)


def in_both_languages(hcl: str, document: object) -> list[FileFacts]:
    return [facts_of(hcl), facts_of(json.dumps(document), f"{MAIN}.json")]


def test_module_calls_are_read_with_their_place() -> None:
    found = facts_of('# two\nmodule "vpc" {\n  version = "1.2.3"\n  source  = "acme/vpc/aws"\n}\n')
    (call,) = found.calls
    assert (call.name, call.source, call.version) == ("vpc", "acme/vpc/aws", "1.2.3")
    assert call.place == Place(MAIN, 4, 13)


def test_modules_are_read_in_hcl_and_in_json() -> None:
    hcl = 'module "a" {\n source = "./a"\n}\nmodule "b" {\n source = "./b"\n}'
    for found in in_both_languages(hcl, {"module": [{"a": [{"source": "./a"}]}, {"b": {"source": "./b"}}]}):
        assert [(call.name, call.source) for call in found.calls] == [("a", "./a"), ("b", "./b")]


def test_a_computed_source_keeps_the_signs_of_its_template() -> None:
    assert facts_of('module "a" {\n source = "./${var.x}"\n}').calls[0].source == "./${var.x}"


def test_a_key_that_json_repeats_hides_nothing() -> None:
    found = facts_of('{"provider": {"aws": {}}, "provider": {"google": {}}}', f"{MAIN}.json")
    assert found.providers == {"aws", "google"}


@pytest.mark.parametrize(
    ("hcl", "document", "provider"),
    [
        ('provider "aws" {}', {"provider": {"aws": {}}}, "aws"),
        ('provider "aws" {}\nprovider "aws" {\n alias = "b"\n}', {"provider": {"aws": [{}, {}]}}, "aws"),
        (
            'terraform {\n required_providers {\n  x = {\n   source = "hashicorp/aws"\n  }\n }\n}',
            {"terraform": {"required_providers": {"x": {"source": "hashicorp/aws"}}}},
            "aws",
        ),
        ('resource "aws_x" "y" {}', {"resource": {"aws_x": {"y": {}}}}, "aws"),
        ('data "aws_x" "y" {}', {"data": {"aws_x": {"y": {}}}}, "aws"),
        ('ephemeral "aws_x" "y" {}', {"ephemeral": {"aws_x": {"y": {}}}}, "aws"),
        ('action "aws_x" "y" {}', {"action": {"aws_x": {"y": {}}}}, "aws"),
        (
            'check "c" {\n data "aws_x" "y" {\n }\n}',
            {"check": {"c": {"data": {"aws_x": {"y": {}}}}}},
            "aws",
        ),
        (
            'resource "x_y" "z" {\n provider = google-beta.eu\n}',
            {"resource": {"x_y": {"z": {"provider": "google-beta.eu"}}}},
            "google-beta",
        ),
        (
            'resource "x_y" "z" {\n provider = google-beta\n}',
            {"resource": {"x_y": {"z": {"provider": "${google-beta}"}}}},
            "google-beta",
        ),
        ("removed {\n from = module.a.aws_x.y\n}", {"removed": {"from": "module.a.aws_x.y"}}, "aws"),
        ('import {\n to = aws_x.y["k"]\n id = "i"\n}', {"import": [{"to": "aws_x.y", "id": "i"}]}, "aws"),
        (
            'module "m" {\n source = "./m"\n providers = {\n  x = aws.eu\n }\n}',
            {"module": {"m": {"source": "./m", "providers": {"x": "aws.eu"}}}},
            "aws",
        ),
        (
            'data "terraform_remote_state" "s" {\n backend = "gcs"\n}',
            {"data": {"terraform_remote_state": {"s": {"backend": "gcs"}}}},
            "gcs",
        ),
    ],
    ids=lambda value: value.partition("{")[0].strip() if isinstance(value, str) else "",
)
def test_a_provider_is_noticed_wherever_it_is_named(hcl: str, document: object, provider: str) -> None:
    for found in in_both_languages(hcl, document):
        assert provider in found.providers


def test_backends_are_read_with_their_settings() -> None:
    hcl = 'terraform {\n backend "s3" {\n  bucket = "b"\n }\n}'
    for found in in_both_languages(hcl, {"terraform": {"backend": {"s3": {"bucket": "b"}}}}):
        assert found.backends == (("s3", '{"bucket":"b"}'),)


def test_terraform_cloud_counts_as_a_backend() -> None:
    hcl = 'terraform {\n cloud {\n  organization = "acme"\n }\n}'
    for found in in_both_languages(hcl, {"terraform": {"cloud": {"organization": "acme"}}}):
        assert found.backends == (("cloud", '{"organization":"acme"}'),)


def test_sensitive_variables_are_read_with_their_defaults() -> None:
    hcl = (
        'variable "a" {\n sensitive = true\n default = "EXAMPLE-SECRET\\n$${x}"\n}\n'
        'variable "b" {\n sensitive = true\n default = { k = ["EXAMPLE-SECRET-2", 1.5, null] }\n}\n'
        'variable "c" {\n sensitive = true\n}\nvariable "d" {\n sensitive = false\n default = "open"\n}\n'
    )
    assert facts_of(hcl).sensitive == {
        "a": "EXAMPLE-SECRET\n${x}",
        "b": {"k": ["EXAMPLE-SECRET-2", 1.5, None]},
        "c": None,
    }


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ('resource "a" {', MAIN, f"{MAIN}:1:14: Unclosed configuration block"),
        ("x {\n y = = 1\n}", MAIN, f"{MAIN}:2:6: Invalid expression"),
        ("a = 1\na = 2\n", MAIN, f"already set at {MAIN}:1,1-2"),
        (b'a = "\xff"', MAIN, f"{MAIN}:1:6: Invalid character encoding"),
        ('# \nprovider "aws" {}\0\nmodule "x" {}', MAIN, f"{MAIN}:2:1: has a NUL byte"),
        ('x = 1\nx "a" {}', MAIN, f"{MAIN}: invalid HCL: cannot convert"),
        ('{"a": 1,\n }', f"{MAIN}.json", f"{MAIN}.json:2:2: invalid JSON"),
        (b'{"a": "\xff"}', f"{MAIN}.json", f"{MAIN}.json: is no UTF-8"),
        ("[" * 100_000, f"{MAIN}.json", "nested too deeply"),
        ("a = " + "[" * 5_000 + "]" * 5_000, MAIN, "nested too deeply"),
        ("a = " + "9" * 5_000, MAIN, "too long"),
        ("a = " + "(" * 100_000 + "1" + ")" * 100_000, MAIN, f"at most {MAX_BRACKETS}"),
        ("a = " + "-" * 900_000 + "1", MAIN, f"at most {MAX_SIGNS}"),
        ("#" * (MAX_BYTES + 1), MAIN, f"at most {MAX_BYTES}"),
    ],
    ids=range(14),
)
def test_a_file_that_cannot_be_read_is_answered_with_the_place(
    text: str | bytes, name: str, message: str
) -> None:
    with pytest.raises(Misconfigured) as caught:
        facts_of(text, name)
    assert message in str(caught.value)


def test_every_fault_of_a_file_is_a_problem_of_its_own() -> None:
    with pytest.raises(Misconfigured) as caught:
        facts_of("a = 1\n\ufeff\n")
    assert [problem.place for problem in caught.value.problems] == [Place(MAIN, 2, 1)] * 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a remark",
        "\ufeffa = 1\r\n",
        "terraform = 3",
        'terraform {\n backend = "s3"\n}',
        "module = 1",
        "module {}",
        'module "x" {\n source = 5\n}',
        'resource "a" {}',
        'variable "x" "y" {}',
        'provider "aws" "x" {}',
    ],
)
def test_odd_shapes_are_left_to_terraform(text: str) -> None:
    assert facts_of(text).backends == ()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["aws_x", "source", "from", "y"]), inner, max_size=3)
    ),
    max_leaves=8,
)
kinds = st.sampled_from(["terraform", "module", "resource", "variable", "provider", "check", "removed"])


@given(st.dictionaries(kinds, json_values, max_size=4))
@settings(max_examples=200, deadline=None)
def test_no_shape_of_json_breaks_the_reading(document: dict[str, object]) -> None:
    assert isinstance(facts_of(json.dumps(document), f"{MAIN}.json"), FileFacts)

"""Which blocks the code makes with ``dynamic``."""

from __future__ import annotations

import json

import pytest

from tfreconcile.plan.dynamic import generated
from tfreconcile.plan.sources import sources

ROLE = 'resource "aws_iam_role" "r" {\n  name = "r"\n  %s\n}\n'
BODY = "{\n    for_each = terraform_data.u.output\n    content {}\n  }"


def _names(text: str, file: str = "main.tf") -> set[str]:
    return set(generated(sources({f"tfconfig/m-/{file}": text.encode()})).of("aws_iam_role", "r"))


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(f'dynamic "inline_policy" {BODY}', id="quoted"),
        pytest.param(f"dynamic inline_policy {BODY}", id="bare"),
        pytest.param(f'dynamic/* here */"inline_policy"{BODY}', id="with a comment"),
        pytest.param(f'dynamic "inline\\u005fpolicy" {BODY}', id="with an escape"),
        pytest.param(f'dynamic "o" {{\n content {{\n dynamic "inline_policy" {BODY}\n }}\n }}', id="inside"),
        pytest.param(f'text = <<EOT\n"\nEOT\n  dynamic "inline_policy" {BODY}', id="behind a heredoc"),
        pytest.param(f'text = "${{"\n  dynamic inline_policy {BODY}', id="in what confuses us"),
    ],
)
def test_a_dynamic_block_is_found_however_it_is_written(block: str) -> None:
    assert "inline_policy" in _names(ROLE % block)


@pytest.mark.parametrize(
    "dynamic",
    [
        pytest.param('{"inline_policy": {"for_each": 1}}', id="object"),
        pytest.param('[{"inline_policy": [{"for_each": 1}]}]', id="list"),
        pytest.param('{"grant": {}, "inline_policy": {}}', id="several keys"),
        pytest.param('[{"grant": {}}, {"inline_policy": {}}]', id="several objects"),
        pytest.param('{"grant": {}}, "dynamic": {"inline_policy": {}}', id="a key twice"),
        pytest.param('{"inline\\u005fpolicy": {}}', id="with an escape"),
    ],
)
def test_a_dynamic_block_of_a_json_file_is_found(dynamic: str) -> None:
    text = f'{{"resource": {{"aws_iam_role": {{"r": {{"name": "r", "dynamic": {dynamic}}}}}}}}}'
    assert "inline_policy" in _names(text, "main.tf.json")


@pytest.mark.parametrize(
    "line", ['dynamic = "inline_policy"', 'text = "dynamic inline_policy {"', "# dynamic inline_policy {"]
)
def test_what_only_looks_like_one_is_none(line: str) -> None:
    assert _names(ROLE % line) == set()


def test_a_dynamic_block_of_one_resource_is_none_of_another() -> None:
    text = (ROLE % f"dynamic inline_policy {BODY}").replace('"r" {', '"other" {')
    found = generated(sources({"tfconfig/m-/main.tf": text.encode()}))
    assert found.of("aws_iam_role", "r") == frozenset()
    assert found.of("aws_iam_role", "other") == found.names == {"inline_policy"}


def test_a_json_file_that_is_none_may_make_any_block() -> None:
    assert "inline_policy" in _names('{"dynamic": {"inline_policy": ', "main.tf.json")
    assert _names(json.dumps({"resource": {"aws_iam_role": {"r": {"name": "r"}}}}), "main.tf.json") == set()

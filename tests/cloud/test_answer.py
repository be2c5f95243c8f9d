"""How does a child answer? Asked of real processes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SERVE = """
import sys
from tfreconcile.cloud.answer import Refused, Trouble, serve

def verb(arguments, timeout):
    {body}

serve({{"verb": verb}}, lambda error: Trouble.DENIED if isinstance(error, PermissionError) else None)
"""


def answered(body: str, *, verb: str = "verb") -> subprocess.CompletedProcess[str]:
    """What a child with this verb writes."""
    argv = [sys.executable, "-I", "-c", SERVE.format(body=body), verb]
    request = json.dumps({"arguments": ["a", "b"], "timeout": 2})
    return subprocess.run(argv, input=request, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        pytest.param(
            'return {"got": arguments[1], "for": str(timeout)}',
            {"ok": {"got": "b", "for": "2"}},
            id="an-answer",
        ),
        pytest.param(
            'raise Refused(Trouble.NOT_FOUND, "no /a")',
            {"error": {"kind": "not-found", "message": "no /a"}},
            id="a-refusal",
        ),
        pytest.param(
            'raise PermissionError("not you")',
            {"error": {"kind": "denied", "message": "not you"}},
            id="an-error-of-the-sdk",
        ),
        pytest.param(
            "raise PermissionError",
            {"error": {"kind": "denied", "message": "PermissionError"}},
            id="an-error-without-a-text",
        ),
        pytest.param(
            "import no_such_sdk",
            {"error": {"kind": "not-installed", "message": "cannot import no_such_sdk"}},
            id="a-missing-sdk",
        ),
        pytest.param(
            'print("noise"); return {"a": "\\u00fc"}', {"ok": {"a": "\u00fc"}}, id="noise-on-stdout"
        ),
    ],
)
def test_a_child_writes_one_answer_and_nothing_else(body: str, answer: object) -> None:
    child = answered(body)
    assert json.loads(child.stdout) == answer
    assert child.returncode == 0


def test_an_error_text_of_any_size_is_cut() -> None:
    child = answered('raise PermissionError("x" * 1_000_000)')
    assert 200_000 < len(child.stdout) < 201_000


def test_a_bug_is_not_an_answer() -> None:
    child = answered("return arguments[7]")
    assert child.stdout == ""
    assert child.returncode == 1
    assert child.stderr.strip().splitlines()[-1].startswith("IndexError")


@pytest.mark.parametrize("module", ["aws_sdk", "gcp_sdk"])
def test_a_child_starts_without_the_rest_of_the_house(module: str) -> None:
    ask = f"import sys, json, tfreconcile.cloud.{module}; print(json.dumps(sorted(sys.modules)))"
    argv = [sys.executable, "-I", "-c", ask]
    loaded = set(json.loads(subprocess.run(argv, capture_output=True, check=True, timeout=30).stdout))
    ours = {name for name in loaded if name.startswith("tfreconcile")}
    names = ("", ".cloud", ".cloud.answer", f".cloud.{module}")
    assert ours == {f"tfreconcile{name}" for name in names}
    assert loaded.isdisjoint({"boto3", "google.auth", "tenacity", "pydantic", "sqlalchemy"})

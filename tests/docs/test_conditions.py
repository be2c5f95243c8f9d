"""Does the page of conditions name every state and reason that the code can produce, and no other?"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.pages import first_words, read, rows, section, spans

import tfreconcile
from tfreconcile.cloud.answer import Trouble
from tfreconcile.cloud.child import failure
from tfreconcile.errors import Stalled, Transient
from tfreconcile.observe.conditions import SEVERITIES, State
from tfreconcile.store.stacks import BROKEN
from tfreconcile.terraform.reasons import MOVE, Reason

PACKAGE = Path(tfreconcile.__file__).parent
PAGE = read("conditions.md")
ERRORS = {"Stalled", "Transient", "Waiting", "kind"}
STATUS_WORDS = {"True", "False", "Unknown", "Synced", "OutOfSync", "Healthy", "Progressing", "Degraded"}
TYPES = {"Ready", "Drifted", "AwaitingApproval", "Healthy", "Stalled", "Suspended", "SourceVerified"}
ALSO_REASONS = {"Suspended", "AwaitingApproval", "Refused", "SourceVerified"}
"""States and types that are reasons as well."""
SPEAKING = ("observe/conditions.py", "observe/health.py", "reconcile/status.py", "reconcile/trust.py")
_CAMEL = re.compile(r"[A-Z][A-Za-z]+")


def _is_reason(node: ast.AST | None) -> bool:
    return (
        isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(_CAMEL.fullmatch(node.value))
    )


def _texts(*nodes: ast.AST) -> Iterator[str]:
    """CamelCase constants among these nodes, both sides of a conditional included."""
    for node in nodes:
        if isinstance(node, ast.IfExp):
            yield from _texts(node.body, node.orelse)
        elif _is_reason(node) and isinstance(node, ast.Constant):
            yield str(node.value)


def _said(tree: ast.AST) -> Iterator[str]:
    """First arguments of errors, and whatever is called ``reason``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else ""
            yield from _texts(*(node.args[:1] if called in ERRORS else ()))
            yield from _texts(*(one.value for one in node.keywords if one.arg == "reason"))
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "reason" for target in node.targets
        ):
            yield from _texts(node.value)


def _literals() -> set[str]:
    """Reasons that stand in the code as texts."""
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found |= set(_said(tree))
        if str(path.relative_to(PACKAGE)) in SPEAKING:
            found |= set(_texts(*ast.walk(tree)))
    return found - STATUS_WORDS - TYPES - set(State) | ALSO_REASONS


def _reasons() -> set[str]:
    clouds = {
        failure(cloud, "identity", trouble, "").reason for cloud in ("aws", "gcp") for trouble in Trouble
    }
    severities = {word.capitalize() for word in SEVERITIES if word != "none"}
    return {*_literals(), *clouds, *severities, *map(str, Reason), BROKEN}


def _listed() -> list[str]:
    _, _, reasons = PAGE.partition("\n## Reasons of a stack\n")
    return [word for word in first_words(reasons) if _CAMEL.fullmatch(word)]


def test_the_search_for_reasons_finds_those_that_are_known_to_be_there() -> None:
    assert {
        "WrongAccount",
        "SuspendedInGit",
        "ApplyFailed",
        "NotStalled",
        "Settling",
        "ChecksUnknown",
    } <= _literals()


def test_every_reason_of_the_code_is_on_the_page() -> None:
    assert {reason for reason in _reasons() if f"`{reason}`" not in PAGE} == set()


def test_every_reason_in_the_tables_is_one_of_the_code_and_stands_there_once() -> None:
    listed = _listed()
    assert set(listed) - _reasons() == set()
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_line(state: State) -> None:
    assert str(state) in first_words(section(PAGE, "States"))


def test_every_condition_has_a_line() -> None:
    assert set(first_words(section(PAGE, "Conditions"))) == TYPES


@pytest.mark.parametrize("reason", Reason)
def test_a_failure_of_terraform_stands_under_its_next_move(reason: Reason) -> None:
    titles = {Stalled: "Stalled: would fail the same way again", Transient: "Backoff: may clear by itself"}
    if MOVE[reason] in titles:
        assert str(reason) in first_words(section(PAGE, titles[MOVE[reason]]))


def test_every_reason_says_what_to_do_next() -> None:
    _, _, reasons = PAGE.partition("\n## Reasons of a stack\n")
    for row in rows(reasons):
        assert len(row) == 3, row
        assert all(row), row
        assert spans(row[0]) or row[0] == "reason"

"""Is a failure named after its worst error, in a sentence that a person can act on?"""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.errors import Place, ReconcileError, Stalled, Transient, Waiting
from tfreconcile.terraform.diagnostics import Diagnostic, Severity
from tfreconcile.terraform.failures import LONGEST_MESSAGE, LockHolder, failure, lock_holder

LOCKED = (
    "Error message: resource temporarily unavailable\nLock Info:\n"
    "  ID:        e38c33e0-b252-f568-568c-87fb1200853c\n  Path:      terraform.tfstate\n"
    "  Operation: OperationTypeApply\n  Who:       root@vm\n  Version:   1.11.4\n"
    "  Created:   2026-11-21 12:47:51.290137714 +0000 UTC\n  Info:      \n\n\nTerraform acquires a state lock"
)


def said(summary: str, detail: str = "", address: str = "", place: Place | None = None) -> Diagnostic:
    return Diagnostic(severity=Severity.ERROR, summary=summary, detail=detail, address=address, place=place)


CONFIGURATION = said("Unsupported argument", "Not expected here.", "", Place("main.tf", 3, 5))
THROTTLED = said("Throttling: Rate exceeded", "", "aws_sqs_queue.a")
UNSAVED = said("Failed to save state", "disk full")
HALTED = said("execution halted")


@pytest.mark.parametrize(
    ("diagnostics", "kind", "reason"),
    [
        pytest.param([THROTTLED], Transient, "Throttled", id="transient"),
        pytest.param([CONFIGURATION], Stalled, "InvalidConfiguration", id="stalled"),
        pytest.param([said("Told to stop")], Waiting, "Stopped", id="nothing is wrong"),
        pytest.param([said("new words")], Transient, "TerraformFailed", id="unknown is tried again"),
        pytest.param([], Transient, "TerraformFailed", id="silence is tried again"),
    ],
)
def test_the_class_says_the_next_move(
    diagnostics: list[Diagnostic], kind: type[ReconcileError], reason: str
) -> None:
    error = failure(diagnostics, "plan")
    assert (type(error), error.reason) == (kind, reason)


@pytest.mark.parametrize("order", list(permutations([THROTTLED, HALTED, UNSAVED, CONFIGURATION])))
def test_the_worst_error_names_the_failure_in_any_order(order: tuple[Diagnostic, ...]) -> None:
    error = failure(order, "apply")
    assert (error.reason, error.message) == (
        "StateWriteFailed",
        "Failed to save state: disk full, and 2 more",
    )


def test_the_message_has_the_place() -> None:
    assert (
        failure([CONFIGURATION], "plan").message == "Unsupported argument: Not expected here. (main.tf:3:5)"
    )


def test_the_message_has_the_resource() -> None:
    assert failure([THROTTLED], "apply").message == "aws_sqs_queue.a: Throttling: Rate exceeded"


def test_one_error_said_twice_is_one_error() -> None:
    assert "more" not in failure([CONFIGURATION, CONFIGURATION], "init").message


def test_warnings_are_no_cause() -> None:
    warning = Diagnostic(severity=Severity.WARNING, summary="AccessDenied somewhere")
    assert failure([warning, THROTTLED], "plan").reason == "Throttled"


def test_a_held_lock_names_who_holds_it_and_since_when() -> None:
    locked = said("Error acquiring the state lock", LOCKED)
    assert failure([locked], "plan").message == (
        "the state is locked by root@vm for apply since 2026-11-21 12:47:51.290137714 +0000 UTC "
        "(lock e38c33e0-b252-f568-568c-87fb1200853c)"
    )
    assert lock_holder([THROTTLED, locked]) == LockHolder(
        id="e38c33e0-b252-f568-568c-87fb1200853c",
        who="root@vm",
        since="2026-11-21 12:47:51.290137714 +0000 UTC",
        operation="apply",
        path="terraform.tfstate",
    )


@pytest.mark.parametrize(
    ("text", "holder"),
    [
        pytest.param("HTTP remote state already locked: ID=abc-1\n", LockHolder(id="abc-1"), id="http"),
        pytest.param("Workspace is already locked: default\n", None, id="pg"),
    ],
)
def test_a_backend_that_prints_our_own_lock_accuses_nobody(text: str, holder: LockHolder | None) -> None:
    locked = said("Error acquiring the state lock", text + LOCKED.partition("\n")[2])
    assert lock_holder([locked]) == holder
    assert "root@vm" not in failure([locked], "plan").message


def test_no_lock_has_no_holder() -> None:
    assert lock_holder([THROTTLED]) is None


def test_control_characters_do_not_reach_the_message() -> None:
    assert failure([said("bad\x1b[2J\nthing\r")], "plan").message == "bad [2J thing"


@pytest.mark.parametrize("name", ["local-exec", "remote-exec", "file"])
@pytest.mark.parametrize("also", ["", " uses format version 9"], ids=["plain", "that looks like another"])
def test_what_a_provisioner_printed_stays_out_of_the_message(name: str, also: str) -> None:
    detail = f"Error running command 'login EXAMPLE-SECRET-MADE': exit status 3{also}"
    found = said(f"{name} provisioner error", detail, "a.b", Place("main.tf", 5, 3))
    assert failure([found], "apply").message == (
        f"a.b: {name} provisioner error: output withheld (main.tf:5:3)"
    )


@given(st.lists(st.builds(said, st.text(), st.text()), max_size=5))
@settings(max_examples=200, deadline=None)
def test_every_failure_is_one_bounded_printable_line(diagnostics: list[Diagnostic]) -> None:
    error = failure(diagnostics, "plan")
    assert isinstance(error, Transient | Stalled | Waiting)
    assert len(error.message) <= LONGEST_MESSAGE + 40
    assert error.message.isprintable()

"""Is something said also when Terraform says nothing?"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tfreconcile.terraform.diagnostics import Event
from tfreconcile.terraform.failures import failure
from tfreconcile.terraform.listening import MOST_EVENTS, Listener, spoken
from tfreconcile.terraform.process import Finished, How, Why
from tfreconcile.terraform.rescue import DUMPED, errored_state, stamp

PANIC = (
    "warning of a provider\npanic: runtime error: index out of range\n\ngoroutine 1 [running]:\nmain.go:7\n"
)


@pytest.fixture
def finished(tmp_path: Path) -> Finished:
    stdout, stderr = tmp_path / "apply.stdout", tmp_path / "apply.stderr"
    stdout.write_bytes(b"")
    stderr.write_bytes(b"")
    return Finished(
        code=1, stdout=stdout, stderr=stderr, seconds=7, how=How.EXITED, why=Why.NOT, peak_memory=0
    )


@pytest.mark.parametrize(
    ("stderr", "code", "reason", "words"),
    [
        pytest.param("", -9, "TerraformFailed", "killed by signal 9", id="killed by the kernel"),
        pytest.param("", 1, "TerraformFailed", "exited with 1 without saying why", id="silent"),
        pytest.param(PANIC, 2, "TerraformFailed", "panic: runtime error: index out of range", id="panic"),
        pytest.param("\nError: Saved plan is stale\n\nAgain.\n", 1, "StalePlan", "Again.", id="plain text"),
    ],
)
def test_silence_is_filled_from_stderr(
    finished: Finished, stderr: str, code: int, reason: str, words: str
) -> None:
    finished.stderr.write_text(stderr)
    error = failure(spoken(replace(finished, code=code), Listener(), 60), "show")
    assert (error.reason, words in error.message) == (reason, True)


@pytest.mark.parametrize(
    ("why", "reason", "words"),
    [
        pytest.param(Why.DEADLINE, "TimedOut", "The deadline passed (60 s)", id="deadline"),
        pytest.param(Why.STOPPED, "Stopped", "Told to stop", id="stopped"),
        pytest.param(Why.OUTPUT, "OutputTooLarge", "printed too much", id="output"),
    ],
)
def test_an_interruption_is_the_cause_and_not_what_it_brought_about(
    finished: Finished, why: Why, reason: str, words: str
) -> None:
    listener = Listener()
    listener.hear(diagnostic("execution halted"))
    listener.hear(diagnostic("local-exec provisioner error"))
    ended = replace(finished, how=How.INTERRUPTED, why=why)
    error = failure(spoken(ended, listener, 60), "apply")
    assert (error.reason, words in error.message) == (reason, True)


def test_progress_is_passed_on_and_diagnostics_are_not() -> None:
    told: list[Event] = []
    listener = Listener(told.append)
    for line in (diagnostic("no"), b'{"type":"version","@message":"Terraform 1.11.4"}', b"garbage", b""):
        listener.hear(line)
    assert [event.kind for event in told] == ["version"]
    assert (listener.unreadable, len(listener.diagnostics)) == (1, 1)


def test_endless_warnings_do_not_fill_the_memory() -> None:
    listener, line = Listener(), diagnostic("again", "warning")
    for _ in range(MOST_EVENTS + 10):
        listener.hear(line)
    assert len(listener.events) == MOST_EVENTS


def test_a_new_errored_state_is_found(finished: Finished, tmp_path: Path) -> None:
    (tmp_path / "errored.tfstate").write_text("{}")
    assert errored_state(tmp_path, finished, None, dumped=False) == tmp_path / "errored.tfstate"


def test_an_errored_state_that_was_there_before_is_not_terraforms(finished: Finished, tmp_path: Path) -> None:
    (tmp_path / "errored.tfstate").write_text("{}")
    assert errored_state(tmp_path, finished, stamp(tmp_path), dumped=False) is None


def test_no_errored_state_is_none(finished: Finished, tmp_path: Path) -> None:
    assert errored_state(tmp_path, finished, None, dumped=False) is None


def test_a_printed_state_is_put_into_a_private_file(finished: Finished, tmp_path: Path) -> None:
    state = {"version": 4, "resources": ["EXAMPLE-SECRET-STATE"]}
    dump = {"@level": "error", "@message": "Emergency state dump", "state": state, "type": "log"}
    line = json.dumps(dump, separators=(",", ":")).encode()
    finished.stdout.write_bytes(diagnostic("Failed to save state") + b"\n" + line + b"\n")
    (tmp_path / "errored.tfstate").write_text('{"version": 4, "reso')
    found = errored_state(tmp_path, finished, None, dumped=True)
    assert found == tmp_path / DUMPED
    assert found is not None
    assert json.loads(found.read_text()) == state
    assert found.stat().st_mode & 0o777 == 0o600


def test_a_printed_state_that_cannot_be_read_is_left_where_it_is(finished: Finished, tmp_path: Path) -> None:
    finished.stdout.write_bytes(b'{"@message":"Emergency state dump","state":{"resou')
    assert errored_state(tmp_path, finished, None, dumped=True) == finished.stdout


def diagnostic(summary: str, severity: str = "error") -> bytes:
    found = {"severity": severity, "summary": summary, "detail": ""}
    return json.dumps({"type": "diagnostic", "@message": summary, "diagnostic": found}).encode()

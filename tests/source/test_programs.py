"""Does a program that verifies see and leave behind what it should?"""

from __future__ import annotations

from pathlib import Path

import pytest

from tfreconcile.errors import Stalled, Transient
from tfreconcile.source import programs


def test_a_program_is_given_text_and_answers(tmp_path: Path) -> None:
    ended = programs.run("sh", "-c", "cat; echo no >&2; exit 3", cwd=tmp_path, timeout=10, stdin=b"words")
    assert ended == programs.Ended(status=3, stdout=b"words", stderr="no\n")


def test_a_program_sees_no_variables_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GNUPGHOME", "SSH_AUTH_SOCK", "HOME", "TZ", "EXAMPLE"):
        monkeypatch.setenv(name, "EXAMPLE-SECRET-VALUE")
    ended = programs.run("env", cwd=tmp_path, timeout=10, environment={"OWN": "1"})
    names = {row.split("=")[0] for row in ended.stdout.decode().splitlines()}
    assert names == {"PATH", "HOME", "LC_ALL", "TZ", "OWN"}
    assert b"EXAMPLE-SECRET" not in ended.stdout


def test_a_program_that_does_not_end_is_ended(tmp_path: Path) -> None:
    with pytest.raises(Transient, match="SignatureToolFailed: sleep did not answer"):
        programs.run("sleep", "60", cwd=tmp_path, timeout=0.05)


def test_a_program_that_writes_too_much_is_not_read(tmp_path: Path) -> None:
    count = str(programs.LONGEST_ANSWER + 1)
    with pytest.raises(Transient, match="SignatureToolFailed: head wrote 4194305 bytes"):
        programs.run("head", "-c", count, "/dev/zero", cwd=tmp_path, timeout=10)


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Stalled, match="there is no no-such-program on the PATH"):
        programs.run("no-such-program", cwd=tmp_path, timeout=10)


def test_a_workroom_is_ours_alone_and_does_not_stay() -> None:
    with programs.workroom({"name": b"content"}) as room:
        assert room.stat().st_mode & 0o777 == 0o700
        assert (room / "name").read_bytes() == b"content"
    assert not room.exists()


def test_a_workroom_that_cannot_be_made_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(Transient, match="WorkroomFailed"), programs.workroom({}):
        pass

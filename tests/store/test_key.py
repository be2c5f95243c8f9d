"""Is there one key on a host, for its owner alone?"""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PosixPath

import pytest

from tfreconcile.errors import Misconfigured
from tfreconcile.store.key import LENGTH, load_or_make

GOOD = "ab" * LENGTH


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "fingerprint.key"


def written(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(Misconfigured) as caught:
        load_or_make(path)
    return str(caught.value)


def test_a_missing_key_is_made_for_its_owner_alone_and_found_again(path: Path) -> None:
    before = os.umask(0)
    try:
        made = load_or_make(path)
    finally:
        os.umask(before)
    assert len(made) == LENGTH
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_make(path) == made
    assert list(path.parent.iterdir()) == [path], "no draft is left behind"


def test_two_hosts_make_two_keys(path: Path) -> None:
    assert load_or_make(path) != load_or_make(path.with_name("another.key"))


class Beaten(PosixPath):
    """A path that is missing at the first look, and is made by another process right after it."""

    def read_bytes(self) -> bytes:
        """What stands there, but for the first time."""
        if self.exists():
            return super().read_bytes()
        written(Path(self), GOOD.encode())
        raise FileNotFoundError


def test_whoever_comes_second_takes_the_key_of_the_first(path: Path) -> None:
    assert load_or_make(Beaten(path)) == b"\xab" * LENGTH
    assert path.read_bytes() == GOOD.encode()
    assert list(path.parent.iterdir()) == [path]


def test_whoever_starts_at_the_same_time_gets_the_same_key(path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(load_or_make, [path] * 8))
    assert len(keys) == 1
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(GOOD.encode(), id="bare"),
        pytest.param(GOOD.encode() + b"\n", id="with-a-newline"),
        pytest.param(GOOD.upper().encode() + b"\r\n", id="upper-case"),
    ],
)
def test_a_key_is_hex_digits(path: Path, content: bytes) -> None:
    assert load_or_make(written(path, content)) == b"\xab" * LENGTH


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(GOOD[:-2].encode(), id="too-short"),
        pytest.param(GOOD.encode() + b"ab", id="too-long"),
        pytest.param(b"xy" * LENGTH, id="not-hex"),
        pytest.param(b"\xff" * LENGTH, id="not-text"),
    ],
)
def test_what_is_no_key_is_refused_and_never_replaced(path: Path, content: bytes) -> None:
    said = refusal(written(path, content))
    assert str(path) in said
    assert "64 hex digits" in said
    assert path.read_bytes() == content


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777], ids=oct)
def test_a_key_that_others_can_read_is_refused_with_the_command_that_mends_it(path: Path, mode: int) -> None:
    assert f"chmod 600 {path}" in refusal(written(path, GOOD.encode(), mode))


def test_a_key_that_is_a_directory_is_refused(path: Path) -> None:
    path.mkdir()
    assert "cannot be read" in refusal(path)


def test_a_key_whose_directory_is_missing_is_refused(tmp_path: Path) -> None:
    assert "cannot be made" in refusal(tmp_path / "none" / "fingerprint.key")


def test_no_refusal_quotes_the_key(path: Path) -> None:
    assert GOOD[:16] not in refusal(written(path, GOOD.encode(), 0o644))
    assert GOOD[:16] not in refusal(written(path, GOOD[:-2].encode()))

"""Does the host keep the later of two heads, in a file that the service can read?"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.remembered import KEY

from tfreconcile.store import anchor, key, owner
from tfreconcile.store.anchor import Head

SERVICE, GROUP = (65534, 65534) if os.geteuid() == 0 else (os.getuid(), os.getgid())
"""Whom the state directory belongs to: only root can tell them from itself."""


def numbered(number: int) -> Head:
    return Head(number=number, hash=f"{number:064x}")


def test_of_heads_that_are_written_at_once_the_latest_stays(tmp_path: Path) -> None:
    file = tmp_path / anchor.NAME
    with ThreadPoolExecutor(8) as pool:
        tuple(pool.map(lambda number: anchor.advance(file, KEY, numbered(number)), range(60, 0, -1)))
    assert anchor.read(file, KEY) == numbered(60)


def test_a_writer_waits_for_the_one_that_reads_and_writes(tmp_path: Path) -> None:
    file = tmp_path / anchor.NAME
    anchor.advance(file, KEY, numbered(1))
    directory = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(directory, fcntl.LOCK_EX)
    with ThreadPoolExecutor(1) as pool:
        older = pool.submit(anchor.advance, file, KEY, numbered(2))
        anchor.put(file, _as_written(tmp_path, numbered(3)))
        assert not older.done()
        os.close(directory)
        older.result()
    assert anchor.read(file, KEY) == numbered(3)


def _as_written(tmp_path: Path, head: Head) -> str:
    other = tmp_path / "other"
    other.mkdir()
    anchor.advance(other / anchor.NAME, KEY, head)
    return (other / anchor.NAME).read_text()


def test_a_file_that_cannot_be_read_is_not_called_damaged(tmp_path: Path) -> None:
    (tmp_path / anchor.NAME).mkdir()
    with pytest.raises(anchor.Unreadable, match="cannot be read: Is a directory; it must belong to"):
        anchor.read(tmp_path / anchor.NAME, KEY)


def test_what_root_writes_belongs_to_the_owner_of_the_state_directory(tmp_path: Path) -> None:
    os.chown(tmp_path, SERVICE, GROUP)
    anchor.advance(tmp_path / anchor.NAME, KEY, numbered(1))
    key.load_or_make(tmp_path / "fingerprint.key")
    for name in (anchor.NAME, "fingerprint.key"):
        found = (tmp_path / name).stat()
        assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (SERVICE, GROUP, 0o600)
        assert owner.wrong(tmp_path / name) is None


def test_what_root_replaces_stays_its_owners(tmp_path: Path) -> None:
    file = tmp_path / anchor.NAME
    anchor.advance(file, KEY, numbered(1))
    os.chown(file, SERVICE, GROUP)
    anchor.advance(file, KEY, numbered(2))
    assert (file.stat().st_uid, file.stat().st_gid) == (SERVICE, GROUP)
    assert anchor.read(file, KEY) == numbered(2)


def test_a_file_of_roots_in_the_services_directory_is_told_with_what_mends_it(tmp_path: Path) -> None:
    file = tmp_path / anchor.NAME
    file.write_text("x")
    file.chmod(0)
    os.chown(tmp_path, SERVICE, GROUP)
    found = owner.wrong(file)
    assert found is not None
    assert found[1].endswith(f"chown {SERVICE}:{GROUP} {file}")


def test_a_file_that_is_not_there_is_not_wrong(tmp_path: Path) -> None:
    assert owner.wrong(tmp_path / anchor.NAME) is None


def test_the_directory_is_not_locked_by_a_process_that_was_killed(tmp_path: Path) -> None:
    code = "import fcntl,os,sys; fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX); os.abort()"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    anchor.advance(tmp_path / anchor.NAME, KEY, numbered(1))
    assert anchor.read(tmp_path / anchor.NAME, KEY) == numbered(1)

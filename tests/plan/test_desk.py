"""Is a desk private, and is it gone after the pass, however that ends?"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tfreconcile.errors import Stalled, Transient
from tfreconcile.plan.desk import (
    OVERRIDE,
    Desk,
    StateDirectory,
    desk,
    rescue_state,
    sweep,
    unwritable,
    write_backend,
    write_variables,
)
from tfreconcile.source import export
from tfreconcile.source.model import StackName

NET = StackName("net")
DUMP = b'{"@level":"info","@message":"Emergency state dump","state":{"serial":7},"type":"log"}\n'


@pytest.fixture
def directory(tmp_path: Path) -> StateDirectory:
    return StateDirectory(tmp_path / "var")


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """Modes must not lean on what the process that started us wished."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_desk_and_all_of_its_parts_are_for_us_alone(directory: StateDirectory) -> None:
    with desk(directory, NET) as here:
        parts = (directory.passes(NET), here.root, here.tree, here.spool, here.home, here.temporary)
        assert {mode(part) for part in parts} == {0o700}
        assert here.root.parent == directory.passes(NET)


def test_a_desk_is_gone_after_the_pass_with_everything_on_it(directory: StateDirectory) -> None:
    with desk(directory, NET) as here:
        here.plan_file.write_text("EXAMPLE-SECRET-plan")
    assert list(directory.passes(NET).iterdir()) == []
    assert not directory.rescued(NET).exists()


def test_a_desk_is_gone_after_a_pass_that_failed(directory: StateDirectory) -> None:
    with pytest.raises(KeyboardInterrupt), desk(directory, NET):
        raise KeyboardInterrupt
    assert list(directory.passes(NET).iterdir()) == []


def test_two_desks_of_one_stack_are_two(directory: StateDirectory) -> None:
    with desk(directory, NET) as one, desk(directory, NET) as other:
        assert one.root != other.root


def test_sweeping_takes_away_all_but_the_own_desk(directory: StateDirectory) -> None:
    with desk(directory, NET), desk(directory, NET) as here:
        here.plan_file.touch()
        assert sweep(directory, NET, keep=here) == 1
        assert list(directory.passes(NET).iterdir()) == [here.root]
        assert here.plan_file.exists()
        assert sweep(directory, NET, keep=here) == 0


def test_sweeping_does_not_follow_links(directory: StateDirectory, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    with desk(directory, NET) as here:
        (directory.passes(NET) / "link").symlink_to(outside)
        sweep(directory, NET, keep=here)
    assert (outside / "kept").exists()


def errored(left: Desk) -> None:
    (left.tree / "module").mkdir()
    (left.tree / "module" / "errored.tfstate").write_bytes(b'{"serial": 7}')


def dumped(left: Desk) -> None:
    (left.spool / "apply.stdout").write_bytes(b'{"type":"version"}\n' + DUMP)


def cut_short(left: Desk) -> None:
    (left.spool / "apply.stdout").write_bytes(DUMP[:70])


@pytest.mark.parametrize(
    ("leave", "serial"),
    [
        pytest.param(errored, b'{"serial": 7}', id="errored.tfstate"),
        pytest.param(dumped, b'{"serial": 7}', id="printed"),
        pytest.param(cut_short, DUMP[:70], id="printed-and-cut-short"),
    ],
)
@pytest.mark.parametrize("swept", [False, True], ids=["at-the-end", "swept"])
def test_a_state_that_nobody_took_outlives_its_desk(
    directory: StateDirectory, leave: Callable[[Desk], None], serial: bytes, swept: bool
) -> None:
    with desk(directory, NET) as left:
        leave(left)
        if swept:
            with desk(directory, NET) as here:
                sweep(directory, NET, keep=here)
                assert not left.root.exists()
    (kept,) = directory.rescued(NET).iterdir()
    assert (kept.read_bytes(), kept.suffix, mode(kept)) == (serial, ".tfstate", 0o600)
    assert mode(directory.rescued(NET)) == 0o700
    assert not left.root.exists()


def test_a_state_that_was_rescued_before_is_not_rescued_twice(directory: StateDirectory) -> None:
    with desk(directory, NET) as here:
        dumped(here)
        (here.spool / "dumped.tfstate").write_text("taken out before")
        kept = rescue_state(here.spool / "dumped.tfstate", here, directory.rescued(NET))
    assert list(directory.rescued(NET).iterdir()) == [kept]
    assert kept.read_text() == "taken out before"


def test_a_desk_whose_state_finds_no_place_is_kept(directory: StateDirectory) -> None:
    directory.root.mkdir()
    (directory.root / "rescued").write_text("in the way")
    with pytest.raises(Stalled) as caught, desk(directory, NET) as here:
        errored(here)
    assert caught.value.reason == "StateDirectory"
    assert (here.tree / "module" / "errored.tfstate").exists()


def test_a_directory_that_cannot_be_written_is_a_matter_for_a_person(directory: StateDirectory) -> None:
    directory.root.write_text("a file")
    with pytest.raises(Stalled) as caught, desk(directory, NET):
        pytest.fail("there is no desk")
    assert caught.value.reason == "StateDirectory"
    assert str(directory.root) in caught.value.message


@pytest.mark.parametrize(
    ("number", "kind", "reason"),
    [
        pytest.param(errno.ENOSPC, Transient, "DiskFull", id="full"),
        pytest.param(errno.EDQUOT, Transient, "DiskFull", id="quota"),
        pytest.param(errno.EACCES, Stalled, "StateDirectory", id="forbidden"),
        pytest.param(errno.EROFS, Stalled, "StateDirectory", id="read-only"),
    ],
)
def test_a_full_disk_may_clear_by_itself_and_a_forbidden_one_does_not(
    number: int, kind: type[Exception], reason: str
) -> None:
    error = unwritable(Path("/var/lib/example"), OSError(number, os.strerror(number)))
    assert (type(error), error.reason) == (kind, reason)
    assert "/var/lib/example" in error.message


def test_variables_are_written_for_us_alone_and_never_over_a_file(tmp_path: Path) -> None:
    path = write_variables(tmp_path / "v.tfvars.json", {"text": "é", "list": [1, None], "map": {"a": True}})
    assert json.loads(path.read_text()) == {"text": "é", "list": [1, None], "map": {"a": True}}
    assert mode(path) == 0o600
    with pytest.raises(FileExistsError):
        write_variables(path, {})


def test_a_backend_is_written_beside_the_root_module_under_a_name_that_git_cannot_use(tmp_path: Path) -> None:
    path = write_backend(tmp_path, "s3", {"bucket": "states"})
    assert json.loads(path.read_text()) == {"terraform": {"backend": {"s3": {"bucket": "states"}}}}
    assert (path.name, mode(path)) == (OVERRIDE, 0o600)
    assert OVERRIDE == export.RESERVED

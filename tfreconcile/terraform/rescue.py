"""Where is the state that no backend took? In errored.tfstate, or in what Terraform printed last."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tfreconcile.terraform.diagnostics import STATE_DUMP, event
from tfreconcile.terraform.process import Finished

ERRORED = "errored.tfstate"
DUMPED = "dumped.tfstate"
Stamp = tuple[int, int, int]


def stamp(root: Path) -> Stamp | None:
    """What errored.tfstate is before an apply; one that comes from Git is not Terraform's."""
    try:
        found = (root / ERRORED).lstat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def errored_state(root: Path, finished: Finished, earlier: Stamp | None, *, dumped: bool) -> Path | None:
    """The file with the state that an apply could not save, None when there is none.

    A printed state counts more than the file: Terraform prints it when the file cannot be written whole.
    It is put beside the output; when not even that works, the answer is the output itself.
    """
    if dumped:
        return _from_output(finished.stdout)
    now = stamp(root)
    return root / ERRORED if now is not None and now != earlier else None


def left_behind(tree: Path, spool: Path) -> Path | None:
    """As ``errored_state``, for an apply whose end nobody saw: where it worked and where it printed.

    ``tree`` never holds an errored.tfstate that comes from Git: state files are not exported.
    """
    stdout = spool / "apply.stdout"
    if stdout.is_file() and _has_dump(stdout):
        return _from_output(stdout)
    return min(tree.rglob(ERRORED), default=None)


def _has_dump(stdout: Path) -> bool:
    with stdout.open("rb") as lines:
        return any(_is_dump(line) for line in lines)


def _from_output(stdout: Path) -> Path:
    target = stdout.with_name(DUMPED)
    with stdout.open("rb") as lines:
        dump = next((line for line in lines if _is_dump(line)), b"")
    try:
        state = json.dumps(json.loads(dump)["state"])
        with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(state)
    except (OSError, ValueError, KeyError, TypeError):
        return stdout
    return target


def _is_dump(line: bytes) -> bool:
    heard = event(line)
    return heard is not None and heard.kind == STATE_DUMP

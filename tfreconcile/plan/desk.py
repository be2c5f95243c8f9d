"""Where does a pass put its files? A private directory that ends with the pass. A door to the disk."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tfreconcile.errors import Stalled, Transient
from tfreconcile.source.model import Scalar, StackName
from tfreconcile.terraform import rescue

OVERRIDE = "zz_tfreconcile_override.tf.json"
"""Sorts after every override file that people write, and is refused as a name in Git."""

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""No room for anybody, or no more for us."""


@dataclass(frozen=True)
class StateDirectory:
    """The layout of ``state_dir``. Everything in it is for the service user alone (0700)."""

    root: Path

    @property
    def mirror(self) -> Path:
        """The bare Git mirror."""
        return self.root / "mirror.git"

    @property
    def init_lock(self) -> Path:
        """Held while ``terraform init`` runs, so that two never fill one cache."""
        return self.root / "init.lock"

    def passes(self, stack: StackName) -> Path:
        """Where the desks of a stack are; one while a pass runs, none between passes."""
        return self.root / "passes" / stack

    def terraform(self, stack: StackName) -> Path:
        """TF_DATA_DIR of a stack: providers and modules that init has found. Can always be deleted."""
        return self.root / "terraform" / stack

    def state(self, stack: StackName) -> Path:
        """The state of a stack that uses the host's local backend."""
        return self.root / "tfstate" / stack

    def rescued(self, stack: StackName) -> Path:
        """States that Terraform could not save. Only a person deletes them."""
        return self.root / "rescued" / stack


@dataclass(frozen=True)
class Desk:
    """The directories of one pass: exported files, Terraform's output, home and temporary files."""

    root: Path

    @property
    def tree(self) -> Path:
        """The root of the exported files."""
        return self.root / "tree"

    @property
    def spool(self) -> Path:
        """What Terraform prints, plan files and variables: all of it may hold secrets."""
        return self.root / "spool"

    @property
    def home(self) -> Path:
        """HOME of everything that the pass starts."""
        return self.root / "home"

    @property
    def temporary(self) -> Path:
        """TMPDIR of everything that the pass starts."""
        return self.root / "tmp"

    @property
    def plan_file(self) -> Path:
        """The saved plan."""
        return self.spool / "plan.tfplan"


@contextmanager
def desk(directory: StateDirectory, stack: StackName) -> Iterator[Desk]:
    """A fresh desk, removed with all that is in it when the pass ends, however it ends.

    Only a state that Terraform could not save is kept: it moves to ``directory.rescued(stack)``.
    Raises Transient("DiskFull") or Stalled("StateDirectory") when it cannot be made.
    """
    home = directory.passes(stack)
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = Desk(Path(tempfile.mkdtemp(prefix="pass-", dir=home)))
        for part in (made.tree, made.spool, made.home, made.temporary):
            part.mkdir(mode=0o700)
    except OSError as error:
        raise unwritable(directory.root, error) from error
    try:
        yield made
    finally:
        _clear(made, directory.rescued(stack))


def sweep(directory: StateDirectory, stack: StackName, *, keep: Desk) -> int:
    """Clear desks that a killed pass left behind; the caller knows that no such pass still runs."""
    left = [path for path in directory.passes(stack).iterdir() if path != keep.root]
    for path in left:
        _clear(Desk(path), directory.rescued(stack))
    return len(left)


def rescue_state(state: Path, left: Desk, to: Path) -> Path:
    """Move the only copy of a state out of a desk, without needing room on the disk; gives where it is now.

    Raises Transient("DiskFull") or Stalled("StateDirectory"); the desk still has the state then.
    """
    kept = _kept(left, to)
    try:
        to.mkdir(parents=True, exist_ok=True, mode=0o700)
        state.chmod(0o600)
        shutil.move(state, kept)
    except OSError as error:
        raise unwritable(to, error) from error
    return kept


def _kept(left: Desk, to: Path) -> Path:
    return to / f"{left.root.name}.tfstate"


def _clear(left: Desk, rescued: Path) -> None:
    state = rescue.left_behind(left.tree, left.spool)
    if state is not None and not _kept(left, rescued).exists():
        rescue_state(state, left, rescued)
    shutil.rmtree(left.root, ignore_errors=True)


def unwritable(root: Path, error: OSError) -> Transient | Stalled:
    """What it means that the state directory cannot be written."""
    if error.errno in FULL:
        return Transient("DiskFull", f"no space left under {root}; free some, nothing was changed")
    return Stalled(
        "StateDirectory",
        f"cannot write under {root}: {error.strerror}; it must belong to the user tfreconcile runs as",
    )


def write_variables(path: Path, variables: Mapping[str, Scalar]) -> Path:
    """Root variables as a var file, readable by us alone."""
    return _write(path, json.dumps(dict(variables), indent=1))


def write_backend(root: Path, kind: str, settings: Mapping[str, Scalar]) -> Path:
    """The override file that gives a root module without a backend the host's default."""
    return _write(root / OVERRIDE, json.dumps({"terraform": {"backend": {kind: dict(settings)}}}, indent=1))


def _write(path: Path, text: str) -> Path:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    return path

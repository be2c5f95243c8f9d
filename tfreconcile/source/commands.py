"""How does a git command run, so that nothing in a repository or on the host can steer it?"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from tfreconcile.errors import Stalled
from tfreconcile.source.address import PROTOCOLS
from tfreconcile.source.model import Revision

if TYPE_CHECKING:
    from git.cmd import Git

_OPTIONS = (
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "transfer.fsckObjects=true",
    "-c", "protocol.ext.allow=never",
    "-c", "gc.autoDetach=false",
)  # fmt: skip
_REVISION = re.compile(r"[0-9a-f]{40}")


OLDEST = (2, 32)
"""The first git that can be told to read no configuration of its user (GIT_CONFIG_GLOBAL)."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a git command left behind; a command that was killed for its time has a status below 0."""

    status: int
    stdout: bytes
    stderr: str

    @property
    def text(self) -> str:
        """The output as text; bytes that are not UTF-8 are replaced."""
        return self.stdout.decode("utf-8", "replace")


@dataclass(frozen=True, kw_only=True)
class Commands:
    """Git commands on one bare repository, each under a hardened environment. Keeps nothing open."""

    git_dir: Path

    def run(self, *arguments: str, timeout: float, stdin: bytes = b"") -> Answer:
        """Run one command to its end or for ``timeout`` seconds, with its children.

        Raises Stalled GitMissing when there is no git on the PATH.
        """
        with _told(stdin) as told:
            status, stdout, stderr = self._git().execute(
                ["git", *_OPTIONS, *arguments],
                istream=told,
                with_extended_output=True,
                with_exceptions=False,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
                kill_after_timeout=timeout,
            )
        return Answer(status=status, stdout=stdout, stderr=stderr)

    @contextmanager
    def reader(self) -> Iterator[Callable[[str], bytes | None]]:
        """Give contents by object id through one ``git cat-file`` that ends with the context.

        An object that is missing or broken reads as None.
        """
        git = self._git()

        def read(oid: str) -> bytes | None:
            try:
                return git.get_object_data(oid)[3]
            except (ValueError, OSError):
                return None

        try:
            yield read
        finally:
            git.clear_cache()

    def _git(self) -> Git:
        # Imported late: GitPython looks for git as it is imported, and not every verb needs one.
        try:
            from git.cmd import Git
        except ImportError as e:
            raise Stalled("GitMissing", f"there is no git on the PATH: install git {_wanted()}") from e
        _require_new_enough()
        git = Git()
        git.update_environment(**_environment(self.git_dir))
        return git


@cache
def _require_new_enough() -> None:
    """Once in a process. Raises Stalled GitTooOld: an older one would read the user's own configuration."""
    from git.cmd import Git

    found = Git().version_info[:2]
    if found < OLDEST:
        version = ".".join(map(str, found))
        raise Stalled("GitTooOld", f"git {version} is on the PATH: install git {_wanted()}")


def _wanted() -> str:
    return f"{OLDEST[0]}.{OLDEST[1]} or newer"


def checked(revision: Revision) -> Revision:
    """The revision, if it is a full commit id. Raises Stalled RevisionMissing."""
    if not _REVISION.fullmatch(revision):
        raise Stalled("RevisionMissing", f"{revision!r} is no full commit id")
    return revision


@contextmanager
def _told(stdin: bytes) -> Iterator[int | None]:
    if not stdin:
        yield None
        return
    with TemporaryFile() as told:
        told.write(stdin)
        told.seek(0)
        yield told.fileno()


def _environment(git_dir: Path) -> dict[str, str]:
    """Variables that win over those of the service: no configuration of the host, no questions.

    An operator's own GIT_SSH_COMMAND, GIT_ASKPASS and proxies stay.
    """
    return {
        "GIT_DIR": str(git_dir),
        "GIT_OBJECT_DIRECTORY": str(git_dir / "objects"),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": "",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_COUNT": "0",
        "GIT_CONFIG_PARAMETERS": "",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_SSH_COMMAND": os.environ.get("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"),
        "GIT_ALLOW_PROTOCOL": ":".join(PROTOCOLS),
        "LC_ALL": "C",
    }

"""What does a team's Git repository look like? Real ones, in a temporary directory."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tfreconcile.source.model import Revision

WHEN = "2026-01-02T03:04:05Z"


class Repository:
    """A repository with a work tree, on branch ``main``, as a developer has it.

    Nothing of the machine's own git configuration reaches it.
    """

    def __init__(self, path: Path, *, branch: str = "main") -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", f"--initial-branch={branch}")

    @property
    def url(self) -> str:
        """The ``file://`` address of the repository."""
        return self.path.as_uri()

    def write(self, files: Mapping[str, str | bytes]) -> Repository:
        """Put files into the work tree, by path from the root."""
        for name, content in files.items():
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def remove(self, path: str) -> Repository:
        """Take a file or a directory out of the work tree."""
        self.git("rm", "-r", "--quiet", "--force", "--", path)
        return self

    def commit(self, message: str = "Change") -> Revision:
        """Commit the whole work tree, changed or not."""
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.head()

    def head(self) -> Revision:
        """The commit that is checked out."""
        return Revision(self.git("rev-parse", "HEAD"))

    def git(self, *arguments: str, stdin: bytes | None = None) -> str:
        """Run git in the work tree; gives what it printed, without the last newline."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            input=stdin if stdin is not None else b"",
            env=environment(),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout.decode(errors="surrogateescape").rstrip("\n")


def environment() -> dict[str, str]:
    """The environment of a developer who configured nothing but a name."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_NAME": "Ana Example",
        "GIT_AUTHOR_EMAIL": "ana@example.com",
        "GIT_AUTHOR_DATE": WHEN,
        "GIT_COMMITTER_NAME": "Ana Example",
        "GIT_COMMITTER_EMAIL": "ana@example.com",
        "GIT_COMMITTER_DATE": WHEN,
    }

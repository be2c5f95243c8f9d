"""How do ssh-keygen, gpg and gpgv run? The door to the programs that know signatures."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

from tfreconcile.errors import Stalled, Transient

LONGEST_ANSWER = 4 << 20
"""Bytes that are read of what a program wrote."""
PACKAGES = {"ssh-keygen": "openssh-client", "gpg": "gpg", "gpgv": "gpgv"}
"""The package of Debian that brings each program; OpenSSH 8.8 and GnuPG 2.2 are old enough."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A program that is over. A status below 0 is the number of the signal that ended it."""

    status: int
    stdout: bytes
    stderr: str


def missing(*names: str) -> tuple[str, ...]:
    """Which of these programs are not on the PATH."""
    return tuple(name for name in names if shutil.which(name) is None)


@contextmanager
def workroom(files: Mapping[str, bytes]) -> Iterator[Path]:
    """A directory for us alone, with these files in it, as long as the context lasts.

    Raises Transient WorkroomFailed when the disk does not take it.
    """
    try:
        with TemporaryDirectory(prefix="tfreconcile-", ignore_cleanup_errors=True) as path:
            for name, content in files.items():
                (Path(path) / name).write_bytes(content)
            yield Path(path)
    except OSError as e:
        raise Transient("WorkroomFailed", f"{e.filename or 'the temporary directory'}: {e.strerror}") from e


def run(
    *argv: str,
    cwd: Path,
    timeout: float,
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
    terminal: bool = False,
) -> Ended:
    """Run a program to its end, or for ``timeout`` seconds. It sees ``environment`` and little else.

    ``terminal`` lets it ask the person at our terminal. Raises Stalled SignatureToolMissing, or Transient
    SignatureToolFailed for a program that does not end or writes without end.
    """
    bare = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(cwd), "LC_ALL": "C", "TZ": "UTC"}
    with TemporaryFile() as said, TemporaryFile() as out, TemporaryFile() as err:
        said.write(stdin)
        said.seek(0)
        try:
            done = subprocess.run(
                argv,
                cwd=cwd,
                env=bare | dict(environment or {}),
                stdin=said,
                stdout=out,
                stderr=err,
                timeout=timeout,
                check=False,
                start_new_session=not terminal,
            )
        except FileNotFoundError as e:
            package = PACKAGES.get(argv[0], argv[0])
            raise Stalled(
                "SignatureToolMissing", f"there is no {argv[0]} on the PATH: install {package}"
            ) from e
        except (subprocess.TimeoutExpired, OSError) as e:
            raise Transient("SignatureToolFailed", f"{argv[0]} did not answer: {type(e).__name__}") from e
        texts = [_beginning(file.fileno(), argv[0]) for file in (out, err)]
    return Ended(status=done.returncode, stdout=texts[0], stderr=texts[1].decode("utf-8", "replace"))


def _beginning(descriptor: int, program: str) -> bytes:
    size = os.fstat(descriptor).st_size
    if size > LONGEST_ANSWER:
        raise Transient(
            "SignatureToolFailed", f"{program} wrote {size} bytes, at most {LONGEST_ANSWER} are read"
        )
    return os.pread(descriptor, size, 0)

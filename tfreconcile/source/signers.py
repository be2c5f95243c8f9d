"""Whom does this host trust to sign? The door to the operator's files of keys.

Trust comes from files on the host alone, never from the repository whose commits and tags are judged.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from tfreconcile.source import allowed
from tfreconcile.source.allowed import Line

KEYRING = "trusted.gpg"
REVOKED = "revoked_keys"
LONGEST = 1 << 20
"""Bytes of one of these files."""

_KRL = b"SSHKRL\n\0"


class Untrusted(Exception):
    """A signature does not count; ``reason`` is a short sentence without a full stop, safe to show."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Unverifiable(Untrusted):
    """Nobody can tell: a file of this host is missing or wrong. Says nothing about the signature."""


@dataclass(frozen=True, kw_only=True)
class Signers:
    """Where the keys are. ``file`` is for SSH, in the format of ``allowed_signers`` (ssh-keygen(1)).

    ``revoked`` is a key revocation list of ssh-keygen, or public keys, one in a line. ``keyring`` holds
    exported public keys of GPG, armoured or not. Dates without a ``Z`` in ``file`` are read as UTC.
    """

    file: Path
    revoked: Path | None = None
    keyring: Path | None = None


def signers_beside(path: Path) -> Signers:
    """The signers file with ``revoked_keys`` and ``trusted.gpg`` from its directory, if they are there.

    What is there and cannot be read is not passed over: each verification then says so.
    """
    revoked, keyring = path.with_name(REVOKED), path.with_name(KEYRING)
    return Signers(
        file=path,
        revoked=revoked if os.path.lexists(revoked) else None,
        keyring=keyring if os.path.lexists(keyring) else None,
    )


def ssh_lines(signers: Signers) -> tuple[bytes, tuple[Line, ...]]:
    """The content of the signers file, and its lines. Raises Unverifiable, naming the line that is wrong."""
    content = _content(signers.file, "signers file")
    try:
        lines = allowed.parse(content)
    except allowed.Malformed as e:
        raise Unverifiable(f"the signers file {signers.file} cannot be used: {e}") from e
    if not lines:
        raise Unverifiable(f"the signers file {signers.file} names nobody")
    return content, lines


def revoked_keys(signers: Signers) -> bytes | None:
    """The content of the list of revoked keys; None when there is no list. Raises Unverifiable."""
    if signers.revoked is None:
        return None
    content = _content(signers.revoked, "list of revoked keys")
    if not content.startswith(_KRL):
        try:
            allowed.parse_keys(content)
        except allowed.Malformed as e:
            raise Unverifiable(f"the list of revoked keys {signers.revoked} cannot be used: {e}") from e
    return content


def keyring(signers: Signers) -> bytes:
    """The content of the file of GPG keys. Raises Unverifiable, also when there is none."""
    if signers.keyring is None:
        raise Unverifiable(f"there is no {KEYRING} beside {signers.file}: no GPG key is trusted")
    return _content(signers.keyring, "file of GPG keys")


def _content(path: Path, what: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise Unverifiable(f"the {what} {path} is no regular file")
            content = file.read(LONGEST + 1)
    except OSError as e:
        raise Unverifiable(f"the {what} {path} cannot be read: {e.strerror}") from e
    if len(content) > LONGEST:
        raise Unverifiable(f"the {what} {path} has more than {LONGEST} bytes")
    return content

"""What is the secret of the fingerprints? Made once on a host, kept beside the database, never in it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from tfreconcile.errors import Misconfigured
from tfreconcile.store import owner

LENGTH = 32
"""Bytes: the block that HMAC-SHA256 mixes in one step."""


def load_or_make(path: Path) -> bytes:
    """The key in ``path``; a missing file is made (0600). Raises Misconfigured for one that is not a key."""
    try:
        return _read(path)
    except FileNotFoundError:
        return _make(path)


def load(path: Path) -> bytes:
    """The key in ``path``. Raises Misconfigured when there is none."""
    try:
        return _read(path)
    except FileNotFoundError as error:
        raise Misconfigured.at(str(path), "there is no such key_file", "name the key of the host") from error


def _read(path: Path) -> bytes:
    try:
        return _checked(path, path.read_bytes())
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Misconfigured.at(str(path), f"key_file cannot be read: {error.strerror}") from error


def _make(path: Path) -> bytes:
    made = secrets.token_bytes(LENGTH)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            owner.give_back(file.fileno(), path)
            file.write(made.hex().encode() + b"\n")
        os.link(draft, path)  # whole or not at all, and the first of two processes wins
    except FileExistsError:
        return _checked(path, path.read_bytes())
    except OSError as error:
        raise Misconfigured.at(str(path), f"key_file cannot be made: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)
    return made


def _checked(path: Path, content: bytes) -> bytes:
    try:
        found = bytes.fromhex(content.decode("ascii").strip())
    except (UnicodeDecodeError, ValueError):
        found = b""
    if len(found) != LENGTH:
        raise Misconfigured.at(
            str(path),
            f"key_file must hold {LENGTH * 2} hex digits",
            "restore it from a backup; with a new key, pending approvals must be given again",
        )
    if path.stat().st_mode & 0o077:
        raise Misconfigured.at(str(path), "key_file can be read by others", f"chmod 600 {path}")
    return found

"""Is this GPG signature good, and whose key of the operator's file made it? gpgv decides.

gpgv knows no web of trust, no agent and no key but those of the file it is given. It exits with 0 for keys
that are over or withdrawn as well, so its status lines are read (doc/DETAILS of GnuPG).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tfreconcile import clock
from tfreconcile.source import armour as read
from tfreconcile.source import programs
from tfreconcile.source import signers as files
from tfreconcile.source.signers import KEYRING, Signers, Untrusted, Unverifiable

TIMEOUT = 20.0
"""Seconds for one question to gpgv or gpg."""

_STATUS = re.compile(r"^\[GNUPG:\] ([A-Z_0-9]+)(?: (.*))?$", re.MULTILINE)
_ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+")
_STRONG = frozenset({"8", "9", "10", "11"})
"""SHA-256, SHA-384, SHA-512 and SHA-224 (RFC 4880 section 9.4)."""
_ESCAPED = re.compile(r"\\x([0-9a-f]{2})")


@dataclass(frozen=True, kw_only=True)
class _Key:
    """A primary key of the file. ``spans`` is (from, until) in seconds of the epoch by each fingerprint."""

    fingerprint: str
    spans: dict[str, tuple[int, int | None]]
    uids: tuple[str, ...]


def verified(
    payload: bytes, armour: str, signers: Signers, *, moments: tuple[datetime, ...]
) -> tuple[str, str]:
    """The e-mail address of the signing key's primary user id, and the fingerprint of its primary key.

    Unlike SSH keys, a key must also be valid by the clock of this machine. Raises Untrusted with the reason.
    """
    packet = read.pgp_signature(armour)
    content = files.keyring(signers)
    try:
        keys = read.pgp_keys(content)
    except Untrusted as e:
        raise Unverifiable(f"{signers.keyring} cannot be used: {e.reason}") from e
    with programs.workroom({KEYRING: keys, "signature": packet}) as room:
        argv = ("gpgv", "--homedir", str(room), "--keyring", str(room / KEYRING), "--status-fd", "1")
        ended = programs.run(*argv, "signature", "-", cwd=room, stdin=payload, timeout=TIMEOUT)
        said = _STATUS.findall(ended.stdout.decode("utf-8", "replace"))
        used, primary = _fingerprints(said, ended.status)
        key = _key(room, primary)
    for at in moments:
        _refuse_outside(key, used, at)
    return _address(key), primary


def _fingerprints(said: list[tuple[str, str]], status: int) -> tuple[str, str]:
    """The keys, the one that signed and its primary one, of exactly one good signature."""
    words = {word: rest.split(" ") for word, rest in said}
    key = words.get("VALIDSIG", [""])[-1]
    if "BADSIG" in words:
        raise Untrusted("the signature does not fit the text: one of them was changed")
    if "NO_PUBKEY" in words:
        raise Untrusted(f"the key {words['NO_PUBKEY'][0]} is not in {KEYRING}")
    if "REVKEYSIG" in words:
        raise Untrusted(f"the key {key} is revoked")
    if "EXPKEYSIG" in words:
        raise Untrusted(f"the key {key} has expired")
    if "EXPSIG" in words:
        raise Untrusted("the signature has expired")
    counts = [sum(word == wanted for word, _ in said) for wanted in ("NEWSIG", "GOODSIG", "VALIDSIG")]
    if status != 0 or counts != [1, 1, 1] or "ERRSIG" in words or len(words["VALIDSIG"]) != 10:
        raise Untrusted("gpgv does not take the signature")
    used, hashing, kind = words["VALIDSIG"][0], words["VALIDSIG"][7], words["VALIDSIG"][8]
    if hashing not in _STRONG or kind != "00":
        raise Untrusted("the signature is made over a weak digest, or not over the bytes of the text")
    return used, key


def _key(room: Path, fingerprint: str) -> _Key:
    argv = ("gpg", "--homedir", str(room), "--no-options", "--batch", "--no-tty", "--no-autostart", "--quiet")
    ended = programs.run(*argv, "--with-colons", "--show-keys", KEYRING, cwd=room, timeout=TIMEOUT)
    rows = [row.split(":") for row in ended.stdout.decode("utf-8", "replace").splitlines()]
    for key in _keys(rows):
        if key.fingerprint == fingerprint:
            return key
    raise Unverifiable(f"gpg does not list the key {fingerprint} of {KEYRING}")


def _keys(rows: list[list[str]]) -> Iterator[_Key]:
    """What ``--with-colons`` lists (doc/DETAILS): pub, fpr, uid ..., sub, fpr, ..."""
    starts = [number for number, row in enumerate(rows) if row[0] == "pub"]
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
        spans: dict[str, tuple[int, int | None]] = {}
        uids: list[str] = []
        span: tuple[int, int | None] = (0, 0)
        for row in rows[start:end]:
            match row[0]:
                case "pub" | "sub":
                    span = (int(row[5] or 0), int(row[6]) if row[6] else None)
                case "fpr":
                    spans[row[9]] = span
                case "uid" if row[1] not in ("r", "e"):
                    uids.append(row[9])
        yield _Key(fingerprint=next(iter(spans), ""), spans=spans, uids=tuple(uids))


def _refuse_outside(key: _Key, used: str, at: datetime) -> None:
    for fingerprint in (key.fingerprint, used):
        since, until = key.spans.get(fingerprint, (0, 0))
        if not since <= at.timestamp() or (until is not None and at.timestamp() >= until):
            raise Untrusted(f"the key {fingerprint} is not valid at {clock.text(at)}")


def _address(key: _Key) -> str:
    # gpg lists the primary user id first.
    uid = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), key.uids[0]) if key.uids else ""
    address = uid[uid.rindex("<") + 1 : -1] if uid.endswith(">") and "<" in uid else uid
    if not _ADDRESS.fullmatch(address) or not address.isprintable():
        raise Untrusted(f"the primary user id of the key {key.fingerprint} holds no e-mail address")
    return address

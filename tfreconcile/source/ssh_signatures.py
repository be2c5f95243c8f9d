"""Is this SSH signature good, and which person of the signers file made it? ssh-keygen decides."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from tfreconcile import clock
from tfreconcile.source import armour as read
from tfreconcile.source import programs
from tfreconcile.source import signers as files
from tfreconcile.source.address import shown
from tfreconcile.source.allowed import Line
from tfreconcile.source.armour import SshFields
from tfreconcile.source.programs import Ended
from tfreconcile.source.signers import Signers, Untrusted

TIMEOUT = 20.0
"""Seconds for one question to ssh-keygen, which answers in a few milliseconds."""
MOST_PERSONS = 8
"""How many persons of one key are tried."""

_KEY = re.compile(r" key (SHA256:[A-Za-z0-9+/]{43})\s*$")


@dataclass(frozen=True, kw_only=True)
class _Case:
    """One signature under question, with its files in ``room``."""

    room: Path
    payload: bytes
    namespace: str
    moments: tuple[datetime, ...]
    revocable: bool

    def ask(self, verb: str, *options: str) -> Ended:
        argv = ("ssh-keygen", "-Y", verb, "-s", "signature", *options)
        return programs.run(*argv, cwd=self.room, stdin=self.payload, timeout=TIMEOUT)

    def fits(self, person: str, at: datetime, *, revocable: bool) -> str | None:
        """The key's fingerprint when ssh-keygen says that the signature is this person's."""
        when = f"-Overify-time={at.astimezone(UTC):%Y%m%d%H%M%S}"
        options = ("-f", "allowed", "-I", person, "-n", self.namespace, when)
        ended = self.ask("verify", *options, *(("-r", "revoked") if revocable else ()))
        found = _KEY.search(ended.stdout.decode("utf-8", "replace")) if ended.status == 0 else None
        return found[1] if found else None

    def holds(self, person: str, *, revocable: bool) -> str | None:
        """As ``fits``, at each of the moments."""
        keys = [self.fits(person, at, revocable=revocable) for at in self.moments]
        return keys[0] if all(keys) else None


def verified(
    payload: bytes, armour: str, signers: Signers, *, namespace: str, moments: tuple[datetime, ...]
) -> tuple[str, str]:
    """The person and the fingerprint of the key, if the signature is good at each of the moments.

    The person is the first principal of this key, in the order of the file, that is no pattern and for
    which ssh-keygen takes the signature; for a certificate it is a principal of the certificate that its
    authority's line allows. Raises Untrusted with the reason.
    """
    fields = read.ssh_fields(armour)
    if fields.namespace != namespace:
        raise Untrusted(f"it is signed for the namespace {_quoted(fields.namespace)}, not for {namespace!r}")
    content, lines = files.ssh_lines(signers)
    revoked = files.revoked_keys(signers)
    own = {"allowed": content, "signature": armour.encode()} | ({"revoked": revoked} if revoked else {})
    with programs.workroom(own) as room:
        case = _Case(
            room=room, payload=payload, namespace=namespace, moments=moments, revocable=bool(revoked)
        )
        persons = tuple(_persons(case, fields, lines))[:MOST_PERSONS]
        for person in persons:
            if key := case.holds(person, revocable=case.revocable):
                return person, key
        raise Untrusted(_reason(case, fields, lines, persons))


def _persons(case: _Case, fields: SshFields, lines: tuple[Line, ...]) -> Iterator[str]:
    if not fields.is_certificate:
        yield from dict.fromkeys(p for line in _of_key(fields, lines) for p in line.persons())
        return
    when = f"-Overify-time={case.moments[0].astimezone(UTC):%Y%m%d%H%M%S}"
    ended = case.ask("find-principals", "-f", "allowed", when)
    if ended.status == 0:
        yield from dict.fromkeys(ended.stdout.decode("utf-8", "replace").splitlines())


def _of_key(fields: SshFields, lines: tuple[Line, ...]) -> tuple[Line, ...]:
    return tuple(line for line in lines if line.key == fields.key and not line.authority)


def _reason(case: _Case, fields: SshFields, lines: tuple[Line, ...], persons: tuple[str, ...]) -> str:
    """Why nobody holds, told by asking less and less."""
    if case.ask("check-novalidate", "-n", case.namespace).status != 0:
        return "the signature does not fit the text: one of them was changed"
    key, known = _named(fields), _of_key(fields, lines)
    if not persons and known:
        return f"the signers file names the {key} by patterns only, and a signer must be a person"
    if not persons:
        return f"the {key} is of nobody in the signers file"
    whose = f"the {key} of {_quoted(persons[0])}"
    if any(case.holds(person, revocable=False) for person in persons):
        return f"{whose} is revoked"
    if known and not any(line.speaks_in(case.namespace) for line in known):
        return f"the signers file does not let the {key} sign in the namespace {case.namespace!r}"
    for at in case.moments:
        if not any(case.fits(person, at, revocable=False) for person in persons):
            return f"{whose} is not valid at {clock.text(at)}"
    return f"{whose} is not valid at all the times that count"


def _named(fields: SshFields) -> str:
    if fields.is_certificate:
        return "certificate"
    return "key SHA256:" + b64encode(sha256(fields.key).digest()).decode().rstrip("=")


def _quoted(text: str) -> str:
    clean = shown(text)[:80]
    return repr(clean) if clean.isprintable() else ascii(clean)

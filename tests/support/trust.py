"""Whose keys does a host trust, and where do signed tags come from? For tests of signatures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from support import signing
from support.repository import Repository
from support.signing import GpgKey, SshKey

from tfreconcile import clock
from tfreconcile.source import signatures, tags
from tfreconcile.source.git import Mirror
from tfreconcile.source.model import Signature
from tfreconcile.source.signers import Signers, Untrusted, signers_beside

NAME = "tfreconcile/approve/pay/0123456789ab"
WORDS = "Approve\n\nTfreconcile-Stack: pay\nTfreconcile-Plan: " + "0" * 64 + "\n"
NOW = clock.now()


@dataclass(frozen=True)
class Keys:
    """Who signs in these tests; Eve is trusted by nobody."""

    ana: SshKey
    eve: SshKey
    bo: GpgKey
    eve_gpg: GpgKey


@dataclass(frozen=True)
class Place:
    """A team's repository, our mirror of it, and the host's directory of keys."""

    team: Repository
    mirror: Mirror
    host: Path

    @property
    def path(self) -> Path:
        return self.team.path

    def trust(self, *lines: str) -> Signers:
        """The signers of a file with these lines, and of what already stands beside it."""
        return signers_beside(signing.allowed(self.host / "allowed_signers", *lines))

    def read(self, name: str = NAME) -> tags.Tag:
        """A tag, fetched."""
        self.mirror.fetch()
        return tags.read(self.mirror, next(ref for ref in tags.listed(self.mirror) if ref.name == name))

    def judged(self, signers: Signers, *, name: str = NAME, at: datetime = NOW) -> Signature:
        return signatures.of_tag(self.read(name), signers, at)

    def refused(self, signers: Signers, *, name: str = NAME, at: datetime = NOW) -> str:
        with pytest.raises(Untrusted) as caught:
            self.judged(signers, name=name, at=at)
        assert caught.value.reason.isprintable()
        return caught.value.reason


def ana_signs(place: Place, keys: Keys, *, date: str | datetime | None = None) -> None:
    """Ana approves."""
    signing.tag(place.path, NAME, WORDS, keys.ana, date=date)

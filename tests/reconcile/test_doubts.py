"""Whose signed word is no longer worth anything? Real keys."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support import signing
from support.judged import NOON, word
from support.signing import SshKey

from tfreconcile.gate.model import Approval, Verdict
from tfreconcile.plan.fingerprint import ChangeDigest
from tfreconcile.reconcile.doubts import GONE, doubts
from tfreconcile.source import signatures
from tfreconcile.source.signers import Signers, signers_beside

ANA = "ana@example.com"
EFFECTS = frozenset({ChangeDigest("table"), ChangeDigest("queue")})
TEXT = "Approve plan\n"


@pytest.fixture
def ana(tmp_path: Path) -> SshKey:
    """Her key."""
    return signing.ssh(tmp_path / "keys", ANA)


@pytest.fixture
def signers(tmp_path: Path, ana: SshKey) -> Signers:
    """The host trusts it."""
    return signers_beside(signing.allowed(tmp_path / "allowed_signers", ana.line()))


@pytest.fixture
def said(ana: SshKey, signers: Signers) -> Approval:
    """What she approved with it."""
    made = signatures.sign(ana.path, TEXT, "tfreconcile")
    signature = signatures.verify(TEXT, made, signers, namespace="tfreconcile", at=NOON)
    return word("table", by=ANA, signature=signature)


def why(said: Approval, signers: Signers | None) -> str:
    """What is said against the word."""
    return doubts((said,), signers, EFFECTS, NOON)[said.id]


def test_a_good_word_is_not_in_doubt(said: Approval, signers: Signers) -> None:
    assert doubts((said, word("table", number=2)), signers, EFFECTS, NOON) == {}


def test_a_word_of_a_key_that_was_revoked_since_is(said: Approval, signers: Signers, ana: SshKey) -> None:
    (signers.file.parent / "revoked_keys").write_text(f"{ana.public}\n", encoding="ascii")
    assert why(said, signers_beside(signers.file)).endswith("is revoked")


def test_a_word_of_somebody_who_was_taken_out_of_the_signers_is(
    said: Approval, signers: Signers, tmp_path: Path
) -> None:
    signing.allowed(signers.file, signing.ssh(tmp_path / "others", "bo@example.com").line())
    assert why(said, signers).endswith("is of nobody in the signers file")


def test_a_word_of_a_key_that_is_somebody_elses_by_now_is(
    said: Approval, signers: Signers, ana: SshKey
) -> None:
    signing.allowed(signers.file, ana.line(principals="bo@example.com"))
    assert why(said, signers) == "its key is bo@example.com's by now"


def test_a_word_of_a_key_that_is_over_is(said: Approval, signers: Signers, ana: SshKey) -> None:
    signing.allowed(signers.file, ana.line('namespaces="tfreconcile",valid-before="20261121110000Z"'))
    assert why(said, signers).startswith("its signature is not good any more: ")


def test_what_nobody_can_verify_is_and_says_what_to_mend(said: Approval, signers: Signers) -> None:
    signers.file.unlink()
    assert why(said, signers) == (
        f"its signature cannot be verified: the signers file {signers.file} cannot be read:"
        " No such file or directory"
    )


def test_what_no_program_can_verify_is(
    said: Approval, signers: Signers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "install openssh-client" in why(said, signers)


def test_without_signers_no_signature_is_good(said: Approval) -> None:
    assert why(said, None) == GONE
    assert doubts((word("table"),), None, EFFECTS, NOON) == {}


def test_only_words_that_could_count_are_looked_at(said: Approval) -> None:
    idle = (
        replace(said, verdict=Verdict.REJECT),
        replace(said, expires_at=NOON),
        replace(said, revoked_at=NOON - timedelta(hours=1)),
        replace(said, consumed_at=NOON - timedelta(hours=1)),
        replace(said, changes=frozenset({ChangeDigest("something else")})),
    )
    assert doubts(idle, None, EFFECTS, NOON) == {}

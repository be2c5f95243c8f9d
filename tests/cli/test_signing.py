"""Whose word is it when it is signed on the command line, and which policies take no other?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support import signing
from support.operator import RULES, Operator, a_held_stack, a_plan_of
from support.remembered import MARK
from support.signing import SshKey
from support.terminal import at_terminal

from tfreconcile import clock
from tfreconcile.gate import signed
from tfreconcile.gate.approvals import overrides
from tfreconcile.gate.model import Approval, ApprovalRules
from tfreconcile.source import signatures, trailers
from tfreconcile.source.signers import signers_beside
from tfreconcile.store import approvals

ANA = "ana@example.com"
YES = ("--plan", MARK[:12], "--yes")


@pytest.fixture
def ana(tmp_path: Path) -> SshKey:
    """Ana's key."""
    return signing.ssh(tmp_path / "keys", ANA)


@pytest.fixture
def held(operator: Operator, ana: SshKey, tmp_path: Path) -> Operator:
    """A machine that trusts Ana's key, on which the stack ``archive`` waits."""
    file = signing.allowed(tmp_path / "allowed_signers", ana.line())
    return _asks(operator.configure(signers=str(file)), RULES)


def _asks(operator: Operator, rules: ApprovalRules) -> Operator:
    return operator.remember(a_held_stack("archive"), a_plan_of("archive", rules=rules))


def _words(operator: Operator) -> tuple[Approval, ...]:
    with operator.store() as store:
        return approvals.of(store)


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_a_signed_word_is_that_of_the_owner_of_the_key(verb: str, held: Operator, ana: SshKey) -> None:
    told = held.types(verb, "archive", *YES, "--sign", str(ana.path), "--reason", "ticket\n4711")
    assert told.code == 0, told.stderr
    (word,) = _words(held)
    assert (word.by, word.channel, word.verdict, word.reason) == (ANA, "cli", verb, "ticket 4711")
    made = word.signature
    assert made is not None
    assert (made.signer, made.kind, made.namespace, made.tag) == (ANA, "ssh", "tfreconcile", None)
    said = signed.read(trailers.strict(made.payload), tag=False)
    assert (said.stack, said.fingerprint, said.verdict) == ("archive", MARK, verb)
    assert said.at == word.at.replace(microsecond=0)
    trusted = signers_beside(held.home / "allowed_signers")
    assert signatures.verify(made.payload, made.text, trusted, "tfreconcile", clock.now()).signer == ANA


def test_the_key_and_the_channel_are_shown(held: Operator, ana: SshKey) -> None:
    held.types("approve", "archive", *YES, "--sign", str(ana.path))
    (word,) = held.types("approvals", "-o", "json").json["approvals"]
    assert (word["by"], word["channel"], word["signature"]["kind"]) == (ANA, "cli", "ssh")
    assert word["signature"]["key"].startswith("SHA256:")
    assert "cli, ssh key" in held.types("approvals").stdout


def test_expires_and_override_are_signed_and_kept(held: Operator, ana: SshKey) -> None:
    flags = ("--expires", "30m", "--override-window", "--sign", str(ana.path))
    assert held.types("approve", "archive", *YES, *flags).code == 0
    (word,) = _words(held)
    assert word.signature is not None
    said = signed.read(trailers.strict(word.signature.payload), tag=False)
    assert said.override
    assert overrides(word)
    assert said.expires_at == word.expires_at.replace(microsecond=0)
    assert (word.expires_at - word.at).total_seconds() == 1800


def test_expires_never_makes_a_word_last_longer_than_the_policy(held: Operator) -> None:
    assert held.types("approve", "archive", *YES, "--expires", "2d").code == 0
    (word,) = _words(held)
    assert word.expires_at - word.at == RULES.ttl


def test_a_key_of_nobody_signs_nothing(held: Operator, tmp_path: Path) -> None:
    stranger = signing.ssh(tmp_path / "keys", "bo@example.com")
    told = held.types("approve", "archive", *YES, "--sign", str(stranger.path))
    assert told.code == 2
    assert "its signature does not count" in told.stderr
    assert "is of nobody in the signers file" in told.stderr
    assert _words(held) == ()


def test_a_missing_key_is_named(held: Operator) -> None:
    told = held.types("approve", "archive", *YES, "--sign", "/nonexistent/key")
    assert told.code == 2
    assert "/nonexistent/key: there is no such file" in told.stderr
    assert _words(held) == ()


def test_the_owner_of_the_key_must_be_an_approver_and_not_the_login(held: Operator, ana: SshKey) -> None:
    _asks(held, replace(RULES, approvers=(("bo@example.com",),)))
    told = held.types("approve", "archive", *YES, "--sign", str(ana.path))
    assert told.code == 2
    assert f"{ANA} is not among the approvers" in told.stderr
    assert _words(held) == ()
    _asks(held, replace(RULES, approvers=((ANA,),)))
    assert held.types("approve", "archive", *YES, "--sign", str(ana.path)).code == 0


def test_without_signers_nobody_can_sign(operator: Operator, ana: SshKey) -> None:
    _asks(operator, RULES)
    told = operator.types("approve", "archive", *YES, "--sign", str(ana.path))
    assert told.code == 2
    assert "the host config names no signers" in told.stderr
    assert _words(operator) == ()


def test_where_only_signed_words_count_a_plain_one_is_refused_with_what_to_type(
    held: Operator, ana: SshKey
) -> None:
    _asks(held, replace(RULES, signed=True))
    told = held.types("approve", "archive", *YES)
    assert told.code == 2
    assert "tfreconcile approve archive --sign KEY" in told.stderr
    assert "tfreconcile approve archive --as-tag" in told.stderr
    assert _words(held) == ()
    assert held.types("reject", "archive", *YES).code == 0, "to stop needs no key"
    assert held.types("approve", "archive", *YES, "--sign", str(ana.path)).code == 0


def test_at_a_terminal_the_owner_of_the_key_is_asked(held: Operator, ana: SshKey) -> None:
    prompt = f"as the owner of {ana.path}? [y/N]:"
    seen = at_terminal(
        "approve", "archive", "--sign", str(ana.path), env=held.environment, answers={prompt: "y\n"}
    )
    assert seen.code == 0
    assert [word.by for word in _words(held)] == [ANA]


def test_the_key_can_be_named_in_the_environment(
    held: Operator, ana: SshKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFRECONCILE_APPROVE_SIGN", str(ana.path))
    assert held.types("approve", "archive", *YES).code == 0
    assert [word.by for word in _words(held)] == [ANA]

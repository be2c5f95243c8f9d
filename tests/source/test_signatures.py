"""Which signature counts, and for which reason not? Real git, ssh-keygen and gpg, and tags that mean harm."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from support import signing
from support.signing import Key
from support.trust import NAME, NOW, WORDS, Keys, Place, ana_signs

from tfreconcile.source import signatures
from tfreconcile.source.signers import Untrusted


def test_a_good_ssh_tag_names_its_signer_and_can_be_checked_again(place: Place, keys: Keys) -> None:
    ana_signs(place, keys)
    signers = place.trust(keys.eve.line(principals="someone@example.com"), keys.ana.line())
    tag = place.read()
    found = signatures.of_tag(tag, signers, NOW)
    assert (found.kind, found.signer, found.tag, found.object) == ("ssh", "ana@example.com", NAME, tag.object)
    assert found.key.startswith("SHA256:")
    again = signatures.verify(found.payload, found.text, signers, "git", NOW)
    assert again == replace(found, tag=None, object=None)


def test_a_good_gpg_tag_names_its_signer_and_can_be_checked_again(place: Place, keys: Keys) -> None:
    signing.tag(place.path, NAME, WORDS, keys.bo)
    signing.trusted(place.host / "trusted.gpg", keys.bo)
    signers = place.trust()
    found = place.judged(signers)
    assert (found.kind, found.signer, found.key) == ("gpg", "bo@example.com", keys.bo.fingerprint)
    assert signatures.verify(found.payload, found.text, signers, "git", NOW).signer == "bo@example.com"


@pytest.mark.parametrize("armour", [True, False], ids=["armoured", "binary"])
def test_exported_keys_are_taken_in_either_form(place: Place, keys: Keys, armour: bool) -> None:
    signing.tag(place.path, NAME, WORDS, keys.bo)
    signing.trusted(place.host / "trusted.gpg", keys.eve_gpg, keys.bo, armour=armour)
    assert place.judged(place.trust()).signer == "bo@example.com"


def test_no_agent_of_gpg_is_left_behind(place: Place, keys: Keys) -> None:
    signing.tag(place.path, NAME, WORDS, keys.bo)
    signing.trusted(place.host / "trusted.gpg", keys.bo)
    place.judged(place.trust())
    running = subprocess.run(["ps", "-eo", "stat,args"], capture_output=True, text=True, check=True).stdout
    ours = [row for row in running.splitlines() if "gpg-agent" in row and "tfreconcile-" in row]
    assert ours == []


Made = Callable[[Place, Keys], None]


def unsigned(place: Place, keys: Keys) -> None:
    signing.tag(place.path, NAME, WORDS, None)


def lightweight(place: Place, keys: Keys) -> None:
    signing.lightweight(place.path, NAME)


def tampered(place: Place, keys: Keys) -> None:
    ana_signs(place, keys)
    signing.tampered(place.path, NAME, replace="Stack: pay", by="Stack: net")


def tampered_name(place: Place, keys: Keys) -> None:
    ana_signs(place, keys)
    signing.tampered(place.path, NAME, replace="approve/pay", by="approve/net")


def tampered_gpg(place: Place, keys: Keys) -> None:
    signing.tag(place.path, NAME, WORDS, keys.bo)
    signing.tampered(place.path, NAME, replace="Stack: pay", by="Stack: net")


def by_a_stranger(place: Place, keys: Keys) -> None:
    signing.tag(place.path, NAME, WORDS, keys.eve)


def by_a_stranger_with_gpg(place: Place, keys: Keys) -> None:
    signing.tag(place.path, NAME, WORDS, keys.eve_gpg)


def signed_twice(place: Place, keys: Keys) -> None:
    ana_signs(place, keys)
    content = signing.raw(place.path, NAME)
    block = content[content.index(b"-----BEGIN") :]
    signing.forged(place.path, NAME, content + block)


def signed_and_extended(place: Place, keys: Keys) -> None:
    ana_signs(place, keys)
    signing.forged(place.path, NAME, signing.raw(place.path, NAME) + b"Tfreconcile-Stack: net\n")


def in_another_namespace(place: Place, keys: Keys) -> None:
    signing.tag(place.path, NAME, WORDS, None)
    payload = signing.raw(place.path, NAME)
    text = signatures.sign(keys.ana.path, payload.decode(), "file")
    signing.forged(place.path, NAME, payload + text.encode())


def garbage_for_a_signature(place: Place, keys: Keys) -> None:
    signing.tag(place.path, NAME, WORDS, None)
    block = b"-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n"
    signing.forged(place.path, NAME, signing.raw(place.path, NAME) + block)


def a_whole_message_for_a_signature(place: Place, keys: Keys) -> None:
    """gpgv would verify the message inside, which Bo did sign, and not the tag."""
    signing.tag(place.path, NAME, WORDS, None)
    signed = signing.gpg_said(keys.bo.home, "--armor", "--sign", stdin=b"lunch at noon\n")
    block = signed.replace(b"PGP MESSAGE", b"PGP SIGNATURE")
    signing.forged(place.path, NAME, signing.raw(place.path, NAME) + block)


def over_a_weak_digest(place: Place, keys: Keys) -> None:
    keys.bo.configure("digest-algo SHA1")
    try:
        signing.tag(place.path, NAME, WORDS, keys.bo)
    finally:
        keys.bo.configure()


def with_a_signature_that_ended(place: Place, keys: Keys) -> None:
    keys.bo.configure("default-sig-expire 1", "faked-system-time 20210101T000000")
    try:
        signing.tag(place.path, NAME, WORDS, keys.bo)
    finally:
        keys.bo.configure()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (unsigned, "it is not signed"),
        (lightweight, "it is a lightweight tag, a mere name of a commit, and carries no signature"),
        (tampered, "the signature does not fit the text: one of them was changed"),
        (tampered_name, "the signature does not fit the text: one of them was changed"),
        (tampered_gpg, "the signature does not fit the text: one of them was changed"),
        (by_a_stranger, "is of nobody in the signers file"),
        (by_a_stranger_with_gpg, "is not in trusted.gpg"),
        (signed_twice, "it holds more than one signature"),
        (signed_and_extended, "the signature cannot be read"),
        (in_another_namespace, "it is signed for the namespace 'file', not for 'git'"),
        (garbage_for_a_signature, "the signature cannot be read"),
        (a_whole_message_for_a_signature, "something else than one detached signature"),
        (over_a_weak_digest, "weak digest"),
        (with_a_signature_that_ended, "the signature has expired"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_tag_is_refused_for_its_own_reason(place: Place, keys: Keys, make: Made, reason: str) -> None:
    make(place, keys)
    signing.trusted(place.host / "trusted.gpg", keys.bo)
    assert reason in place.refused(place.trust(keys.ana.line()))


def test_nothing_in_the_repository_or_the_mirror_steers_verification(place: Place, keys: Keys) -> None:
    evil = place.host / "evil"
    evil.write_text(
        '#!/bin/sh\necho "Good \\"git\\" signature for ana@example.com with ED25519 key SHA256:x"\n',
        encoding="ascii",
    )
    evil.chmod(0o755)
    place.team.write(
        {
            ".gitattributes": "* filter=evil\n",
            ".mailmap": "Ana Example <ana@example.com> <eve@example.com>\n",
            "allowed_signers": f"{keys.eve.line()}\n",
            ".gitconfig": f'[gpg "ssh"]\nallowedSignersFile = allowed_signers\nprogram = {evil}\n',
        }
    ).commit("Steer")
    by_a_stranger(place, keys)
    place.mirror.fetch()
    for name in ("gpg.program", "gpg.ssh.program", "gpg.ssh.defaultKeyCommand"):
        signing.git(place.mirror.path, "config", name, str(evil))
    own = place.team.path / "allowed_signers"
    signing.git(place.mirror.path, "config", "gpg.ssh.allowedSignersFile", str(own))
    assert "is of nobody in the signers file" in place.refused(place.trust(keys.ana.line()))


def test_a_replaced_object_is_not_looked_at(place: Place, keys: Keys) -> None:
    by_a_stranger(place, keys)
    place.mirror.fetch()
    signing.git(place.mirror.path, "fetch", "--quiet", place.team.url, f"refs/tags/{NAME}")
    stranger = signing.git(place.path, "rev-parse", NAME)
    ana_signs(place, keys)
    good = signing.git(place.path, "rev-parse", NAME)
    place.mirror.fetch()
    signing.git(place.mirror.path, "update-ref", f"refs/replace/{stranger}", good)
    signing.git(place.path, "update-ref", f"refs/tags/{NAME}", stranger)
    assert "is of nobody in the signers file" in place.refused(place.trust(keys.ana.line()))


@pytest.mark.parametrize("tool", ["ssh-keygen", "gpgv"])
def test_the_exit_code_decides_whatever_a_program_writes(
    place: Place, keys: Keys, tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    signing.tag(place.path, NAME, WORDS, keys.ana if tool == "ssh-keygen" else keys.bo)
    signing.trusted(place.host / "trusted.gpg", keys.bo)
    tag, signers = place.read(), place.trust(keys.ana.line())
    real = shutil.which(tool)
    script = place.host / tool
    script.write_text(f'#!/bin/sh\n{real} "$@"\nexit 1\n', encoding="ascii")
    script.chmod(0o755)
    assert signatures.of_tag(tag, signers, NOW)
    monkeypatch.setenv("PATH", f"{place.host}:{os.environ['PATH']}")
    with pytest.raises(Untrusted):
        signatures.of_tag(tag, signers, NOW)


def test_a_key_is_recognised_by_what_a_signature_claims(place: Place, keys: Keys) -> None:
    signers = place.trust(keys.ana.line())
    told: dict[str, bool] = {}
    people: Mapping[str, Key] = {"ana": keys.ana, "eve": keys.eve, "bo": keys.bo}
    for who, key in people.items():
        signing.tag(place.path, NAME, WORDS, key)
        told[who] = signatures.recognised(signers)(place.read().signature or "")
    assert told == {"ana": True, "eve": False, "bo": False}
    signing.trusted(place.host / "trusted.gpg", keys.eve_gpg)
    assert signatures.recognised(place.trust())(place.read().signature or "")


@pytest.mark.parametrize(
    "armour", ["", "x", "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----"]
)
def test_what_is_no_signature_is_of_no_known_key(place: Place, keys: Keys, armour: str) -> None:
    assert not signatures.recognised(place.trust(keys.ana.line()))(armour)


def test_no_key_is_recognised_while_the_signers_file_cannot_be_read(place: Place, keys: Keys) -> None:
    ana_signs(place, keys)
    signers = place.trust(keys.ana.line())
    signers.file.write_text("garbage", encoding="ascii")
    assert not signatures.recognised(signers)(place.read().signature or "")

"""Whom does a host trust, when, and what if its files are wrong?"""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support import signing
from support.trust import NAME, WORDS, Keys, Place, ana_signs

from tfreconcile.source.signers import Signers, Unverifiable, signers_beside

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ('valid-before="20200101"', "is not valid at"),
        ('valid-after="20990101"', "is not valid at"),
        ('namespaces="file"', "does not let the key"),
        ("cert-authority", "is of nobody in the signers file"),
    ],
    ids=["over", "not yet", "elsewhere", "only as an authority"],
)
def test_the_signers_file_says_what_a_key_may(place: Place, keys: Keys, options: str, reason: str) -> None:
    ana_signs(place, keys)
    assert reason in place.refused(place.trust(keys.ana.line(options)))


def test_a_key_that_is_over_does_not_do_with_an_older_date(place: Place, keys: Keys) -> None:
    ana_signs(place, keys, date="2025-06-01T00:00:00Z")
    signers = place.trust(keys.ana.line('valid-before="20260101"'))
    then = datetime(2025, 6, 2, tzinfo=UTC)
    assert place.judged(signers, at=then).signer == "ana@example.com"
    assert "is not valid at 2026-" in place.refused(signers)


def test_a_date_before_the_key_began_does_not_do_either(place: Place, keys: Keys) -> None:
    ana_signs(place, keys, date="2025-06-01T00:00:00Z")
    assert "not valid at 2025-06-01T00:00:00Z" in place.refused(
        place.trust(keys.ana.line('valid-after="20260101"'))
    )


def test_ends_of_validity_are_read_as_utc_to_the_second(place: Place, keys: Keys) -> None:
    end = datetime(2026, 3, 1, 12, tzinfo=UTC)
    ana_signs(place, keys, date=end - DAY)
    signers = place.trust(keys.ana.line('valid-before="20260301120000"'))
    assert place.judged(signers, at=end).signer == "ana@example.com"
    assert "is not valid at" in place.refused(signers, at=end + timedelta(seconds=1))


@pytest.mark.parametrize("form", ["list", "krl"])
def test_a_revoked_ssh_key_is_refused_as_such(place: Place, keys: Keys, form: str) -> None:
    ana_signs(place, keys)
    revoked = place.host / "revoked_keys"
    if form == "list":
        revoked.write_text(f"# stolen\n{keys.ana.public} laptop\n", encoding="ascii")
    else:
        made = ["ssh-keygen", "-q", "-k", "-f", str(revoked), f"{keys.ana.path}.pub"]
        subprocess.run(made, check=True, capture_output=True)
    assert place.refused(place.trust(keys.ana.line())).endswith("of 'ana@example.com' is revoked")


def test_another_revoked_key_does_no_harm(place: Place, keys: Keys) -> None:
    ana_signs(place, keys)
    (place.host / "revoked_keys").write_text(f"{keys.eve.public}\n", encoding="ascii")
    assert place.judged(place.trust(keys.ana.line())).signer == "ana@example.com"


def test_a_gpg_key_that_expired_or_was_revoked_is_refused_as_such(place: Place, tmp_path: Path) -> None:
    past = signing.gpg(tmp_path, "past@example.com", expire="seconds=86400", since="20200101T000000")
    past.configure("faked-system-time 20200101T010000")
    signing.tag(place.path, NAME, WORDS, past, date="2020-01-01T01:00:00Z")
    past.configure()
    signing.trusted(place.host / "trusted.gpg", past)
    assert "has expired" in place.refused(place.trust())
    gone = signing.gpg(tmp_path, "gone@example.com")
    signing.tag(place.path, NAME, WORDS, gone)
    signing.trusted(place.host / "trusted.gpg", gone.revoke())
    assert "is revoked" in place.refused(place.trust())


def test_a_gpg_key_must_be_valid_at_the_time_that_counts_too(place: Place, keys: Keys) -> None:
    signing.tag(place.path, NAME, WORDS, keys.bo, date="2019-01-01T00:00:00Z")
    signing.trusted(place.host / "trusted.gpg", keys.bo)
    assert "is not valid at 2019-01-01T00:00:00Z" in place.refused(place.trust())


def test_a_gpg_signer_is_the_address_of_the_primary_user_id(place: Place, tmp_path: Path) -> None:
    key = signing.gpg(tmp_path, "first@example.com", since="20200101T000000")
    signing.gpg_said(key.home, "--quick-add-uid", key.fingerprint, "Second: Name <second@example.com>")
    signing.gpg_said(
        key.home, "--quick-set-primary-uid", key.fingerprint, "First Example <first@example.com>"
    )
    signing.tag(place.path, NAME, WORDS, key)
    signing.trusted(place.host / "trusted.gpg", key)
    assert place.judged(place.trust()).signer == "first@example.com"


def test_a_withdrawn_user_id_of_a_gpg_key_names_nobody(place: Place, tmp_path: Path) -> None:
    key = signing.gpg(tmp_path, "first@example.com", since="20200101T000000")
    gone = "Second Example <second@example.com>"
    for change in ("--quick-add-uid", "--quick-set-primary-uid", "--quick-revoke-uid"):
        signing.gpg_said(key.home, change, key.fingerprint, gone)
    signing.tag(place.path, NAME, WORDS, key)
    signing.trusted(place.host / "trusted.gpg", key)
    assert place.judged(place.trust()).signer == "first@example.com"


def test_a_gpg_key_without_an_address_is_nobody(place: Place, tmp_path: Path) -> None:
    key = signing.gpg(tmp_path, "robot@example.com", since="20200101T000000")
    signing.gpg_said(key.home, "--quick-add-uid", key.fingerprint, "Robot")
    signing.gpg_said(key.home, "--quick-set-primary-uid", key.fingerprint, "Robot")
    signing.tag(place.path, NAME, WORDS, key)
    signing.trusted(place.host / "trusted.gpg", key)
    assert "holds no e-mail address" in place.refused(place.trust())


@pytest.mark.parametrize(
    ("lines", "signer"),
    [
        (("*@example.com,ana@example.com,admin@example.com {key}",), "ana@example.com"),
        (('old@example.com valid-before="20200101" {key}', "new@example.com {key}"), "new@example.com"),
        (('ana@example.com namespaces="file" {key}', "ana@example.com {key}"), "ana@example.com"),
        (('"ana example" {key}',), "ana example"),
        (("# Ana", "", "\t ana@example.com   {key} her laptop"), "ana@example.com"),
    ],
    ids=["pattern", "two lines", "two namespaces", "blank", "comments"],
)
def test_the_first_person_of_a_key_who_holds_is_its_signer(
    place: Place, keys: Keys, lines: tuple[str, ...], signer: str
) -> None:
    ana_signs(place, keys)
    signers = place.trust(*(line.format(key=keys.ana.public) for line in lines))
    assert place.judged(signers).signer == signer


def test_a_key_that_is_named_by_patterns_only_is_no_person(place: Place, keys: Keys) -> None:
    ana_signs(place, keys)
    assert "by patterns only" in place.refused(place.trust(keys.ana.line(principals="*@example.com")))


def test_a_certificate_of_a_trusted_authority_names_its_holder(place: Place, tmp_path: Path) -> None:
    authority, holder = signing.ssh(tmp_path / "ca", "ca"), signing.ssh(tmp_path, "cy@example.com")
    certify = ["ssh-keygen", "-q", "-s", str(authority.path), "-I", "cy", "-n", "cy@example.com,root"]
    subprocess.run(
        [*certify, "-V", "20260101:20260301", f"{holder.path}.pub"], check=True, capture_output=True
    )
    certified = replace(holder, path=Path(f"{holder.path}-cert.pub"))
    signing.tag(place.path, NAME, WORDS, certified, date="2026-02-01T00:00:00Z")
    signers = place.trust(f"*@example.com cert-authority {authority.public}")
    then = datetime(2026, 2, 2, tzinfo=UTC)
    assert place.judged(signers, at=then).signer == "cy@example.com"
    assert "the certificate is of nobody" in place.refused(signers)
    other = place.trust(f"*@example.org cert-authority {authority.public}")
    assert "the certificate is of nobody" in place.refused(other, at=then)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read: No such file"),
        ("", "names nobody"),
        ("# nobody yet\n", "names nobody"),
        ("{ana}\nbo@example.com ssh-ed25519 AAAA\n", "line 2 has no public key in the place of one"),
        ("{ana}\n\nbo@example.com\n", "line 3 is not of the form: principals [options] key-type key"),
        ('bo@example.com valid-befor="20200101" {key}\n', "line 1 has the unknown option valid-befor"),
        ('bo@example.com valid-before="soon" {key}\n', "line 1 has a value for valid-before"),
        ("bo@example.com namespaces=git {key}\n", "line 1 has options that cannot be read"),
        ("bo@example.com ssh-rsa {blob}\n", "line 1 has no public key in the place of one"),
        ("b\udcff@example.com {key}\n", "line 1 is not UTF-8"),
    ],
    ids=["missing", "empty", "comment", "short", "no key", "unknown", "date", "quotes", "type", "bytes"],
)
def test_a_signers_file_that_is_wrong_is_the_fault_of_the_host(
    place: Place, keys: Keys, content: str | None, reason: str
) -> None:
    ana_signs(place, keys)
    file = place.host / "allowed_signers"
    if content is not None:
        key = keys.ana.public
        text = content.format(ana=keys.ana.line(), key=key, blob=key.split()[1])
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(Unverifiable) as caught:
        place.judged(signers_beside(file))
    assert reason in caught.value.reason
    assert str(file) in caught.value.reason


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("revoked_keys", b"garbage\n", "the list of revoked keys"),
        ("trusted.gpg", b"garbage\n", "it holds no exported public keys"),
        ("trusted.gpg", b"\x99", "is not in trusted.gpg"),
        ("trusted.gpg", b"\x88\x01\x00", "it does not begin with a public key"),
        ("trusted.gpg", b"", "it holds no exported public keys"),
        ("trusted.gpg", b"\x99" + bytes(1 << 20), "has more than 1048576 bytes"),
    ],
    ids=["revoked", "text", "cut", "signature", "empty", "huge"],
)
def test_a_file_beside_it_that_is_wrong_is_not_passed_over(
    place: Place, keys: Keys, name: str, content: bytes, reason: str
) -> None:
    signing.tag(place.path, NAME, WORDS, keys.bo if name == "trusted.gpg" else keys.ana)
    (place.host / name).write_bytes(content)
    assert reason in place.refused(place.trust(keys.ana.line()))


def test_a_directory_or_a_pipe_in_the_place_of_a_file_is_not_waited_for(place: Place, keys: Keys) -> None:
    ana_signs(place, keys)
    os.mkfifo(place.host / "pipe")
    assert "no regular file" in place.refused(Signers(file=place.host / "pipe"))
    assert "Is a directory" in place.refused(Signers(file=place.host))


def test_without_gpg_keys_no_gpg_signature_counts(place: Place, keys: Keys) -> None:
    signing.tag(place.path, NAME, WORDS, keys.bo)
    assert "there is no trusted.gpg beside" in place.refused(place.trust(keys.ana.line()))

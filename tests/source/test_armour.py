"""Which text was signed? By the bytes alone, without any key."""

from __future__ import annotations

from base64 import b64encode
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.source import armour
from tfreconcile.source.signers import Untrusted

KEY = b"\0\0\0\x0bssh-ed25519"


def wrapped(label: str, blob: bytes, *, headers: str = "") -> str:
    return f"-----BEGIN {label}-----\n{headers}{b64encode(blob).decode()}\n-----END {label}-----\n"


def string(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content


def sshsig(namespace: bytes, *, magic: bytes = b"SSHSIG\0\0\0\1") -> str:
    return wrapped(armour.SSH, magic + string(KEY) + string(namespace) + string(b"") + string(b"sha512"))


def test_the_public_part_of_an_ssh_signature_is_read() -> None:
    assert armour.ssh_fields(sshsig(b"git")) == armour.SshFields(key=KEY, namespace="git")


@pytest.mark.parametrize(
    "text",
    [
        sshsig(b"git", magic=b"SSHSIG\0\0\0\2"),
        sshsig(b"\xff"),
        wrapped(armour.SSH, b"SSHSIG\0\0\0\1\0\0\0\xff"),
        wrapped(armour.SSH, b""),
        wrapped(armour.SSH, b"x").replace("eA==", "e?=="),
        "",
    ],
    ids=["version", "namespace", "short", "empty", "alphabet", "nothing"],
)
def test_what_is_no_ssh_signature_is_refused(text: str) -> None:
    with pytest.raises(Untrusted, match="cannot be read"):
        armour.ssh_fields(text)


@pytest.mark.parametrize(
    ("packet", "fits"),
    [
        (b"\x88\x03abc", True),
        (b"\x89\x00\x03abc", True),
        (b"\x8a\x00\x00\x00\x03abc", True),
        (b"\xc2\x03abc", True),
        (b"\xc2\xc0\x08" + bytes(200), True),
        (b"\x88\x03abcd", False),
        (b"\x88\x03abc\x88\x03abc", False),
        (b"\x88\x03ab", False),
        (b"\x8babc", False),
        (b"\xc2\xe1ab", False),
        (b"\xc2\xffabcdef", False),
        (b"\xa3\x01xxx", False),
        (b"\x90\x03abc", False),
        (b"\xcb\x03abc", False),
        (b"\x08\x03abc", False),
        (b"\x88", False),
        (b"", False),
    ],
    ids=[
        "one octet", "two octets", "four octets", "new", "new long", "longer", "two packets", "shorter",
        "no end", "partial", "new four octets", "compressed", "one-pass", "literal",
        "no packet", "cut", "empty",
    ],
)  # fmt: skip
def test_a_pgp_signature_is_one_signature_packet_and_nothing_else(packet: bytes, fits: bool) -> None:
    text = wrapped(armour.PGP, packet, headers="Version: 1\nComment: x\n\n")
    if fits:
        assert armour.pgp_signature(text) == packet
        return
    with pytest.raises(Untrusted, match="something else than one detached signature"):
        armour.pgp_signature(text)


@pytest.mark.parametrize("headers", ["", "\n", "Version: 1\n\n"], ids=["none", "blank", "one"])
def test_headers_and_checksum_of_pgp_are_left_out(headers: str) -> None:
    text = wrapped(armour.PGP, b"\x88\x03abc", headers=headers).replace("\n-----END", "\n=aBc1\n-----END")
    assert armour.pgp_signature(text) == b"\x88\x03abc"


def test_several_exports_in_one_file_are_all_read() -> None:
    keys = (
        wrapped(armour.PGP_KEYS, b"\x99one", headers="\n")
        + "# Bo\n"
        + wrapped(armour.PGP_KEYS, b"\x99two", headers="\n")
    )
    assert armour.pgp_keys(keys.encode()) == b"\x99one\x99two"


@pytest.mark.parametrize(
    "begin", ["PGP SIGNATURE", "PGP MESSAGE", "SSH SIGNATURE", "SIGNED MESSAGE"], ids=lambda text: text
)
def test_whatever_git_takes_for_a_signature_begins_one(begin: str) -> None:
    content = f"words\n-----BEGIN {begin}-----\nrest\n".encode()
    assert armour.split(content) == (b"words\n", f"-----BEGIN {begin}-----\nrest\n")
    assert not armour.is_signed(content.replace(b"\n--", b"\n --"))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.sampled_from([armour.SSH, armour.PGP, armour.PGP_KEYS]), st.booleans())
def test_any_bytes_are_read_or_refused(content: bytes, label: str, whole: bool) -> None:
    text = wrapped(label, content) if whole else content.decode("utf-8", "replace")
    for read in (armour.label, armour.ssh_fields, armour.pgp_signature):
        with suppress(Untrusted):
            read(text)
    with suppress(Untrusted):
        assert armour.pgp_keys(content) == content

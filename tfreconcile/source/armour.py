"""Which text was signed, and what does the signature below it hold?

One reading only: a text with two signatures, or a signature with anything around it, is refused, because
two programs could see two different things in it.
"""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass

from tfreconcile.source.signers import Untrusted

SSH = "SSH SIGNATURE"
PGP = "PGP SIGNATURE"
PGP_KEYS = "PGP PUBLIC KEY BLOCK"

# Everything that git takes for the beginning of a signature (gpg-interface.c).
_BEGIN = re.compile(
    rb"^-----BEGIN (?:PGP SIGNATURE|PGP MESSAGE|SSH SIGNATURE|SIGNED MESSAGE)-----", re.MULTILINE
)
_BLOCK = re.compile(r"-----BEGIN ([A-Z ]+)-----\n(.*?)\n-----END \1-----\s*", re.DOTALL)
_HEADER = re.compile(r"[A-Za-z]+: .*")
_MAGIC = b"SSHSIG\0\0\0\1"
_UNREADABLE = "the signature cannot be read"


@dataclass(frozen=True, kw_only=True)
class SshFields:
    """What an SSH signature says about itself: the blob of its public key, and its namespace."""

    key: bytes
    namespace: str

    @property
    def is_certificate(self) -> bool:
        """Was it made with a certificate rather than with a bare key?"""
        return b"-cert-v01@openssh.com" in self.key[:80]


def is_signed(content: bytes) -> bool:
    """Does a line of the text begin a signature?"""
    return _BEGIN.search(content) is not None


def split(content: bytes) -> tuple[bytes, str]:
    """The text that was signed, and the armoured signature that follows it.

    Raises Untrusted when there is no signature, or more than one.
    """
    begins = [found.start() for found in _BEGIN.finditer(content)]
    if not begins:
        raise Untrusted("it is not signed")
    if len(begins) > 1:
        raise Untrusted("it holds more than one signature")
    return content[: begins[0]], content[begins[0] :].decode("utf-8", "replace")


def label(armour: str) -> str:
    """Of what kind an armoured text is: SSH, PGP or PGP_KEYS. Raises Untrusted for anything else."""
    found = _BLOCK.fullmatch(armour)
    if found is None or found[1] not in (SSH, PGP, PGP_KEYS):
        raise Untrusted(_UNREADABLE)
    return found[1]


def ssh_fields(armour: str) -> SshFields:
    """The public part of an SSH signature (PROTOCOL.sshsig of OpenSSH). Raises Untrusted."""
    blob = _unwrapped(armour)
    if not blob.startswith(_MAGIC):
        raise Untrusted(_UNREADABLE)
    key, rest = _string(blob[len(_MAGIC) :])
    namespace, _ = _string(rest)
    try:
        return SshFields(key=key, namespace=namespace.decode("utf-8"))
    except UnicodeDecodeError:
        raise Untrusted(_UNREADABLE) from None


def pgp_signature(armour: str) -> bytes:
    """The one signature packet of a detached PGP signature.

    Raises Untrusted for anything beside it: a message in its place would be verified instead of the text.
    """
    packet = _unwrapped(armour)
    if _packet_kind(packet) != 2 or _packet_end(packet) != len(packet):
        raise Untrusted("the signature holds something else than one detached signature")
    return packet


def pgp_keys(content: bytes) -> bytes:
    """Exported public keys in binary, whether they came armoured or not. Raises Untrusted.

    Several armoured exports may follow each other in one file.
    """
    if content[:1] and content[0] & 0x80:
        if _packet_kind(content) != 6:
            raise Untrusted("it does not begin with a public key")
        return content
    text = content.decode("utf-8", "replace").replace("\r\n", "\n")
    blocks = [found for found in _BLOCK.finditer(text) if found[1] == PGP_KEYS]
    if not blocks:
        raise Untrusted("it holds no exported public keys (gpg --export)")
    return b"".join(_unwrapped(block[0]) for block in blocks)


def _unwrapped(armour: str) -> bytes:
    found = _BLOCK.fullmatch(armour)
    lines = found[2].split("\n") if found else []
    if found and found[1] != SSH and ("" in lines or any(map(_HEADER.fullmatch, lines))):
        lines = lines[lines.index("") + 1 :] if "" in lines else []
    if lines and re.fullmatch("=[A-Za-z0-9+/]{4}", lines[-1]):
        lines = lines[:-1]  # a checksum, which protects from nothing that the signature does not
    try:
        return b64decode("".join(lines), validate=True)
    except ValueError:
        raise Untrusted(_UNREADABLE) from None


def _string(blob: bytes) -> tuple[bytes, bytes]:
    """The string (RFC 4251 section 5) at the beginning, and what follows it."""
    end = 4 + int.from_bytes(blob[:4], "big")
    if len(blob) < end or len(blob) < 4:
        raise Untrusted(_UNREADABLE)
    return blob[4:end], blob[end:]


def _packet_kind(packet: bytes) -> int:
    """The kind of the first OpenPGP packet (RFC 4880 section 4.3); -1 when it is none."""
    first = packet[0] if packet else 0
    if not first & 0x80:
        return -1
    return first & 0x3F if first & 0x40 else (first >> 2) & 0x0F


def _packet_end(packet: bytes) -> int:
    """Where the first OpenPGP packet ends; -1 for lengths that no signature needs."""
    new, octet = bool(packet[0] & 0x40), packet[1] if len(packet) > 1 else 255
    if not new:
        width = 1 << (packet[0] & 3)
        return 1 + width + int.from_bytes(packet[1 : 1 + width], "big") if width < 8 else -1
    if octet < 192:
        return 2 + octet
    return 3 + ((octet - 192) << 8) + packet[2] + 192 if octet < 224 and len(packet) > 2 else -1

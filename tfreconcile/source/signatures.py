"""Is this signature good, and whose is it? The door that every signed word, tag and commit goes through.

git is not asked to verify: it takes every good signature of any GPG key, its configuration names programs,
and it looks at a tag's own date alone. ssh-keygen and gpgv are, with the text as git stores it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from tfreconcile.errors import Misconfigured
from tfreconcile.source import armour as read
from tfreconcile.source import gpg_signatures, programs, ssh_signatures
from tfreconcile.source import signers as files
from tfreconcile.source.complaints import sentence
from tfreconcile.source.model import Signature
from tfreconcile.source.signers import Signers, Untrusted, Unverifiable
from tfreconcile.source.tags import Tag

PATIENCE = 120.0
"""Seconds that a person has to type a passphrase or to touch a security key."""


def of_tag(tag: Tag, signers: Signers, at: datetime) -> Signature:
    """The signature of a tag, good both when the tagger says that it was made and at ``at``.

    The signer chooses the date inside the tag, so a key that is over must not do with an older one.
    Raises Untrusted with a reason for people; it is Unverifiable when a file of this host is at fault.
    Raises Stalled SignatureToolMissing or Transient when the programs that verify do not work.
    """
    if tag.signature is None:
        raise Untrusted("it is not signed")
    made = checked(tag.payload, tag.signature, signers, namespace="git", moments=(at, tag.tagged_at))
    return replace(made, tag=tag.name, object=tag.object)


def verify(text: str, signature: str, signers: Signers, namespace: str, at: datetime) -> Signature:
    """The signature of a text, good at ``at``. Raises as ``of_tag`` does."""
    return checked(text.encode(), signature, signers, namespace=namespace, moments=(at,))


def checked(
    payload: bytes, armour: str, signers: Signers, *, namespace: str, moments: tuple[datetime, ...]
) -> Signature:
    """A signature that is good at each of the moments, by a key that this host trusts.

    Bytes of ``payload`` that are not UTF-8 become surrogates. Raises as ``of_tag`` does.
    """
    if read.label(armour) == read.SSH:
        signer, key = ssh_signatures.verified(payload, armour, signers, namespace=namespace, moments=moments)
        kind: Literal["ssh", "gpg"] = "ssh"
    elif namespace == "git":
        signer, key = gpg_signatures.verified(payload, armour, signers, moments=moments)
        kind = "gpg"
    else:
        raise Untrusted(f"a GPG signature has no namespace; {namespace!r} is signed with an SSH key")
    text = payload.decode("utf-8", "surrogateescape")
    return Signature(kind=kind, signer=signer, key=key, payload=text, text=armour, namespace=namespace)


def recognised(signers: Signers) -> Callable[[str], bool]:
    """Whether an armoured signature claims to be of a key that this host knows: for an order of work.

    Anybody can claim that, so it says nothing about the signature. Where the files of keys cannot be
    read, none is known.
    """
    try:
        _, lines = files.ssh_lines(signers)
    except Unverifiable:
        lines = ()
    keys = frozenset(line.key for line in lines if not line.authority)
    authorities = any(line.authority for line in lines)

    def claims(armour: str) -> bool:
        try:
            if read.label(armour) != read.SSH:
                return signers.keyring is not None
            fields = read.ssh_fields(armour)
        except Untrusted:
            return False
        return authorities if fields.is_certificate else fields.key in keys

    return claims


def sign(key: Path, text: str, namespace: str) -> str:
    """The armoured signature of a text by an SSH key, or by the agent that holds the private half of it.

    ssh-keygen may ask for a passphrase at the terminal. Raises Misconfigured when the key cannot sign.
    """
    path = key.expanduser().absolute()
    if not path.is_file():
        hint = "give the private key, or the .pub file of a key that ssh-agent holds"
        raise Misconfigured.at(str(key), "there is no such file", hint)
    with programs.workroom({"text": text.encode()}) as room:
        argv = ("ssh-keygen", "-q", "-Y", "sign", "-f", str(path), "-n", namespace, "text")
        ended = programs.run(*argv, cwd=room, timeout=PATIENCE, environment=_own(), terminal=True)
        made = room / "text.sig"
        if ended.status != 0 or not made.is_file():
            raise Misconfigured.at(str(key), _failed(ended.stderr), _advice(ended.stderr))
        return made.read_text(encoding="ascii")


def _own() -> dict[str, str]:
    """The agent and the devices of the person who signs."""
    names = ("HOME", "SSH_AUTH_SOCK", "SSH_SK_PROVIDER", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "DISPLAY")
    return {name: os.environ[name] for name in names if name in os.environ}


_NO_KEY = re.compile(r"Couldn't load public key|invalid format|error in libcrypto")
"""What ssh-keygen says of a file that is no key at all; its own words would name a file that is there."""


def _failed(said: str) -> str:
    return "this is no private key of SSH" if _NO_KEY.search(said) else f"cannot sign: {sentence(said)}"


def _advice(said: str) -> str:
    if _NO_KEY.search(said):
        return "give the private key, or the .pub file of a key that ssh-agent holds"
    if "passphrase" in said:
        return "sign at a terminal, or ssh-add the key and give its .pub file"
    if "too open" in said:
        return "let nobody else read the key: chmod 600"
    if "No private key found" in said:
        return "ssh-add the key, or give the private half"
    return "try it by hand: ssh-keygen -Y sign -n tfreconcile -f KEY FILE"

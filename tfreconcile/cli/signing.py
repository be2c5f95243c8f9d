"""Who says it, when a word is signed on the command line? The owner of the key, never the login."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from tfreconcile.cli import opening
from tfreconcile.errors import Misconfigured
from tfreconcile.gate import signed
from tfreconcile.gate.model import Verdict
from tfreconcile.gate.signed import Said
from tfreconcile.settings.model import Settings
from tfreconcile.source import signatures
from tfreconcile.source.model import Signature
from tfreconcile.source.signers import Untrusted

NAMESPACE = "tfreconcile"
"""What an SSH signature of a word is for: one that was made for git, say, is none."""


def signed_by(settings: Settings, key: Path, said: Said, verdict: Verdict, now: datetime) -> Signature:
    """The signature of ``key`` under what is said; its signer is whom the signers file names as the owner.

    Raises Misconfigured when it cannot be signed, or when the signature is not one that counts.
    """
    signers = opening.signers(settings)
    if signers is None:
        what = "nobody's signature is trusted: the host config names no signers"
        raise Misconfigured.at(
            str(key), what, "set signers: to an allowed_signers file with the approvers' keys"
        )
    text = signed.text(said, verdict)
    signature = signatures.sign(key, text, NAMESPACE)
    try:
        return signatures.verify(text, signature, signers, namespace=NAMESPACE, at=now)
    except Untrusted as error:
        what = f"its signature does not count: {error.reason}"
        raise Misconfigured.at(str(key), what, f"the keys that count are in {signers.file}") from error

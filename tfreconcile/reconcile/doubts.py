"""Whose signed word is no longer worth anything? Keys are revoked and people leave after they have spoken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from tfreconcile.errors import ReconcileError
from tfreconcile.gate.approvals import stands
from tfreconcile.gate.model import Approval
from tfreconcile.plan.fingerprint import ChangeDigest
from tfreconcile.source import signatures
from tfreconcile.source.model import Signature
from tfreconcile.source.signers import Signers, Untrusted, Unverifiable

GONE = "the host config names no signers any more"


def doubts(
    words: Iterable[Approval], signers: Signers | None, effects: frozenset[ChangeDigest], now: datetime
) -> Mapping[int, str]:
    """Why a signature is not a good one now, by the number of its word; good ones are not named.

    Only signed approvals that stand and name one of the ``effects`` are looked at: each costs a run of
    ssh-keygen or gpgv. Without ``signers`` none is good. What cannot be verified is in doubt too, with what
    must be mended. A rejection keeps standing whatever became of the key.
    """
    found: dict[int, str] = {}
    for word in words:
        if word.signature is not None and stands(word, now) and not effects.isdisjoint(word.changes):
            why = GONE if signers is None else _doubt(word.by, word.signature, signers, now)
            if why is not None:
                found[word.id] = why
    return found


def _doubt(by: str, made: Signature, signers: Signers, now: datetime) -> str | None:
    try:
        payload = made.payload.encode("utf-8", "surrogateescape")
        again = signatures.checked(payload, made.text, signers, namespace=made.namespace, moments=(now,))
    except Unverifiable as error:
        return f"its signature cannot be verified: {error.reason}"
    except Untrusted as error:
        return f"its signature is not good any more: {error.reason}"
    except ReconcileError as error:
        return f"its signature cannot be verified: {error.message}"
    return None if again.signer == by else f"its key is {again.signer}'s by now"

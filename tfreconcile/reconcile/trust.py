"""Which commit may be reconciled? The newest that is signed by a trusted signer and rewrites nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Literal

from tfreconcile.errors import Misconfigured, ReconcileError, Stalled, Waiting
from tfreconcile.source import history
from tfreconcile.source.git import Mirror
from tfreconcile.source.model import Revision, Signature
from tfreconcile.source.signers import Signers, Untrusted
from tfreconcile.store import sources
from tfreconcile.store.database import Store
from tfreconcile.store.journal import BY_ITSELF, Event, EventKind
from tfreconcile.store.records import JsonObject, SourceRecord

VERIFIED, UNTRUSTED, REWRITTEN = "SourceVerified", "SourceUntrusted", "SourceRewritten"


@dataclass(frozen=True, kw_only=True)
class Trust:
    """How the tracked branch is verified, and whose signatures count, on commits and on words.

    ``head``: its newest commit must be signed; ``history``: every commit since the last accepted one must be,
    at first every one after ``since``, or all when ``since`` is None.
    """

    verify: Literal["none", "head", "history"] = "none"
    since: Revision | None = None
    signers: Signers | None = None


def trusted(
    store: Store, mirror: Mirror, trust: Trust, fetched: Revision, now: datetime
) -> tuple[Revision, ReconcileError | None]:
    """The commit to reconcile, and why it is not the fetched one, when it is not.

    A refused head leaves the last accepted commit in force: drift is still seen. Raises the refusal when
    none was ever accepted, and Stalled("SourceUntrusted") when that one is not trusted any more either.

    What was accepted is believed of the mirror, which is in the host's own directory. The row of the
    database, which others can write, can only ever make this stricter.
    """
    branch = identity(mirror)
    if trust.verify == "none":
        sources.forget(store, branch)
        return fetched, None
    known = sources.get(store, branch)
    found = _look(mirror, trust, known, fetched)
    if isinstance(found, Signature):
        _accept(store, known, fetched, found, branch=branch, now=now)
        mirror.keep(_kept_as(mirror), fetched)
        return fetched, None
    _refuse(store, known, fetched, found, branch=branch, now=now)
    return _still_good(mirror, trust, known, found), found


def accept_rewrite(
    store: Store, mirror: Mirror, trust: Trust, typed: str, *, by: str, reason: str, now: datetime
) -> Revision:
    """A person's word that the branch may have been rewritten; its commits must be signed all the same.

    ``typed`` is 12 digits or more of the refused head. Raises Misconfigured when nothing was refused for
    being rewritten, or another commit is meant; Stalled("SourceUntrusted") when it is not signed.
    """
    branch = identity(mirror)
    known = None if trust.verify == "none" else sources.get(store, branch)
    head = _refused_rewrite(known, typed)
    found = _signed(mirror, trust, _kept(mirror) or trust.since, head)
    if not isinstance(found, Signature):
        raise found
    body = {"revision": head, "previous": known.accepted if known else None, "reason": reason}
    record = _accepted(branch, known, head, found, now)
    sources.save(store, record, _event(EventKind.SOURCE_REWRITE_ACCEPTED, by, now, body))
    mirror.keep(_kept_as(mirror), head)
    return head


def identity(mirror: Mirror) -> str:
    """The name of a tracked branch in the database; an address may hold a password, so it is digested."""
    return f"{mirror.branch}@{_digest(mirror.url)}"


def _kept(mirror: Mirror) -> Revision | None:
    return history.kept(mirror, _kept_as(mirror))


def _kept_as(mirror: Mirror) -> str:
    """The name under which the mirror holds on to the accepted commit, even when its branch is rewritten."""
    return f"accepted-{_digest(identity(mirror))}"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]


def _look(
    mirror: Mirror, trust: Trust, known: SourceRecord | None, fetched: Revision
) -> Signature | ReconcileError:
    kept = _kept(mirror)
    for before in (kept, known.accepted if known else None):
        if before is not None and not history.is_ancestor(mirror, before, fetched):
            return _rewritten(mirror.branch, before, fetched)
    return _signed(mirror, trust, kept or trust.since, fetched)


def _still_good(
    mirror: Mirror, trust: Trust, known: SourceRecord | None, refusal: ReconcileError
) -> Revision:
    """The last accepted commit, when it would be accepted today: a key may have been revoked since."""
    kept = _kept(mirror)
    accepted = kept or (known.accepted if known else None)
    if accepted is None:
        raise refusal
    found = _signed(mirror, trust, kept or trust.since, accepted)
    if isinstance(found, Signature):
        return accepted
    raise Stalled(UNTRUSTED, f"the last accepted commit is not trusted any more: {found.message}")


def _signed(mirror: Mirror, trust: Trust, base: Revision | None, head: Revision) -> Signature | Stalled:
    """The signature of the head, once all that must be signed is."""
    if trust.signers is None:
        return Stalled(UNTRUSTED, "nobody's signature is trusted: the host config names no signers")
    try:
        signature = history.signer_of(mirror, head, trust.signers)
    except Untrusted as error:
        return _untrusted(head, error.reason, trust)
    if trust.verify == "history":
        unproven = history.unsigned(mirror, base, head, trust.signers)
        if unproven is not None:
            return _untrusted(unproven.revision, unproven.reason, trust)
    return signature


def _untrusted(revision: Revision, reason: str, trust: Trust) -> Stalled:
    hints = {
        "head": "have a trusted signer sign it anew, or commit on top of it",
        "history": "have a trusted signer sign it anew, and all that follows it",
    }
    return Stalled(UNTRUSTED, f"commit {revision[:12]} is not trusted: {reason}; {hints[trust.verify]}")


def _rewritten(branch: str, accepted: Revision, fetched: Revision) -> Waiting:
    return Waiting(
        REWRITTEN,
        f"{branch} was rewritten: {fetched[:12]} does not follow {accepted[:12]}, the last accepted commit; "
        f"who accepts that types: tfreconcile accept-rewrite {fetched[:12]} --reason '...'",
    )


def _refused_rewrite(known: SourceRecord | None, typed: str) -> Revision:
    if known is None or known.head is None or known.reason != REWRITTEN:
        raise Misconfigured.at(
            "accept-rewrite", "no rewritten branch waits for a person", "tfreconcile status"
        )
    if len(typed) < 12 or not known.head.startswith(typed):
        what = f"{typed} is not the head that was refused, {known.head[:12]}"
        raise Misconfigured.at("accept-rewrite", what, "look at the branch again, then type that commit")
    return known.head


def _accepted(
    branch: str, known: SourceRecord | None, revision: Revision, signature: Signature, now: datetime
) -> SourceRecord:
    return SourceRecord(
        branch=branch,
        accepted=revision,
        accepted_at=now,
        signer=signature.signer,
        head=revision,
        verified=True,
        reason=VERIFIED,
        message=f"{revision[:12]} is signed by {signature.signer}",
        changed_at=known.changed_at if known is not None and known.verified else now,
    )


def _accept(
    store: Store,
    known: SourceRecord | None,
    revision: Revision,
    signature: Signature,
    *,
    branch: str,
    now: datetime,
) -> None:
    if known is not None and known.verified and known.accepted == revision:
        return
    body = {
        "revision": revision,
        "previous": known.accepted if known else None,
        "signer": signature.signer,
        "key": signature.key,
    }
    record = _accepted(branch, known, revision, signature, now)
    sources.save(store, record, _event(EventKind.SOURCE_ACCEPTED, BY_ITSELF, now, body))


def _refuse(
    store: Store,
    known: SourceRecord | None,
    head: Revision,
    why: ReconcileError,
    *,
    branch: str,
    now: datetime,
) -> None:
    """Told once for each head and reason, however often it is fetched."""
    if known is not None and (known.head, known.reason, known.message) == (head, why.reason, why.message):
        return
    verdict = replace(
        known or SourceRecord(branch=branch, changed_at=now),
        head=head,
        verified=False,
        reason=why.reason,
        message=why.message,
        changed_at=now if known is None or known.verified else known.changed_at,
    )
    body = {"revision": head, "accepted": verdict.accepted, "reason": why.reason, "message": why.message}
    sources.save(store, verdict, _event(EventKind.SOURCE_REFUSED, BY_ITSELF, now, body))


def _event(kind: EventKind, actor: str, now: datetime, body: JsonObject) -> Event:
    return Event(kind=kind, stack=None, actor=actor, at=now, body=body)

"""Which approvals were taken back by deleting their tag, also while nobody can list all tags?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from tfreconcile.errors import ReconcileError
from tfreconcile.gate.approvals import is_open
from tfreconcile.gate.model import Approval, Decision, Hold, Verdict
from tfreconcile.reconcile import words
from tfreconcile.reconcile.world import World
from tfreconcile.source import tags
from tfreconcile.source.git import Mirror
from tfreconcile.source.tags import TagRef
from tfreconcile.store import approvals

DELETED = "tag deleted"
"""Who revokes an approval whose tag is gone."""


def settle(world: World) -> tuple[TagRef, ...]:
    """Take back the open approvals whose tag is gone or points elsewhere; gives the tags that are there.

    Whoever may push tags must not be able to keep an approval alive by making all tags unreadable: then
    the tags of open approvals are asked for by name, and this raises what ``tags.listed`` raised. When
    that fails too, approvals by tag do not count (``counting``) until it works again.
    """
    given = _open(world)
    if not given and world.trust.signers is None:
        tags.believe(world.mirror)
        return ()
    found, failure = _listed(world.mirror)
    try:
        here = {(one.name, one.object) for one in found}
        there = here if failure is None else tags.there(world.mirror, {name for name, _ in given})
        for tag, word in given.items():
            if tag not in there:
                approvals.revoke(world.store, word.id, by=DELETED, at=world.clock())
    except ReconcileError as error:
        tags.doubt(world.mirror, str(error))
        raise
    tags.believe(world.mirror)
    if failure is not None:
        raise failure
    return found


def counting(mirror: Mirror, given: Collection[Approval]) -> tuple[tuple[Approval, ...], str | None]:
    """The words that may count now, and why others do not. A rejection always may."""
    why = tags.doubted(mirror)
    kept = tuple(one for one in given if why is None or not _goes_with_a_tag(one))
    if why is None or len(kept) == len(given):
        return kept, None
    return kept, f"approvals by tag do not count while nobody can tell which tags were deleted: {why}"


def told(made: Decision, why: str | None) -> Decision:
    """The decision, which says why some words did not count when it waits for words."""
    if why is None or not isinstance(made, Hold):
        return made
    return replace(made, reasons=(*made.reasons, why))


def _listed(mirror: Mirror) -> tuple[tuple[TagRef, ...], ReconcileError | None]:
    try:
        return tags.listed(mirror), None
    except ReconcileError as error:
        return (), error


def _open(world: World) -> Mapping[tuple[str, str], Approval]:
    """Approvals that can be taken back, by name and object of their tag.

    By what is sealed with the word itself: a row of tags that somebody removed keeps no approval alive. A
    rejection is not among them: whoever may delete a tag in Git must not be able to lift it.
    """
    now, found = world.clock(), {}
    for one in approvals.of(world.store):
        if _goes_with_a_tag(one) and is_open(one, now) and one.signature is not None:
            found[one.signature.tag or "", one.signature.object or ""] = one
    return found


def _goes_with_a_tag(one: Approval) -> bool:
    return one.verdict is Verdict.APPROVE and one.channel == words.TAG

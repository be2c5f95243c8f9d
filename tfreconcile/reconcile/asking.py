"""Who asks for what is to be done: which commits came since nothing was left to do, and who made them?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tfreconcile.reconcile.learned import Learned, Planned
from tfreconcile.reconcile.world import World
from tfreconcile.source import history
from tfreconcile.source.model import Authorship


def asked(world: World, learned: Learned) -> Learned:
    """The commits that matter: to the inputs where these changed, and all of them under four eyes.

    Of a stack that was never applied, those that ever touched its inputs: else everybody who ever wrote
    anything in the repository would be an author of it. Nothing is read for a plan without effect. Nobody is
    known to have asked where the row is in doubt, or the branch does not follow what is in effect. Raises as
    ``history.since`` does.
    """
    if learned.planned is None or not any(_effects(learned.planned)):
        return learned
    doubt = _doubt(world, learned)
    if doubt is not None:
        return replace(learned, unattributed=doubt, authors=None, commits=None)
    base = learned.record.settled_revision
    # Directories, since a commit that took a file away touches none of the files that are left.
    places = tuple(sorted({file.parent for file in learned.wanted.files}))
    if learned.policy.approvals.four_eyes:
        where = places if base is None else ()
        written = history.since(world.mirror, base, learned.head, where, signers=world.trust.signers)
        learned = replace(learned, authors=_complete(written))
    if not learned.inputs_changed:
        return replace(learned, commits=())
    return replace(learned, commits=_complete(history.since(world.mirror, base, learned.head, places)))


def _doubt(world: World, learned: Learned) -> str | None:
    name, base, head = learned.stack.name, learned.record.settled_revision, learned.head
    if not learned.record.sound:
        return (
            f"what is remembered of {name} was changed outside tfreconcile, or has no seal yet: what is in"
            " effect and who asked for it is not known, and the worst is assumed until a plan is applied or"
            " finds nothing to do (tfreconcile audit verify)"
        )
    if base is None or history.is_ancestor(world.mirror, base, head):
        return None
    return (
        f"the branch was set back or rewritten ({base[:7]} is in effect, and {head[:7]} does not follow it):"
        " who did it is not known"
    )


def _effects(planned: Planned) -> Iterator[bool]:
    digests = planned.digests
    return (digest is not None for digest in (*digests.changes, *digests.outputs))


def _complete(found: history.History) -> tuple[Authorship, ...] | None:
    return found.commits if found.complete else None

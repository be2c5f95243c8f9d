"""What of a commit is written down: which stacks it defines, which are broken, and which left Git?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tfreconcile.gate.approvals import stands
from tfreconcile.gate.model import Policy
from tfreconcile.plan.fingerprint import Mode
from tfreconcile.reconcile import status
from tfreconcile.reconcile.world import World
from tfreconcile.source.definitions import Broken
from tfreconcile.source.model import Revision, StackName, Wanted
from tfreconcile.store import approvals, plans, removals, stacks
from tfreconcile.store.journal import BY_ITSELF
from tfreconcile.store.records import StackRecord

_LOOKED_AT = 100
"""Plans of one stack: no more are kept."""


@dataclass(frozen=True, kw_only=True)
class Definitions:
    """Stacks that can be planned, and those that cannot, with every reason."""

    wanted: Mapping[StackName, Wanted]
    policies: Mapping[StackName, Policy]
    broken: tuple[Broken, ...]

    @property
    def present(self) -> frozenset[StackName]:
        """Every stack that is defined, however badly."""
        return frozenset(self.wanted) | {one.name for one in self.broken}


def vanished(world: World, found: Definitions) -> bool:
    """Is no stack defined any more where several were? That is rather a mistake than a wish: an emptied
    branch, another ``source.path``. The last stack of all may go like any other."""
    known = sum(record.removed_at is None for record in stacks.all(world.store))
    return known > 1 and not found.present


def remember(world: World, found: Definitions, revision: Revision, *, vanished: bool) -> None:
    """Write down what is desired at a commit. When all ``vanished`` nothing counts as removed."""
    known = {record.name: record for record in stacks.all(world.store)}
    for record in (known[name] for name in sorted(found.present & known.keys())):
        if status.leaving(record):
            _take_back(world, record)
    for name, wanted in found.wanted.items():
        _keep(world, known.get(name), wanted, revision)
        _wanted(world, name, wanted, revision)
    for one in found.broken:
        _broken(world, one, revision)
    if vanished:
        removals.vanished(world.store, message=_missing(world, revision))
    else:
        removals.mark(world.store, found.present, world.clock())


def kept_as(name: StackName) -> str:
    """Under which name the mirror holds on to the last commit that defines a stack."""
    return f"stack_{name}"


def _keep(world: World, known: StackRecord | None, wanted: Wanted, revision: Revision) -> None:
    """A stack that may have to be destroyed one day needs its code then, though the branch was rewritten."""
    name, goes = wanted.stack.name, wanted.stack.on_removal == "destroy"
    if goes and (known is None or (known.defined_revision, known.on_removal) != (revision, "destroy")):
        world.mirror.keep(kept_as(name), revision)
    if not goes and known is not None and known.on_removal == "destroy":
        world.mirror.drop(kept_as(name))


def _take_back(world: World, record: StackRecord) -> None:
    """The definition is back: nobody's word to destroy the stack counts if it leaves another time."""
    made = plans.history(world.store, record.name, limit=_LOOKED_AT)
    goes = {plan.fingerprint for plan in made if plan.mode == Mode.DESTROY}
    now = world.clock()
    for word in approvals.of(world.store, record.name):
        if word.fingerprint in goes and stands(word, now):
            approvals.revoke(world.store, word.id, by=BY_ITSELF, at=now)


def _wanted(world: World, name: StackName, wanted: Wanted, revision: Revision) -> None:
    stacks.seen(
        world.store,
        name,
        definition=str(wanted.stack.definition),
        revision=revision,
        inputs=wanted.inputs,
        on_removal=wanted.stack.on_removal,
        depends_on=wanted.stack.depends_on,
        now=world.clock(),
    )


def _broken(world: World, one: Broken, revision: Revision) -> None:
    stacks.broken(
        world.store,
        one.name,
        definition=str(one.definition),
        revision=revision,
        message="; ".join(str(problem) for problem in one.problems[:3]),
        now=world.clock(),
    )


def _missing(world: World, revision: Revision) -> str:
    where = f"below {world.path}" if world.path.parts else "in the repository"
    return (
        f"Git defines no stack {where} at {revision[:7]}, where several were: none counts as removed. Put the"
        " definitions back, or mend source.path in the host config; to remove all of them, leave one for last"
    )

"""What does Git want at one commit? Every stack with its inputs and policy, and what is broken."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from tfreconcile.errors import Misconfigured, ReconcileError, Transient, Waiting
from tfreconcile.gate import policy
from tfreconcile.gate.model import Policy
from tfreconcile.gate.policy import Floor
from tfreconcile.reconcile import places, remembering, tags, trust
from tfreconcile.reconcile.remembering import Definitions
from tfreconcile.reconcile.world import World
from tfreconcile.source import definitions, inputs
from tfreconcile.source.definitions import Broken
from tfreconcile.source.model import Revision, Stack, StackName, Wanted
from tfreconcile.source.tree import Tree


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What Git wants at ``revision``. ``stale`` is why an older commit than the head is used, if one is:
    the fetch failed, or the head is not to be trusted."""

    revision: Revision
    wanted: Mapping[StackName, Wanted]
    policies: Mapping[StackName, Policy]
    broken: tuple[Broken, ...] = ()
    stale: ReconcileError | None = None
    vanished: bool = False
    """Were several stacks known and none is defined any more? Then nothing counts as removed."""


def survey(world: World) -> Survey:
    """Fetch, read every definition at the head, write down what is desired, and hear what signed tags say.

    When the remote cannot be reached the last fetched head counts: drift is still seen. Raises what the
    fetch raised when there never was one.
    """
    revision, stale = _head(world)
    with world.mirror.tree(revision) as tree:
        found = read(tree, world.path, world.floor)
    seen = Survey(
        revision=revision,
        wanted=found.wanted,
        policies=found.policies,
        broken=found.broken,
        stale=stale,
        vanished=remembering.vanished(world, found),
    )
    remembering.remember(world, found, revision, vanished=seen.vanished)
    places.note(world, found.wanted)
    tags.look(world, revision)
    return seen


def read(
    tree: Tree, path: PurePosixPath, floor: Floor, *, only: Collection[StackName] | None = None
) -> Definitions:
    """Every stack under ``path``, or only those of these names; one that is broken never hides another."""
    found = definitions.discover(tree, path)
    wanted: dict[StackName, Wanted] = {}
    policies: dict[StackName, Policy] = {}
    broken = list(found.broken)
    for one in found.stacks:
        if only is not None and one.name not in only:
            continue
        try:
            policies[one.name] = policy.tighten(floor, one.gate, one.name)
            wanted[one.name] = inputs.wanted(tree, one)
        except Misconfigured as error:
            broken.append(_broken(one, error))
    return Definitions(wanted=wanted, policies=policies, broken=tuple(broken))


def _broken(one: Stack, error: Misconfigured) -> Broken:
    return Broken(name=one.name, definition=one.definition, problems=error.problems)


def _head(world: World) -> tuple[Revision, ReconcileError | None]:
    world.progress("", f"fetching {world.mirror.branch}")
    unreached: ReconcileError | None = None
    try:
        fetched = world.mirror.fetch()
    except (Transient, Waiting) as error:
        known, unreached = world.mirror.head(), error
        if known is None:
            raise
        fetched = known
    revision, refused = trust.trusted(world.store, world.mirror, world.trust, fetched, world.clock())
    return revision, refused or unreached

"""What does Git want at one commit? Every stack with its inputs and policy, and what is broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from tfreconcile.errors import Misconfigured, ReconcileError, Transient, Waiting
from tfreconcile.gate import policy
from tfreconcile.gate.model import Policy
from tfreconcile.gate.policy import Floor
from tfreconcile.reconcile.world import World
from tfreconcile.source import definitions, inputs
from tfreconcile.source.definitions import Broken
from tfreconcile.source.model import Revision, Stack, StackName, Wanted
from tfreconcile.source.tree import Tree
from tfreconcile.store import stacks


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What Git wants at ``revision``. ``stale`` is why the fetch failed, when an older head is used."""

    revision: Revision
    wanted: Mapping[StackName, Wanted]
    policies: Mapping[StackName, Policy]
    broken: tuple[Broken, ...] = ()
    stale: ReconcileError | None = None


def survey(world: World) -> Survey:
    """Fetch, read every definition at the head, and write down what is desired.

    When the remote cannot be reached the last fetched head counts: drift is still seen. Raises what the
    fetch raised when there never was one.
    """
    revision, stale = _head(world)
    with world.mirror.tree(revision) as tree:
        found = read(tree, world.path, world.floor)
    seen = Survey(
        revision=revision, wanted=found.wanted, policies=found.policies, broken=found.broken, stale=stale
    )
    _remember(world, seen)
    return seen


@dataclass(frozen=True, kw_only=True)
class Definitions:
    """Stacks that can be planned, and those that cannot, with every reason."""

    wanted: Mapping[StackName, Wanted]
    policies: Mapping[StackName, Policy]
    broken: tuple[Broken, ...]


def read(tree: Tree, path: PurePosixPath, floor: Floor) -> Definitions:
    """Every stack under ``path``; one that is broken never hides another."""
    found = definitions.discover(tree, path)
    wanted: dict[StackName, Wanted] = {}
    policies: dict[StackName, Policy] = {}
    broken = list(found.broken)
    for one in found.stacks:
        try:
            policies[one.name] = policy.tighten(floor, one.gate)
            wanted[one.name] = inputs.wanted(tree, one)
        except Misconfigured as error:
            broken.append(_broken(one, error))
    return Definitions(wanted=wanted, policies=policies, broken=tuple(broken))


def _broken(one: Stack, error: Misconfigured) -> Broken:
    return Broken(name=one.name, definition=one.definition, problems=error.problems)


def _head(world: World) -> tuple[Revision, ReconcileError | None]:
    world.progress("", f"fetching {world.mirror.branch}")
    try:
        return world.mirror.fetch(), None
    except (Transient, Waiting) as error:
        known = world.mirror.head()
        if known is None:
            raise
        return known, error


def _remember(world: World, seen: Survey) -> None:
    now = world.clock()
    for name, wanted in seen.wanted.items():
        stacks.seen(
            world.store,
            name,
            definition=str(wanted.stack.definition),
            revision=seen.revision,
            inputs=wanted.inputs,
            now=now,
        )
    for one in seen.broken:
        problems = "; ".join(str(problem) for problem in one.problems[:3])
        stacks.broken(
            world.store,
            one.name,
            definition=str(one.definition),
            revision=seen.revision,
            message=problems,
            now=now,
        )
    present = frozenset(seen.wanted) | {one.name for one in seen.broken}
    stacks.mark_removed(world.store, present, now)

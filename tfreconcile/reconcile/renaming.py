"""Is a new stack an old one under another name? Then its resources exist already, in another state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from tfreconcile.errors import Misconfigured, ReconcileError
from tfreconcile.gate.formerly import as_formerly
from tfreconcile.reconcile import setup
from tfreconcile.reconcile.learned import Learned
from tfreconcile.reconcile.world import World
from tfreconcile.source import stack as definition
from tfreconcile.source.model import Stack, StackName
from tfreconcile.source.tree import Tree, directly_in
from tfreconcile.store import stacks
from tfreconcile.store.records import StackRecord


def recognise(world: World, learned: Learned) -> Learned:
    """Hold a renamed stack to what the host asks of its former names too, until it was applied.

    Asked again after init, which may tell that its state is another one than the code says.
    """
    if learned.removing:
        return learned
    place = learned.place or setup.place_by_code(world, learned.wanted)
    new = tuple(name for name in _renamed_from(world, learned, place) if name not in learned.former)
    held = learned.policy
    for name in new:
        held = as_formerly(held, world.floor, name)
    return replace(learned, policy=held, former=(*learned.former, *new))


def _renamed_from(world: World, learned: Learned, place: str | None) -> tuple[StackName, ...]:
    """The stacks that left Git and kept their state there, or for a new stack: had the same file or code.

    New is one that was never applied nor known to have resources, or whose row cannot be believed.
    """
    record = learned.record
    known = record.resources or record.applied_inputs or record.last_applied_at
    is_new = not (known and record.sound)
    left = [one for one in stacks.all(world.store) if one.removed_at is not None and one.name != record.name]
    moved_in = place is not None and (is_new or record.place != place)
    heir_of = [one.name for one in left if moved_in and one.place == place]
    had = [one for one in left if is_new and (one.resources or not one.sound)]
    same = (one.name for one in had if one.name not in heir_of and _is_same(world, learned, one))
    return (*same, *heir_of)


def _is_same(world: World, learned: Learned, former: StackRecord) -> bool:
    if former.definition == str(learned.stack.definition):
        return True
    if former.defined_revision is None:
        return False
    try:
        with world.mirror.tree(former.defined_revision) as then, world.mirror.tree(learned.revision) as now:
            path = PurePosixPath(former.definition)
            return _has_same_code(definition.parse(then.read(path), path), then, learned.stack, now)
    except (ReconcileError, Misconfigured, KeyError):
        return False  # what it was can no longer be told: its place alone speaks


def _has_same_code(former: Stack, then: Tree, stack: Stack, now: Tree) -> bool:
    if former.workspace != stack.workspace:
        return False
    code = _code(now, stack.module)
    return former.module == stack.module or (bool(code) and _code(then, former.module) == code)


def _code(tree: Tree, module: PurePosixPath) -> Mapping[str, str]:
    """The contents of a module's own files, by name."""
    own = (path for path in directly_in(tree, module) if ".tf" in path.suffixes)
    return {path.name: tree.entries[path].oid for path in own}

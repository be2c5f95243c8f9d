"""Is a new stack an old one under another name? Then its resources exist already, in another state."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from tfreconcile.errors import Misconfigured, ReconcileError
from tfreconcile.reconcile.learned import Learned
from tfreconcile.reconcile.world import World
from tfreconcile.source import stack as definition
from tfreconcile.source.model import Stack
from tfreconcile.source.tree import Tree, directly_in
from tfreconcile.store import stacks
from tfreconcile.store.records import StackRecord


def renamed_from(world: World, learned: Learned) -> str | None:
    """The stack that left Git with resources and stood in the same place, or had the same code and workspace.

    None for a stack that was ever applied or known to have resources.
    """
    record = learned.record
    if learned.removing or record.resources or record.applied_inputs or record.last_applied_at:
        return None
    left = [one for one in stacks.all(world.store) if one.removed_at is not None and one.resources]
    same = (one.name for one in left if _is_same(world, learned, one))
    return next(same, None)


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

"""May the code of this stack run at all? Asked before init, and of what init brought before a plan."""

from __future__ import annotations

from collections.abc import Callable

from tfreconcile.errors import Misconfigured, Stalled
from tfreconcile.gate import configuration
from tfreconcile.plan.produce import Order
from tfreconcile.reconcile.learned import Learned
from tfreconcile.reconcile.world import World
from tfreconcile.source import installed
from tfreconcile.source.model import Brought

SHOWN = 10
"""Sentences of one refusal."""


def permit(world: World, learned: Learned) -> Learned:
    """Does Git bring anything that the host forbids? Raises Stalled("ConfigurationForbidden")."""
    if world.configuration.are_set:
        _require(world, learned.wanted.module.brought)
    return learned


def of_installed(world: World, learned: Learned, order: Order) -> Callable[[], None]:
    """The same question about providers and remote modules, to be asked once init has put them on the disk.

    Nothing of them has run then: init starts no provider (terraform-facts §2), a plan does. Code of the
    repository that was not read as a module is never run, whatever the host allows.
    """
    data, root = order.data, order.root
    local = [learned.desk.tree / path for path in learned.wanted.module.local_modules]

    def check() -> None:
        installed.require_known(data, root, local)
        if not world.configuration.are_set:
            return
        try:
            found = installed.installed(data, root)
        except Misconfigured as error:
            what = f"{error.problems[0]}; code that cannot be read is not run"
            raise Stalled("ConfigurationForbidden", what) from error
        _require(world, found)

    return check


def _require(world: World, found: Brought) -> None:
    host = configuration.OPENTOFU_HOST if world.engine.kind == "tofu" else configuration.DEFAULT_HOST
    problems = configuration.refused(world.configuration, found, host=host)
    if problems:
        more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise Stalled("ConfigurationForbidden", "; ".join(map(str, problems[:SHOWN])) + more)

"""Does a stack keep its state where another one does? Then it is not planned: one state, one set of rules."""

from __future__ import annotations

from collections.abc import Mapping

from tfreconcile.errors import Stalled
from tfreconcile.plan import place as places
from tfreconcile.reconcile import setup
from tfreconcile.reconcile.learned import Learned
from tfreconcile.reconcile.world import World
from tfreconcile.source.model import StackName, Wanted
from tfreconcile.store import places as claims
from tfreconcile.store import stacks


def note(world: World, wanted: Mapping[StackName, Wanted]) -> None:
    """Whose is each place that nobody passed by yet? Of two new stacks it is that of the first by name.

    A stack that was in effect before comes before one that never was. What cannot be told from the code is
    left to the pass, which learns it from init.
    """
    known = {one.name: one for one in stacks.all(world.store)}
    new = [one for name, one in known.items() if name in wanted and one.place is None and one.claimed is None]
    for record in sorted(new, key=lambda one: (one.backend is None, one.name)):
        place = setup.place_by_code(world, wanted[record.name])
        if place is not None and places.is_exact(place):
            claims.claim(world.store, record.name, place)


def hold(world: World, learned: Learned, place: str) -> None:
    """Take the place for this stack. Raises Stalled("SharedState") when it is another stack's."""
    name = learned.stack.name
    if learned.removing:
        other = claims.owner(world.store, name, place)
    else:
        other = claims.claim(world.store, name, place)
    if other is None:
        return
    what = f"{other} keeps its state there: nothing is planned, since {other}'s rules would not hold"
    todo = f"give {name} a state of its own, or take {other} out of Git first if this is its new name"
    raise Stalled("SharedState", f"{what}; {todo}")


def actual(world: World, learned: Learned) -> str:
    """Where the state is, once init has run."""
    return setup.place_by_init(world, learned.stack) or learned.place

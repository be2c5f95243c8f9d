"""Would a plan take a whole stack away, or make the resources of a renamed one a second time?"""

from __future__ import annotations

from collections import Counter

from tfreconcile.classify.model import Hazard, HazardKind
from tfreconcile.plan.document import Address, Kind, Plan

_NAMED = 5
"""How many resource types a sentence names before it counts the rest."""


def stack_removed(plan: Plan, perhaps_of: str | None = None) -> Hazard | None:
    """Everything that the state of a stack holds, by count: the share is always all of it.

    A plan that has nothing left to do has no such hazard; one that only touches outputs has. The state may be
    that of ``perhaps_of``, which stays.
    """
    if not _does_something(plan):
        return None
    gone = Counter(change.type for change in plan.changes if change.kind is Kind.DELETE)
    lost = gone.total()
    named = ", ".join(f"{count} {type_}" for type_, count in gone.most_common(_NAMED))
    more = f" and {len(gone) - _NAMED} more types" if len(gone) > _NAMED else ""
    what = f"{lost} {'resource' if lost == 1 else 'resources'}" + (f" ({named}{more})" if named else "")
    detail = f"the stack left Git, and its definition says on_removal: destroy: all {what} would be destroyed"
    if perhaps_of is not None:
        detail += f"; nobody can tell whether {perhaps_of} keeps its state in the same place"
    return Hazard(HazardKind.STACK_REMOVED, Address(""), detail)


def renamed(plan: Plan, former: str | None) -> Hazard | None:
    """A stack that starts with an empty state, where ``former`` left Git and is not gone yet."""
    creates = sum(change.kind is Kind.CREATE for change in plan.changes)
    if former is None or plan.prior_resources or not creates:
        return None
    again = "1 resource" if creates == 1 else f"{creates} resources"
    detail = (
        f"the stack {former} left Git with resources, and stood in the same place or has the same code: a "
        f"renamed stack starts with an empty state, and would create {again} again; move the state first, "
        f"or name it {former}"
    )
    return Hazard(HazardKind.RENAMED, Address(""), detail)


def _does_something(plan: Plan) -> bool:
    idle = (Kind.NO_OP, Kind.READ)
    return any(change.kind not in idle for change in plan.changes) or any(
        output.actions != ("no-op",) for output in plan.outputs
    )

"""What in a plan could hurt? One small function for each kind of hazard; each says it in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tfreconcile.classify import removal
from tfreconcile.classify.model import DriftKind, Hazard, HazardKind, Unattended
from tfreconcile.classify.paths import dotted
from tfreconcile.classify.stateful import is_stateful
from tfreconcile.plan.document import Address, Change, Kind, Plan
from tfreconcile.source.model import Authorship

SHARE_COUNTS_FROM = 4
"""A stack with fewer resources is not judged by share: one of two is a half and says nothing."""

_REASONS = {
    "replace_because_cannot_update": "it cannot be changed in place",
    "replace_because_tainted": "an earlier create failed half-way and left it tainted",
    "replace_by_request": "-replace asks for it",
    "replace_by_triggers": "replace_triggered_by asks for it",
    "delete_because_no_resource_config": "its block left the code",
    "delete_because_no_module": "its module left the code",
    "delete_because_wrong_repetition": "its block gained or lost count or for_each",
    "delete_because_count_index": "count became smaller",
    "delete_because_each_key": "its key left for_each",
    "delete_because_no_move_target": "it was moved to an address that the code does not have",
    "delete_because_enabled_false": "it is switched off by enabled = false",
}


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of a stack beside its plan.

    ``had_resources``: how many the record says it had after its last apply; 0 if it never had one.
    ``stateful``: the host's own patterns over resource types. ``critical``: any capacity that shrinks
    counts, not only one that shrinks by more than ``scale_factor``. ``commits``: what was committed to the
    inputs since nothing was left to do, None when that is not known; ``unattributed`` may say why.
    ``off_hours``: a sentence when nobody is at hand now, else None.
    ``removed``: the stack left Git, and the plan takes away all that it has. ``renamed_from``: the stack,
    gone from Git with its resources, that this new one seems to be. ``perhaps_of``: a stack in Git whose
    state may be the one that is to be emptied.
    """

    had_resources: int
    backend_moved: bool
    max_destroys: int
    max_destroy_percent: int
    stateful: frozenset[str] = frozenset()
    scale_factor: float = 2.0
    critical: bool = False
    commits: tuple[Authorship, ...] | None = ()
    unattributed: str | None = None
    unattended: Unattended = field(default_factory=Unattended)
    off_hours: str | None = None
    removed: bool = False
    renamed_from: str | None = None
    perhaps_of: str | None = None


def change_hazards(change: Change, drift: DriftKind | None, known: Known) -> tuple[Hazard, ...]:
    """The hazards of one change; ``drift`` is what the plan does about the drift of its address."""
    found = (
        destroy(change),
        replace(change),
        forget(change),
        stateful(change, drift, known),
        action(change),
        unknown_action(change),
    )
    return tuple(hazard for hazard in found if hazard is not None)


def plan_hazards(plan: Plan, known: Known) -> tuple[Hazard, ...]:
    """The hazards of a plan as a whole; their address is empty."""
    found = (
        backend_moved(known),
        empty_state(plan, known),
        removal.stack_removed(plan, known.perhaps_of) if known.removed else blast_radius(plan, known),
        removal.renamed(plan, known.renamed_from),
    )
    return tuple(hazard for hazard in found if hazard is not None)


def destroy(change: Change) -> Hazard | None:
    """Deletes; ``deposed`` objects are what a failed create-before-destroy left over."""
    if change.kind is not Kind.DELETE:
        return None
    if change.deposed is not None:
        detail = (
            f"{change.address} would lose its deposed object {change.deposed}, the leftover of an earlier "
            "replacement"
        )
        return Hazard(HazardKind.DESTROY, change.address, detail)
    return Hazard(
        HazardKind.DESTROY, change.address, f"{change.address} would be destroyed{_because(change)}"
    )


def replace(change: Change) -> Hazard | None:
    """Both orders of destroying and creating, and the rare kind that leaves the old object behind."""
    if change.kind is not Kind.REPLACE:
        return None
    match change.actions:
        case ("delete", "create"):
            order = "destroyed, then created again"
        case ("create", "delete"):
            order = "created anew, then the old one destroyed"
        case _:
            order = "created anew, and the old one left behind"
    detail = f"{change.address} would be {order}{_because(change)}"
    return Hazard(HazardKind.REPLACE, change.address, detail)


def forget(change: Change) -> Hazard | None:
    """Any list of actions with "forget" in it: none of them has "delete", and all end management."""
    if "forget" not in change.actions:
        return None
    detail = f"{change.address} would leave the state and go on existing, managed by nobody{_because(change)}"
    return Hazard(HazardKind.FORGET, change.address, detail)


def stateful(change: Change, drift: DriftKind | None, known: Known) -> Hazard | None:
    """Data goes with the resource, or went with it already and the plan would make an empty one."""
    if not is_stateful(change.type, known.stateful):
        return None
    details = {
        Kind.DELETE: f"{change.address} holds data ({change.type}), which would be destroyed with it",
        Kind.REPLACE: f"{change.address} holds data ({change.type}), and its replacement would start empty",
    }
    detail = details.get(change.kind)
    if drift is DriftKind.GONE:
        detail = f"{change.address} held data ({change.type}), was deleted outside, and would come back empty"
    return Hazard(HazardKind.STATEFUL, change.address, detail) if detail else None


def action(change: Change) -> Hazard | None:
    """Imperative effects (a Lambda invoked, a cache emptied) are never safe."""
    if change.kind is not Kind.ACTION:
        return None
    detail = f"{change.address} would run: an effect that no later plan can show or undo"
    return Hazard(HazardKind.ACTION, change.address, detail)


def unknown_action(change: Change) -> Hazard | None:
    """Fails closed: a word that a newer Terraform made up may mean anything."""
    if change.kind is not Kind.UNKNOWN:
        return None
    words = ", ".join(change.actions) or "no action at all"
    detail = f"{change.address} ({change.mode}) would have something done to it that is not known: {words}"
    return Hazard(HazardKind.UNKNOWN_ACTION, change.address, detail)


def backend_moved(known: Known) -> Hazard | None:
    """Another backend may hold another state, or none."""
    if not known.backend_moved:
        return None
    return _of_plan(HazardKind.BACKEND_MOVED, "the state is kept in another backend than at the last apply")


def empty_state(plan: Plan, known: Known) -> Hazard | None:
    """A lost or mixed-up state, or credentials or a region that lead elsewhere, where everything looks gone.

    One resource that is gone is drift and no more; of two or more, something must be left.
    """
    creates = sum(change.kind is Kind.CREATE for change in plan.changes)
    if not (creates and known.had_resources) or plan.prior_resources:
        return None
    gone = sum("delete" in entry.actions for entry in plan.drift)
    if gone > 1:
        detail = (
            f"all {gone} resources of the state look deleted at once: rather the credentials or the region "
            f"lead elsewhere; the plan would create {creates} beside those that may still exist"
        )
        return _of_plan(HazardKind.EMPTY_STATE, detail)
    if plan.drift:
        return None
    detail = (
        f"the state is empty though the stack had {_count(known.had_resources, 'resource')}: the plan would "
        f"create {creates} beside those that may still exist"
    )
    return _of_plan(HazardKind.EMPTY_STATE, detail)


def blast_radius(plan: Plan, known: Known) -> Hazard | None:
    """By count, and by share of what the state holds."""
    lost = sum(_loses(change) for change in plan.changes)
    exceeded = tuple(_exceeded(lost, plan.prior_resources, known))
    if not exceeded:
        return None
    detail = f"{_count(lost, 'resource')} would be destroyed, replaced or forgotten: {' and '.join(exceeded)}"
    return _of_plan(HazardKind.BLAST_RADIUS, detail)


def _exceeded(lost: int, prior: int, known: Known) -> Iterator[str]:
    if lost > known.max_destroys:
        yield f"more than max_destroys ({known.max_destroys})"
    if prior >= SHARE_COUNTS_FROM and lost * 100 > known.max_destroy_percent * prior:
        yield f"more than max_destroy_percent ({known.max_destroy_percent} %) of {prior}"


def _loses(change: Change) -> bool:
    return change.kind in (Kind.DELETE, Kind.REPLACE, Kind.FORGET)


def _because(change: Change) -> str:
    """`` (it cannot be changed in place: name, tags.x)``; a reason of a newer engine is shown as it is."""
    if change.reason is None:
        return ""
    reason = _REASONS.get(change.reason, change.reason)
    paths = ", ".join(dotted(path) for path in change.replace_paths)
    return f" ({reason}: {paths})" if paths else f" ({reason})"


def _of_plan(kind: HazardKind, detail: str) -> Hazard:
    return Hazard(kind, Address(""), detail)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

"""Why is a change in a plan: did Git ask for it, or the world?"""

from __future__ import annotations

from dataclasses import dataclass

from tfreconcile.classify.model import Cause, DriftKind
from tfreconcile.classify.paths import Path, is_alike, is_masked, overlaps, planned_paths, value_at
from tfreconcile.classify.readback import RealDrift
from tfreconcile.plan.document import Change, Json, Kind

_TAKES_AWAY = frozenset({Kind.DELETE, Kind.FORGET, Kind.REPLACE})


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """What a change does, leaf by leaf, seen from the drift of its resource."""

    reverts: frozenset[Path]
    """Drifted, and planned to be what it was before the drift."""
    unknown: frozenset[Path]
    """Not known until apply."""
    others: frozenset[Path]
    """Everything else: another value at a drifted leaf too."""


def cause_of(
    change: Change, drift: RealDrift | None, inputs_changed: bool | None
) -> tuple[Cause, DriftKind | None]:
    """Joins a change with the real drift of its address (the join rules of Terraform's plan JSON).

    ``inputs_changed``: did Git change what this stack's plan depends on since its last apply; None when
    Git is not at hand, which makes every cause UNKNOWN and leaves the kind of drift told.

    The strict half of the rules: where the inputs changed, or nothing was ever in sync, no change that undoes
    drift is caused by drift alone: the state that it goes back to may be Git's choice as well (a backend, a
    provider of another account, an older wish that comes back).
    Where they did not, unknown leaves may follow (something computed follows the revert), but a known
    other value (an older wish of Git that was never applied, a data source) still makes it BOTH.
    """
    kind = None if drift is None else drift_kind(change, drift)
    if inputs_changed is None:
        return Cause.UNKNOWN, kind
    if drift is None:
        return _without_drift(inputs_changed), kind
    if kind is DriftKind.GONE:
        return _cause_of_creation(change, drift, inputs_changed), kind
    if kind is DriftKind.REVERTING:
        return _cause_of_revert(change, drift, inputs_changed), kind
    return _cause_beside_drift(change, inputs_changed), kind


def drift_kind(change: Change | None, drift: RealDrift) -> DriftKind:
    """What the plan does about a drift; ``change`` is the one of its address, if there is one."""
    if change is None:
        return DriftKind.INFORMATIONAL
    if drift.gone:
        return DriftKind.GONE if change.kind is Kind.CREATE else DriftKind.INFORMATIONAL
    rewrites = change.kind in (Kind.UPDATE, Kind.REPLACE)
    if rewrites and any(overlaps(path, drift.paths) for path in touched_paths(change)):
        return DriftKind.REVERTING
    return DriftKind.INFORMATIONAL


def only_reverts(change: Change, drift: RealDrift) -> bool:
    """Does the change put back what the world changed, provably and without anything else?"""
    if drift.gone:
        return change.kind is Kind.CREATE and _restores(change, drift.drift.before)
    if change.kind is not Kind.UPDATE or is_more_than_values(change):
        return False
    parts = _parts(change, drift)
    return bool(parts.reverts) and not parts.unknown and not parts.others


def touched_paths(change: Change) -> frozenset[Path]:
    """The leaves that a change really moves: null to empty is no move."""
    return frozenset(
        path
        for path in planned_paths(change.before, change.after, change.after_unknown)
        if is_masked(change.after_unknown, path)
        or not is_alike(value_at(change.before, path), value_at(change.after, path))
    )


def _without_drift(inputs_changed: bool) -> Cause:
    return Cause.GIT if inputs_changed else Cause.OTHER


def _cause_of_creation(change: Change, drift: RealDrift, inputs_changed: bool) -> Cause:
    """A creation runs provisioners, and a provider that looks elsewhere finds everything gone: where the
    inputs changed, what looks like a restoration may be a wish of Git."""
    return Cause.DRIFT if not inputs_changed and only_reverts(change, drift) else Cause.BOTH


def _cause_of_revert(change: Change, drift: RealDrift, inputs_changed: bool) -> Cause:
    if inputs_changed:
        return Cause.BOTH
    if only_reverts(change, drift):
        return Cause.DRIFT
    if is_more_than_values(change):
        return Cause.BOTH
    parts = _parts(change, drift)
    follows = parts.reverts and not parts.others and _is_forced_by(change, drift)
    return Cause.DRIFT if follows else Cause.BOTH


def _cause_beside_drift(change: Change, inputs_changed: bool) -> Cause:
    """The plan leaves the drift alone, unless it takes away the very thing that somebody touched."""
    if change.kind in _TAKES_AWAY and inputs_changed:
        return Cause.BOTH
    return _without_drift(inputs_changed)


def is_more_than_values(change: Change) -> bool:
    """Does it also move, import or write configuration?"""
    return any((change.previous_address, change.importing, change.generated_config))


def _is_forced_by(change: Change, drift: RealDrift) -> bool:
    """An update always is; a replacement only when each attribute that forces it drifted."""
    if change.kind is Kind.UPDATE:
        return True
    return bool(change.replace_paths) and all(overlaps(path, drift.paths) for path in change.replace_paths)


def _parts(change: Change, drift: RealDrift) -> _Parts:
    touched = touched_paths(change)
    unknown = frozenset(path for path in touched if is_masked(change.after_unknown, path))
    reverts = frozenset(
        path
        for path in touched - unknown
        if overlaps(path, drift.paths)
        and is_alike(value_at(change.after, path), value_at(drift.drift.before, path))
    )
    return _Parts(reverts=reverts, unknown=unknown, others=touched - unknown - reverts)


def _restores(change: Change, before: Json) -> bool:
    """Is each planned value that is known what it was before the object went?"""
    return all(
        is_masked(change.after_unknown, path)
        or is_alike(value_at(change.after, path), value_at(before, path))
        for path in planned_paths(before, change.after, change.after_unknown)
    )

"""What words do we use for the kinds of change, drift and hazard?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tfreconcile.plan.document import Address, Change, Output
from tfreconcile.plan.fingerprint import ChangeDigest


class Cause(StrEnum):
    """Why a change is in a plan."""

    GIT = "git"
    DRIFT = "drift"
    BOTH = "both"
    OTHER = "other"
    UNKNOWN = "unknown"


class DriftKind(StrEnum):
    """What the plan does about a change that the world made."""

    REVERTING = "reverting"
    GONE = "gone"
    INFORMATIONAL = "informational"
    SUPPRESSED = "suppressed"


class HazardKind(StrEnum):
    """One reason why a change could hurt."""

    DESTROY = "destroy"
    REPLACE = "replace"
    FORGET = "forget"
    STATEFUL = "stateful"
    EMPTY_STATE = "empty-state"
    BLAST_RADIUS = "blast-radius"
    BACKEND_MOVED = "backend-moved"
    ACTION = "action"
    UNKNOWN_ACTION = "unknown-action"


PLANNED_HAZARDS = frozenset(
    {"protection-removed", "exposure", "iam", "scale", "cost", "policy", "unattended-author", "off-hours"}
)
"""Words of the design that a config may already use, though this version does not detect them."""


@dataclass(frozen=True)
class Drifted:
    """A resource that the world changed. ``attributes`` are dotted paths, empty when it is gone."""

    address: Address
    kind: DriftKind
    attributes: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class Hazard:
    """A reason for care, about one address or (address "") about the plan as a whole."""

    kind: HazardKind
    address: Address
    detail: str


@dataclass(frozen=True, kw_only=True)
class Classified:
    """A change with what is known about it. Only changes that do something are listed."""

    change: Change
    digest: ChangeDigest
    cause: Cause
    drift: DriftKind | None = None
    hazards: tuple[Hazard, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ClassifiedOutput:
    """An output that changes, with its digest: state only, no resource is touched."""

    output: Output
    digest: ChangeDigest
    cause: Cause


@dataclass(frozen=True, kw_only=True)
class Classification:
    """Everything that a gate needs to know about a plan."""

    changes: tuple[Classified, ...] = ()
    outputs: tuple[ClassifiedOutput, ...] = ()
    drift: tuple[Drifted, ...] = ()
    hazards: tuple[Hazard, ...] = ()
    """Hazards of the plan as a whole; those of one change stand with that change."""

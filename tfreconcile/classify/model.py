"""What words do we use for the kinds of change, drift and hazard?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tfreconcile.plan.document import Address, Change, Output
from tfreconcile.plan.fingerprint import ChangeDigest
from tfreconcile.source.model import IgnoreRule


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
    PROTECTION_REMOVED = "protection-removed"
    EXPOSURE = "exposure"
    IAM = "iam"
    SCALE = "scale"
    POLICY = "policy"
    POLICY_WARNING = "policy-warning"
    UNATTENDED_AUTHOR = "unattended-author"
    OFF_HOURS = "off-hours"
    WINDOW_OVERRIDE = "window-override"
    STACK_REMOVED = "stack-removed"
    RENAMED = "renamed"


PLANNED_HAZARDS = frozenset({"cost"})
"""Words of the design that a config may already use, though this version does not detect them."""


@dataclass(frozen=True, kw_only=True)
class Unattended:
    """How a change that no person wrote is told: patterns, without regard to case.

    ``authors`` are matched against name, e-mail and ``name <e-mail>`` of author and committer; ``trailers``
    against ``Key: value`` lines at the end of a commit message.
    """

    authors: tuple[str, ...] = ()
    trailers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drifted:
    """A resource that the world changed. ``attributes`` are dotted paths, empty when it is gone.

    ``hidden_by`` are the ignore rules that hide all of it (SUPPRESSED) or some of it.
    """

    address: Address
    kind: DriftKind
    attributes: tuple[str, ...] = ()
    why: str = ""
    hidden_by: tuple[IgnoreRule, ...] = ()


@dataclass(frozen=True)
class Hazard:
    """A reason for care, about one address or (address "") about the plan as a whole."""

    kind: HazardKind
    address: Address
    detail: str


@dataclass(frozen=True, kw_only=True)
class Classified:
    """A change with what is known about it. Only changes that do something are listed.

    ``ignored_by`` are the ignore rules that together cover each attribute that it would change, whatever
    its cause; empty when anything is left, or when it does more than change attributes.
    """

    change: Change
    digest: ChangeDigest
    cause: Cause
    drift: DriftKind | None = None
    hazards: tuple[Hazard, ...] = ()
    ignored_by: tuple[IgnoreRule, ...] = ()


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

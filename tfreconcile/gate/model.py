"""What may a gate say, under which policy, and what is an approval?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from tfreconcile.classify.model import HazardKind
from tfreconcile.plan.fingerprint import ChangeDigest, Fingerprint


class Requirement(StrEnum):
    """What a hazard or a cause asks for, from weak to strict."""

    AUTO = "auto"
    APPROVE = "approve"
    NEVER = "never"

    @property
    def strictness(self) -> int:
        """0, 1 or 2: a stack may raise it and never lower it."""
        return list(Requirement).index(self)


class DriftPolicy(StrEnum):
    """What is done about changes that the world made."""

    HEAL = "heal"
    APPROVE = "approve"
    REPORT = "report"

    @property
    def strictness(self) -> int:
        """0, 1 or 2: a stack may raise it and never lower it."""
        return list(DriftPolicy).index(self)


@dataclass(frozen=True, kw_only=True)
class ApprovalRules:
    """Who must say yes, how many of them, and for how long a yes lasts.

    ``approvers`` are groups of patterns: a person must match one pattern of *every* group, so that
    a stack that adds its own list can only narrow the host's.
    """

    required: int = 1
    ttl: timedelta = timedelta(hours=24)
    approvers: tuple[tuple[str, ...], ...] = (("*",),)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The whole of what a gate goes by: the host's floor, tightened by the stack."""

    hazards: Mapping[HazardKind, Requirement]
    apply: Requirement = Requirement.AUTO
    drift: DriftPolicy = DriftPolicy.HEAL
    prune: Requirement = Requirement.APPROVE
    max_destroys: int = 10
    max_destroy_percent: int = 50
    approvals: ApprovalRules = field(default_factory=ApprovalRules)


class Verdict(StrEnum):
    """What a person said."""

    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True, kw_only=True)
class Approval:
    """A person's verdict on one fingerprint of one stack. Single use, expires.

    ``changes`` are the digests of every effect that was shown; ``hazards`` are the (kind, address)
    pairs that were shown, so that a new hazard is never covered by an old word.
    """

    id: int
    stack: str
    fingerprint: Fingerprint
    verdict: Verdict
    by: str
    channel: str
    at: datetime
    reason: str
    expires_at: datetime
    changes: frozenset[ChangeDigest]
    hazards: frozenset[tuple[str, str]]
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    consumed_at: datetime | None = None


@dataclass(frozen=True)
class Need:
    """One effect that asks for something: which, how much, and why, in a sentence."""

    digest: ChangeDigest | None
    address: str
    requires: Requirement
    why: str


@dataclass(frozen=True)
class Nothing:
    """There is nothing to do, or nothing that policy lets us do; the reasons say which."""

    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proceed:
    """Apply now. ``approvals`` are the ids on whose word, empty when none was needed."""

    reasons: tuple[str, ...] = ()
    approvals: tuple[int, ...] = ()
    on_word_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hold:
    """Waits for a person: what asks for approval, how many people have said yes, how many must."""

    reasons: tuple[str, ...]
    needs: tuple[Need, ...] = ()
    given: int = 0
    required: int = 1


@dataclass(frozen=True)
class Refuse:
    """Never, until Git or the host config changes."""

    reasons: tuple[str, ...]
    needs: tuple[Need, ...] = ()


Decision: TypeAlias = Nothing | Proceed | Hold | Refuse

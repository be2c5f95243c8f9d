"""What may a gate say, under which policy, and what is an approval?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from tfreconcile.classify.model import HazardKind, Unattended
from tfreconcile.plan.fingerprint import ChangeDigest, Fingerprint
from tfreconcile.source.model import Signature


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
class HazardRules:
    """What approvals must be for one kind of hazard, beyond what they must be anyway.

    ``approvers`` are groups of patterns, as in ``ApprovalRules``: they narrow, and never widen.
    """

    required: int = 1
    approvers: tuple[tuple[str, ...], ...] = ()
    signed: bool = False


@dataclass(frozen=True, kw_only=True)
class ApprovalRules:
    """Who must say yes, how many of them, and for how long a yes lasts.

    ``approvers`` are groups of patterns: a person must match one pattern of *every* group, so that
    a stack that adds its own list can only narrow the host's. ``four_eyes``: nobody approves who wrote or
    committed any commit since the last applied revision. ``signed``: only words with a signature count.
    ``hazards`` are further rules for effects with such a hazard.
    """

    required: int = 1
    ttl: timedelta = timedelta(hours=24)
    approvers: tuple[tuple[str, ...], ...] = (("*",),)
    four_eyes: bool = False
    signed: bool = False
    hazards: Mapping[HazardKind, HazardRules] = field(default_factory=dict)


class Act(StrEnum):
    """What a window speaks of: making a plan, applying what Git asks for, undoing drift."""

    PLAN = "plan"
    APPLY = "apply"
    HEAL = "heal"


@dataclass(frozen=True, kw_only=True)
class Window:
    """A span of time that comes again: it opens whenever ``cron`` (five fields) says, for ``duration``.

    ``allow`` False: nothing of ``acts`` happens in it. True: once any allowing window speaks of an act, that
    act happens in such windows only. A denying window wins. ``timezone`` is an IANA name. ``why`` is for
    people. Which stacks it speaks of was settled when the policy of a stack was made; ``of`` is the former
    name for which it holds, "" for the stack's own: those of each name count by themselves.
    """

    allow: bool
    cron: str
    duration: timedelta
    timezone: str = "UTC"
    acts: frozenset[Act] = frozenset({Act.APPLY, Act.HEAL})
    why: str = ""
    of: str = ""


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
    windows: tuple[Window, ...] = ()
    working_hours: tuple[Window, ...] = ()
    """When somebody is at hand; outside of all of them a change is ``off-hours``. Empty: always."""
    scale_factor: float = 2.0
    """A capacity that grows or shrinks by more than this factor is a ``scale`` hazard."""
    unattended: Unattended = field(default_factory=Unattended)


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
    signature: Signature | None = None


@dataclass(frozen=True)
class Need:
    """One effect that asks for something: which, how much, and why, in a sentence.

    ``kinds`` are the hazards of the effect that ask for a word: each may have rules of its own. ``required``
    people of ``approvers`` (one pattern of every group) must say yes, with a signature when ``signed``, and
    ``exactly``: to this very plan. ``given`` people have; ``missing`` says what is still to be done.
    """

    digest: ChangeDigest | None
    address: str
    requires: Requirement
    why: str
    kinds: frozenset[HazardKind] = frozenset()
    required: int = 1
    approvers: tuple[tuple[str, ...], ...] = ()
    signed: bool = False
    exactly: bool = False
    given: int = 0
    missing: str = ""


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
    """Waits for a person: what asks for approval, how many people have said yes, how many must.

    ``closed``: it waits for a time instead, and what asks is only what it takes to override the window.
    ``until`` is then the moment at which a window lets it go on, None when none is in sight.
    """

    reasons: tuple[str, ...]
    needs: tuple[Need, ...] = ()
    given: int = 0
    required: int = 1
    until: datetime | None = None
    closed: bool = False


@dataclass(frozen=True)
class Refuse:
    """Never, until Git or the host config changes."""

    reasons: tuple[str, ...]
    needs: tuple[Need, ...] = ()


Decision: TypeAlias = Nothing | Proceed | Hold | Refuse

"""What does the database remember? Values that travel out of it; rows never do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from tfreconcile.plan.fingerprint import Fingerprint
from tfreconcile.source.model import InputsDigest, Revision, StackName

JsonObject: TypeAlias = Mapping[str, object]
"""Plain JSON: string keys; None, bool, int, float, str, lists and objects inside, no tuples.

A Decimal may be put in and comes back as its text, so that no digit is lost.
"""
JsonObjects: TypeAlias = tuple[JsonObject, ...]

JUDGED: Mapping[str, bool] = MappingProxyType({"judged": True})
"""Metadata of a field that is in no column: it is a verdict on the row."""


class PlanState(StrEnum):
    """What became of a plan."""

    PENDING = "pending"
    SUPERSEDED = "superseded"
    APPLIED = "applied"
    EMPTY = "empty"
    FAILED = "failed"


class ApplyStatus(StrEnum):
    """What is known about an apply. ``applying`` in a row whose process is gone means unknown."""

    APPLYING = "applying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class StackRecord:
    """All that is remembered about one stack. ``None`` means never, or not known.

    ``sync``, ``health``, ``state`` and ``severity`` hold the words of the status document.
    ``drift`` and ``conditions`` hold its entries. Inputs digests: ``observed_inputs`` of the last plan,
    ``tried_inputs`` of the last pass, however it ended, ``applied_inputs`` of the last pass that left the
    stack in sync (an apply without error, or nothing that is to be done), ``settled_inputs`` of the last that
    left no effect to do: what an ignore rule hides is in sync, and nobody has answered for it.
    ``healthy_by`` is the deadline while health is Progressing. ``resources`` counts managed resources in the
    state.
    """

    name: StackName
    definition: str
    module: str | None = None
    desired_revision: Revision | None = None
    observed_revision: Revision | None = None
    applied_revision: Revision | None = None
    observed_inputs: InputsDigest | None = None
    tried_inputs: InputsDigest | None = None
    applied_inputs: InputsDigest | None = None
    settled_revision: Revision | None = None
    settled_inputs: InputsDigest | None = None
    sync: str = "Unknown"
    health: str = "Unknown"
    state: str = "Idle"
    reason: str = ""
    message: str = ""
    severity: str | None = None
    drift: JsonObjects = ()
    pending_plan: int | None = None
    conditions: JsonObjects = ()
    last_checked_at: datetime | None = None
    last_applied_at: datetime | None = None
    next_due_at: datetime | None = None
    failures: int = 0
    suspended_by: str | None = None
    suspended_reason: str | None = None
    suspended_until: datetime | None = None
    suspended_at: datetime | None = None
    sync_requested_at: datetime | None = None
    lease_holder: str | None = None
    lease_until: datetime | None = None
    backend: str | None = None
    place: str | None = None
    """Where the state of what was applied is (``plan.place``)."""
    claimed: str | None = None
    """Where the code leads, once it is sure that no other stack keeps its state there."""
    resources: int | None = None
    healthy_by: datetime | None = None
    removed_at: datetime | None = None
    defined_revision: Revision | None = None
    """The newest commit that defines the stack without an error: where it is destroyed from."""
    on_removal: str = "orphan"
    """What that definition says is to happen when it leaves Git: ``orphan`` or ``destroy``."""
    depends_on: tuple[StackName, ...] = ()
    """The stacks that must be in sync first, as that definition says."""
    ignored: JsonObjects = ()
    """Its ignore rules in the last plan: {address, attributes, until, why, hides[]}, one entry a rule."""
    sound: bool = field(default=True, metadata=JUDGED)
    """Is what passes found out (``vouched.PROGRESS``) as we wrote it? Else a gate assumes the worst."""
    well_defined: bool = field(default=True, metadata=JUDGED)
    """Is what Git defined as tfreconcile wrote it (``vouched.DEFINITION``)?"""

    def suspended(self, now: datetime) -> bool:
        """Did a person pause the stack, and does the pause still hold?"""
        if self.suspended_at is None:
            return False
        return self.suspended_until is None or now < self.suspended_until


@dataclass(frozen=True, kw_only=True)
class TagRecord:
    """What was made of one tag object under one name (below refs/tags/), once and for all.

    ``refused`` is why it does not count, or None; then ``approval_id`` is the word that it became.
    """

    id: int = 0
    ref: str
    object: str
    stack: str
    at: datetime
    signer: str | None = None
    refused: str | None = None
    approval_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class SourceRecord:
    """What is known of the tracked branch. ``accepted`` is the newest commit that may be reconciled.

    ``verified`` with ``reason`` and ``message`` is the condition SourceVerified of ``head``; ``signer`` made
    the signature of ``accepted``. ``changed_at`` is when the verdict last changed.
    """

    branch: str
    accepted: Revision | None = None
    accepted_at: datetime | None = None
    signer: str | None = None
    head: Revision | None = None
    verified: bool = False
    reason: str = ""
    message: str = ""
    changed_at: datetime


@dataclass(frozen=True, kw_only=True)
class PlanRecord:
    """One plan, as far as it may leave the pass: everything in it is masked. ``id`` 0 is not stored yet.

    ``classification`` lists its changes: address, kind, cause, drift, digest, hazards.
    """

    id: int = 0
    stack: StackName
    pass_id: int | None = None
    created_at: datetime
    revision: Revision | None = None
    inputs: InputsDigest | None = None
    fingerprint: Fingerprint
    engine: str = ""
    engine_version: str = ""
    lock_digest: str | None = None
    backend: str | None = None
    workspace: str = "default"
    document: JsonObject = field(default_factory=dict)
    classification: JsonObjects = ()
    decision: JsonObject = field(default_factory=dict)
    state: PlanState = PlanState.PENDING
    mode: str = "normal"
    """``normal``, or ``destroy`` for a stack that left Git and is to go."""


@dataclass(frozen=True, kw_only=True)
class PassRecord:
    """One turn of the loop for one stack. An open one has no ``ended_at``."""

    id: int = 0
    stack: StackName
    started_at: datetime
    ended_at: datetime | None = None
    revision: Revision | None = None
    outcome: str = ""
    reason: str = ""
    message: str = ""
    plan_id: int | None = None
    log: JsonObjects = ()


@dataclass(frozen=True, kw_only=True)
class ApplyRecord:
    """The intent to apply one plan, and what became of it. ``id`` 0 is not stored yet.

    ``approvals`` are the ids on whose word. ``pid_started`` is the start of the process in clock ticks
    since boot, ``boot_id`` the kernel's: with ``host`` they tell a process from a later one with its
    number. ``outcomes`` holds {address, action, status, seconds, error} for each address.
    """

    id: int = 0
    stack: StackName
    plan_id: int | None = None
    fingerprint: Fingerprint
    approvals: tuple[int, ...] = ()
    on_word_of: tuple[str, ...] = ()
    started_at: datetime
    ended_at: datetime | None = None
    pid: int | None = None
    pid_started: int | None = None
    boot_id: str | None = None
    host: str = ""
    status: ApplyStatus = ApplyStatus.APPLYING
    reason: str = ""
    message: str = ""
    outcomes: JsonObjects = ()

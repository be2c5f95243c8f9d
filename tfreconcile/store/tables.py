"""Which tables are there? Each row has the names and types of the value that it becomes."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, MetaData, String, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tfreconcile.gate.model import Verdict
from tfreconcile.plan.fingerprint import ChangeDigest, Fingerprint
from tfreconcile.source.model import InputsDigest, Revision, Signature, StackName
from tfreconcile.store.columns import Digests, Listed, Moment, OneOf, Pairs, Prose, Signed
from tfreconcile.store.records import ApplyStatus, JsonObject, JsonObjects, PlanState

FORGETS_ITS_PLAN = "SET NULL"
"""History outlives the plan that it speaks of: pruning a plan leaves the row, without its plan."""


class Base(DeclarativeBase):
    """What all rows share. Named constraints, because SQLite can only be altered by name."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        datetime: Moment(),
        **dict.fromkeys((str, StackName, Revision, InputsDigest, Fingerprint), String()),
    }


class StackRow(Base):
    """One stack: ``StackRecord``. Never deleted."""

    __tablename__ = "stacks"

    name: Mapped[StackName] = mapped_column(primary_key=True)
    definition: Mapped[str]
    module: Mapped[str | None]
    desired_revision: Mapped[Revision | None]
    observed_revision: Mapped[Revision | None]
    applied_revision: Mapped[Revision | None]
    observed_inputs: Mapped[InputsDigest | None]
    tried_inputs: Mapped[InputsDigest | None]
    applied_inputs: Mapped[InputsDigest | None]
    settled_revision: Mapped[Revision | None]
    settled_inputs: Mapped[InputsDigest | None]
    sync: Mapped[str]
    health: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(Prose)
    message: Mapped[str] = mapped_column(Prose)
    severity: Mapped[str | None]
    drift: Mapped[JsonObjects] = mapped_column(Listed)
    pending_plan: Mapped[int | None] = mapped_column(ForeignKey("plans.id", ondelete=FORGETS_ITS_PLAN))
    conditions: Mapped[JsonObjects] = mapped_column(Listed)
    last_checked_at: Mapped[datetime | None]
    last_applied_at: Mapped[datetime | None]
    next_due_at: Mapped[datetime | None]
    failures: Mapped[int]
    suspended_by: Mapped[str | None] = mapped_column(Prose)
    suspended_reason: Mapped[str | None] = mapped_column(Prose)
    suspended_until: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]
    sync_requested_at: Mapped[datetime | None]
    lease_holder: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    backend: Mapped[str | None]
    place: Mapped[str | None]
    claimed: Mapped[str | None]
    resources: Mapped[int | None]
    healthy_by: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    defined_revision: Mapped[Revision | None]
    on_removal: Mapped[str]
    depends_on: Mapped[tuple[StackName, ...]] = mapped_column(Listed)
    ignored: Mapped[JsonObjects] = mapped_column(Listed)
    seal: Mapped[str | None]
    definition_seal: Mapped[str | None]


class PlanRow(Base):
    """One plan, masked: ``PlanRecord``."""

    __tablename__ = "plans"
    # Numbers of pruned plans are never given again: an apply or a pass may still name them.
    __table_args__ = (Index(None, "stack", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    stack: Mapped[StackName]
    pass_id: Mapped[int | None]
    created_at: Mapped[datetime]
    revision: Mapped[Revision | None]
    inputs: Mapped[InputsDigest | None]
    fingerprint: Mapped[Fingerprint]
    engine: Mapped[str]
    engine_version: Mapped[str]
    lock_digest: Mapped[str | None]
    backend: Mapped[str | None]
    workspace: Mapped[str]
    document: Mapped[JsonObject] = mapped_column(JSON)
    classification: Mapped[JsonObjects] = mapped_column(Listed)
    decision: Mapped[JsonObject] = mapped_column(JSON)
    state: Mapped[PlanState] = mapped_column(OneOf(PlanState))
    mode: Mapped[str]


class PassRow(Base):
    """One turn of the loop for one stack: ``PassRecord``."""

    __tablename__ = "passes"
    __table_args__ = (Index(None, "stack", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    stack: Mapped[StackName]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    revision: Mapped[Revision | None]
    outcome: Mapped[str]
    reason: Mapped[str] = mapped_column(Prose)
    message: Mapped[str] = mapped_column(Prose)
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plans.id", ondelete=FORGETS_ITS_PLAN))
    log: Mapped[JsonObjects] = mapped_column(Listed)


class ApprovalRow(Base):
    """One person's word: ``gate.model.Approval``. Never deleted."""

    __tablename__ = "approvals"
    __table_args__ = (Index(None, "stack", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    stack: Mapped[str]
    fingerprint: Mapped[Fingerprint]
    verdict: Mapped[Verdict] = mapped_column(OneOf(Verdict))
    by: Mapped[str] = mapped_column(Prose)
    channel: Mapped[str]
    at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(Prose)
    expires_at: Mapped[datetime]
    changes: Mapped[frozenset[ChangeDigest]] = mapped_column(Digests)
    hazards: Mapped[frozenset[tuple[str, str]]] = mapped_column(Pairs)
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None] = mapped_column(Prose)
    consumed_at: Mapped[datetime | None]
    signature: Mapped[Signature | None] = mapped_column(Signed)
    seal: Mapped[str | None]


class TagRow(Base):
    """One signed tag that was looked at: ``TagRecord``. Never deleted, never looked at again."""

    __tablename__ = "tags"
    __table_args__ = (Index(None, "ref", "object", unique=True), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(Prose)
    object: Mapped[str]
    stack: Mapped[str]
    at: Mapped[datetime]
    signer: Mapped[str | None] = mapped_column(Prose)
    refused: Mapped[str | None] = mapped_column(Prose)
    approval_id: Mapped[int | None]


class SourceRow(Base):
    """The newest commit of a tracked branch that was found trustworthy: ``SourceRecord``."""

    __tablename__ = "sources"

    branch: Mapped[str] = mapped_column(primary_key=True)
    accepted: Mapped[Revision | None]
    accepted_at: Mapped[datetime | None]
    signer: Mapped[str | None] = mapped_column(Prose)
    head: Mapped[Revision | None]
    verified: Mapped[bool]
    reason: Mapped[str] = mapped_column(Prose)
    message: Mapped[str] = mapped_column(Prose)
    changed_at: Mapped[datetime]


class JournalRow(Base):
    """One link of the chain: ``journal.Entry``. Never changed, never deleted."""

    __tablename__ = "journal"
    __table_args__ = (Index(None, "stack", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    event: Mapped[str]
    stack: Mapped[str | None]
    actor: Mapped[str] = mapped_column(Prose)
    version: Mapped[str]
    body: Mapped[JsonObject] = mapped_column(JSON)
    previous: Mapped[str]
    hash: Mapped[str]
    seal: Mapped[str]


class ApplyRow(Base):
    """One intent to apply, and what became of it: ``ApplyRecord``. Never deleted."""

    __tablename__ = "applies"
    __table_args__ = (
        Index(None, "stack", "id"),
        # The database itself says no to a second apply of one stack at the same time.
        Index(
            "uq_applies_one_open",
            "stack",
            unique=True,
            sqlite_where=text("status = 'applying'"),
            postgresql_where=text("status = 'applying'"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    stack: Mapped[StackName]
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plans.id", ondelete=FORGETS_ITS_PLAN))
    fingerprint: Mapped[Fingerprint]
    approvals: Mapped[tuple[int, ...]] = mapped_column(Listed)
    on_word_of: Mapped[tuple[str, ...]] = mapped_column(Listed)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    pid: Mapped[int | None]
    pid_started: Mapped[int | None] = mapped_column(BigInteger)
    boot_id: Mapped[str | None]
    host: Mapped[str]
    status: Mapped[ApplyStatus] = mapped_column(OneOf(ApplyStatus))
    reason: Mapped[str] = mapped_column(Prose)
    message: Mapped[str] = mapped_column(Prose)
    outcomes: Mapped[JsonObjects] = mapped_column(Listed)

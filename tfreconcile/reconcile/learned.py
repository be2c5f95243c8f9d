"""What does a pass know so far? Each step returns a new value; nothing is changed in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tfreconcile.apply.execute import Execution
from tfreconcile.classify.model import Classification
from tfreconcile.gate.model import Decision, Policy
from tfreconcile.observe.health import Health
from tfreconcile.plan.desk import Desk
from tfreconcile.plan.fingerprint import Digests
from tfreconcile.plan.produce import Order, Produced
from tfreconcile.plan.render import MaskedPlan
from tfreconcile.redact import Scrubber
from tfreconcile.source.model import Revision, Scalar, Stack, Wanted
from tfreconcile.store.records import StackRecord


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A plan with all that was made of it."""

    produced: Produced
    digests: Digests
    masked: MaskedPlan


@dataclass(frozen=True, kw_only=True)
class Learned:
    """Everything that one pass has found out. ``None`` and empty mean: not yet."""

    wanted: Wanted
    policy: Policy
    revision: Revision
    record: StackRecord
    started: datetime
    pass_id: int
    desk: Desk
    health: Health
    environment: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Scalar] = field(default_factory=dict)
    ephemeral: Mapping[str, str] = field(default_factory=dict)
    scrubber: Scrubber = field(default_factory=Scrubber)
    order: Order | None = None
    backend: str = ""
    planned: Planned | None = None
    classification: Classification | None = None
    decision: Decision | None = None
    plan_id: int | None = None
    execution: Execution | None = None

    @property
    def stack(self) -> Stack:
        """The definition that this pass goes by."""
        return self.wanted.stack

    @property
    def inputs_changed(self) -> bool:
        """Has Git asked for something else since the stack was last in sync?"""
        return self.record.applied_inputs != self.wanted.inputs

    @property
    def applied(self) -> bool:
        """Did an apply of this pass succeed?"""
        return self.execution is not None and self.execution.error is None

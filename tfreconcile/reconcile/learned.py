"""What does a pass know so far? Each step returns a new value; nothing is changed in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tfreconcile.apply.execute import Execution
from tfreconcile.classify.model import Classification
from tfreconcile.gate.model import Decision, Nothing, Policy
from tfreconcile.gate.weighing import Question
from tfreconcile.observe.health import Health
from tfreconcile.plan.desk import Desk
from tfreconcile.plan.fingerprint import Digests, Mode
from tfreconcile.plan.produce import Order, Produced
from tfreconcile.plan.render import MaskedPlan
from tfreconcile.redact import Scrubber
from tfreconcile.source.model import Authorship, Revision, Scalar, Stack, StackName, Wanted
from tfreconcile.store.records import StackRecord


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A plan with all that was made of it."""

    produced: Produced
    digests: Digests
    masked: MaskedPlan


@dataclass(frozen=True, kw_only=True)
class Learned:
    """Everything that one pass has found out. ``None`` and empty mean: not yet.

    ``revision`` is where the definition was read. A stack that left Git and is to go (mode DESTROY) goes
    after its ``dependents``; it was ``gone_at`` a later commit.
    """

    wanted: Wanted
    policy: Policy
    revision: Revision
    mode: Mode = Mode.NORMAL
    gone_at: Revision | None = None
    dependents: tuple[StackName, ...] = ()
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
    place: str = ""
    """Where the state is (``plan.place``): by the code, and once init has run by what that made of it."""
    former: tuple[StackName, ...] = ()
    """Stacks that left Git and that this one seems to be: what the host asks of them holds for it too."""
    perhaps_of: StackName | None = None
    """Another stack whose state may be the one that is to go: nobody can tell from how it is spelled."""
    planned: Planned | None = None
    unattributed: str | None = None
    """Why nobody can tell who asks for what the plan does; None when it is known."""
    authors: tuple[Authorship, ...] | None = None
    """Who made the commits since the settled revision; None while not known or not all could be read: under
    four eyes nobody's word then counts."""
    commits: tuple[Authorship, ...] | None = None
    """Those of them that touch what the plan depends on; None while not known, or not all could be read."""
    classification: Classification | None = None
    doubts: Mapping[int, str] = field(default_factory=dict)
    """Why the signature of a word on the plan is no longer a good one, by the number of the word."""
    decision: Decision | None = None
    question: Question | None = None
    """What the plan asks of people, windows aside."""
    plan_id: int | None = None
    execution: Execution | None = None

    @property
    def stack(self) -> Stack:
        """The definition that this pass goes by."""
        return self.wanted.stack

    @property
    def inputs_changed(self) -> bool:
        """Has Git asked for something else since nothing was left to do? What is not known is assumed."""
        if self.removing or not self.record.sound:
            return True
        return self.record.settled_inputs != self.wanted.inputs

    @property
    def head(self) -> Revision:
        """The commit that asks for what is done: what was written up to it is somebody's wish."""
        return self.gone_at or self.revision

    @property
    def removing(self) -> bool:
        """Did the stack leave Git, so that nothing of it is to be left?"""
        return self.mode is Mode.DESTROY

    @property
    def applied(self) -> bool:
        """Did an apply of this pass succeed?"""
        return self.execution is not None and self.execution.error is None

    @property
    def settled(self) -> bool:
        """Is everything in effect, with nothing that a rule hides or a policy leaves alone?"""
        found = self.classification
        empty = found is not None and not found.changes and not found.outputs
        return self.applied or (empty and isinstance(self.decision, Nothing))

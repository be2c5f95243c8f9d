"""What is known of a stack that left Git, after a pass that was to destroy it?"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from tfreconcile.gate.model import Nothing
from tfreconcile.observe import conditions, report
from tfreconcile.plan.produce import Produced
from tfreconcile.reconcile.learned import Learned
from tfreconcile.store.records import StackRecord
from tfreconcile.terraform.outcomes import Status


def progressed(learned: Learned, record: StackRecord, now: datetime, *, failed: bool) -> StackRecord:
    """The stack's row. Once nothing is left it is as if nothing was ever applied: what comes back is new.

    After an apply that failed the inputs are no longer in effect, and what was destroyed is not counted.
    """
    planned, classification = learned.planned, learned.classification
    if planned is None or classification is None:
        return record
    if not failed and (learned.applied or isinstance(learned.decision, Nothing)):
        return _forgotten(record, learned, now)
    tried = learned.execution is not None
    return replace(
        record,
        drift=report.drift(classification, learned.scrubber.scrub),
        severity=conditions.severity(classification.drift),
        ignored=(),
        pending_plan=learned.plan_id,
        applied_inputs=None if tried else record.applied_inputs,
        settled_inputs=None if tried else record.settled_inputs,
        resources=_left(planned.produced, learned),
    )


def _forgotten(record: StackRecord, learned: Learned, now: datetime) -> StackRecord:
    return replace(
        record,
        observed_revision=None,
        observed_inputs=None,
        applied_revision=None,
        applied_inputs=None,
        settled_revision=None,
        settled_inputs=None,
        sound=True,
        tried_inputs=None,
        backend=None,
        place=None,
        resources=0,
        drift=(),
        severity=None,
        ignored=(),
        pending_plan=None,
        last_applied_at=now if learned.applied else record.last_applied_at,
        healthy_by=None,
    )


def _left(produced: Produced, learned: Learned) -> int:
    done = learned.execution.outcomes if learned.execution else ()
    gone = sum(one.action == "delete" and one.status is Status.APPLIED for one in done)
    return max(0, produced.plan.prior_resources - gone)

"""What do tests put into the database? Small values with everything that is required."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tfreconcile.gate.model import Approval, Verdict
from tfreconcile.plan.fingerprint import ChangeDigest, Fingerprint
from tfreconcile.source.model import InputsDigest, Revision, StackName
from tfreconcile.store.records import ApplyRecord, PlanRecord

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PAY = StackName("payments-prod")
NET = StackName("network-prod")
HEAD = Revision("a" * 40)
INPUTS = InputsDigest("1" * 64)
MARK = Fingerprint("f" * 64)
KEY = b"k" * 32
"""The key of a test's host."""


def a_plan(stack: StackName = PAY) -> PlanRecord:
    """A plan that waits."""
    return PlanRecord(stack=stack, created_at=NOON, fingerprint=MARK)


def an_apply(
    stack: StackName = PAY, *, plan_id: int | None = None, word: tuple[int, ...] = ()
) -> ApplyRecord:
    """An intent of noon, on the word of these approvals."""
    return ApplyRecord(stack=stack, plan_id=plan_id, fingerprint=MARK, approvals=word, started_at=NOON)


def an_approval(stack: StackName = PAY, *, expires_at: datetime = NOON + 24 * HOUR) -> Approval:
    """Ana's word of an hour before noon."""
    return Approval(
        id=0,
        stack=stack,
        fingerprint=MARK,
        verdict=Verdict.APPROVE,
        by="ana",
        channel="cli",
        at=NOON - HOUR,
        reason="seen in review",
        expires_at=expires_at,
        changes=frozenset({ChangeDigest("c" * 64)}),
        hazards=frozenset({("destroy", "aws_instance.web[0]")}),
    )

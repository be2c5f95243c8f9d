"""What is kept of a person's word on a plan, whichever way it was said?"""

from __future__ import annotations

from datetime import datetime, timedelta

from tfreconcile.gate.approvals import OVERRIDE
from tfreconcile.gate.model import Approval
from tfreconcile.gate.tags import Word
from tfreconcile.plan.fingerprint import ChangeDigest
from tfreconcile.reconcile import status
from tfreconcile.store.records import PlanRecord

CLI, TAG = "cli", "tag"
"""The ways to say a word."""


def composed(plan: PlanRecord, word: Word, *, channel: str, at: datetime) -> Approval:
    """The word, with everything that a person who reads this plan is shown. The store gives its number."""
    override = frozenset({OVERRIDE} if word.override else ())
    return Approval(
        id=0,
        stack=plan.stack,
        fingerprint=plan.fingerprint,
        verdict=word.verdict,
        by=word.by,
        channel=channel,
        at=at,
        reason=word.reason,
        expires_at=word.expires_at,
        changes=frozenset(ChangeDigest(str(one["digest"])) for one in plan.classification),
        hazards=status.shown(plan) | override,
        signature=word.signature,
    )


def idle(plan: PlanRecord) -> str | None:
    """Why a kept plan asks for nobody's word; None when it waits for one."""
    match plan.decision.get("verdict"):
        case "hold" if plan.decision.get("closed") is True and not plan.decision.get("needs"):
            return "the pending plan waits for a window, and policy lets nobody override it"
        case "hold":
            return None
        case "proceed":
            return "the pending plan waits for nobody's approval; the next pass applies it"
        case _:
            return "the pending plan is refused, and no approval can change that"


def lasts(plan: PlanRecord) -> timedelta:
    """How long an approval of a kept plan lasts."""
    return status.rules(plan).ttl


def needs_signature(plan: PlanRecord) -> bool:
    """Does an effect of a kept plan wait for a signed word?"""
    return any(need.signed for need in status.question(plan).needs)

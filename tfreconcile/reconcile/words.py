"""What is kept of a person's word on a plan, whichever way it was said?"""

from __future__ import annotations

from datetime import datetime, timedelta

from tfreconcile.errors import Waiting
from tfreconcile.gate.approvals import OVERRIDE, REJECTED
from tfreconcile.gate.model import Approval, Verdict
from tfreconcile.gate.tags import Word
from tfreconcile.plan.fingerprint import ChangeDigest
from tfreconcile.reconcile import status
from tfreconcile.store import plans
from tfreconcile.store.database import Store
from tfreconcile.store.records import PlanRecord

CLI, TAG = "cli", "tag"
"""The ways to say a word."""
GONE = frozenset({"ApprovalGone", "JournalBroken", "RejectionGone"})
"""Reasons of a stack whose plan was to be applied, and was not: what it rested on cannot be believed."""


def composed(store: Store, plan: PlanRecord, word: Word, *, channel: str, at: datetime) -> Approval:
    """The word, with everything that a person who reads this plan is shown. The store gives its number.

    A no also says which effects asked for a word: those it holds, whatever they ask for later.
    Raises as ``require_as_decided``: nobody has seen effects that somebody else wrote into a kept plan.
    """
    require_as_decided(store, plan)
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
        hazards=status.shown(plan) | override | _against(plan, word.verdict),
        signature=word.signature,
    )


def _against(plan: PlanRecord, verdict: Verdict) -> frozenset[tuple[str, str]]:
    if verdict is Verdict.APPROVE:
        return frozenset()
    needs = status.question(plan).needs
    return frozenset((REJECTED, need.digest) for need in needs if need.digest is not None)


def require_as_decided(store: Store, plan: PlanRecord) -> None:
    """Raise Waiting("PlanEdited") when a kept plan is not what was decided: no word can be about it."""
    if not plans.is_as_decided(store, plan):
        what = f"the stored plan {plan.id} of {plan.stack} was changed outside tfreconcile"
        raise Waiting("PlanEdited", f"{what}; the next pass makes it anew: tfreconcile sync {plan.stack}")


def idle(plan: PlanRecord, reason: str) -> str | None:
    """Why a kept plan asks for nobody's word; None when it waits for one.

    ``reason`` is that of its stack: a plan that was to be applied on a word that is gone asks for another.
    """
    if reason in GONE:
        return None
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

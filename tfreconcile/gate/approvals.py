"""Whose word counts, for which effects, and for how long?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from fnmatch import fnmatchcase

from tfreconcile.gate.model import Approval, ApprovalRules, Verdict
from tfreconcile.plan.fingerprint import ChangeDigest, Fingerprint


def stands(approval: Approval, now: datetime) -> bool:
    """Is it a yes that is neither used up nor taken back nor over? It ends at the minute it says."""
    return approval.verdict is Verdict.APPROVE and is_open(approval, now)


def covers(approval: Approval, effects: frozenset[ChangeDigest], hazards: frozenset[tuple[str, str]]) -> bool:
    """Was every one of these effects, unchanged, and every one of these (kind, address) hazards shown?"""
    return effects <= approval.changes and hazards <= approval.hazards


def people(approvals: Iterable[Approval]) -> frozenset[str]:
    """Who said these words. Names that differ by case alone are one person: nobody is a quorum of one."""
    return frozenset(approval.by.casefold() for approval in approvals)


def is_allowed(person: str, rules: ApprovalRules) -> bool:
    """Does the person match one pattern of every group? Case counts."""
    return all(any(fnmatchcase(person, pattern) for pattern in group) for group in rules.approvers)


def rejected(
    approvals: Iterable[Approval],
    fingerprint: Fingerprint,
    now: datetime,
    *,
    asking: frozenset[ChangeDigest] = frozenset(),
) -> Approval | None:
    """The newest standing no to this plan, or to one of the effects in it that ask for a word.

    Anybody's counts: to stop needs no permission. A no does not expire: it stands until somebody takes it
    back, and a harmless change beside what was rejected does not lift it.
    """
    verdicts = [
        approval
        for approval in approvals
        if approval.verdict is Verdict.REJECT
        and (approval.fingerprint == fingerprint or asking & approval.changes)
        and is_open(approval, now)
    ]
    return max(verdicts, key=lambda verdict: (verdict.at, verdict.id), default=None)


def is_open(approval: Approval, now: datetime) -> bool:
    """Is it neither taken back nor used up nor, if it is a yes, over?"""
    if approval.revoked_at is not None:
        return False
    if approval.verdict is Verdict.REJECT:
        return True
    return approval.consumed_at is None and now < approval.expires_at

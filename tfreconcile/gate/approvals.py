"""Whose word counts, for which effects, and for how long?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from fnmatch import fnmatchcase

from tfreconcile.classify.model import HazardKind
from tfreconcile.gate.authors import logins, plain
from tfreconcile.gate.model import Approval, ApprovalRules, Verdict
from tfreconcile.plan.fingerprint import ChangeDigest, Fingerprint

OVERRIDE = (str(HazardKind.WINDOW_OVERRIDE), "")
"""The pair among the hazards of an approval which says that it also counts while a window is closed."""


def stands(approval: Approval, now: datetime) -> bool:
    """Is it a yes that is neither used up nor taken back nor over? It ends at the minute it says."""
    return approval.verdict is Verdict.APPROVE and is_open(approval, now)


def covers(approval: Approval, effects: frozenset[ChangeDigest], hazards: frozenset[tuple[str, str]]) -> bool:
    """Was every one of these effects, unchanged, and every one of these (kind, address) hazards shown?"""
    return effects <= approval.changes and hazards <= approval.hazards


def people(approvals: Iterable[Approval]) -> frozenset[str]:
    """Who said these words, each person once: nobody is a quorum of one.

    Names that differ by case alone are one person, and so are a login name and an address that it is the
    local part of: the one signs tags, the other types commands.
    """
    names = frozenset(plain(approval.by) for approval in approvals)
    known = frozenset(login for name in names for login in logins(name))
    return names - known


def is_allowed(person: str, rules: ApprovalRules) -> bool:
    """May the person approve what the rules are for? Case counts."""
    return matches(person, rules.approvers)


def matches(person: str, groups: tuple[tuple[str, ...], ...]) -> bool:
    """Does the person match one pattern of every group? Case counts."""
    return all(any(fnmatchcase(person, pattern) for pattern in group) for group in groups)


def overrides(approval: Approval) -> bool:
    """May what it approves also be applied while a window is closed?"""
    return OVERRIDE in approval.hazards


def tightened(rules: ApprovalRules, kinds: Iterable[HazardKind]) -> ApprovalRules:
    """The rules for one effect: those for all, and those for each kind of hazard that asks for a word.

    The largest quorum counts, every group must be matched, one kind that wants signatures is enough.
    """
    own = [rules.hazards[kind] for kind in sorted(frozenset(kinds) & frozenset(rules.hazards))]
    groups = dict.fromkeys((*rules.approvers, *(group for one in own for group in one.approvers)))
    return replace(
        rules,
        required=max(1, rules.required, *(one.required for one in own)),
        approvers=tuple(groups),
        signed=rules.signed or any(one.signed for one in own),
    )


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

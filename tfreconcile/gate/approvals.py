"""Whose word counts, for which effects, and for how long?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from fnmatch import fnmatchcase

from tfreconcile.classify.model import HazardKind
from tfreconcile.gate.authors import logins, mailbox, plain
from tfreconcile.gate.model import Approval, ApprovalRules, Verdict
from tfreconcile.plan.fingerprint import ChangeDigest, Fingerprint

OVERRIDE = (str(HazardKind.WINDOW_OVERRIDE), "")
"""The pair among the hazards of an approval which says that it also counts while a window is closed."""
REJECTED = "rejected"
"""The first of the pairs among the hazards of a no that name, by digest, what asked for a word then."""


def stands(approval: Approval, now: datetime) -> bool:
    """Is it a yes that is neither used up nor taken back nor over? It ends at the minute it says."""
    return approval.verdict is Verdict.APPROVE and is_open(approval, now)


def covers(approval: Approval, effects: frozenset[ChangeDigest], hazards: frozenset[tuple[str, str]]) -> bool:
    """Was every one of these effects, unchanged, and every one of these (kind, address) hazards shown?"""
    return effects <= approval.changes and hazards <= approval.hazards


def people(approvals: Iterable[Approval]) -> frozenset[str]:
    """Who said these words, one name for each person: whoever could be the same is, so that nobody is two.

    Addresses that were signed for are told apart as a whole. A login name, and whatever stands under a word
    without a signature, is what the host calls somebody: it is compared by its local part.
    """
    words = [(plain(approval.by), approval.signature is not None) for approval in approvals]
    proven = frozenset(name for name, signed in words if signed and "@" in name)
    taken = frozenset(login for name in proven for login in logins(name))
    typed = {name: logins(name) or frozenset({name}) for name, _ in words if name not in proven}
    others = {name: own for name, own in typed.items() if own.isdisjoint(taken)}
    return frozenset(map(mailbox, proven)) | _apart(others)


def _apart(typed: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """One name for all those that are linked by a login that they share."""
    linked: dict[str, frozenset[str]] = {}
    for name, own in typed.items():
        same = [one for one, its in linked.items() if not own.isdisjoint(its)]
        linked[name] = own.union(*(linked.pop(one) for one in same))
    return frozenset(linked)


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
    effects: frozenset[ChangeDigest] = frozenset(),
    asking: frozenset[ChangeDigest] = frozenset(),
) -> Approval | None:
    """The newest standing no to this plan, or to one of its ``effects``; ``asking`` are those that ask now.

    Anybody's counts: to stop needs no permission. A no does not expire: it stands until somebody takes it
    back, and a harmless change beside what was rejected does not lift it. An effect is held that asks now and
    was in the rejected plan, or that the no was ``against``; one that asked neither then nor now is not.
    """
    verdicts = [
        approval
        for approval in approvals
        if approval.verdict is Verdict.REJECT
        and (approval.fingerprint == fingerprint or asking & approval.changes or effects & against(approval))
        and is_open(approval, now)
    ]
    return max(verdicts, key=lambda verdict: (verdict.at, verdict.id), default=None)


def against(no: Approval) -> frozenset[ChangeDigest]:
    """The effects that asked for a word when the no was said; all of the plan's, if none did by itself.

    The latter was said to a plan that waited for a window or for a hazard of all of it, or for nobody.
    """
    asked = frozenset(ChangeDigest(digest) for kind, digest in no.hazards if kind == REJECTED)
    return asked or no.changes


def is_open(approval: Approval, now: datetime) -> bool:
    """Is it neither taken back nor used up nor, if it is a yes, over?"""
    if approval.revoked_at is not None:
        return False
    if approval.verdict is Verdict.REJECT:
        return True
    return approval.consumed_at is None and now < approval.expires_at

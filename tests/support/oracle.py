"""What may be applied? The rules of the gate once more, in the plainest way and without any of its code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tfreconcile.classify.model import Cause, Classification, Classified, DriftKind, Hazard, HazardKind
from tfreconcile.gate.model import Act, Approval, DriftPolicy, Policy, Requirement, Verdict
from tfreconcile.plan.document import Kind
from tfreconcile.plan.fingerprint import ChangeDigest, Fingerprint
from tfreconcile.source.model import Authorship

AUTO, APPROVE, NEVER = Requirement.AUTO, Requirement.APPROVE, Requirement.NEVER
STACK = "payments"
OVERRIDE = ("window-override", "")


@dataclass(frozen=True)
class Situation:
    """All that a decision may depend on."""

    plan: Classification
    policy: Policy
    words: tuple[Approval, ...]
    authors: tuple[Authorship, ...] | None
    now: datetime
    fingerprint: Fingerprint
    complete: bool = True
    doubted: frozenset[int] = frozenset()


def level(at: Situation, hazard: Hazard) -> Requirement:
    """What is asked for a hazard. Nobody ever forgot to think of one: what is not named is forbidden."""
    return at.policy.hazards.get(hazard.kind, NEVER)


def asked_of(at: Situation, item: Classified) -> set[Requirement]:
    """Everything that is asked for one change, by its hazards, by its cause, and since it left the code."""
    policy = at.policy
    found = {AUTO} | {level(at, hazard) for hazard in item.hazards}
    if item.cause is not Cause.DRIFT:
        found.add(policy.apply)
    back = item.drift in (DriftKind.REVERTING, DriftKind.GONE, DriftKind.SUPPRESSED)
    healed = item.cause in (Cause.DRIFT, Cause.BOTH) or (item.cause is Cause.UNKNOWN and back)
    if (healed and policy.drift is not DriftPolicy.HEAL) or item.drift is DriftKind.SUPPRESSED:
        found.add(APPROVE)
    if item.change.kind is Kind.DELETE and item.change.reason:
        found.add(policy.prune)
    return found


def is_good(at: Situation, word: Approval, kinds: set[HazardKind]) -> bool:
    """Is it a word that counts at all, for something with these hazards?"""
    rules = at.policy.approvals
    special = [rules.hazards[kind] for kind in kinds if kind in rules.hazards]
    groups = [*rules.approvers, *(group for one in special for group in one.approvers)]
    if word.stack != STACK or word.verdict is not Verdict.APPROVE:
        return False
    if word.revoked_at or word.consumed_at or at.now >= word.expires_at:
        return False
    if at.now >= word.at + rules.ttl or word.id in at.doubted:
        return False
    if not all(any(fits(word.by, pattern) for pattern in group) for group in groups):
        return False
    if (rules.signed or any(one.signed for one in special)) and word.signature is None:
        return False
    return not rules.four_eyes or not (at.authors is None or is_author(word, at.authors))


def fits(person: str, pattern: str) -> bool:
    """Stories know three forms of patterns: everybody, everybody of a domain, one person."""
    if pattern == "*":
        return True
    return person.endswith(pattern[1:]) if pattern.startswith("*") else person == pattern


def is_author(word: Approval, authors: Iterable[Authorship]) -> bool:
    """In stories people commit under their address, however they spell it."""
    names = [name.lower() for one in authors for name in (one.author_email, one.committer_email)]
    if is_proven(word):
        return any(name in (word.by.lower(), login(word.by)) for name in names)
    return login(word.by) in map(login, names)


def is_proven(word: Approval) -> bool:
    """Is it sure that this address is the person's? What the host calls somebody may be anybody's."""
    return word.signature is not None and "@" in word.by


def login(name: str) -> str:
    """What the host calls the owner of an address."""
    return name.lower().partition("@")[0]


def count(words: Iterable[Approval]) -> int:
    """How many people said this at least: a login name beside its address is nobody else."""
    words = list(words)
    proven = {word.by.lower() for word in words if is_proven(word)}
    return len(proven) + len({login(word.by) for word in words} - {login(name) for name in proven})


def quorum(at: Situation, kinds: set[HazardKind]) -> int:
    """How many must agree about something with these hazards."""
    rules = at.policy.approvals
    return max(
        [1, rules.required, *(rules.hazards[kind].required for kind in kinds if kind in rules.hazards)]
    )


def asking(at: Situation, hazards: Iterable[Hazard]) -> set[Hazard]:
    """Those that need a word."""
    return {hazard for hazard in hazards if level(at, hazard) is APPROVE}


def agreed(at: Situation, effects: set[ChangeDigest], hazards: set[Hazard], *more: tuple[str, str]) -> bool:
    """Have enough people seen and approved these effects with these hazards?"""
    kinds = {hazard.kind for hazard in hazards} | {HazardKind(kind) for kind, _ in more}
    pairs = {(str(hazard.kind), str(hazard.address)) for hazard in hazards} | set(more)
    agreeing = [
        word
        for word in at.words
        if is_good(at, word, kinds) and effects <= word.changes and pairs <= word.hazards
    ]
    return count(agreeing) >= quorum(at, kinds)


def may_be_applied(at: Situation) -> bool:
    """The whole rule: design 4.1, quorums and roles, four eyes, signatures, rejections and windows."""
    everything = {item.digest for item in at.plan.changes}
    for item in at.plan.changes:
        levels = asked_of(at, item)
        if NEVER in levels:
            return False
        if APPROVE in levels and not agreed(at, {item.digest}, asking(at, item.hazards)):
            return False
    for hazard in at.plan.hazards:
        if level(at, hazard) is NEVER:
            return False
    whole = asking(at, at.plan.hazards)
    if not at.complete and not covers_plan(at, everything, whole, set()):
        return False
    if not all(covers_plan(at, everything, whole, {hazard.kind}) for hazard in whole):
        return False
    return not is_rejected(at) and (is_open(at) or is_overridden(at, everything))


def covers_plan(
    at: Situation, everything: set[ChangeDigest], whole: set[Hazard], kinds: set[HazardKind]
) -> bool:
    """A hazard of the plan as a whole: by its own rules, and by people who saw all of the plan's."""
    pairs = {(str(hazard.kind), str(hazard.address)) for hazard in whole}
    agreeing = [
        word
        for word in at.words
        if is_good(at, word, kinds) and everything <= word.changes and pairs <= word.hazards
    ]
    return count(agreeing) >= quorum(at, kinds)


def is_rejected(at: Situation, *, whole: bool = False) -> bool:
    """Has somebody said no to this plan, to an effect of it that needs a word, or that needed one then?

    All of them need one when the ``whole`` plan does. A no that names no effect is to all of its plan.
    """
    everything = {item.digest for item in at.plan.changes}
    needing = {item.digest for item in at.plan.changes if APPROVE in asked_of(at, item)}
    if whole or not at.complete or asking(at, at.plan.hazards):
        needing = everything
    return any(
        word.fingerprint == at.fingerprint
        or needing & word.changes
        or everything & (asked_then(word) or word.changes)
        for word in at.words
        if word.verdict is Verdict.REJECT and word.stack == STACK and not word.revoked_at
    )


def asked_then(no: Approval) -> set[ChangeDigest]:
    """What needed a word when the no was said."""
    return {ChangeDigest(digest) for kind, digest in no.hazards if kind == "rejected"}


def is_open(at: Situation) -> bool:
    """Stories know windows of whole days: of the week, by their number in cron text."""
    heals = any(item.cause in (Cause.DRIFT, Cause.BOTH) for item in at.plan.changes)
    applies = any(item.cause is not Cause.DRIFT for item in at.plan.changes) or not heals
    acts = {Act.HEAL} if heals and not applies else {Act.APPLY} if not heals else {Act.HEAL, Act.APPLY}
    today = str(at.now.isoweekday() % 7)
    for act in acts:
        own = [window for window in at.policy.windows if act in window.acts]
        if any(not window.allow and today in window.cron.split()[4] for window in own):
            return False
        allowing = [window for window in own if window.allow]
        if allowing and not any(today in window.cron.split()[4] for window in allowing):
            return False
    return True


def is_overridden(at: Situation, everything: set[ChangeDigest]) -> bool:
    """A closed window gives way to people who saw all of it and said that it shall."""
    if at.policy.hazards.get(HazardKind.WINDOW_OVERRIDE, NEVER) is NEVER or is_rejected(at, whole=True):
        return False
    seen = asking(at, at.plan.hazards) | {one for item in at.plan.changes for one in asking(at, item.hazards)}
    kinds = {HazardKind.WINDOW_OVERRIDE}
    pairs = {(str(hazard.kind), str(hazard.address)) for hazard in seen} | {OVERRIDE}
    agreeing = [
        word
        for word in at.words
        if is_good(at, word, kinds) and everything <= word.changes and pairs <= word.hazards
    ]
    return count(agreeing) >= quorum(at, kinds)

"""What are stories of the gate made of? Plans, words, people, clocks and policies, for hypothesis to draw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import strategies as st
from support.judged import A_SIGNATURE, NOON, change, commit
from support.oracle import APPROVE, AUTO, NEVER, OVERRIDE, STACK, Situation

from tfreconcile.classify.model import Cause, Classification, Classified, DriftKind, Hazard, HazardKind
from tfreconcile.gate.approvals import REJECTED
from tfreconcile.gate.model import (
    Act,
    Approval,
    ApprovalRules,
    DriftPolicy,
    HazardRules,
    Policy,
    Verdict,
    Window,
)
from tfreconcile.plan.document import Address, Kind
from tfreconcile.plan.fingerprint import ChangeDigest, Fingerprint
from tfreconcile.source.model import Signature

OTHER = "network"
PEOPLE = (
    *("ana@x.example", "bo@x.example", "cy@x.example", "Ana@x.example", "bo"),
    *("mallory@y.example", "ana@y.example"),
)
ON_EFFECTS = (HazardKind.DESTROY, HazardKind.STATEFUL, HazardKind.IAM, HazardKind.UNKNOWN_ACTION)
ON_PLANS = (HazardKind.BACKEND_MOVED, HazardKind.OFF_HOURS, HazardKind.EMPTY_STATE)
MONTH = timedelta(days=30)
COIN, DIE = st.booleans(), st.integers(0, 3)
LEVELS = st.sampled_from([AUTO, APPROVE, APPROVE, APPROVE, NEVER])
APPLIES = st.sampled_from([AUTO, AUTO, AUTO, APPROVE, APPROVE, APPROVE, NEVER])
DRIFTS = st.sampled_from(DriftPolicy)
QUORUMS = st.sampled_from([0, 1, 1, 1, 2])
GROUPS = st.sampled_from(
    [
        (("*",),),
        (("*",),),
        (("*",), ("*@x.example",)),
        (("ana@x.example", "bo@x.example", "bo", "cy@x.example"),),
    ]
)
SPECIAL = st.builds(
    HazardRules,
    required=st.integers(1, 2),
    approvers=st.sampled_from([(), (), (("bo@x.example", "bo", "cy@x.example"),)]),
    signed=COIN,
)
WINDOWS = st.builds(
    lambda allow, days, acts: Window(
        allow=allow, cron=f"0 0 * * {days}", duration=timedelta(days=1), acts=frozenset(acts)
    ),
    COIN,
    st.sampled_from(["6", "0,6", "1,2,3,4,5", "6,0,1,2", "3"]),
    st.sampled_from([{Act.APPLY}, {Act.HEAL}, {Act.APPLY, Act.HEAL}, {Act.PLAN}]),
)
KINDS = (*ON_EFFECTS, *ON_PLANS[:2], HazardKind.WINDOW_OVERRIDE)
CHANGED = st.sampled_from(
    [
        {},
        {},
        {},
        {HazardKind.DESTROY: AUTO},
        {HazardKind.STATEFUL: NEVER},
        {HazardKind.WINDOW_OVERRIDE: NEVER},
        {HazardKind.WINDOW_OVERRIDE: AUTO},
    ]
)
POLICIES = st.builds(
    lambda changed, **rest: Policy(hazards=dict.fromkeys(KINDS, APPROVE) | changed, **rest),
    CHANGED,
    apply=APPLIES,
    drift=DRIFTS,
    prune=LEVELS,
    approvals=st.builds(
        ApprovalRules,
        required=QUORUMS,
        ttl=st.sampled_from([MONTH, MONTH, MONTH, timedelta(days=1), timedelta(hours=3)]),
        approvers=GROUPS,
        four_eyes=COIN,
        signed=st.sampled_from([False, False, True]),
        hazards=st.just({}) | st.dictionaries(st.sampled_from(KINDS), SPECIAL, max_size=2),
    ),
    windows=st.just(()) | st.lists(WINDOWS, max_size=2).map(tuple),
)
"""Most of them let a change through that enough people want."""


def effect(number: int, version: int, kind: Kind, left: bool, hazards: list[HazardKind]) -> Classified:
    """One of four effects that there can be, each in two versions; why it is there is said later."""
    address = Address(f"aws_sqs_queue.q{number}")
    reason = "delete_because_no_resource_config" if left else None
    return Classified(
        change=change(kind, address, reason=reason),
        digest=ChangeDigest(f"{address}/{version}"),
        cause=Cause.GIT,
        hazards=tuple(Hazard(one, address, "hurts") for one in hazards),
    )


EFFECTS = st.builds(
    lambda one, cause, drift: replace(one, cause=cause, drift=drift),
    st.builds(
        effect,
        DIE,
        st.sampled_from([0, 0, 1]),
        st.sampled_from([Kind.DELETE, Kind.UPDATE, Kind.CREATE]),
        COIN,
        st.lists(st.sampled_from(ON_EFFECTS), max_size=2, unique=True),
    ),
    st.sampled_from([Cause.GIT, Cause.GIT, Cause.DRIFT, Cause.BOTH, Cause.UNKNOWN, Cause.OTHER]),
    st.sampled_from([None, None, None, DriftKind.REVERTING, DriftKind.SUPPRESSED]),
)
"""Effects in every state of things: what is drawn for one and the same digest may differ from time to time,
as the hazards of a change do when the world or a policy changes."""
OF_PLANS = st.sampled_from([(), (), (), *((kind,) for kind in ON_PLANS)])
PLANS = st.builds(
    lambda changes, whole: Classification(
        changes=tuple(changes), hazards=tuple(Hazard(kind, Address(""), "hurts all") for kind in whole)
    ),
    st.lists(EFFECTS, min_size=1, max_size=3, unique_by=lambda one: one.change.address),
    OF_PLANS,
)


def shown(plan: Classification) -> frozenset[tuple[str, str]]:
    """All the hazards that one sees who reads it."""
    hazards = (*plan.hazards, *(hazard for item in plan.changes for hazard in item.hazards))
    return frozenset((str(hazard.kind), str(hazard.address)) for hazard in hazards)


def named(plan: Classification) -> Fingerprint:
    """Two plans are one when they do the same."""
    return Fingerprint("+".join(sorted(item.digest for item in plan.changes)))


@dataclass(frozen=True)
class Manner:
    """How somebody says a word: by whom, for how long, signed, overriding, and what is wrong with it."""

    by: str
    lasts: timedelta
    signature: Signature | None
    overrides: bool
    verdict: Verdict
    flaw: str
    number: int


MANNERS = st.builds(
    Manner,
    by=st.sampled_from(PEOPLE),
    lasts=st.sampled_from([timedelta(0), timedelta(hours=4), timedelta(days=3), MONTH, MONTH]),
    signature=st.sampled_from([None, A_SIGNATURE]),
    overrides=COIN,
    verdict=st.sampled_from([Verdict.APPROVE] * 6 + [Verdict.REJECT]),
    flaw=st.sampled_from([""] * 5 + ["less", "more", "hazard", "hazard", "stack"]),
    number=st.integers(0, 5),
)


def spoken(manner: Manner, plan: Classification, *, number: int, now: datetime) -> Approval:
    """A word on a plan as it was shown, on a part of it, on more than it is now, or on another stack's."""
    digests, pairs = sorted(item.digest for item in plan.changes), sorted(shown(plan))
    against = digests[: manner.number % 3] if manner.verdict is Verdict.REJECT else ()
    if manner.flaw == "less":
        del digests[manner.number % len(digests)]
    if manner.flaw == "more":
        digests.append(ChangeDigest("one that is gone by now"))
    if manner.flaw == "hazard" and pairs:
        del pairs[manner.number % len(pairs)]
    return Approval(
        id=number,
        stack=OTHER if manner.flaw == "stack" else STACK,
        fingerprint=Fingerprint("+".join(digests)),
        verdict=manner.verdict,
        by=manner.by,
        channel="cli",
        at=now,
        reason="",
        expires_at=now + manner.lasts,
        changes=frozenset(digests),
        hazards=frozenset(
            (*pairs, *([OVERRIDE] if manner.overrides else ()), *((REJECTED, one) for one in against))
        ),
        signature=manner.signature,
    )


COMMITS = st.sampled_from(PEOPLE).map(lambda person: commit(person, email=person))
HISTORIES = st.sampled_from([None, (), ()]) | st.lists(COMMITS, max_size=2).map(tuple)
MOMENTS = st.integers(0, 14 * 24).map(lambda hours: NOON + timedelta(hours=hours))


SPENT = st.sampled_from(["", "", "", "", "taken back", "used"])
WORDS = st.lists(st.tuples(MANNERS, DIE, st.integers(0, 4), SPENT), max_size=4)


def situation(
    plan: Classification,
    other: Classification,
    words: list[tuple[Manner, int, int, str]],
    now: datetime,
    **rest: object,
) -> Situation:
    """A plan with words that were spoken about it, or about one that was like it."""
    said = []
    for number, (manner, about, hours, spent) in enumerate(words):
        word = spoken(manner, plan if about else other, number=number, now=now - timedelta(hours=hours))
        taken, used = (now if spent == one else None for one in ("taken back", "used"))
        said.append(replace(word, revoked_at=taken, consumed_at=used))
    make: Callable[..., Situation] = Situation
    return make(plan=plan, words=tuple(said), now=now, fingerprint=named(plan), **rest)


SITUATIONS = st.builds(
    situation,
    PLANS,
    PLANS,
    WORDS,
    MOMENTS,
    policy=POLICIES,
    authors=HISTORIES,
    complete=st.sampled_from([True, True, True, True, False]),
    doubted=st.sampled_from([frozenset(), frozenset(), frozenset({0}), frozenset({1, 3})]),
)
FROZEN = Window(allow=True, cron="0 0 29 2 *", duration=timedelta(days=1))
"""Open on a day that no story comes to."""


def frozen(at: Situation) -> Situation:
    """The same where every day is closed, everybody may approve, and everybody would override."""
    lax = replace(at.policy.approvals, approvers=(("*",),), required=1, signed=False, four_eyes=False)
    return replace(
        at,
        policy=replace(at.policy, apply=AUTO, prune=APPROVE, approvals=lax, windows=(FROZEN,)),
        words=tuple(
            replace(word, hazards=word.hazards | {OVERRIDE}) if word.id else word for word in at.words
        ),
    )

"""Does a change come back right after it was applied? Then it waits for a person, not for the next pass."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from tfreconcile.gate import weighing
from tfreconcile.gate.authors import barred
from tfreconcile.gate.decision import Asked
from tfreconcile.gate.model import Approval, Decision, Hold, Need, Policy, Proceed, Requirement
from tfreconcile.gate.requirements import ruled
from tfreconcile.gate.weighing import Question, Shown
from tfreconcile.plan.document import Address
from tfreconcile.source.model import Authorship

NOT_CONVERGING = "NotConverging"
"""How the reason of such a hold begins."""


def once_more(
    made: Proceed,
    policy: Policy,
    approvals: Iterable[Approval],
    *,
    asked: Asked,
    authors: tuple[Authorship, ...] | None = (),
    now: datetime,
) -> Decision:
    """The decision on a plan like the one that was just applied: only on a quorum's word on this very plan.

    A provider that never settles, or two controllers that fight, would otherwise apply for ever.
    """
    reason = f"{NOT_CONVERGING}: the same change came back right after it was applied"
    need = ruled(Need(None, Address(""), Requirement.APPROVE, reason, exactly=True), policy)
    question = Question(
        stack=asked.stack,
        fingerprint=asked.fingerprint,
        needs=(need,),
        shown=Shown(everything=frozenset()),  # what this very plan does was shown to whoever approved it
        barred=barred(policy.approvals, authors),
        ttl=policy.approvals.ttl,
        doubts=asked.doubts,
    )
    tally = weighing.weigh(question, approvals, now)
    if not tally.enough:
        return Hold((reason, *tally.objections), tally.needs, given=tally.given, required=tally.required)
    return Proceed(
        (*made.reasons, f"once more on the word of {', '.join(tally.names)}"),
        tuple(one.id for one in tally.counting),
        tally.names,
    )

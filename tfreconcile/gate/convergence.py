"""Does a change come back right after it was applied? Then it waits for a person, not for the next pass."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from tfreconcile.gate.approvals import is_allowed, people, stands
from tfreconcile.gate.model import Approval, ApprovalRules, Decision, Hold, Proceed
from tfreconcile.plan.fingerprint import Fingerprint

NOT_CONVERGING = "NotConverging"
"""How the reason of such a hold begins."""


def once_more(
    made: Proceed,
    approvals: Iterable[Approval],
    *,
    fingerprint: Fingerprint,
    rules: ApprovalRules,
    now: datetime,
) -> Decision:
    """The decision on a plan equal to the one that was just applied: only on the word of a quorum.

    A provider that never settles, or two controllers that fight, would otherwise apply for ever.
    """
    standing = tuple(
        one
        for one in approvals
        if one.fingerprint == fingerprint and stands(one, now) and is_allowed(one.by, rules)
    )
    given, required = len(people(standing)), max(1, rules.required)
    if given < required:
        reason = f"{NOT_CONVERGING}: the same change came back right after it was applied"
        return Hold((reason,), given=given, required=required)
    names = tuple(sorted({one.by for one in standing}))
    return Proceed(
        (*made.reasons, f"once more on the word of {', '.join(names)}"),
        tuple(one.id for one in standing),
        names,
    )

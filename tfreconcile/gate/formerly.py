"""What is a renamed stack held to? The host's rules go by name, and a name is for Git to change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tfreconcile.gate.model import ApprovalRules, Policy, Window
from tfreconcile.gate.policy import Floor, of_stack
from tfreconcile.source.model import StackName


def as_formerly(policy: Policy, floor: Floor, former: StackName) -> Policy:
    """The policy of a stack, nowhere weaker than what the host asks of its ``former`` name.

    The windows of both names hold: an act needs an open one of each that has allowing ones.
    """
    held = of_stack(floor, former).policy
    return replace(
        policy,
        approvals=_stricter(policy.approvals, held.approvals),
        windows=(*policy.windows, *_of(held.windows, former)),
        working_hours=(*policy.working_hours, *_of(held.working_hours, former)),
    )


def _stricter(own: ApprovalRules, others: ApprovalRules) -> ApprovalRules:
    """Both in each thing; what is asked of single hazards is the same for all names."""
    more = (group for group in others.approvers if group not in own.approvers)
    return replace(
        own,
        required=max(own.required, others.required),
        ttl=min(own.ttl, others.ttl),
        approvers=(*own.approvers, *more),
        four_eyes=own.four_eyes or others.four_eyes,
        signed=own.signed or others.signed,
    )


def _of(windows: Iterable[Window], former: StackName) -> Iterator[Window]:
    return (replace(window, of=former) for window in windows)

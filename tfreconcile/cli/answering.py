"""What does a person type to answer a plan that waits? In full, so that it works as it stands."""

from __future__ import annotations

from collections.abc import Mapping

from tfreconcile.cli import finding
from tfreconcile.gate.weighing import Tally
from tfreconcile.reconcile import words
from tfreconcile.store.records import PlanRecord


def command(plan: PlanRecord, verb: str = "approve", *, override: bool = False, yes: bool = False) -> str:
    """The command that says ``verb`` to exactly this plan; a KEY where only a signed approval counts."""
    flags = (
        f"--plan {plan.fingerprint[: finding.SHORTEST]}",
        "--override-window" if override else "",
        "--sign KEY" if verb == "approve" and words.needs_signature(plan) else "",
        "--yes" if yes else "",
        "--reason '...'",
    )
    return " ".join((f"tfreconcile {verb} {plan.stack}", *filter(None, flags)))


def still_missing(tally: Tally) -> str:
    """``1 more of 2 approvals is needed``, of what lacks the most."""
    lacking = tally.required - tally.given
    return f"{lacking} more of {tally.required} approvals {'is' if lacking == 1 else 'are'} needed"


def next_step(stack: Mapping[str, object]) -> str:
    """What to type next about a stack that waits for approval, from its status document."""
    name, pending = stack["name"], stack.get("pending")
    look = f"next: tfreconcile diff {name}, then tfreconcile approve {name}"
    if not isinstance(pending, Mapping):
        return look
    if (no := pending["rejected"]) is not None:
        lift = f"tfreconcile revoke {name} --id {no['id']}"
        return f"{name} was rejected by {no['by']}: change it in Git, or take the no back: {lift}"
    if pending["approvals"]["given"] >= pending["approvals"]["required"]:
        return f"next: tfreconcile once {name}"
    return look

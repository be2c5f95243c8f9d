"""What does a host's database hold after a while? A history with one of everything, for audits."""

from __future__ import annotations

from dataclasses import replace

from support.remembered import HEAD, HOUR, MARK, NET, NOON, PAY, an_apply, an_approval

from tfreconcile.gate.model import Verdict
from tfreconcile.source.model import Signature
from tfreconcile.store import applies, approvals, journal, plans, sources, stacks
from tfreconcile.store.database import Store
from tfreconcile.store.journal import BY_ITSELF, Event, EventKind
from tfreconcile.store.records import ApplyStatus, PlanRecord, SourceRecord

SIGNED = Signature(kind="ssh", signer="ana", key="SHA256:EXAMPLE", payload="words", text="a signature")
EVENTS = 13
"""How many events ``fill`` leaves behind."""
OUTCOME = {"address": "aws_instance.web[0]", "action": "delete", "status": "ok", "seconds": 3, "error": ""}


def a_kept_plan() -> PlanRecord:
    """A plan that deletes a server, held for one word."""
    hazard = {"kind": "destroy", "address": "aws_instance.web[0]", "detail": "is gone", "requires": "approve"}
    change = {"address": "aws_instance.web[0]", "kind": "delete", "digest": "c" * 64, "hazards": [hazard]}
    return PlanRecord(
        stack=PAY,
        created_at=NOON,
        revision=HEAD,
        fingerprint=MARK,
        engine="terraform",
        engine_version="1.11.4",
        document={"resource_changes": [{"address": "aws_instance.web[0]", "ratio": 1.5}]},
        classification=(change,),
        decision={"verdict": "hold", "reasons": ["aws_instance.web[0]: destroy"], "given": 0, "required": 1},
    )


def fill(store: Store) -> None:
    """A plan, words of every fate, applies of every fate, and what a person told a stack."""
    for name in (PAY, NET):
        stacks.ensure(store, name, "stack.yaml")
    number = plans.add(store, a_kept_plan())
    word = approvals.add(store, replace(an_approval(), signature=SIGNED))
    taken_back = approvals.add(store, replace(an_approval(NET), verdict=Verdict.REJECT))
    approvals.revoke(store, taken_back.id, by="bob", at=NOON)
    intent = applies.begin(store, an_apply(plan_id=number, word=(word.id,)))
    applies.started(store, intent, pid=4711, pid_started=12, boot_id="b")
    applies.finish(store, intent, at=NOON + HOUR, status=ApplyStatus.SUCCEEDED, outcomes=(OUTCOME,))
    approvals.add(store, an_approval())
    applies.begin(store, an_apply())
    accepted = SourceRecord(branch="main@1", accepted=HEAD, accepted_at=NOON, verified=True, changed_at=NOON)
    told = Event(
        kind=EventKind.SOURCE_ACCEPTED, stack=None, actor=BY_ITSELF, at=NOON, body={"revision": HEAD}
    )
    sources.save(store, accepted, told)
    stacks.suspend(store, NET, by="ana", reason="incident 7", until=NOON + HOUR, at=NOON)
    stacks.resume(store, NET, by="ana", at=NOON + HOUR)
    stacks.request_sync(store, NET, by="ana", at=NOON + HOUR)


def go_on(store: Store, *, times: int) -> None:
    """More happens: one event each time."""
    for _ in range(times):
        stacks.request_sync(store, NET, by="ana", at=NOON)


def go_on_at_once(store: Store, *, times: int) -> None:
    """As much happens in one transaction."""
    event = Event(kind=EventKind.STACK_SYNC, stack=NET, actor="ana", at=NOON, body={})
    with store.write() as session:
        for _ in range(times):
            journal.append(store, session, event)

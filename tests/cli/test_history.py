"""What ran, and what did people say about it?"""

from __future__ import annotations

from datetime import timedelta

from support.operator import Operator, a_held_stack, a_plan_of, a_stack
from support.remembered import HEAD, MARK, NOON, an_apply

from tfreconcile.source.model import StackName
from tfreconcile.store import applies, passes
from tfreconcile.store.records import ApplyStatus

ARCHIVE = StackName("archive")


def _ran(operator: Operator) -> None:
    """One pass that held a plan, an apply of it that failed, and a pass that still runs."""
    operator.remember(a_held_stack("archive"), a_plan_of("archive")).remember(a_stack("orders"))
    with operator.store() as store:
        number = passes.begin(store, ARCHIVE, at=NOON)
        passes.finish(
            store,
            number,
            at=NOON + timedelta(seconds=9),
            outcome="AwaitingApproval",
            reason="AwaitingApproval",
            message="a bucket",
            revision=HEAD,
            plan_id=1,
        )
        begun = applies.begin(store, an_apply(ARCHIVE, plan_id=1))
        outcome = {
            "address": "aws_s3_bucket.b",
            "action": "delete",
            "status": "failed",
            "error": "BucketNotEmpty",
        }
        applies.finish(store, begun, at=NOON, status=ApplyStatus.FAILED, outcomes=(outcome,))
        passes.begin(store, StackName("orders"), at=NOON)


def test_before_anything_ran_history_says_what_to_type(operator: Operator) -> None:
    told = operator.types("history")
    assert (told.code, told.stdout) == (0, "")
    assert told.stderr == "nothing has run yet: tfreconcile once\n"


def test_history_tells_passes_plans_and_applies(operator: Operator) -> None:
    _ran(operator)
    told = operator.types("history").stdout
    assert "running" in told
    assert "AwaitingApproval" in told
    assert MARK[:12] in told
    assert "delete aws_s3_bucket.b: failed (BucketNotEmpty)" in told
    assert "policy" in told


def test_history_of_one_stack_leaves_the_others_out(operator: Operator) -> None:
    _ran(operator)
    document = operator.types("history", "archive", "-o", "json").json
    assert {one["stack"] for key in document for one in document[key]} == {"archive"}
    assert operator.types("history", "nobody").code == 2


def test_history_shows_as_many_as_were_asked_for(operator: Operator) -> None:
    _ran(operator)
    assert len(operator.types("history", "-n", "1", "-o", "json").json["passes"]) == 1


def test_the_history_document_has_its_keys(operator: Operator) -> None:
    _ran(operator)
    document = operator.types("history", "-o", "json").json
    assert document.keys() == {"passes", "plans", "applies"}
    turn = document["passes"][1]
    assert turn == {
        "id": 1,
        "stack": "archive",
        "started_at": "2026-11-21T12:00:00Z",
        "ended_at": "2026-11-21T12:00:09Z",
        "revision": HEAD,
        "outcome": "AwaitingApproval",
        "reason": "AwaitingApproval",
        "message": "a bucket",
        "plan": 1,
    }
    (plan,) = document["plans"]
    assert plan.keys() >= {
        "id",
        "stack",
        "created_at",
        "revision",
        "fingerprint",
        "state",
        "changes",
        "decision",
    }
    assert (plan["fingerprint"], plan["state"]) == (MARK, "failed")
    (apply,) = document["applies"]
    assert apply.keys() >= {
        "id",
        "stack",
        "plan",
        "started_at",
        "ended_at",
        "status",
        "approvals",
        "outcomes",
    }
    assert (apply["status"], apply["on_word_of"]) == ("failed", [])

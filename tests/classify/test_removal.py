"""Is a stack told as a whole when it goes, and a new one that is an old one?"""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.judged import CALM, assessed, change, fixture, planned

from tfreconcile.classify import removal
from tfreconcile.classify.model import HazardKind
from tfreconcile.plan.document import Kind, Output, Plan

REMOVED = replace(CALM, removed=True, max_destroys=0, max_destroy_percent=0)


def test_a_stack_that_goes_is_one_hazard_that_counts_and_names_its_kinds() -> None:
    queues = [change(Kind.DELETE, f"aws_sqs_queue.q{number}") for number in range(2)]
    found = removal.stack_removed(planned(*queues, change(Kind.DELETE, "aws_s3_bucket.b")))
    assert found is not None
    assert (found.kind, found.address) == (HazardKind.STACK_REMOVED, "")
    assert "all 3 resources (2 aws_sqs_queue, 1 aws_s3_bucket) would be destroyed" in found.detail


def test_a_stack_with_many_kinds_of_resources_counts_the_rest() -> None:
    kinds = [change(Kind.DELETE, f"aws_kind{number}.x") for number in range(7)]
    found = removal.stack_removed(planned(*kinds))
    assert found is not None
    assert "and 2 more types" in found.detail


@pytest.mark.parametrize("plan", [planned(), planned(change(Kind.NO_OP)), planned(change(Kind.READ))])
def test_a_stack_of_which_nothing_is_left_is_no_hazard(plan: Plan) -> None:
    assert removal.stack_removed(plan) is None


def test_outputs_alone_are_enough() -> None:
    plan = replace(planned(), outputs=(Output(name="o", actions=("delete",)),))
    assert removal.stack_removed(plan) is not None


def test_a_stack_that_goes_is_not_measured_by_its_share() -> None:
    found = assessed(fixture("destroy_all"), known=REMOVED)
    assert [hazard.kind for hazard in found.hazards] == [HazardKind.STACK_REMOVED]
    kinds = {hazard.kind for item in found.changes for hazard in item.hazards}
    assert HazardKind.DESTROY in kinds


def test_a_renamed_stack_says_from_which_and_what_to_do() -> None:
    found = removal.renamed(planned(change(Kind.CREATE)), "orders")
    assert found is not None
    assert found.kind is HazardKind.RENAMED
    assert "the stack orders left Git" in found.detail
    assert "would create 1 resource again; move the state first, or name it orders" in found.detail


@pytest.mark.parametrize(
    ("former", "prior", "kind"),
    [
        pytest.param(None, 0, Kind.CREATE, id="no former stack"),
        pytest.param("orders", 3, Kind.CREATE, id="its state is there"),
        pytest.param("orders", 0, Kind.NO_OP, id="nothing to create"),
    ],
)
def test_a_stack_that_would_make_nothing_twice_is_no_renamed_one(
    former: str | None, prior: int, kind: Kind
) -> None:
    assert removal.renamed(planned(change(kind), prior=prior), former) is None


def test_a_state_that_may_be_that_of_another_stack_is_told() -> None:
    found = removal.stack_removed(planned(change(Kind.DELETE)), "zzz")
    assert found is not None
    assert found.detail.endswith("nobody can tell whether zzz keeps its state in the same place")

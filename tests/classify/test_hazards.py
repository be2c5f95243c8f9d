"""What in a plan could hurt."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.judged import CALM, assessed, change, fixture, planned, strayed

from tfreconcile.classify.catalogue import HAZARDS
from tfreconcile.classify.hazards import change_hazards, plan_hazards
from tfreconcile.classify.model import DriftKind, HazardKind
from tfreconcile.plan.document import Change, Kind


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("create", []),
        ("update_in_place", []),
        ("replace_destroy_first", ["replace"]),
        ("replace_create_first", ["replace"]),
        ("replace_triggered", ["replace"]),
        ("replace_by_request", ["replace"]),
        ("replace_tainted", ["replace"]),
        ("delete_removed_from_config", ["destroy"]),
        ("delete_module_removed", ["destroy"]),
        ("delete_count_reduced", ["destroy", "destroy"]),
        ("delete_each_key", ["destroy"]),
        ("delete_wrong_repetition", ["destroy"]),
        ("destroy_all", ["destroy", "destroy"]),
        ("stateful_delete", ["destroy", "stateful"]),
        ("forget", ["forget"]),
        ("move", []),
        ("move_and_update", []),
        ("import", []),
        ("drift_deleted", []),
        ("data_read_deferred", []),
        ("output_only", []),
        ("unknown_after_apply", []),
        ("iam_widened", ["iam"]),
        ("more/42_no_move_target", ["destroy"]),
        ("more/44_partial_create_tainted", ["replace"]),
        ("more/47_deposed", ["destroy"]),
        ("more/39_prevent_destroy", ["replace"]),
    ],
)
def test_real_runs_have_the_hazards_that_were_made(name: str, expected: list[str]) -> None:
    found = assessed(fixture(name))
    assert [str(hazard.kind) for item in found.changes for hazard in item.hazards] == expected
    assert found.hazards == ()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "replace_destroy_first",
            "aws_sqs_queue.r would be destroyed, then created again (it cannot be changed in place: name)",
        ),
        (
            "replace_create_first",
            "aws_sqs_queue.r would be created anew, then the old one destroyed "
            "(it cannot be changed in place: name)",
        ),
        (
            "replace_tainted",
            "terraform_data.a would be destroyed, then created again "
            "(an earlier create failed half-way and left it tainted)",
        ),
        ("delete_count_reduced", "terraform_data.c[1] would be destroyed (count became smaller)"),
        (
            "forget",
            "terraform_data.f would leave the state and go on existing, managed by nobody "
            "(its block left the code)",
        ),
        (
            "more/47_deposed",
            "aws_sqs_queue.q would lose its deposed object 34ad5590, the leftover of an earlier replacement",
        ),
    ],
)
def test_a_hazard_says_in_a_sentence_what_happens_to_what(name: str, sentence: str) -> None:
    first = next(hazard for item in assessed(fixture(name)).changes for hazard in item.hazards)
    assert first.detail == sentence
    assert first.address in sentence


@pytest.mark.parametrize(
    ("planned_change", "drift", "expected"),
    [
        pytest.param(
            change(Kind.REPLACE, "aws_s3_bucket.b"), None, ["replace", "stateful"], id="replaced bucket"
        ),
        pytest.param(change(Kind.CREATE, "aws_s3_bucket.b"), None, [], id="new bucket"),
        pytest.param(change(Kind.CREATE, "aws_s3_bucket.b"), DriftKind.GONE, ["stateful"], id="bucket gone"),
        pytest.param(change(Kind.CREATE, "aws_sqs_queue.q"), DriftKind.GONE, [], id="queue gone"),
        pytest.param(
            change(Kind.FORGET, "aws_s3_bucket.b"), None, ["forget"], id="forgotten bucket keeps data"
        ),
        pytest.param(
            change(Kind.DELETE, "aws_s3_bucket.b", deposed="00"), None, ["destroy", "stateful"], id="deposed"
        ),
        pytest.param(
            change(Kind.REPLACE, actions=("forget", "create")), None, ["replace", "forget"], id="abandoned"
        ),
        pytest.param(change(Kind.ACTION, "action.aws_lambda_invoke.x"), None, ["action"], id="action"),
        pytest.param(change(Kind.UNKNOWN), None, ["unknown-action"], id="unknown word"),
        pytest.param(change(Kind.UPDATE, "aws_s3_bucket.b"), DriftKind.REVERTING, [], id="update"),
    ],
)
def test_a_change_has_the_hazards_of_its_kind_and_type(
    planned_change: Change, drift: DriftKind | None, expected: list[str]
) -> None:
    assert [str(hazard.kind) for hazard in change_hazards(planned_change, drift, CALM)] == expected


def test_a_bucket_deleted_outside_is_not_made_again_without_a_word() -> None:
    gone = strayed({"bucket": "b"}, None, "aws_s3_bucket.b")
    found = assessed(planned(change(Kind.CREATE, "aws_s3_bucket.b", after={"bucket": "b"}), drift=(gone,)))
    (hazard,) = found.changes[0].hazards
    assert hazard.kind is HazardKind.STATEFUL
    assert "deleted outside" in hazard.detail


def test_the_host_says_what_else_holds_data() -> None:
    known = replace(CALM, stateful=frozenset({"aws_sqs_*"}))
    kinds = [hazard.kind for hazard in change_hazards(change(Kind.DELETE), None, known)]
    assert kinds == [HazardKind.DESTROY, HazardKind.STATEFUL]


def test_a_moved_backend_is_a_hazard_of_the_plan() -> None:
    (hazard,) = plan_hazards(planned(), replace(CALM, backend_moved=True))
    assert (hazard.kind, hazard.address) == (HazardKind.BACKEND_MOVED, "")


def test_an_empty_state_of_a_stack_that_had_resources_is_a_hazard() -> None:
    (hazard,) = plan_hazards(fixture("empty_state"), replace(CALM, had_resources=3))
    assert hazard.kind is HazardKind.EMPTY_STATE
    assert "3 resources" in hazard.detail
    assert plan_hazards(fixture("empty_state"), CALM) == ()


@pytest.mark.parametrize(
    "name", ["more/15_drift_deleted", "drift_deleted", "update_in_place", "delete_each_key"]
)
def test_a_state_that_still_speaks_is_not_empty(name: str) -> None:
    assert plan_hazards(fixture(name), replace(CALM, had_resources=3)) == ()


@pytest.mark.parametrize(
    ("lost", "prior", "count", "percent", "expected"),
    [
        pytest.param(10, 100, 10, 50, False, id="at both limits"),
        pytest.param(11, 100, 10, 50, True, id="one over the count"),
        pytest.param(2, 4, 10, 50, False, id="half"),
        pytest.param(3, 4, 10, 50, True, id="over half"),
        pytest.param(3, 3, 10, 50, False, id="too few for shares"),
        pytest.param(0, 100, 0, 0, False, id="nothing goes"),
        pytest.param(1, 100, 0, 50, True, id="none may go"),
    ],
)
@pytest.mark.parametrize("kind", [Kind.DELETE, Kind.REPLACE, Kind.FORGET], ids=str)
def test_the_blast_radius_has_limits_by_count_and_by_share(
    kind: Kind, lost: int, prior: int, count: int, percent: int, expected: bool
) -> None:
    plan = planned(*(change(kind, f"aws_sqs_queue.q{number}") for number in range(lost)), prior=prior)
    known = replace(CALM, max_destroys=count, max_destroy_percent=percent)
    assert [hazard.kind for hazard in plan_hazards(plan, known)] == [HazardKind.BLAST_RADIUS] * expected


def test_every_kind_of_hazard_is_described() -> None:
    assert set(HAZARDS) == set(HazardKind)
    assert all(sentence.endswith(".") for sentence in HAZARDS.values())

"""What kind of plan it is, put together."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.judged import PLANS, assessed, change, fixture, planned, rule, strayed

from tfreconcile.classify.model import Cause, DriftKind, HazardKind
from tfreconcile.plan.document import Change, Json, Kind

WAS: Json = {"capacity": 2, "name": "q"}
IS: Json = {"capacity": 7, "name": "q"}
QUIET = (rule("*", "capacity"),)


def test_only_what_does_something_is_listed() -> None:
    found = assessed(fixture("drift_deleted"))
    assert [item.change.address for item in found.changes] == ["aws_sqs_queue.gone"]
    assert assessed(fixture("more/32_data_read_dep_pending")).changes[0].change.mode == "managed"


def test_an_output_has_the_cause_of_the_inputs() -> None:
    plan = fixture("output_only")
    for inputs_changed, cause in ((True, Cause.GIT), (False, Cause.OTHER), (None, Cause.UNKNOWN)):
        (output,) = assessed(plan, inputs_changed=inputs_changed).outputs
        assert output.cause is cause


def test_a_deposed_object_has_no_part_in_the_drift_of_its_address() -> None:
    plan = planned(
        change(before=IS, after=WAS),
        change(Kind.DELETE, before=WAS, deposed="00ff00ff"),
        drift=(strayed(WAS, IS),),
    )
    current, leftover = assessed(plan).changes
    assert (current.cause, current.drift) == (Cause.DRIFT, DriftKind.REVERTING)
    assert (leftover.cause, leftover.drift) == (Cause.OTHER, None)


@pytest.mark.parametrize(
    ("after", "inputs_changed", "cause", "drift"),
    [
        pytest.param(WAS, False, Cause.DRIFT, DriftKind.SUPPRESSED, id="only ignored drift"),
        pytest.param(WAS, None, Cause.UNKNOWN, DriftKind.SUPPRESSED, id="only ignored drift, no git"),
        pytest.param({"capacity": 2, "name": "z"}, True, Cause.BOTH, DriftKind.SUPPRESSED, id="and a wish"),
        pytest.param(
            {"capacity": 2, "name": "z"}, None, Cause.UNKNOWN, DriftKind.REVERTING, id="perhaps a wish"
        ),
        pytest.param({"capacity": 7, "name": "z"}, True, Cause.GIT, DriftKind.INFORMATIONAL, id="left alone"),
    ],
)
def test_a_change_that_undoes_only_ignored_drift_is_suppressed(
    after: Json, inputs_changed: bool | None, cause: Cause, drift: DriftKind
) -> None:
    plan = planned(change(before=IS, after=after), drift=(strayed(WAS, IS),))
    (item,) = assessed(plan, inputs_changed=inputs_changed, ignore=QUIET).changes
    assert (item.cause, item.drift) == (cause, drift)


def test_a_quiet_rule_does_not_silence_a_hazard() -> None:
    gone = strayed({"bucket": "b"}, None, "aws_s3_bucket.b")
    plan = planned(change(Kind.CREATE, "aws_s3_bucket.b", after={"bucket": "b"}), drift=(gone,))
    (item,) = assessed(plan, ignore=(rule("*", "*"),)).changes
    assert item.drift is DriftKind.SUPPRESSED
    assert [hazard.kind for hazard in item.hazards] == [HazardKind.STATEFUL]


NAMES = sorted(
    str(path.relative_to(PLANS).with_suffix(""))
    for path in PLANS.rglob("*.json")
    if path.name != "index.json"
)


@pytest.mark.parametrize("name", [name for name in NAMES if "second/" not in name])
@pytest.mark.parametrize("inputs_changed", [True, False, None], ids=str)
def test_every_real_run_is_assessed_without_showing_a_secret(name: str, inputs_changed: bool | None) -> None:
    found = assessed(fixture(name), inputs_changed=inputs_changed)
    said = [hazard.detail for item in found.changes for hazard in item.hazards] + [repr(found.drift)]
    assert not any("EXAMPLE-SECRET" in text for text in said)
    assert all((item.cause is Cause.UNKNOWN) == (inputs_changed is None) for item in found.changes)


KINDS = [Kind.CREATE, Kind.UPDATE, Kind.REPLACE, Kind.DELETE, Kind.FORGET, Kind.ACTION, Kind.UNKNOWN]
CHANGES = st.builds(
    change, st.sampled_from(KINDS), st.sampled_from(["aws_sqs_queue.q", "aws_s3_bucket.b", "py_x.y"])
)
DANGEROUS = {Kind.REPLACE, Kind.DELETE, Kind.FORGET, Kind.ACTION, Kind.UNKNOWN}


@given(st.lists(CHANGES, max_size=4), st.sampled_from([True, False, None]))
@settings(max_examples=100, deadline=None)
def test_whatever_takes_away_or_is_not_understood_has_a_hazard(
    changes: list[Change], inputs_changed: bool | None
) -> None:
    found = assessed(planned(*changes), inputs_changed=inputs_changed)
    assert len(found.changes) == len(changes)
    for item in found.changes:
        assert bool(item.hazards) == (item.change.kind in DANGEROUS)

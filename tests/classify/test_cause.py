"""Why a change is in a plan."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.judged import change, fixture, strayed

from tfreconcile.classify.cause import cause_of, only_reverts
from tfreconcile.classify.model import Cause, DriftKind
from tfreconcile.classify.paths import changed_paths
from tfreconcile.classify.readback import RealDrift, real_drift
from tfreconcile.plan.document import Address, Change, Json, Kind

WAS: Json = {"size": 1, "name": "q"}
IS: Json = {"size": 9, "name": "q"}
DRIFT = RealDrift(strayed(WAS, IS), frozenset({("size",)}))
GONE = RealDrift(strayed(WAS, None))


def update(after: Json, unknown: Json = False) -> Change:
    """An update that finds the drifted value."""
    return change(before=IS, after=after, unknown=unknown)


def forced(path: str, after: Json) -> Change:
    """A replacement that one attribute forces."""
    return replace(
        change(Kind.REPLACE, before={**_members(IS), "id": "i"}, after=after, unknown={"id": True}),
        replace_paths=((path,),),
    )


def _members(value: Json) -> dict[str, Json]:
    assert isinstance(value, dict)
    return value


REVERTING, INFORMATIONAL = DriftKind.REVERTING, DriftKind.INFORMATIONAL
CASES = [
    # change, drift, cause when inputs changed, cause when not, drift kind
    pytest.param(update({"size": 1, "name": "q"}), DRIFT, "both", "drift", REVERTING, id="pure revert"),
    pytest.param(update({"size": 1, "name": "z"}), DRIFT, "both", "both", REVERTING, id="revert and a wish"),
    pytest.param(update({"size": 5, "name": "q"}), DRIFT, "both", "both", REVERTING, id="a third value"),
    pytest.param(
        update({"size": 1}, {"name": True}), DRIFT, "both", "drift", REVERTING, id="a computed value follows"
    ),
    pytest.param(update({"name": "q"}, {"size": True}), DRIFT, "both", "both", REVERTING, id="not known yet"),
    pytest.param(update({"size": 9, "name": "z"}), DRIFT, "git", "other", INFORMATIONAL, id="disjoint"),
    pytest.param(update({"size": 1, "name": "q"}), None, "git", "other", None, id="no drift"),
    pytest.param(
        replace(update(WAS), previous_address=Address("aws_sqs_queue.p")),
        DRIFT,
        "both",
        "both",
        REVERTING,
        id="moved too",
    ),
    pytest.param(forced("size", WAS), DRIFT, "both", "drift", REVERTING, id="drift forces replacement"),
    pytest.param(forced("name", WAS), DRIFT, "both", "both", REVERTING, id="something else forces it"),
    pytest.param(
        forced("name", {"size": 9, "name": "z"}),
        DRIFT,
        "both",
        "other",
        INFORMATIONAL,
        id="replaced as it is",
    ),
    pytest.param(change(Kind.DELETE, before=IS), DRIFT, "both", "other", INFORMATIONAL, id="destroyed"),
    pytest.param(change(Kind.FORGET, before=IS), DRIFT, "both", "other", INFORMATIONAL, id="forgotten"),
    pytest.param(
        change(Kind.MOVE, before=IS, after=IS), DRIFT, "git", "other", INFORMATIONAL, id="only moved"
    ),
    pytest.param(
        change(Kind.CREATE, after=WAS), GONE, "both", "drift", DriftKind.GONE, id="made again as it was"
    ),
    pytest.param(
        change(Kind.CREATE, after={"size": 1}, unknown={"name": True}),
        GONE,
        "both",
        "drift",
        DriftKind.GONE,
        id="made again, some of it not known yet",
    ),
    pytest.param(
        change(Kind.CREATE, after={"size": 2, "name": "q"}),
        GONE,
        "both",
        "both",
        DriftKind.GONE,
        id="made again in another size",
    ),
    pytest.param(change(Kind.NO_OP), GONE, "git", "other", INFORMATIONAL, id="gone and not wanted back"),
    pytest.param(change(Kind.ACTION), None, "git", "other", None, id="action"),
]


@pytest.mark.parametrize(("planned", "drift", "changed", "unchanged", "kind"), CASES)
def test_a_change_is_joined_with_the_drift_of_its_address(
    planned: Change, drift: RealDrift | None, changed: str, unchanged: str, kind: DriftKind | None
) -> None:
    assert cause_of(planned, drift, True) == (Cause(changed), kind)
    assert cause_of(planned, drift, False) == (Cause(unchanged), kind)


@pytest.mark.parametrize(("planned", "drift", "changed", "unchanged", "kind"), CASES)
def test_without_git_the_cause_is_unknown_and_the_drift_is_told(
    planned: Change, drift: RealDrift | None, changed: str, unchanged: str, kind: DriftKind | None
) -> None:
    assert cause_of(planned, drift, None) == (Cause.UNKNOWN, kind)


@pytest.mark.parametrize(
    ("name", "changed", "unchanged", "kind"),
    [
        ("drift_changed_reverting", "both", "drift", REVERTING),
        ("drift_and_config", "both", "both", REVERTING),
        ("drift_deleted", "both", "drift", DriftKind.GONE),
        ("more/15_drift_deleted", "both", "drift", DriftKind.GONE),
        ("more/16_drift_attr", "both", "drift", REVERTING),
        ("update_in_place", "git", "other", None),
        ("protection_removed_rds", "git", "other", None),
        ("exposure_open_ssh", "git", "other", None),
    ],
)
def test_real_runs_have_the_cause_that_was_made(
    name: str, changed: str, unchanged: str, kind: DriftKind | None
) -> None:
    plan = fixture(name)
    one = next(item for item in plan.changes if item.kind is not Kind.NO_OP)
    drift = real_drift(plan).get(one.address)
    assert cause_of(one, drift, True) == (Cause(changed), kind)
    assert cause_of(one, drift, False) == (Cause(unchanged), kind)


def test_a_value_whose_drift_was_only_read_back_is_no_revert() -> None:
    read_back = RealDrift(strayed({"size": 1, "etag": "a"}, {"size": 9, "etag": "b"}), frozenset({("size",)}))
    planned = change(before={"size": 9, "etag": "b"}, after={"size": 1, "etag": "a"})
    assert cause_of(planned, read_back, True) == (Cause.BOTH, REVERTING)


SMALL = st.fixed_dictionaries({key: st.integers(0, 2) for key in "abc"})
MASKS = st.dictionaries(st.sampled_from("abc"), st.just(True))


@given(was=SMALL, world=SMALL, wanted=SMALL, mask=MASKS)
@settings(max_examples=300, deadline=None)
def test_what_git_may_have_asked_for_is_never_called_drift(
    was: dict[str, int], world: dict[str, int], wanted: dict[str, int], mask: dict[str, bool]
) -> None:
    before: Json = {**world}
    known: Json = {key: value for key, value in wanted.items() if key not in mask}
    drift = RealDrift(strayed({**was}, before), changed_paths({**was}, before))
    planned = change(before=before, after=known, unknown={**mask})
    real = drift if drift.paths else None
    assert cause_of(planned, real, True)[0] in (Cause.GIT, Cause.BOTH)
    cause, _ = cause_of(planned, real, False)
    moved = {key for key in "abc" if key in mask or wanted[key] != world[key]}
    restores = bool(moved) and all(key not in mask and wanted[key] == was[key] for key in moved)
    assert not restores or cause is Cause.DRIFT
    assert only_reverts(planned, drift) == restores

"""What holds for every plan: nothing moves, nothing is found; and nothing that a plan says makes it fail."""

from __future__ import annotations

import time
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from support.judged import assessed, change, planned
from support.plans import JUNK, NAMES, plan

from tfreconcile.classify.context import context_hazards
from tfreconcile.classify.model import HazardKind
from tfreconcile.classify.sizes import Limits
from tfreconcile.classify.watched import WATCHED
from tfreconcile.plan.document import Address, Change, Json, Kind

TYPES = sorted(
    {type_.replace("*", "x") for rules in WATCHED.values() for rule in rules for type_ in rule.types}
)
NAMES_OF = sorted(
    {
        part
        for rules in WATCHED.values()
        for rule in rules
        for part in (*rule.names, *rule.sources, *rule.only)
    }
)
CRITICAL = Limits(factor=1.0, critical=True)
_VALUES = st.one_of(
    st.sampled_from([True, False, 0, 7, -1, None, "", "*", "0.0.0.0/0", "allUsers", "t3.micro", "Enabled"]),
    st.sampled_from(['{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}']),
    JUNK,
)
OBJECTS: st.SearchStrategy[Json] = st.recursive(
    _VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES_OF), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(TYPES), OBJECTS, st.sampled_from([Kind.UPDATE, Kind.REPLACE, Kind.IMPORT]))
def test_what_is_equal_before_and_after_is_no_hazard(type_: str, value: Json, kind: Kind) -> None:
    same = change(kind, f"{type_}.x", before=value, after=value)
    assert context_hazards(same, CRITICAL, None) == ()


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(TYPES),
    OBJECTS,
    OBJECTS,
    OBJECTS,
    st.sampled_from([Kind.CREATE, Kind.UPDATE, Kind.REPLACE, Kind.DELETE, Kind.FORGET]),
)
def test_no_value_of_any_shape_makes_it_fail(
    type_: str, before: Json, after: Json, unknown: Json, kind: Kind
) -> None:
    moved = change(kind, f"{type_}.x", before=before, after=after, unknown=unknown)
    for hazard in context_hazards(moved, CRITICAL, frozenset(NAMES_OF)):
        assert hazard.detail.startswith(f"{type_}.x: ")


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(TYPES), OBJECTS)
def test_a_new_resource_loses_no_protection_and_no_capacity(type_: str, value: Json) -> None:
    made = change(Kind.CREATE, f"{type_}.x", after=value)
    kinds = {hazard.kind for hazard in context_hazards(made, CRITICAL, None)}
    assert not kinds & {HazardKind.PROTECTION_REMOVED, HazardKind.SCALE}


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(TYPES), st.dictionaries(st.sampled_from(NAMES_OF), _VALUES, max_size=4), st.data())
def test_nothing_that_is_marked_is_told(type_: str, value: dict[str, Json], data: st.DataObject) -> None:
    secret = "EXAMPLE-SECRET-VALUE"
    name = data.draw(st.sampled_from(NAMES_OF))
    texts: list[Json] = [secret, [secret], f'{{"Statement": [{{"Effect": "Allow", "Action": "{secret}*"}}]}}']
    moved = change(
        data.draw(st.sampled_from([Kind.CREATE, Kind.UPDATE])),
        f"{type_}.x",
        before=value,
        after={**value, name: data.draw(st.sampled_from(texts))},
    )
    for masks in ({"after_sensitive": True}, {"before_sensitive": {name: True}}):
        marked = Change(**{**vars(moved), **masks})
        assert all(secret not in hazard.detail for hazard in context_hazards(marked, CRITICAL, None))


def test_older_plans_of_real_runs_have_hazards_by_values_only_where_they_were_made() -> None:
    by_values = {HazardKind.PROTECTION_REMOVED, HazardKind.EXPOSURE, HazardKind.IAM, HazardKind.SCALE}
    found = {
        name
        for name in NAMES
        if not name.startswith("hazards/")
        for item in assessed(plan(name)).changes
        if by_values & {hazard.kind for hazard in item.hazards}
    }
    assert found == {
        "exposure_open_ssh",
        "exposure_public_bucket",
        "iam_widened",
        "protection_removed",
        "protection_removed_rds",
    }


def test_a_plan_of_five_thousand_changes_is_judged_in_less_than_a_second() -> None:
    names = ("hazards/sg_inline_opened", "hazards/key_policy_public", "hazards/rds_backups_shortened")
    samples = [found.changes[0] for found in map(plan, names)]
    found = planned(
        *(
            replace(sample, address=Address(f"{sample.address}[{number}]"))
            for number in range(1, 1667)
            for sample in samples
        ),
        prior=5000,
    )
    begun = time.process_time()
    hazards = [context_hazards(one, Limits(), None) for one in found.changes]
    assert time.process_time() - begun < 1.0
    assert all(hazards)

"""Who gets a turn when there are more signed tags than can be judged?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.remembered import KEY, NOON

from tfreconcile.gate.tags import Named
from tfreconcile.reconcile import turns
from tfreconcile.reconcile.turns import Order, taken
from tfreconcile.source import tags
from tfreconcile.source.signers import Untrusted
from tfreconcile.source.tags import Tag, TagRef

PENDING, OTHER = "a" * 12, "b" * 12
CONTENT = "object {}\ntype commit\ntag x\ntagger A <a@b.c> 1767323045 +0000\n\nx\n".format("0" * 40)
GOOD = "good"


def _ref(label: str, digits: str = PENDING) -> TagRef:
    name = f"refs/tags/tfreconcile/approve/pay/{digits}-{label}"
    return TagRef(ref=name, object="0" * 40, kind="tag", size=1)


def _read(ref: TagRef) -> Tag:
    """Labels tell what is below a tag: u nothing, b what cannot be read, k the key of a signer."""
    label = ref.name.rpartition("-")[2]
    if label.startswith("b"):
        raise Untrusted("it is broken")
    kind = "" if label.startswith("u") else f"-----BEGIN SSH SIGNATURE-----\n{label}\n"
    return tags.parse(ref, (CONTENT + kind).encode())


def _order(moment: int = 0) -> Order:
    def is_known(armour: str) -> bool:
        return "\nk" in armour or GOOD in armour

    def is_pending(means: Named) -> bool:
        return means.digits == PENDING

    now = NOON + timedelta(minutes=moment)
    return Order(is_pending=is_pending, is_known=is_known, key=KEY, now=now)


def _heard(new: list[TagRef], moment: int = 0) -> list[str]:
    return [one.name for one, _ in taken(new, _read, _order(moment)).signed]


def test_plans_that_wait_come_before_keys_that_are_known() -> None:
    new = [_ref("s", OTHER), _ref("k", OTHER), _ref("s"), _ref("k")]
    assert _heard(new) == [one.name for one in (_ref("k"), _ref("s"), _ref("k", OTHER), _ref("s", OTHER))]


def test_equals_are_judged_by_name_when_all_of_them_have_a_turn() -> None:
    new = [_ref(f"k{number:03d}") for number in range(turns.VERIFIED)]
    assert _heard(new[::-1]) == [one.name for one in new]


@pytest.mark.parametrize(
    ("ref", "why"),
    [
        (_ref("u"), "it is not signed"),
        (_ref("b"), "it is broken"),
        (TagRef(ref="refs/tags/tfreconcile/x", object="0" * 40, kind="tag", size=1), "its name is no word"),
    ],
    ids=["unsigned", "broken", "no name"],
)
def test_what_can_never_be_a_word_takes_no_turn(ref: TagRef, why: str) -> None:
    found = taken([ref], _read, _order())
    assert found.signed == ()
    assert [why in refused.reason for _, refused in found.refused] == [True]


def test_copies_of_a_known_key_cannot_keep_a_good_tag_from_being_heard_for_ever() -> None:
    good = _ref(GOOD)
    heard = 0
    for moment in range(12):
        junk = [_ref(f"k{moment}x{number}") for number in range(2 * turns.VERIFIED)]
        heard += good.name in _heard([*junk, good], moment)
    assert 1 <= heard < 12


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from("uksb"), max_size=30), st.integers(0, 500))
def test_every_tag_is_judged_or_refused_once(labels: list[str], moment: int) -> None:
    new = [_ref(f"{label}{number}") for number, label in enumerate(labels)]
    found = taken(new, _read, _order(moment))
    names = [one.name for one, _ in (*found.signed, *found.refused)]
    assert sorted(names) == sorted(one.name for one in new)

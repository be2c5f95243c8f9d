"""Does the message of a plan that waits follow what people say?"""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.judged import word

from tfreconcile.gate.model import Need, Requirement, Verdict
from tfreconcile.gate.weighing import Tally
from tfreconcile.observe.answers import GOES_ON, told, told_of_window
from tfreconcile.plan.document import Address

NEED = Need(None, Address(""), Requirement.APPROVE, "the freeze", required=2)


def _tally(given: int, *needs: Need) -> Tally:
    counted = tuple(replace(one, given=given) for one in needs)
    return Tally(needs=counted, given=given, required=2, counting=(), objections=())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (0, "approved by 0 of 2: tfreconcile approve net"),
        (1, "approved by 1 of 2: tfreconcile approve net"),
        (2, f"approved by 2 of 2: {GOES_ON}"),
    ],
)
def test_who_is_missing_is_counted_until_nobody_is(given: int, said: str) -> None:
    assert told("destroys a queue", "net", _tally(given, NEED), None) == f"destroys a queue; {said}"


@pytest.mark.parametrize(
    ("tally", "said"),
    [
        pytest.param(_tally(0), "", id="nobody may override it"),
        pytest.param(
            _tally(1, NEED),
            "; overridden by 1 of 2: tfreconcile approve net --override-window",
            id="one more is needed",
        ),
        pytest.param(_tally(2, NEED), f"; overridden by 2 of 2: {GOES_ON}", id="enough"),
    ],
)
def test_a_closed_window_counts_who_overrides_it(tally: Tally, said: str) -> None:
    assert told_of_window("the freeze", "net", tally, None) == f"the freeze{said}"


@pytest.mark.parametrize("tell", [told, told_of_window])
def test_a_no_is_told_in_place_of_a_count_and_only_once(tell: object) -> None:
    assert callable(tell)
    no = word(by="bo", number=3, verdict=Verdict.REJECT)
    lifted = "destroys a queue; rejected by bo: tfreconcile revoke net --id 3 lifts that"
    assert tell("destroys a queue", "net", _tally(0, NEED), no) == lifted
    known = "rejected by bo: not now; revoke the rejection or change Git"
    assert tell(known, "net", _tally(0, NEED), no) == known

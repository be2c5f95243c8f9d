"""Whom a network rule lets in."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.judged import change

from tfreconcile.classify.networks import is_wide, network_of, opens
from tfreconcile.classify.sides import Sides
from tfreconcile.classify.watched import Rule, When
from tfreconcile.plan.document import Json, Kind

RULE = Rule(
    types=("aws_security_group",),
    when=When.OPENS,
    why="why",
    attribute="ingress.*",
    sources=("cidrs",),
    protocol="protocol",
    low="low",
    high="high",
)


def _ingress(*rows: tuple[str, int, int, list[Json]]) -> Json:
    return {
        "ingress": [
            {"protocol": protocol, "low": low, "high": high, "cidrs": cidrs}
            for protocol, low, high, cidrs in rows
        ]
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.0.0.0/0", True),
        ("0.0.0.0/1", True),
        ("128.0.0.0/1", True),
        ("64.0.0.0/7", True),
        ("10.0.0.0/8", False),
        ("3.0.0.0/8", False),
        ("203.0.113.7", False),
        ("203.0.113.7/24", False),
        ("::/0", True),
        ("2000::/3", True),
        ("2001:db8::/32", False),
        ("fc00::/7", False),
        ("*", True),
        ("Internet", True),
    ],
)
def test_a_network_is_wide_when_it_is_more_than_one_of_the_largest_blocks(text: str, expected: bool) -> None:
    network = network_of(text)
    assert network is not None
    assert is_wide(network) is expected


@pytest.mark.parametrize("text", ["", "pl-123", "10.0.0.0/33", "0.0.0.0/0,10.0.0.0/8", "१.0.0.0/8"])
def test_a_text_that_is_no_network_is_none(text: str) -> None:
    assert network_of(text) is None


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param([], [("tcp", 22, 22, ["0.0.0.0/0"])], 1, id="new"),
        pytest.param([], [("tcp", 22, 22, ["10.0.0.0/8"])], 0, id="private"),
        pytest.param([], [("tcp", 22, 22, [])], 0, id="nobody"),
        pytest.param([("tcp", 22, 22, ["0.0.0.0/0"])], [("tcp", 22, 22, ["0.0.0.0/0"])], 0, id="as before"),
        pytest.param([("-1", 0, 0, ["0.0.0.0/0"])], [("tcp", 22, 22, ["0.0.0.0/0"])], 0, id="narrower"),
        pytest.param([("tcp", 22, 22, ["0.0.0.0/0"])], [("-1", 0, 0, ["0.0.0.0/0"])], 1, id="all ports"),
        pytest.param([("tcp", 53, 53, ["::/0"])], [("udp", 53, 53, ["::/0"])], 1, id="other protocol"),
        pytest.param([("6", 53, 53, ["::/0"])], [("tcp", 53, 53, ["::/0"])], 0, id="same by number"),
        pytest.param([("tcp", 1, 9, ["::/0"])], [("tcp", 1, 9, ["0.0.0.0/0"])], 1, id="other version"),
        pytest.param([("tcp", 1, 9, ["0.0.0.0/1"])], [("tcp", 1, 9, ["0.0.0.0/0"])], 1, id="wider"),
        pytest.param(
            [("tcp", 1, 9, ["0.0.0.0/1", "128.0.0.0/1"])],
            [("tcp", 1, 9, ["0.0.0.0/0"])],
            0,
            id="halves put together",
        ),
        pytest.param(
            [],
            [("tcp", 1, 9, [f"{number}.0.0.0/8"]) for number in range(256)],
            1,
            id="in 256 pieces",
        ),
        pytest.param([], [("tcp", 1, 9, ["nonsense"])], 1, id="nobody can tell"),
        pytest.param([], [("icmp", -1, -1, ["0.0.0.0/0"])], 1, id="icmp"),
    ],
)
def test_only_what_is_newly_open_to_the_world_counts(
    before: list[tuple[str, int, int, list[Json]]],
    after: list[tuple[str, int, int, list[Json]]],
    expected: int,
) -> None:
    moved = change(Kind.UPDATE, before=_ingress(*before), after=_ingress(*after))
    assert len(list(opens(RULE, Sides(moved)))) == expected


@pytest.mark.parametrize(
    ("after", "unknown"),
    [
        pytest.param({"ingress": [{"cidrs": []}]}, {"ingress": [{"cidrs": True}]}, id="the list"),
        pytest.param(
            {"ingress": [{"cidrs": ["10.0.0.0/8", None]}]}, {"ingress": [{"cidrs": [False, True]}]}, id="one"
        ),
        pytest.param({}, {"ingress": True}, id="the block"),
        pytest.param({"ingress": [{}]}, {"ingress": [True]}, id="an element"),
    ],
)
def test_what_is_not_known_yet_may_let_in_anybody(after: Json, unknown: Json) -> None:
    moved = change(Kind.CREATE, after=after, unknown=unknown)
    (sentence,) = opens(RULE, Sides(moved))
    assert "known only after apply" in sentence


def test_a_computed_block_that_the_code_does_not_give_says_nothing() -> None:
    moved = change(Kind.CREATE, after={}, unknown={"ingress": True})
    assert list(opens(RULE, Sides(moved, frozenset({"name"})))) == []
    assert len(list(opens(RULE, Sides(moved, frozenset({"name", "ingress"}))))) == 1


@given(st.ip_addresses(v=4), st.integers(8, 32))
def test_no_block_of_the_internet_is_wide_by_itself(address: object, prefix: int) -> None:
    assert not is_wide(ip_network(f"{address}/{prefix}", strict=False))

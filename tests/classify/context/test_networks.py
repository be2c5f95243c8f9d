"""Whom a network rule lets in."""

from __future__ import annotations

from decimal import Decimal
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.judged import change

from tfreconcile.classify.addresses import is_wide, network_of
from tfreconcile.classify.networks import opens
from tfreconcile.classify.sides import Sides
from tfreconcile.classify.totals import MOST_SPANS, opens_in_total
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


def _total(before: Json, after: Json) -> list[str]:
    return list(opens_in_total(RULE, Sides(change(Kind.UPDATE, before=before, after=after))))


_EIGHTS: list[Json] = [f"{number}.0.0.0/8" for number in range(0, 224, 2)]
_OURS: list[Json] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param([], [("tcp", 22, 22, _EIGHTS)], 1, id="every second block"),
        pytest.param([], [("tcp", 22, 22 + n, [each]) for n, each in enumerate(_EIGHTS)], 1, id="staggered"),
        pytest.param([], [("tcp", 22 + n, 22 + n, [each]) for n, each in enumerate(_EIGHTS)], 0, id="apart"),
        pytest.param([], [("tcp", 1, 9, ["3.0.0.0/8"]), ("-1", 0, 0, ["5.0.0.0/8"])], 1, id="all protocols"),
        pytest.param([], [("tcp", 1, 9, ["3.0.0.0/8"]), ("udp", 1, 9, ["5.0.0.0/8"])], 0, id="two protocols"),
        pytest.param([], [("tcp", 1, 9, ["3.0.0.0/8", "3.1.0.0/16"])], 0, id="one in another"),
        pytest.param([], [("tcp", 1, 9, _OURS)], 0, id="private"),
        pytest.param([], [("tcp", 1, 9, ["2001::/16", "2a00::/16"])], 1, id="IPv6"),
        pytest.param([("tcp", 1, 9, _EIGHTS)], [("tcp", 1, 9, _EIGHTS)], 0, id="as before"),
        pytest.param([("tcp", 1, 9, _EIGHTS)], [("tcp", 1, 9, _EIGHTS[1:])], 0, id="one less"),
        pytest.param([("tcp", 1, 9, _EIGHTS[1:])], [("tcp", 1, 9, _EIGHTS)], 1, id="one more"),
        pytest.param([("tcp", 1, 9, _EIGHTS)], [("tcp", 1, 10, _EIGHTS)], 1, id="one port more"),
        pytest.param([("-1", 0, 0, _EIGHTS)], [("tcp", 1, 9, _EIGHTS)], 0, id="fewer ports"),
    ],
)
def test_many_small_networks_are_one_large_one(
    before: list[tuple[str, int, int, list[Json]]],
    after: list[tuple[str, int, int, list[Json]]],
    expected: int,
) -> None:
    assert len(_total(_ingress(*before), _ingress(*after))) == expected


def test_more_spans_of_ports_than_can_be_told_apart_are_judged_as_one() -> None:
    rows: list[tuple[str, int, int, list[Json]]] = [
        ("tcp", 10 * n, 10 * n, [f"{1 + n % 9}.{n // 9}.0.0/16"]) for n in range(MOST_SPANS)
    ]
    many = _ingress(*rows, ("tcp", 1, 1, ["20.0.0.0/8"]))
    (sentence,) = _total({}, many)
    assert "some ports" in sentence
    assert _total(many, many) == []


def test_what_is_no_network_is_nothing_new_where_it_stood_before() -> None:
    same = _ingress(("tcp", 1, 9, ["nonsense"]))
    assert list(opens(RULE, Sides(change(Kind.UPDATE, before=same, after=same)))) == []


def test_a_port_of_a_million_digits_is_only_very_large() -> None:
    huge: Json = {"ingress": [{"protocol": "tcp", "low": 1, "high": Decimal("1e9999"), "cidrs": ["::/0"]}]}
    (sentence,) = opens(RULE, Sides(change(Kind.UPDATE, before={}, after=huge)))
    assert "ports 1-65535" in sentence


@given(st.ip_addresses(v=4), st.integers(8, 32))
def test_no_block_of_the_internet_is_wide_by_itself(address: object, prefix: int) -> None:
    assert not is_wide(ip_network(f"{address}/{prefix}", strict=False))

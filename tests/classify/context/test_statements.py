"""What a policy lets whom do, and what of it is new."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.judged import change

from tfreconcile.classify.conditions import Condition, conditions
from tfreconcile.classify.grants import GRANTS
from tfreconcile.classify.sides import Sides
from tfreconcile.classify.statements import read
from tfreconcile.classify.watched import Rule, When
from tfreconcile.plan.document import Json, Kind

ACCOUNT = "arn:aws:iam::123456789012:root"
TABLE = "arn:aws:dynamodb:eu-central-1:123456789012:table/orders"


def _found(when: When, before: object, after: object) -> list[str]:
    """The sentences of a rule over two lists of statements (None: no policy at all)."""
    rule = Rule(types=("x",), when=when, why="why", attribute="policy", values=("roles/owner",))
    moved = change(Kind.UPDATE, "x.y", before=_policy(before), after=_policy(after))
    return list(GRANTS[when](rule, Sides(moved)))


def _policy(statements: object) -> Json:
    return {"policy": None if statements is None else json.dumps({"Statement": statements})}


def _allow(**keys: object) -> dict[str, object]:
    return {"Effect": "Allow", **keys}


ANYBODY = _allow(Principal="*", Action="sqs:SendMessage", Resource="*")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(None, [ANYBODY], True, id="new"),
        pytest.param(None, ANYBODY, True, id="one statement without a list"),
        pytest.param(None, [{**ANYBODY, "Principal": {"AWS": ["*"]}}], True, id="any account"),
        pytest.param(None, [{**ANYBODY, "Principal": {"AWS": ACCOUNT}}], False, id="one account"),
        pytest.param(None, [{**ANYBODY, "Principal": {"Service": "sns.amazonaws.com"}}], False, id="service"),
        pytest.param(None, [_allow(NotPrincipal={"AWS": ACCOUNT}, Action="*")], True, id="all but one"),
        pytest.param(None, [{**ANYBODY, "Effect": "Deny"}], False, id="deny"),
        pytest.param([ANYBODY], [ANYBODY], False, id="as before"),
        pytest.param([{**ANYBODY, "Action": "sqs:*"}], [ANYBODY], False, id="narrower action"),
        pytest.param([ANYBODY], [{**ANYBODY, "Action": "sqs:*"}], True, id="wider action"),
        pytest.param([{**ANYBODY, "Effect": "Deny"}], [ANYBODY], True, id="was denied"),
        pytest.param(
            [ANYBODY], [{**ANYBODY, "Action": ["sqs:SendMessage", "sqs:Purge"]}], True, id="one action more"
        ),
    ],
)
def test_a_policy_is_public_when_it_newly_lets_in_everybody(
    before: object, after: object, expected: bool
) -> None:
    assert bool(_found(When.PUBLIC, before, after)) is expected


@pytest.mark.parametrize(
    ("condition", "bounded"),
    [
        ({"StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}, True),
        ({"StringEquals": {"aws:PrincipalOrgID": ["o-abc1", "o-abc2"]}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:123456789012:*"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::my-bucket"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::my-bucket/*"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::my-bucket*"}}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::a*"}}, False),
        ({"StringEquals": {"aws:username": "deploy"}}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:*"}}, False),
        ({"StringLike": {"aws:PrincipalArn": "*"}}, False),
        ({"StringLike": {"aws:PrincipalOrgID": "o-*"}}, False),
        ({"StringLike": {"aws:userid": "AROAEXAMPLE:*"}}, True),
        ({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}}, True),
        ({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "0.0.0.0/0"]}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
        ({"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}}, True),
        ({"Bool": {"elasticfilesystem:AccessedViaMountTarget": False}}, False),
        ({"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}, False),
        ({"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1a2b3c4d"}}, False),
        ({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-abc1"}}, False),
        ({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-abc1234/r-ab12/*"}}, True),
        ({"StringEquals": {"aws:Referer": "https://www.example.com/"}}, False),
        ({"StringEquals": {"aws:SourceVpce": []}}, False),
        (
            {"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"aws:SourceAccount": "123456789012"}},
            True,
        ),
    ],
    ids=json.dumps,
)
def test_a_condition_keeps_out_strangers_only_when_it_names_somebody(
    condition: dict[str, object], bounded: bool
) -> None:
    limited = {**ANYBODY, "Condition": condition}
    assert bool(_found(When.PUBLIC, None, [limited])) is not bounded
    assert bool(_found(When.PUBLIC, [limited], [ANYBODY])) is True, "the condition goes away"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(None, [_allow(Action="*", Resource="*")], True, id="everything"),
        pytest.param(None, [_allow(Action="s3:*", Resource=TABLE)], True, id="a whole service"),
        pytest.param(None, [_allow(Action="s3:Get*", Resource="arn:aws:s3:::b/*")], False, id="reading"),
        pytest.param(None, [_allow(Action="s3:Put*", Resource="arn:aws:s3:::b/*")], True, id="writing"),
        pytest.param(None, [_allow(Action="s3:GetObject", Resource="*")], True, id="reading it all"),
        pytest.param(None, [_allow(Action="ec2:Describe*", Resource="*")], False, id="describing it all"),
        pytest.param(None, [_allow(Action=["S3:ListBucket"], Resource="*")], False, id="listing it all"),
        pytest.param(None, [_allow(Action="iam:PassRole", Resource="*")], True, id="any role"),
        pytest.param(
            None, [_allow(Action="iam:PassRole", Resource="arn:aws:iam::1:role/*")], True, id="role/*"
        ),
        pytest.param(
            None,
            [_allow(Action="iam:PassRole", Resource="arn:aws:iam::1:role/app-*")],
            False,
            id="role/app-*",
        ),
        pytest.param(
            None, [_allow(Action="sqs:SendMessage", Resource="arn:aws:sqs:*:1:*")], True, id="queues"
        ),
        pytest.param(None, [_allow(Action="sqs:SendMessage", NotResource=TABLE)], True, id="not resource"),
        pytest.param(None, [_allow(NotAction="iam:*", Resource=TABLE)], True, id="not action"),
        pytest.param(None, [{"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}], False, id="deny"),
        pytest.param(None, [_allow(Action="*:*", Resource=TABLE)], True, id="any service"),
        pytest.param(
            [_allow(Action="*", Resource="*")],
            [_allow(NotAction="iam:*", Resource="*")],
            False,
            id="narrowed",
        ),
        pytest.param(
            [_allow(NotAction=["iam:*"], Resource="*")],
            [_allow(NotAction=["iam:*", "sts:*"], Resource="*")],
            False,
            id="more left out",
        ),
        pytest.param(
            [_allow(NotAction=["iam:*", "sts:*"], Resource="*")],
            [_allow(NotAction=["iam:*"], Resource="*")],
            True,
            id="less left out",
        ),
        pytest.param(
            [_allow(Action="s3:*", Resource="*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})],
            [_allow(Action="s3:*", Resource="*")],
            True,
            id="condition dropped",
        ),
        pytest.param(
            [_allow(Action="s3:*", Resource="*")],
            [_allow(Action="s3:*", Resource="*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})],
            False,
            id="condition added",
        ),
    ],
)
def test_wildcards_count_where_they_are_new_and_matter(before: object, after: object, expected: bool) -> None:
    assert bool(_found(When.WIDE, before, after)) is expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(None, {"Service": "ec2.amazonaws.com"}, 0, id="service"),
        pytest.param(None, {"AWS": ACCOUNT}, 1, id="account"),
        pytest.param(None, {"AWS": [ACCOUNT, "999999999999"]}, 2, id="two accounts"),
        pytest.param(None, "*", 1, id="anybody"),
        pytest.param(None, {"Federated": "cognito-identity.amazonaws.com"}, 1, id="federated"),
        pytest.param({"AWS": ACCOUNT}, {"AWS": ACCOUNT, "Service": "ec2.amazonaws.com"}, 0, id="as before"),
        pytest.param("*", {"AWS": ACCOUNT}, 0, id="narrowed"),
        pytest.param({"AWS": ACCOUNT}, "*", 1, id="widened"),
    ],
)
def test_a_way_in_is_anybody_new_who_is_no_service(before: object, after: object, expected: int) -> None:
    def trust(who: object) -> object:
        return None if who is None else [_allow(Action="sts:AssumeRole", Principal=who)]

    assert len(_found(When.TRUSTS, trust(before), trust(after))) == expected


NOT_OUTSIDE = {"StringNotEquals": {"aws:PrincipalOrgID": "o-abcdefgh12"}}
DENY = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": NOT_OUTSIDE}
ALL = _allow(Action="*", Resource="*")
NO_IAM = {"Effect": "Deny", "Action": ["iam:*", "organizations:*"], "Resource": "*"}
TRUST = _allow(Action="sts:AssumeRole", Principal={"AWS": ACCOUNT})
NO_TRUST = {"Effect": "Deny", "Action": "sts:*", "Principal": {"AWS": "123456789012"}}


@pytest.mark.parametrize(
    ("when", "before", "after", "expected"),
    [
        pytest.param(When.PUBLIC, [ANYBODY, DENY], [ANYBODY], True, id="taken away"),
        pytest.param(
            When.PUBLIC,
            [ANYBODY, DENY],
            [ANYBODY, {**DENY, "Condition": {**NOT_OUTSIDE, "Bool": {"aws:SecureTransport": "false"}}}],
            True,
            id="under one condition more",
        ),
        pytest.param(When.PUBLIC, [ANYBODY, DENY], [ANYBODY, {**DENY, "Action": "s3:*"}], True, id="of less"),
        pytest.param(When.PUBLIC, [ANYBODY, DENY], [DENY, ANYBODY], False, id="in another order"),
        pytest.param(When.PUBLIC, [ANYBODY], [ANYBODY, DENY], False, id="added"),
        pytest.param(When.PUBLIC, [ANYBODY, DENY], [DENY], False, id="nothing is left to deny"),
        pytest.param(
            When.PUBLIC, [ANYBODY, {**DENY, "Action": "s3:*"}], [ANYBODY], False, id="of something else"
        ),
        pytest.param(When.WIDE, [ALL, NO_IAM], [ALL], True, id="of an identity"),
        pytest.param(When.WIDE, [ALL, NO_IAM], [ALL, {**NO_IAM, "Action": "iam:*"}], True, id="one less"),
        pytest.param(
            When.WIDE, [ALL, NO_IAM], [ALL, {**NO_IAM, "Action": "*"}], False, id="one that denies more"
        ),
        pytest.param(When.TRUSTS, [TRUST, NO_TRUST], [TRUST], True, id="of a trust policy"),
        pytest.param(
            When.PUBLIC,
            [ANYBODY, {**DENY, "Condition": {"StringEquals": {"k": []}}}],
            [{**DENY, "Condition": {"StringEquals": {"k": []}}}, ANYBODY],
            False,
            id="as strange as before",
        ),
    ],
)
def test_denying_less_is_a_hazard_where_something_alarming_stays_allowed(
    when: When, before: object, after: object, expected: bool
) -> None:
    found = _found(when, before, after)
    assert bool(found) is expected
    assert all("no longer denies" in sentence for sentence in found)


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        *((one, True) for one in ("*", "**", "?*", "*/*", "a*", "${*}", "arn:*", "arn:aws:*")),
        ("arn:aws:s3:::*", True),
        ("arn:aws:s3:::?*", True),
        ("arn:aws:s3:::*/*", True),
        ("arn:aws:s3:::a*", True),
        ("arn:aws:s3:::*-logs/*", True),
        ("arn:aws:iam::1:role/*", True),
        ("arn:aws:iam::1:user/?*", True),
        ("arn:aws:iam::*:role/app", True),
        ("arn:aws:iam::1:*/app", True),
        ("arn:aws:s3:::b/*", False),
        ("arn:aws:s3:::shop-*/*", False),
        ("arn:aws:iam::1:role/app-*", False),
        ("arn:aws:sqs:*:123456789012:orders", False),
        ("arn:aws:apigateway:eu-central-1::/restapis/*", False),
    ],
)
def test_a_resource_is_wide_when_its_wildcard_leaves_open_whose_it_is(resource: str, expected: bool) -> None:
    assert bool(_found(When.WIDE, None, [_allow(Action="x:Delete", Resource=resource)])) is expected


@pytest.mark.parametrize(
    "text",
    [
        *("{", "[]", "7", '{"version": "2012-10-17", "statement": []}', '{"Version": "2012-10-17"}'),
        '{"Statement": [{"Effect": "Allow", "principal": "*", "Action": "*"}]}',
        *('{"Statement": 7}', '{"Statement": [{"Effect": "Maybe"}]}', "[" * 5000),
    ],
)
def test_a_policy_that_nobody_can_read_is_a_hazard(text: str) -> None:
    rule = Rule(types=("x",), when=When.PUBLIC, why="why", attribute="policy")
    moved = change(Kind.UPDATE, "x.y", before={"policy": "{}"}, after={"policy": text})
    (sentence,) = GRANTS[When.PUBLIC](rule, Sides(moved))
    assert "no policy that can be read" in sentence


def test_a_statement_with_too_many_parts_is_judged_as_a_whole() -> None:
    many = [f"s3:Action{number}" for number in range(300)]
    huge = [_allow(Action=many, Resource=[*(f"arn:aws:s3:::b{number}" for number in range(300)), "*"])]
    assert len(_found(When.WIDE, None, huge)) == 1


def test_roles_of_a_google_policy_count_when_they_are_new() -> None:
    rule = Rule(types=("x",), when=When.WIDE, why="why", attribute="policy", values=("roles/owner",))
    owner = json.dumps({"bindings": [{"role": "roles/owner", "members": ["user:ana@example.com"]}]})
    moved = change(Kind.UPDATE, "x.y", before={"policy": "{}"}, after={"policy": owner})
    (sentence,) = GRANTS[When.WIDE](rule, Sides(moved))
    assert "user:ana@example.com the role roles/owner" in sentence


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        (("stringequals", "k", {"a"}), ("stringequals", "k", {"a", "b"}), True),
        (("stringequals", "k", {"a", "b"}), ("stringequals", "k", {"a"}), False),
        (("stringnotequals", "k", {"a", "b"}), ("stringnotequals", "k", {"a"}), True),
        (("stringnotequals", "k", {"a"}), ("stringnotequals", "k", {"a", "b"}), False),
        (("stringequals", "k", {"a"}), ("stringequals", "j", {"a"}), False),
    ],
)
def test_fewer_alternatives_let_through_less_unless_they_are_what_is_kept_out(
    mine: tuple[str, str, set[str]], theirs: tuple[str, str, set[str]], expected: bool
) -> None:
    one, other = (Condition(operator, key, frozenset(values)) for operator, key, values in (mine, theirs))
    assert one.within(other) is expected


def test_conditions_of_a_strange_shape_are_none() -> None:
    assert conditions("x") is None
    assert conditions({"StringEquals": "x"}) is None
    assert conditions(None) == ()


_STATEMENT = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"])},
    optional={
        "Principal": st.sampled_from(["*", {"AWS": "*"}, {"AWS": ACCOUNT}, {"Service": "ec2.amazonaws.com"}]),
        "Action": st.lists(st.sampled_from(["*", "s3:*", "s3:GetObject", "iam:PassRole"]), max_size=3),
        "Resource": st.lists(st.sampled_from(["*", TABLE, "arn:aws:s3:::b/*"]), max_size=2),
        "Condition": st.sampled_from([{}, {"StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}]),
    },
)

_ALLOWING = _STATEMENT.map(lambda one: {**one, "Effect": "Allow"})


@settings(max_examples=200, deadline=None)
@given(st.lists(_STATEMENT, max_size=3), st.lists(_ALLOWING, max_size=3), st.sampled_from(sorted(GRANTS)))
def test_allowing_less_or_in_another_order_is_never_a_hazard(
    kept: list[dict[str, object]], gone: list[dict[str, object]], when: When
) -> None:
    assert _found(when, [*kept, *gone], list(reversed(kept))) == []


@settings(max_examples=100, deadline=None)
@given(st.lists(_STATEMENT, min_size=1, max_size=3))
def test_every_allowing_statement_is_within_itself(statements: list[dict[str, object]]) -> None:
    for one in read(json.dumps({"Statement": statements})).allowing:
        assert one.within(one)
        assert all(grant.within(one) for grant in one.grants())

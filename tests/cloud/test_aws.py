"""Who are we, as what role, and what do parameters hold? Against moto, with real child processes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, repeat

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.web import Asked, Reply, serving

from tfreconcile.cloud import aws
from tfreconcile.errors import ReconcileError, Stalled, Transient

CANARY = "EXAMPLE-SECRET-canary-0123456789"
ROLE = "arn:aws:iam::111122223333:role/payments-deployer"
WHO = b"""<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/a</Arn>
<Account>1</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"""


def error(status: int, code: str) -> Reply:
    """An error of STS that quotes a secret, which no real one does."""
    text = f"<ErrorResponse><Error><Code>{code}</Code><Message>no: {CANARY}</Message></Error></ErrorResponse>"
    return Reply(status, text.encode(), {"Content-Type": "text/xml"})


def whole_story(failure: BaseException | None) -> Iterator[str]:
    """All that a log could show of an exception and of those behind it."""
    while failure is not None:
        yield from (str(failure), repr(failure), repr(vars(failure)))
        failure = failure.__cause__ or failure.__context__


def put_parameters(env: dict[str, str], values: dict[str, str]) -> None:
    ssm = boto3.Session(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"]).client(
        "ssm", env["AWS_REGION"], endpoint_url=env["AWS_ENDPOINT_URL"]
    )
    for name, value in values.items():
        ssm.put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=True)


def test_we_are_who_aws_says(aws_env: dict[str, str]) -> None:
    found = aws.identity(aws_env)
    assert found.account == "123456789012"
    assert found.arn.startswith("arn:aws:sts::123456789012:")


def test_without_a_region_sts_is_asked_all_the_same(aws_env: dict[str, str]) -> None:
    del aws_env["AWS_REGION"]
    assert aws.identity(aws_env).account == "123456789012"


def test_a_role_gives_another_identity_with_the_stack_in_its_name(aws_env: dict[str, str]) -> None:
    assumed = aws.assume(aws_env, ROLE, "payments-prod")
    found = aws.identity(assumed)
    assert found.account == "111122223333"
    assert found.arn.endswith("assumed-role/payments-deployer/tfreconcile-payments-prod")


def test_a_role_leaves_no_other_way_to_credentials(aws_env: dict[str, str]) -> None:
    others = dict.fromkeys(aws.SUPERSEDED - {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"}, "/none")
    others["AWS_CREDENTIAL_EXPIRATION"] = "2120-01-01T00:00:00Z"
    assumed = aws.assume({**aws_env, **others, "PATH": "/bin"}, ROLE, "payments-prod")
    assert aws.SUPERSEDED.isdisjoint(assumed)
    assert CANARY not in assumed.values()
    assert assumed["PATH"] == "/bin"
    assert assumed["AWS_ENDPOINT_URL"] == aws_env["AWS_ENDPOINT_URL"]


@pytest.mark.parametrize(
    ("stack", "name"),
    [
        pytest.param("payments-prod", "tfreconcile-payments-prod", id="plain"),
        pytest.param("a/b c\u00fc", "tfreconcile-a-b-c-", id="other-characters"),
        pytest.param("x" * 100, "tfreconcile-" + "x" * 52, id="too-long"),
    ],
)
def test_a_session_is_named_after_its_stack(stack: str, name: str) -> None:
    assert aws.session_name(stack) == name


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=100))
def test_a_session_name_is_always_one_that_aws_takes(stack: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_+=,.@-]{2,64}", aws.session_name(stack))


def test_parameters_are_decrypted_in_any_number(aws_env: dict[str, str]) -> None:
    wanted = {f"/many/{number}": f"EXAMPLE-SECRET-{number}" for number in range(61)}
    put_parameters(aws_env, wanted)
    assert aws.parameters(aws_env, [*wanted, "/many/1"]) == wanted


def test_a_parameter_may_be_named_with_its_version(aws_env: dict[str, str]) -> None:
    put_parameters(aws_env, {"/versioned": "EXAMPLE-SECRET-1"})
    assert aws.parameters(aws_env, ["/versioned:1"]) == {"/versioned:1": "EXAMPLE-SECRET-1"}


def test_missing_parameters_are_named_and_found_ones_are_not_told(aws_env: dict[str, str]) -> None:
    put_parameters(aws_env, {"/there": CANARY})
    with pytest.raises(Stalled, match=r"NotFound.*in eu-central-1: /gone, /lost;") as caught:
        aws.parameters(aws_env, ["/there", "/gone", "/lost"])
    assert CANARY not in "".join(whole_story(caught.value))


def test_parameters_need_a_region(aws_env: dict[str, str]) -> None:
    del aws_env["AWS_REGION"]
    with pytest.raises(Stalled, match=r"CloudRequestInvalid.*set AWS_REGION"):
        aws.parameters(aws_env, ["/a"])


def test_no_parameters_are_no_request() -> None:
    assert aws.parameters({}, []) == {}


@pytest.mark.parametrize(
    ("reply", "kind", "reason", "attempts"),
    [
        pytest.param(error(403, "AccessDenied"), Stalled, "AccessDenied", 1, id="denied"),
        pytest.param(error(403, "ExpiredToken"), Stalled, "CredentialsExpired", 1, id="expired"),
        pytest.param(error(400, "Throttling"), Transient, "Throttled", 3, id="throttled"),
        pytest.param(error(503, "ServiceUnavailable"), Transient, "CloudUnreachable", 3, id="unavailable"),
        pytest.param(Reply(200, b"<html>log in"), Transient, "CloudUnreachable", 3, id="captive-portal"),
    ],
)
def test_an_error_is_ours_with_no_secret_in_it(
    aws_env: dict[str, str], reply: Reply, kind: type[ReconcileError], reason: str, attempts: int
) -> None:
    with serving(lambda _: reply) as web, pytest.raises(kind) as caught:
        aws.identity({**aws_env, "AWS_ENDPOINT_URL_STS": web.url})
    assert caught.value.reason == reason
    assert len(web.asked) == attempts
    assert CANARY not in "".join(whole_story(caught.value))


def test_a_passing_trouble_is_outlasted(aws_env: dict[str, str]) -> None:
    replies = chain([error(503, "ServiceUnavailable")], repeat(Reply(200, WHO, {"Content-Type": "text/xml"})))

    def answer(_: Asked) -> Reply:
        return next(replies)

    with serving(answer) as web:
        assert aws.identity({**aws_env, "AWS_ENDPOINT_URL": web.url}).account == "1"
        assert len(web.asked) == 2


def test_no_credentials_are_a_matter_for_a_person(aws_env: dict[str, str]) -> None:
    del aws_env["AWS_SECRET_ACCESS_KEY"], aws_env["AWS_ACCESS_KEY_ID"]
    with pytest.raises(Stalled, match=r"CredentialsMissing.*environment\.pass"):
        aws.identity(aws_env)


def test_nobody_listening_is_a_matter_of_time(aws_env: dict[str, str]) -> None:
    with pytest.raises(Transient, match="CloudUnreachable"):
        aws.identity({**aws_env, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"})

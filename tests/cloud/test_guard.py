"""May we act here? Pure comparisons, real clouds' fakes over HTTP, and a guard that remembers."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.crm import ResourceManager

from tfreconcile.cloud import aws, guard
from tfreconcile.cloud.aws import AwsIdentity
from tfreconcile.cloud.gcp import GcpProject
from tfreconcile.cloud.guard import Guard
from tfreconcile.errors import Stalled, Transient

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
BOTH = frozenset({"aws", "gcp"})
ACCOUNTS = st.sampled_from(["111111111111", "222222222222", "333333333333"])


class Asked:
    """A check that counts, and that says what it is told to."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.times = 0

    def __call__(self, account: Mapping[str, str], clouds: frozenset[str], env: Mapping[str, str], /) -> None:
        self.times += 1
        if self.failures:
            raise self.failures.pop(0)


@settings(max_examples=50, deadline=None)
@given(wanted=ACCOUNTS, found=ACCOUNTS)
def test_only_the_wanted_account_is_right(wanted: str, found: str) -> None:
    wrong = guard.wrong_aws(wanted, AwsIdentity(account=found, arn=f"arn:aws:iam::{found}:user/a"))
    assert (wrong is None) is (wanted == found)
    if wrong:
        assert wanted in wrong
        assert found in wrong


@pytest.mark.parametrize(
    ("wanted", "right"),
    [
        pytest.param("acme-prod", True, id="by-id"),
        pytest.param("123456789012", True, id="by-number"),
        pytest.param("acme-test", False, id="another"),
        pytest.param("acme", False, id="a-prefix"),
    ],
)
def test_a_project_has_two_names(wanted: str, right: bool) -> None:
    found = GcpProject(project_id="acme-prod", number="123456789012", state="ACTIVE")
    assert (guard.wrong_gcp(wanted, found) is None) is right


def test_the_right_accounts_pass(aws_env: dict[str, str], manager: ResourceManager) -> None:
    env = aws_env | manager.environment | {"GOOGLE_CLOUD_PROJECT": "123456789012"}
    guard.check({"aws": "123456789012", "gcp": "acme-prod"}, BOTH, env)


def test_a_wrong_aws_account_is_named_beside_the_right_one(aws_env: dict[str, str]) -> None:
    with pytest.raises(Stalled) as caught:
        guard.check({"aws": "222222222222"}, BOTH, aws_env)
    assert caught.value.reason == "WrongAccount"
    for word in ("123456789012", "222222222222", "nothing was planned"):
        assert word in caught.value.message


def test_a_role_in_another_account_is_caught(aws_env: dict[str, str]) -> None:
    assumed = aws.assume(aws_env, "arn:aws:iam::111122223333:role/x", "payments")
    with pytest.raises(Stalled, match=r"WrongAccount.*111122223333.*123456789012"):
        guard.check({"aws": "123456789012"}, BOTH, assumed)


@pytest.mark.parametrize("default", ["acme-test", "999999999999"], ids=["by-id", "by-number"])
def test_a_wrong_default_project_is_named_beside_the_right_one(
    manager: ResourceManager, default: str
) -> None:
    env = manager.environment | {"GOOGLE_PROJECT": default}
    with pytest.raises(Stalled, match=rf"WrongAccount.*{default}.*acme-prod.*nothing was planned"):
        guard.check({"gcp": "acme-prod"}, BOTH, env)


def test_a_project_on_its_way_out_is_not_acted_on(manager: ResourceManager) -> None:
    manager.projects["acme-prod"] = ("123456789012", "DELETE_REQUESTED")
    with pytest.raises(Stalled, match=r"ProjectNotActive.*acme-prod is DELETE_REQUESTED"):
        guard.check({"gcp": "acme-prod"}, BOTH, manager.environment)


def test_an_account_of_another_project_does_not_pass(manager: ResourceManager) -> None:
    with pytest.raises(Stalled, match=r"AccessDenied.*somebody-elses"):
        guard.check({"gcp": "somebody-elses"}, BOTH, manager.environment)


@pytest.mark.parametrize(
    ("account", "clouds"),
    [
        pytest.param({}, BOTH, id="no-account-named"),
        pytest.param({"aws": "222222222222"}, frozenset({"gcp"}), id="another-cloud-named"),
        pytest.param({"aws": "222222222222", "gcp": "x"}, frozenset[str](), id="no-cloud-reached"),
    ],
)
def test_a_cloud_that_is_not_both_named_and_reached_is_not_asked(
    account: dict[str, str], clouds: frozenset[str]
) -> None:
    guard.check(account, clouds, {})


def test_an_account_that_cannot_be_guarded_is_refused() -> None:
    with pytest.raises(Stalled, match=r"CloudNotGuarded.*'azure'.*allowed are aws and gcp"):
        guard.check({"azure": "x"}, frozenset({"azure"}), {})


def test_no_answer_is_no_permission(aws_env: dict[str, str]) -> None:
    with pytest.raises(Transient, match="CloudUnreachable"):
        guard.check({"aws": "123456789012"}, BOTH, {**aws_env, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"})


@pytest.mark.parametrize(
    ("later", "times"),
    [
        pytest.param(timedelta(seconds=599), 1, id="remembered"),
        pytest.param(timedelta(seconds=600), 2, id="over"),
        pytest.param(timedelta(seconds=-1), 2, id="the-clock-went-back"),
    ],
)
def test_a_success_is_remembered_for_its_time(later: timedelta, times: int) -> None:
    asked = Asked()
    guarding = Guard(timedelta(minutes=10), asked)
    for now in (NOON, NOON + later):
        guarding.check({"aws": "1"}, BOTH, {"AWS_PROFILE": "a"}, role=None, now=now)
    assert asked.times == times


def test_a_failure_is_not_remembered() -> None:
    asked = Asked(Stalled("WrongAccount", "no"))
    guarding = Guard(timedelta(minutes=10), asked)
    with pytest.raises(Stalled, match="WrongAccount"):
        guarding.check({"aws": "1"}, BOTH, {}, role=None, now=NOON)
    guarding.check({"aws": "1"}, BOTH, {}, role=None, now=NOON)
    assert asked.times == 2


@pytest.mark.parametrize(
    ("account", "clouds", "env", "role"),
    [
        pytest.param({"aws": "2"}, BOTH, {"AWS_PROFILE": "a"}, None, id="account"),
        pytest.param({"aws": "1"}, frozenset({"aws"}), {"AWS_PROFILE": "a"}, None, id="clouds"),
        pytest.param({"aws": "1"}, BOTH, {"AWS_PROFILE": "b"}, None, id="profile"),
        pytest.param({"aws": "1"}, BOTH, {"AWS_PROFILE": "a", "HOME": "/b"}, None, id="home"),
        pytest.param({"aws": "1"}, BOTH, {"AWS_PROFILE": "a", "AWS_ACCESS_KEY_ID": "b"}, None, id="key"),
        pytest.param(
            {"aws": "1"}, BOTH, {"AWS_PROFILE": "a", "GOOGLE_CREDENTIALS": "b"}, None, id="google-key"
        ),
        pytest.param({"aws": "1"}, BOTH, {"AWS_PROFILE": "a"}, "arn:b", id="role"),
    ],
)
def test_whatever_could_change_the_answer_is_asked_anew(
    account: dict[str, str], clouds: frozenset[str], env: dict[str, str], role: str | None
) -> None:
    asked = Asked()
    guarding = Guard(timedelta(minutes=10), asked)
    guarding.check({"aws": "1"}, BOTH, {"AWS_PROFILE": "a"}, role=None, now=NOON)
    guarding.check(account, clouds, env, role=role, now=NOON)
    assert asked.times == 2


def test_what_cannot_change_the_answer_is_not_asked_anew() -> None:
    """Two passes as one role have other keys of it, and other variables of their own."""
    asked = Asked()
    guarding = Guard(timedelta(minutes=10), asked)
    for own in ("a", "b"):
        env = {**dict.fromkeys(aws.ROLE_VARIABLES, own), "TF_VAR_x": own}
        guarding.check({"aws": "1"}, BOTH, env, role="arn:a", now=NOON)
    assert asked.times == 1


def test_threads_may_share_a_guard() -> None:
    guarding = Guard(timedelta(minutes=10), Asked())

    def check(number: int) -> None:
        guarding.check({"aws": "1"}, BOTH, {"AWS_PROFILE": str(number % 7)}, role=None, now=NOON)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(check, range(400)))

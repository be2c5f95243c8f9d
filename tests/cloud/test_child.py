"""What does a cloud say, asked by a child process? With real processes and servers."""

from __future__ import annotations

import json
import socket
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.web import Asked, Reply, serving

from tfreconcile.clock import monotonic
from tfreconcile.cloud import child
from tfreconcile.cloud.answer import Trouble
from tfreconcile.errors import Stalled, Transient

CANARY = "EXAMPLE-SECRET-canary-0123456789"


@pytest.mark.parametrize(
    ("trouble", "error", "reason"),
    [
        pytest.param(Trouble.DENIED, Stalled, "AccessDenied", id="denied"),
        pytest.param(Trouble.UNREACHABLE, Transient, "CloudUnreachable", id="unreachable"),
        pytest.param(Trouble.NO_CREDENTIALS, Stalled, "CredentialsMissing", id="no-credentials"),
        pytest.param(Trouble.EXPIRED, Stalled, "CredentialsExpired", id="expired"),
        pytest.param(Trouble.THROTTLED, Transient, "Throttled", id="throttled"),
        pytest.param(Trouble.NOT_FOUND, Stalled, "NotFound", id="not-found"),
        pytest.param(Trouble.BAD_REQUEST, Stalled, "CloudRequestInvalid", id="bad-request"),
        pytest.param(Trouble.NOT_INSTALLED, Stalled, "GcpSupportMissing", id="not-installed"),
    ],
)
def test_every_trouble_has_a_next_move(trouble: Trouble, error: type[Exception], reason: str) -> None:
    failure = child.failure("gcp", "project", trouble, "because")
    assert type(failure) is error
    assert failure.reason == reason
    assert failure.message.startswith("GCP project: because; ")


def test_no_trouble_is_without_a_meaning() -> None:
    for trouble in Trouble:
        assert child.failure("aws", "identity", trouble, "because").reason


def test_a_missing_extra_says_how_to_install_it() -> None:
    failure = child.failure("gcp", "project", Trouble.NOT_INSTALLED, "cannot import google.cloud")
    assert "pip install 'tfreconcile[gcp]'" in failure.message


@settings(max_examples=100, deadline=None)
@given(
    secret=st.text("abXY01+/=-", min_size=8, max_size=60),
    before=st.text("abXY01+/=- \n\x1b", max_size=60),
    after=st.text("abXY01+/=- \n\x1b", max_size=600),
)
def test_a_secret_of_the_environment_is_in_no_message(secret: str, before: str, after: str) -> None:
    said = child.scrubbed(before + secret + after, {"AWS_SECRET_ACCESS_KEY": secret})
    assert secret not in said
    assert said.isprintable()
    assert len(said) <= 400


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        pytest.param("AWS_SESSION_TOKEN", False, id="token"),
        pytest.param("AWS_SECRET_ACCESS_KEY", False, id="secret-key"),
        pytest.param("GOOGLE_CREDENTIALS", False, id="key-as-json"),
        pytest.param("GOOGLE_APPLICATION_CREDENTIALS", True, id="path-of-a-key"),
        pytest.param("AWS_WEB_IDENTITY_TOKEN_FILE", True, id="path-of-a-token"),
        pytest.param("AWS_PROFILE", True, id="profile"),
        pytest.param("AWS_ACCESS_KEY_ID", True, id="key-id"),
    ],
)
def test_only_names_of_secrets_hide_their_value(name: str, kept: bool) -> None:
    assert ("/some/where" in child.scrubbed("at /some/where", {name: "/some/where"})) is kept


def test_each_line_of_a_secret_is_hidden() -> None:
    said = child.scrubbed(f"cannot read {CANARY}", {"GOOGLE_CREDENTIALS": f"{{\n{CANARY}\n}}"})
    assert said == "cannot read ***"


def test_a_bug_in_a_child_is_told_by_its_class_alone() -> None:
    with pytest.raises(Transient) as caught:
        child.ask("aws", "no-such-verb", (), {}, timeout=30)
    assert caught.value.reason == "CloudChildFailed"
    assert caught.value.message.endswith("ended with exit code 1 (KeyError)")


def test_a_child_that_cannot_start_says_nothing_of_stderr() -> None:
    with pytest.raises(Transient, match=r"ended with exit code 1$"):
        child.ask("azure", "identity", (), {"AZURE_CLIENT_SECRET": CANARY}, timeout=30)


def test_a_request_that_does_not_fit_is_refused_before_a_child_starts() -> None:
    with pytest.raises(Stalled, match=r"CloudRequestInvalid.*at most 60000"):
        child.ask("aws", "parameters", ["/p" * 40_000], {}, timeout=30)


def test_the_environment_of_this_process_stays_with_it(
    aws_env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "a-profile-that-does-not-exist")
    assert child.ask("aws", "identity", (), aws_env, timeout=30)["account"] == "123456789012"


def test_a_child_past_its_deadline_is_ended(aws_env: dict[str, str]) -> None:
    """The server sees its connection close, so the process is gone and not only forgotten."""
    hung_up = threading.Event()

    def never_answer(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            while connection.recv(65_536):
                pass
            hung_up.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        silent = threading.Thread(target=never_answer, args=(listener,), daemon=True)
        silent.start()
        env = {**aws_env, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{listener.getsockname()[1]}"}
        start = monotonic()
        with pytest.raises(Transient, match=r"CloudUnreachable.*no answer within 3 s"):
            child.ask("aws", "identity", (), env, timeout=3)
        assert monotonic() - start < 8
        assert hung_up.wait(10)


def test_an_answer_of_any_size_does_not_reach_this_process(aws_env: dict[str, str]) -> None:
    def flood(_: Asked) -> Reply:
        big = {"Name": "/a", "ARN": "arn", "Version": 1, "Value": "x" * (child.LONGEST_ANSWER + 1)}
        return Reply(200, json.dumps({"Parameters": [big]}).encode())

    with serving(flood) as web, pytest.raises(Transient, match="wrote more than 1048576 bytes"):
        child.ask("aws", "parameters", ["/a"], {**aws_env, "AWS_ENDPOINT_URL": web.url}, timeout=60)

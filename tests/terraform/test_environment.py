"""Does Terraform see what the operator lets through, and nothing else?"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.terraform.environment import allowed, of_terraform, secret_values

ORDINARY = ("PATH", "LANG", "TZ", "HOME", "AWS_REGION", "aws_region", "DATABASE_URL", "TF_VAR_size")
HARMFUL = (
    "TF_CLI_ARGS",
    "TF_CLI_ARGS_plan",
    "TF_LOG",
    "TF_LOG_PATH",
    "TF_WORKSPACE",
    "TF_REATTACH_PROVIDERS",
)
NAMES = st.sampled_from((*ORDINARY, *HARMFUL))
ENVIRONMENTS = st.dictionaries(NAMES, st.text(max_size=5))


def test_only_named_variables_pass_and_the_operator_has_the_last_word() -> None:
    environ = {"PATH": "/bin", "AWS_REGION": "eu-west-1", "DATABASE_URL": "postgresql://", "TZ": "UTC"}
    seen = allowed(environ, ("AWS_*",), {"TZ": "Europe/Berlin", "EXTRA": "1"})
    assert seen == {"PATH": "/bin", "AWS_REGION": "eu-west-1", "TZ": "Europe/Berlin", "EXTRA": "1"}


def test_patterns_are_case_sensitive() -> None:
    assert allowed({"aws_region": "x", "AWS_REGION": "y"}, ("AWS_*",), {}) == {"AWS_REGION": "y"}


def test_input_variables_come_from_the_operator_or_not_at_all() -> None:
    assert allowed({"TF_VAR_size": "1", "TF_VAR_name": "a"}, ("*",), {"TF_VAR_size": "2"}) == {
        "TF_VAR_size": "2"
    }


@given(environ=ENVIRONMENTS, fixed=ENVIRONMENTS, patterns=st.lists(st.sampled_from(["*", "AWS_*", "TF_*"])))
@settings(max_examples=100, deadline=None)
def test_nothing_that_changes_the_meaning_of_a_command_ever_passes(
    environ: dict[str, str], fixed: dict[str, str], patterns: list[str]
) -> None:
    base = allowed(environ, tuple(patterns), fixed)
    seen = environment_of(base)
    assert not {*base, *seen} & set(HARMFUL)
    assert set(base) <= set(environ) | set(fixed)


@given(base=ENVIRONMENTS)
@settings(max_examples=50, deadline=None)
def test_the_door_sets_what_it_relies_on_whatever_it_is_given(base: dict[str, str]) -> None:
    hostile = {**base, "TF_DATA_DIR": "/elsewhere", "TF_INPUT": "1", "TMPDIR": "/elsewhere"}
    seen = environment_of(hostile)
    assert (seen["TF_DATA_DIR"], seen["TF_INPUT"], seen["TMPDIR"]) == ("/data", "0", "/tmp/pass")
    assert (seen["TF_IN_AUTOMATION"], seen["CHECKPOINT_DISABLE"]) == ("1", "1")


def test_home_is_of_this_pass_unless_the_operator_names_one() -> None:
    assert environment_of({})["HOME"] == "/home/pass"
    assert environment_of({"HOME": "/srv/tfreconcile"})["HOME"] == "/srv/tfreconcile"


def test_a_workspace_is_selected_only_when_it_is_not_the_default_one() -> None:
    assert "TF_WORKSPACE" not in environment_of({})
    assert environment_of({}, workspace="blue")["TF_WORKSPACE"] == "blue"


def test_ephemeral_variables_are_handed_in_by_name() -> None:
    seen = environment_of({}, variables={"token": "EXAMPLE-SECRET-TOKEN"})
    assert seen["TF_VAR_token"] == "EXAMPLE-SECRET-TOKEN"


@pytest.mark.parametrize(
    ("name", "value", "secrets"),
    [
        pytest.param("AWS_SECRET_ACCESS_KEY", "EXAMPLE-SECRET-1", {"EXAMPLE-SECRET-1"}, id="secret key"),
        pytest.param("AWS_SESSION_TOKEN", "EXAMPLE-SECRET-2", {"EXAMPLE-SECRET-2"}, id="token"),
        pytest.param("ARM_CLIENT_SECRET", "EXAMPLE-SECRET-3", {"EXAMPLE-SECRET-3"}, id="client secret"),
        pytest.param("datadog_api_key", "EXAMPLE-SECRET-4", {"EXAMPLE-SECRET-4"}, id="lower case"),
        pytest.param("AWS_ACCESS_KEY_ID", "EXAMPLE-ACCESS-KEY", set(), id="an id is no secret"),
        pytest.param("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token", set(), id="a path is no secret"),
        pytest.param("GOOGLE_APPLICATION_CREDENTIALS", "/etc/gcp.json", set(), id="nor is this one"),
        pytest.param("DB_PASSWORD", "abc", set(), id="too short to scrub"),
        pytest.param("AWS_REGION", "eu-central-1", set(), id="not named like one"),
        pytest.param(
            "HTTPS_PROXY", "http://ana:EXAMPLE-SECRET-5@proxy:3128", {"EXAMPLE-SECRET-5"}, id="proxy password"
        ),
        pytest.param("HTTPS_PROXY", "http://[broken", set(), id="no URL"),
        pytest.param(
            "PRIVATE_PEM",
            "BEGIN\nEXAMPLE-SECRET-LINE-1\nEND",
            {"BEGIN\nEXAMPLE-SECRET-LINE-1\nEND", "EXAMPLE-SECRET-LINE-1"},
            id="lines of a key file",
        ),
    ],
)
def test_secrets_are_known_by_their_names(name: str, value: str, secrets: set[str]) -> None:
    assert secret_values({name: value}) == secrets


def environment_of(
    base: dict[str, str], *, workspace: str = "default", variables: dict[str, str] | None = None
) -> dict[str, str]:
    return of_terraform(
        base,
        home=Path("/home/pass"),
        temporary=Path("/tmp/pass"),
        data=Path("/data"),
        workspace=workspace,
        variables=variables or {},
    )

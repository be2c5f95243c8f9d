"""Which project do our credentials reach? Against a fake over real HTTP, with real child processes."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from support import certificate
from support.crm import ENDPOINT, ResourceManager
from support.web import serving

from tfreconcile.cloud import gcp
from tfreconcile.cloud.gcp import GcpProject
from tfreconcile.errors import Stalled, Transient

CANARY = "EXAMPLE-SECRET-canary-0123456789"
ACME = GcpProject(project_id="acme-prod", number="123456789012", state="ACTIVE")
NOWHERE = {"NO_GCE_CHECK": "true", "HOME": "/nonexistent"}


def service_account_key() -> str:
    """The JSON of a key that nobody has issued."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return json.dumps(
        {
            "type": "service_account",
            "client_email": "deployer@acme-prod.example",
            "private_key": private.decode(),
            "token_uri": "https://127.0.0.1:1/token",
        }
    )


@pytest.mark.parametrize("name", ["acme-prod", "123456789012"], ids=["by-id", "by-number"])
def test_a_project_is_found(manager: ResourceManager, name: str) -> None:
    assert gcp.project(manager.environment, name) == ACME


def test_a_project_that_is_not_ours_is_not_told_from_one_that_does_not_exist(
    manager: ResourceManager,
) -> None:
    with pytest.raises(Stalled, match=r"AccessDenied: GCP project: 403 .*projects/other"):
        gcp.project(manager.environment, "other")


def test_a_passing_trouble_is_outlasted_and_counted_once(manager: ResourceManager) -> None:
    """Two requests: ours are the only attempts, the SDK's own retries are off."""
    manager.failing = [503]
    assert gcp.project(manager.environment, "acme-prod") == ACME
    assert manager.web is not None
    assert len(manager.web.asked) == 2


@pytest.mark.parametrize(
    ("statuses", "error", "reason"),
    [
        pytest.param([404], Stalled, "NotFound", id="not-found"),
        pytest.param([400], Stalled, "CloudRequestInvalid", id="bad-request"),
        pytest.param([429, 429, 429], Transient, "Throttled", id="throttled"),
        pytest.param([503, 504, 500], Transient, "CloudUnreachable", id="unavailable"),
    ],
)
def test_an_error_of_the_api_has_a_next_move(
    manager: ResourceManager, statuses: list[int], error: type[Stalled | Transient], reason: str
) -> None:
    manager.failing = statuses
    with pytest.raises(error) as caught:
        gcp.project(manager.environment, "acme-prod")
    assert caught.value.reason == reason
    assert manager.failing == []


def test_nobody_listening_is_a_matter_of_time() -> None:
    with pytest.raises(Transient, match="CloudUnreachable"):
        gcp.project({ENDPOINT: "http://127.0.0.1:1"}, "acme-prod", timeout=8)


@pytest.mark.parametrize(
    "endpoint",
    ["http://api.example.com", "api.example.com", "ftp://127.0.0.1", "http://127.0.0.1.example.com"],
)
def test_credentials_never_travel_in_clear(endpoint: str) -> None:
    env = {ENDPOINT: endpoint, "GOOGLE_OAUTH_ACCESS_TOKEN": CANARY}
    with pytest.raises(Stalled, match=r"CloudRequestInvalid.*allowed are https"):
        gcp.project(env, "acme-prod")


def test_a_token_is_used_as_the_provider_uses_it(manager: ResourceManager, tmp_path: Path) -> None:
    pem = certificate.localhost(tmp_path)
    env = {"SSL_CERT_FILE": str(pem), "GOOGLE_OAUTH_ACCESS_TOKEN": CANARY}
    with serving(manager.answer, tls=certificate.server(pem)) as web:
        assert gcp.project({**env, ENDPOINT: web.url}, "acme-prod") == ACME
    assert [asked.headers["Authorization"] for asked in web.asked] == [f"Bearer {CANARY}"]


@pytest.mark.parametrize("as_path", [False, True], ids=["as-json", "as-a-path"])
def test_a_key_is_used_as_the_provider_uses_it(
    manager: ResourceManager, tmp_path: Path, as_path: bool
) -> None:
    """Google's own SDK does not know the variable; the token that arrives names the key's account."""
    pem, key, file = certificate.localhost(tmp_path), service_account_key(), tmp_path / "key.json"
    file.write_text(key)
    env = {"SSL_CERT_FILE": str(pem), "GOOGLE_CREDENTIALS": str(file) if as_path else key}
    with serving(manager.answer, tls=certificate.server(pem)) as web:
        assert gcp.project({**env, ENDPOINT: web.url}, "acme-prod") == ACME
    token = web.asked[0].headers["Authorization"].removeprefix("Bearer ").split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(token + "=="))["iss"] == "deployer@acme-prod.example"


def test_a_token_that_is_over_is_a_matter_for_a_person(manager: ResourceManager, tmp_path: Path) -> None:
    pem = certificate.localhost(tmp_path)
    env = {"SSL_CERT_FILE": str(pem), "GOOGLE_OAUTH_ACCESS_TOKEN": CANARY}
    manager.failing = [401]
    with (
        serving(manager.answer, tls=certificate.server(pem)) as web,
        pytest.raises(Stalled, match="CredentialsExpired") as caught,
    ):
        gcp.project({**env, ENDPOINT: web.url}, "acme-prod")
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    "env",
    [
        pytest.param({}, id="none-anywhere"),
        pytest.param({"GOOGLE_APPLICATION_CREDENTIALS": "/nonexistent/key.json"}, id="no-such-file"),
        pytest.param({"GOOGLE_CREDENTIALS": f'{{"private_key": "{CANARY}"'}, id="broken-json"),
        pytest.param({"GOOGLE_CREDENTIALS": f'{{"type": "{CANARY}"}}'}, id="unknown-type"),
    ],
)
def test_no_credentials_are_a_matter_for_a_person(env: dict[str, str]) -> None:
    with pytest.raises(Stalled) as caught:
        gcp.project({**NOWHERE, **env}, "acme-prod")
    assert caught.value.reason == "CredentialsMissing"


def test_a_key_that_is_taken_for_a_path_is_not_told() -> None:
    """A key in base64 is no JSON; the SDK's error quotes the whole of it as a file's name."""
    key = base64.b64encode(service_account_key().encode()).decode()
    with pytest.raises(Stalled, match=r"CredentialsMissing.*\*\*\*") as caught:
        gcp.project({**NOWHERE, "GOOGLE_CREDENTIALS": key}, "acme-prod")
    assert not any(key[start : start + 8] in str(caught.value) for start in range(len(key) - 8))


def test_without_the_extra_the_child_says_so() -> None:
    """The child as it is, in an interpreter where Google's SDK cannot be imported."""
    without = "import sys, runpy; sys.modules['google.cloud.resourcemanager_v3'] = None; "
    run = "sys.argv = ['', 'project']; runpy.run_module('tfreconcile.cloud.gcp_sdk', run_name='__main__')"
    request = json.dumps({"arguments": ["acme-prod"], "timeout": 5})
    child = subprocess.run(
        [sys.executable, "-I", "-c", without + run], input=request, capture_output=True, text=True, check=True
    )
    assert json.loads(child.stdout)["error"]["kind"] == "not-installed"


@pytest.mark.parametrize(
    ("env", "default"),
    [
        pytest.param({}, None, id="none"),
        pytest.param({"GOOGLE_CLOUD_PROJECT": "b", "CLOUDSDK_CORE_PROJECT": "c"}, "b", id="first-wins"),
        pytest.param({"GOOGLE_PROJECT": "a", "GOOGLE_CLOUD_PROJECT": "b"}, "a", id="the-provider's-own"),
        pytest.param({"GOOGLE_PROJECT": "", "CLOUDSDK_CORE_PROJECT": "c"}, "c", id="empty-is-unset"),
    ],
)
def test_the_default_project_is_the_providers(env: dict[str, str], default: str | None) -> None:
    assert gcp.default_project(env) == default

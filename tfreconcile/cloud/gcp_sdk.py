"""Which project do these Google credentials reach? The only module with Google's SDK.

Runs as a child process of its own (``python -I -m tfreconcile.cloud.gcp_sdk project``), in exactly the
environment that Terraform gets, and looks for credentials in the order of the google provider. The SDK is
an extra: it is imported inside functions, so that a missing one becomes an answer.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tfreconcile.cloud import answer
from tfreconcile.cloud.answer import Refused, Trouble

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

ENDPOINT = "CLOUDRESOURCEMANAGER_ENDPOINT"
"""Another address of the API: https, or http to this machine, which then gets no credentials."""

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
_KEYS = ("GOOGLE_CREDENTIALS", "GOOGLE_CLOUD_KEYFILE_JSON", "GCLOUD_KEYFILE_JSON")
"""A key file's path or its JSON: read by the google provider, and not by Google's own SDK."""


def project(arguments: Sequence[str], timeout: float) -> Mapping[str, str]:
    """resourcemanager.projects.get by id or number: ``project_id``, ``number``, ``state``."""
    from google.api_core.client_options import ClientOptions
    from google.cloud import resourcemanager_v3

    (wanted,) = arguments
    endpoint = endpoint_of(os.environ)
    client = resourcemanager_v3.ProjectsClient(
        credentials=_anonymous() if _is_local(endpoint) else _credentials(),
        transport="rest",
        client_options=ClientOptions(api_endpoint=endpoint),
    )
    found = client.get_project(name=f"projects/{wanted}", timeout=timeout, retry=None)
    number = found.name.removeprefix("projects/")
    return {"project_id": found.project_id, "number": number, "state": found.state.name}


def endpoint_of(env: Mapping[str, str]) -> str | None:
    """The endpoint that ``env`` asks for; refuses one over which credentials would travel in clear."""
    endpoint = env.get(ENDPOINT)
    if not endpoint:
        return None
    scheme = urlsplit(endpoint).scheme
    if scheme == "https" or _is_local(endpoint):
        return endpoint
    allowed = "allowed are https://HOST, and http://127.0.0.1:PORT or http://localhost:PORT"
    raise Refused(Trouble.BAD_REQUEST, f"{ENDPOINT} is {endpoint!r}; {allowed}")


def trouble_of(error: Exception) -> Trouble | None:
    """What an exception of the SDK means; None for one that is not the SDK's.

    REST gives Forbidden and GatewayTimeout where gRPC gives subclasses of them.
    """
    from google.api_core import exceptions as api
    from google.auth import exceptions as auth
    from requests.exceptions import RequestException

    match error:
        case api.Forbidden():
            return Trouble.DENIED
        case api.Unauthorized():
            return Trouble.EXPIRED
        case api.NotFound():
            return Trouble.NOT_FOUND
        case api.TooManyRequests():
            return Trouble.THROTTLED
        case api.ServerError() | api.RetryError() | auth.TransportError() | RequestException():
            return Trouble.UNREACHABLE
        case auth.RefreshError():
            return Trouble.UNREACHABLE if error.retryable else Trouble.EXPIRED
        case auth.GoogleAuthError():
            return Trouble.NO_CREDENTIALS
        case api.GoogleAPIError():
            return Trouble.BAD_REQUEST
    return None


def _is_local(endpoint: str | None) -> bool:
    parts = urlsplit(endpoint or "")
    return parts.scheme == "http" and parts.hostname in _LOOPBACK


def _anonymous() -> Credentials:
    from google.auth.credentials import AnonymousCredentials

    return AnonymousCredentials()


def _credentials() -> Credentials:
    """As the google provider finds them: a token, a key, the application default; then impersonation."""
    source = _source()
    target = os.environ.get("GOOGLE_IMPERSONATE_SERVICE_ACCOUNT")
    if not target:
        return source
    from google.auth import impersonated_credentials

    return impersonated_credentials.Credentials(source, target_principal=target, target_scopes=_SCOPES)


def _source() -> Credentials:
    import google.auth
    from google.oauth2.credentials import Credentials as Token

    if token := os.environ.get("GOOGLE_OAUTH_ACCESS_TOKEN"):
        return Token(token)
    key = next((os.environ[name] for name in _KEYS if os.environ.get(name)), None)
    if key is None:
        found, _ = google.auth.default(scopes=_SCOPES)
    elif key.lstrip().startswith("{"):
        found, _ = google.auth.load_credentials_from_dict(_parsed(key), scopes=_SCOPES)
    else:
        found, _ = google.auth.load_credentials_from_file(key, scopes=_SCOPES)
    return found


def _parsed(key: str) -> Mapping[str, str]:
    try:
        parsed: Mapping[str, str] = json.loads(key)
        return parsed
    except ValueError:
        raise Refused(
            Trouble.NO_CREDENTIALS, f"{' or '.join(_KEYS)} holds JSON that cannot be read"
        ) from None


if __name__ == "__main__":
    if trusted := os.environ.get("SSL_CERT_FILE"):
        # Terraform's providers trust this file; requests, below Google's SDK, has its own name for it.
        os.environ.setdefault("REQUESTS_CA_BUNDLE", trusted)
    answer.serve({"project": project}, trouble_of)

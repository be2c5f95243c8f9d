"""What does an error of the AWS SDK mean?"""

from __future__ import annotations

import pytest
from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError

from tfreconcile.cloud.answer import Trouble
from tfreconcile.cloud.aws_sdk import trouble_of


def response(code: str, status: int = 400) -> sdk.ClientError:
    """An error that AWS sent."""
    return sdk.ClientError(
        {
            "Error": {"Code": code, "Message": "said"},
            "ResponseMetadata": {
                "RequestId": "1",
                "HTTPStatusCode": status,
                "HTTPHeaders": {},
                "RetryAttempts": 0,
                "HostId": "1",
            },
        },
        "AnOperation",
    )


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        pytest.param(response("AccessDenied", 403), Trouble.DENIED, id="access-denied"),
        pytest.param(response("InvalidClientTokenId", 403), Trouble.DENIED, id="unknown-key"),
        pytest.param(response("SignatureDoesNotMatch", 403), Trouble.DENIED, id="wrong-secret"),
        pytest.param(response("ExpiredToken", 403), Trouble.EXPIRED, id="expired"),
        pytest.param(response("ExpiredTokenException"), Trouble.EXPIRED, id="expired-in-json"),
        pytest.param(response("Throttling"), Trouble.THROTTLED, id="throttling"),
        pytest.param(response("SomethingNew", 429), Trouble.THROTTLED, id="status-429"),
        pytest.param(response("ParameterNotFound"), Trouble.NOT_FOUND, id="no-parameter"),
        pytest.param(response("ServiceUnavailable", 503), Trouble.UNREACHABLE, id="status-503"),
        pytest.param(response("InternalFailure", 500), Trouble.UNREACHABLE, id="status-500"),
        pytest.param(response("ValidationError"), Trouble.BAD_REQUEST, id="validation"),
        pytest.param(response("SomethingNew"), Trouble.BAD_REQUEST, id="unknown-code"),
        pytest.param(sdk.NoCredentialsError(), Trouble.NO_CREDENTIALS, id="no-credentials"),
        pytest.param(
            sdk.PartialCredentialsError(provider="env", cred_var="x"), Trouble.NO_CREDENTIALS, id="half-a-key"
        ),
        pytest.param(
            sdk.CredentialRetrievalError(provider="custom-process", error_msg="1"),
            Trouble.NO_CREDENTIALS,
            id="credential-process",
        ),
        pytest.param(sdk.ProfileNotFound(profile="x"), Trouble.NO_CREDENTIALS, id="no-profile"),
        pytest.param(sdk.UnauthorizedSSOTokenError(), Trouble.EXPIRED, id="sso-over"),
        pytest.param(
            sdk.TokenRetrievalError(provider="sso", error_msg="1"), Trouble.EXPIRED, id="sso-refresh"
        ),
        pytest.param(
            sdk.EndpointConnectionError(endpoint_url="https://x"), Trouble.UNREACHABLE, id="no-connection"
        ),
        pytest.param(sdk.ReadTimeoutError(endpoint_url="https://x"), Trouble.UNREACHABLE, id="read-timeout"),
        pytest.param(sdk.SSLError(endpoint_url="https://x", error=OSError()), Trouble.UNREACHABLE, id="tls"),
        pytest.param(sdk.MetadataRetrievalError(error_msg="1"), Trouble.UNREACHABLE, id="metadata"),
        pytest.param(ResponseParserError("<html>"), Trouble.UNREACHABLE, id="a-proxy-answers"),
        pytest.param(sdk.ParamValidationError(report="1"), Trouble.BAD_REQUEST, id="parameter"),
        pytest.param(sdk.ConfigParseError(path="x"), Trouble.BAD_REQUEST, id="config-file"),
        pytest.param(KeyError("ours"), None, id="a-bug-of-ours"),
    ],
)
def test_an_error_means(error: Exception, trouble: Trouble | None) -> None:
    assert trouble_of(error) is trouble

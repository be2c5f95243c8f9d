"""Who are we in AWS, which role may we take, what do parameters hold? The only module with boto3.

Runs as a child process of its own (``python -I -m tfreconcile.cloud.aws_sdk <verb>``), in exactly the
environment that Terraform gets. It makes single requests: whoever asks decides on trying again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tfreconcile.cloud import answer
from tfreconcile.cloud.answer import Refused, Trouble

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.config import Config

BATCH = 10
"""How many names ssm:GetParameters takes at once (AWS API reference)."""

_CODES: Mapping[Trouble, frozenset[str]] = {
    Trouble.DENIED: frozenset(
        {
            "AccessDenied",
            "AccessDeniedException",
            "AuthFailure",
            "IncompleteSignature",
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidIdentityToken",
            "InvalidSignatureException",
            "OptInRequired",
            "RequestTimeTooSkewed",
            "SignatureDoesNotMatch",
            "UnauthorizedOperation",
            "UnrecognizedClientException",
        }
    ),
    Trouble.EXPIRED: frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"}),
    Trouble.THROTTLED: frozenset(
        {
            "RequestLimitExceeded",
            "RequestThrottled",
            "RequestThrottledException",
            "SlowDown",
            "Throttling",
            "ThrottledException",
            "ThrottlingException",
            "TooManyRequestsException",
        }
    ),
    Trouble.NOT_FOUND: frozenset(
        {"ParameterNotFound", "ParameterVersionNotFound", "ResourceNotFoundException"}
    ),
    Trouble.UNREACHABLE: frozenset({"IDPCommunicationError", "InternalFailure", "RequestTimeout"}),
}
"""Error codes of STS and SSM (common errors of the AWS API reference, botocore's retry tables)."""


def identity(_arguments: Sequence[str], timeout: float) -> Mapping[str, str]:
    """sts:GetCallerIdentity: ``account`` and ``arn``. Needs no permission."""
    session = _session()
    sts = session.client("sts", _region(session), config=_config(timeout), verify=_trust())
    found = sts.get_caller_identity()
    return {"account": found["Account"], "arn": found["Arn"]}


def assume(arguments: Sequence[str], timeout: float) -> Mapping[str, str]:
    """sts:AssumeRole for (role ARN, session name, seconds): variables to set, the region among them."""
    role, name, seconds = arguments
    session = _session()
    sts = session.client("sts", _region(session), config=_config(timeout), verify=_trust())
    given = sts.assume_role(RoleArn=role, RoleSessionName=name, DurationSeconds=int(seconds))["Credentials"]
    variables = {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }
    region = _configured_region(session)
    return variables | ({"AWS_REGION": region} if region else {})


def parameters(arguments: Sequence[str], timeout: float) -> Mapping[str, str]:
    """ssm:GetParameters with decryption: the value of every name, or a refusal that lists the missing."""
    session = _session()
    region = _configured_region(session)
    if region is None:
        raise Refused(Trouble.BAD_REQUEST, "parameters have a region, and none is set: set AWS_REGION")
    ssm = session.client("ssm", region, config=_config(timeout), verify=_trust())
    wanted = list(dict.fromkeys(arguments))
    values: dict[str, str] = {}
    for start in range(0, len(wanted), BATCH):
        answered = ssm.get_parameters(Names=wanted[start : start + BATCH], WithDecryption=True)
        for found in answered["Parameters"]:
            values |= dict.fromkeys(_names(found), found["Value"])
    missing = [name for name in wanted if name not in values]
    if missing:
        raise Refused(Trouble.NOT_FOUND, f"no such parameter in {region}: {', '.join(missing)}")
    return {name: values[name] for name in wanted}


def _names(found: Mapping[str, object]) -> Sequence[str]:
    """All that a parameter may have been asked for as: its name or ARN, bare or with version or label."""
    selector = str(found.get("Selector") or "").removeprefix(":")
    suffixes = (f":{selector}" if selector else "", f":{found['Version']}")
    return [f"{found[key]}{suffix}" for key in ("Name", "ARN") for suffix in suffixes]


def trouble_of(error: Exception) -> Trouble | None:
    """What an exception of the SDK means; None for one that is not the SDK's."""
    from botocore import exceptions as sdk
    from botocore.parsers import ResponseParserError

    match error:
        case sdk.ClientError():
            return _trouble_of_response(error)
        case sdk.SSOError() | sdk.TokenRetrievalError():
            return Trouble.EXPIRED
        case (
            sdk.NoCredentialsError()
            | sdk.PartialCredentialsError()
            | sdk.CredentialRetrievalError()
            | sdk.ProfileNotFound()
        ):
            return Trouble.NO_CREDENTIALS
        case (
            sdk.ConnectionError()
            | sdk.HTTPClientError()
            | sdk.MetadataRetrievalError()
            | ResponseParserError()
        ):
            return Trouble.UNREACHABLE
        case sdk.BotoCoreError():
            return Trouble.BAD_REQUEST
    return None


def _trouble_of_response(error: Exception) -> Trouble:
    response = getattr(error, "response", {})
    code = response.get("Error", {}).get("Code", "")
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    for trouble, codes in _CODES.items():
        if code in codes:
            return trouble
    if status == 429:
        return Trouble.THROTTLED
    return Trouble.UNREACHABLE if status >= 500 else Trouble.BAD_REQUEST


def _session() -> Session:
    from boto3.session import Session

    return Session()


def _config(timeout: float) -> Config:
    from botocore.config import Config

    return Config(connect_timeout=min(5, timeout), read_timeout=timeout, retries={"total_max_attempts": 1})


def _configured_region(session: Session) -> str | None:
    """As the AWS provider looks for it; boto3 by itself does not know AWS_REGION."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or session.region_name


def _region(session: Session) -> str:
    """STS needs some region; this one is in the partition where most accounts are."""
    return _configured_region(session) or "us-east-1"


def _trust() -> str | None:
    """Terraform's providers trust SSL_CERT_FILE, of which botocore does not know."""
    return os.environ.get("AWS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")


if __name__ == "__main__":
    answer.serve({"identity": identity, "assume": assume, "parameters": parameters}, trouble_of)

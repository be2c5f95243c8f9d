"""Who are we in AWS, as what role may a stack act, and what do its parameters hold?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfreconcile.cloud import child

TIMEOUT = 30.0
"""Seconds for one question, its attempts included."""

SUPERSEDED = frozenset(
    {
        "AWS_ACCESS_KEY",
        "AWS_SECRET_KEY",
        "AWS_SECURITY_TOKEN",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_CREDENTIAL_EXPIRATION",
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    }
)
"""Other ways to credentials, which some SDK or provider version would prefer over a role's own three."""

ROLE_VARIABLES = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})
"""What assuming a role sets, with other values each time."""

_SESSION_SECONDS = 3600
"""The default maximum of a role, and the most that role chaining allows."""

_NAMES_PER_CHILD = 50
"""A name has at most 1011 characters, so that a request of so many fits into a pipe."""


@dataclass(frozen=True, kw_only=True)
class AwsIdentity:
    """Whom AWS takes us for: a 12-digit account and the ARN of a user or of a role's session."""

    account: str
    arn: str


def identity(env: Mapping[str, str], timeout: float = TIMEOUT) -> AwsIdentity:
    """Whom the credentials in ``env`` belong to; raises as :func:`tfreconcile.cloud.child.ask` does."""
    found = child.ask("aws", "identity", (), env, timeout=timeout)
    return AwsIdentity(account=found["account"], arn=found["arn"])


def assume(env: Mapping[str, str], role: str, stack: str, *, timeout: float = TIMEOUT) -> Mapping[str, str]:
    """The whole environment for a stack that acts as ``role``, good for one hour.

    It is ``env`` without its own credentials and every name in SUPERSEDED, with the role's three variables
    and, where only a profile told it, AWS_REGION. Use it instead of ``env``: laid over ``env`` it would
    leave the superseded names in place. Raises as :func:`tfreconcile.cloud.child.ask` does.
    """
    arguments = (role, session_name(stack), str(_SESSION_SECONDS))
    given = child.ask("aws", "assume", arguments, env, timeout=timeout)
    kept = {name: value for name, value in env.items() if name not in SUPERSEDED | ROLE_VARIABLES}
    return {**kept, **given}


def session_name(stack: str) -> str:
    """What CloudTrail shows as the session: ``[\\w+=,.@-]``, at most 64 characters (AWS API reference)."""
    return re.sub(r"[^\w+=,.@-]", "-", f"tfreconcile-{stack}", flags=re.ASCII)[:64]


def parameters(
    env: Mapping[str, str], names: Sequence[str], *, timeout: float = TIMEOUT
) -> Mapping[str, str]:
    """The decrypted value, a secret, of each SSM parameter in ``names`` (name, ``name:version`` or ARN).

    Raises Stalled("NotFound") that lists the missing ones, else as :func:`tfreconcile.cloud.child.ask`.
    """
    values: dict[str, str] = {}
    for start in range(0, len(names), _NAMES_PER_CHILD):
        some = names[start : start + _NAMES_PER_CHILD]
        values |= child.ask("aws", "parameters", some, env, timeout=timeout)
    return values

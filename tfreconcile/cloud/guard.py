"""May we act here? Nothing is planned in an account that the host config does not name."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NewType, Protocol

from tfreconcile.cloud import aws, gcp
from tfreconcile.cloud.aws import AwsIdentity
from tfreconcile.cloud.gcp import GcpProject
from tfreconcile.errors import Stalled

_Key = NewType("_Key", str)

_REMEDY = "nothing was planned; give the service other credentials, or correct `account` in the host config"
_WHO_WE_ARE = ("AWS_", "GOOGLE_", "GCLOUD_", "GCE_", "CLOUDSDK_", "CLOUDRESOURCEMANAGER_")


class Check(Protocol):
    """Returns when every cloud that is reached and named is the named one; raises otherwise."""

    def __call__(
        self, account: Mapping[str, str], clouds: frozenset[str], env: Mapping[str, str], /
    ) -> None: ...


def check(account: Mapping[str, str], clouds: frozenset[str], env: Mapping[str, str]) -> None:
    """Compare who ``env`` makes us with ``account`` (cloud -> id), for each of ``clouds`` that it names.

    A cloud that ``account`` does not name is not guarded. Raises Stalled("WrongAccount") naming both
    accounts, Stalled("ProjectNotActive"), or as :func:`tfreconcile.cloud.child.ask` does when a cloud
    gives no answer: no answer is no permission.
    """
    for cloud in sorted(clouds & account.keys()):
        match cloud:
            case "aws":
                _check_aws(account[cloud], env)
            case "gcp":
                _check_gcp(account[cloud], env)
            case _:
                raise Stalled("CloudNotGuarded", f"`account` names {cloud!r}; allowed are aws and gcp")


def wrong_aws(wanted: str, found: AwsIdentity) -> str | None:
    """What is wrong with acting as ``found``; None if it is the wanted account."""
    if found.account == wanted:
        return None
    ours = f"AWS account {found.account} ({found.arn})"
    return f"these credentials are of {ours} but the host config says {wanted}"


def wrong_default(wanted: frozenset[str], default: str | None) -> str | None:
    """What is wrong with the provider's default project; ``wanted`` are the names of the right one."""
    if default is None or default in wanted:
        return None
    right = " or ".join(sorted(wanted))
    return f"the environment makes {default} the default GCP project but the host config says {right}"


def wrong_gcp(wanted: str, found: GcpProject) -> str | None:
    """What is wrong with the project that the API gave; None if it is the wanted one, by id or number."""
    if wanted in {found.project_id, found.number}:
        return None
    return f"the API gave GCP project {found.project_id} ({found.number}) but the host config says {wanted}"


class Guard:
    """A check that remembers its successes for ``ttl``. Safe to share between threads."""

    def __init__(self, ttl: timedelta, check: Check = check) -> None:
        self._ttl = ttl
        self._check = check
        self._lock = threading.Lock()
        self._good_since: dict[_Key, datetime] = {}

    def check(
        self,
        account: Mapping[str, str],
        clouds: frozenset[str],
        env: Mapping[str, str],
        *,
        role: str | None,
        now: datetime,
    ) -> None:
        """As the function :func:`check`, asked again only when credentials differ or ``ttl`` has passed.

        ``env`` is what Terraform gets; if it holds the credentials of an assumed role, ``role`` is its ARN.
        """
        key = _key(account, clouds, env, role)
        if self._remembers(key, now):
            return
        self._check(account, clouds, env)
        with self._lock:
            self._good_since[key] = now

    def _remembers(self, key: _Key, now: datetime) -> bool:
        with self._lock:
            self._good_since = {
                known: since
                for known, since in self._good_since.items()
                if timedelta() <= now - since < self._ttl
            }
            return key in self._good_since


def _check_aws(wanted: str, env: Mapping[str, str]) -> None:
    _stop_if(wrong_aws(wanted, aws.identity(env)))


def _check_gcp(wanted: str, env: Mapping[str, str]) -> None:
    default = gcp.default_project(env)
    if default and not default.isdigit() and not wanted.isdigit():
        # Two ids can be compared before asking, when a refusal could only speak of one of them.
        _stop_if(wrong_default(frozenset({wanted}), default))
    found = gcp.project(env, wanted)
    _stop_if(wrong_gcp(wanted, found))
    _stop_if(wrong_default(frozenset({found.project_id, found.number}), default))
    if found.state != "ACTIVE":
        raise Stalled("ProjectNotActive", f"GCP project {wanted} is {found.state}, not ACTIVE; {_REMEDY}")


def _stop_if(wrong: str | None) -> None:
    if wrong:
        raise Stalled("WrongAccount", f"{wrong}; {_REMEDY}")


def _key(
    account: Mapping[str, str], clouds: frozenset[str], env: Mapping[str, str], role: str | None
) -> _Key:
    """A digest, so that no credential is kept.

    A role's own variables differ each time and always belong to the account in its ARN: left out.
    """
    left_out = aws.ROLE_VARIABLES if role else frozenset()
    concerned = {
        name: value
        for name, value in env.items()
        if name == "HOME" or (name.startswith(_WHO_WE_ARE) and name not in left_out)
    }
    text = json.dumps([dict(account), sorted(clouds), role, concerned], sort_keys=True)
    return _Key(hashlib.sha256(text.encode()).hexdigest())

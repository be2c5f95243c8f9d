"""What may a host config say?

The models follow the contract key by key; a key that they do not have is an error, never overlooked.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic.json_schema import JsonSchemaValue

from tfreconcile.settings.backend import BackendChoice
from tfreconcile.settings.environment import reserved_by
from tfreconcile.settings.gate import GateSection
from tfreconcile.source import address, document
from tfreconcile.source.contract import Interval, Timeout
from tfreconcile.source.document import Section
from tfreconcile.source.shapes import Duration, HostPath, Text, between, not_allowed, sentence

_SQLITE = re.compile(r"sqlite:///(?!:memory:|/*$|.*[?#%])[^\x00-\x1f]+")
_POSTGRES = re.compile(r"postgresql\+psycopg://\S+")
_PASSED = (
    "AWS_*",
    "GOOGLE_*",
    "ARM_*",
    "TF_CLI_CONFIG_FILE",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
)


def _fetchable(url: str) -> str:
    if why := address.refusal(url):
        raise sentence(why, "write a URL that git accepts, or a path")
    if url.startswith("~"):
        raise sentence("~ is not resolved", "write the whole path")
    return url


def _database(url: str) -> str:
    if _SQLITE.fullmatch(url) or _POSTGRES.fullmatch(url):
        return url
    postgres = url.startswith(("postgres:", "postgresql:", "postgresql+"))
    hint = "write postgresql+psycopg://…" if postgres else "four slashes begin an absolute path"
    raise not_allowed("sqlite:///path without ?, # and %, or postgresql+psycopg://user@host/name", hint)


def _unreserved(pattern: str) -> str:
    if ours := reserved_by(pattern):
        what = f"{pattern} is or covers {ours}, which could switch locking off or print secrets"
        raise sentence(what, "name what you need, one by one")
    return pattern


VariablePattern = Annotated[
    str,
    Text(r"[A-Za-z_*][A-Za-z0-9_*]{0,127}", "the name of a variable, or a pattern such as AWS_*"),
    AfterValidator(_unreserved),
]
VariableName = Annotated[
    str, Text("[A-Za-z_][A-Za-z0-9_]{0,127}", "the name of a variable"), AfterValidator(_unreserved)
]
Engine = Annotated[
    str, Text(r"auto|terraform|tofu|embedded|/\S.*", "auto, terraform, tofu, embedded or an absolute path")
]


class SourceSection(Section):
    """Where the stack definitions come from."""

    url: Annotated[str, AfterValidator(_fetchable)] = Field(repr=False)
    """Any URL that git accepts, or a path; a relative one is relative to this file."""
    branch: Annotated[str, Text(r"\S{1,250}", "the name of a branch", address.is_branch)] = "main"
    """The tracked branch."""
    path: Annotated[str, Text(r"[^\x00]{1,1000}", "a directory of the repository")] = "stacks"
    """Directory of the repository at or below which the stack.yaml files stand."""
    interval: Annotated[Duration, between(timedelta(seconds=1), timedelta(days=1))] = timedelta(seconds=60)
    """How often the repository is fetched, 1s to 1d."""
    verify: Literal["none", "head", "history"] = "none"
    """Which commits must be signed by one of signers: none, the newest, or each since the last accepted."""
    verify_since: Annotated[str, Text("[0-9a-f]{40}", "a full commit id of 40 hex digits")] | None = None
    """With history: the commit after which signatures are asked for; default: from the first commit on."""


class AccountSection(Section):
    """The accounts that may be acted on; anywhere else nothing is done."""

    aws: Annotated[str, Text("[0-9]{12}", "an AWS account id of 12 digits, in quotes")] | None = None
    """The AWS account."""
    gcp: Annotated[str, Text("([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]", "a project id")] | None = None
    """The Google Cloud project."""


class EnvironmentSection(Section):
    """All that Terraform and its providers get to see, beside PATH, LANG and TZ."""

    passed: list[VariablePattern] = Field(default=list(_PASSED), alias="pass", max_length=200)
    """Variables of the daemon's environment that are handed on; * stands for any text."""
    fixed: dict[VariableName, str] = Field(default={}, alias="set", repr=False)
    """Variables with the values they get."""


class DefaultsSection(Section):
    """What a stack gets if it says nothing."""

    interval: Interval = timedelta(minutes=10)
    """How often a stack is checked, 10s to 30d."""
    timeout: Timeout = timedelta(minutes=30)
    """How long one Terraform command may take, 10s to 1d."""


class HostConfig(Section):
    """The operator's file on the machine: trusted, and the floor for every stack."""

    source: SourceSection
    """Where the stack definitions come from."""
    state_dir: HostPath = "/var/lib/tfreconcile"
    """Mirror, work trees, caches and local state; 0700."""
    database: Annotated[str, AfterValidator(_database)] | None = Field(default=None, repr=False)
    """sqlite:///path or postgresql+psycopg://…; default: tfreconcile.db in state_dir."""
    engine: Engine = "auto"
    """Which Terraform is run."""
    account: AccountSection = AccountSection()
    """The accounts that may be acted on."""
    workers: int = Field(default=2, ge=1, le=64)
    """How many stacks are reconciled at the same time."""
    backend: BackendChoice = "local"
    """Where the state of stacks goes that declare no backend: local, none (refuse them), or {s3: {…}}."""
    environment: EnvironmentSection = EnvironmentSection()
    """All that Terraform and its providers get to see."""
    signers: HostPath | None = None
    """The ssh allowed_signers file; trusted.gpg and revoked_keys may stand beside it; default: no signer."""
    key_file: HostPath | None = None
    """The key of the fingerprints; default: fingerprint.key in state_dir."""
    gate: GateSection = GateSection()
    """The floor."""
    defaults: DefaultsSection = DefaultsSection()
    """What a stack gets if it says nothing."""


def schema() -> JsonSchemaValue:
    """The JSON Schema of a host config."""
    title = "tfreconcile host config (config.yaml)"
    return document.schema(HostConfig, identifier="urn:tfreconcile:schema:host-config", title=title)

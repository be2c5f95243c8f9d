"""What may a host config say?

The models follow the contract key by key. What the contract has and this version does not act on is refused
with a sentence, never overlooked.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, JsonValue, model_validator
from pydantic.json_schema import JsonSchemaValue

from tfreconcile.classify.model import PLANNED_HAZARDS, HazardKind
from tfreconcile.settings.backend import BackendChoice
from tfreconcile.settings.environment import reserved_by
from tfreconcile.source import address, document
from tfreconcile.source.contract import Interval, Person, Timeout, TimeToLive
from tfreconcile.source.document import Section
from tfreconcile.source.model import Strictness
from tfreconcile.source.shapes import Duration, OneOf, Text, between, later, not_allowed, sentence

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


def _without_windows(windows: list[JsonValue]) -> list[JsonValue]:
    if windows:
        raise sentence("windows are not supported by this version; allowed: []", "remove them")
    return windows


HostPath = Annotated[
    str,
    Text(r"(?!~)[^\x00-\x1f?#%]{1,1000}", "a path, absolute or relative to this file, without ~, ?, # and %"),
]
Hazard = Annotated[str, OneOf(tuple(sorted({str(kind) for kind in HazardKind} | PLANNED_HAZARDS)))]
VariablePattern = Annotated[
    str,
    Text(r"[A-Za-z_*][A-Za-z0-9_*]{0,127}", "the name of a variable, or a pattern such as AWS_*"),
    AfterValidator(_unreserved),
]
VariableName = Annotated[
    str, Text("[A-Za-z_][A-Za-z0-9_]{0,127}", "the name of a variable"), AfterValidator(_unreserved)
]


ResourceType = Annotated[str, Text("[a-z0-9_*?]{1,100}", "a resource type, or a pattern such as aws_efs_*")]
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
    verify: Annotated[Literal["none"], later("head", "history", allowed="none")] = "none"
    """Which commits must be signed by a trusted signer; this version knows none only."""


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


class ApprovalsSection(Section):
    """Who must say yes, how many of them, and for how long a yes lasts."""

    required: int = Field(default=1, ge=1, le=20)
    """How many people must approve."""
    ttl: TimeToLive = timedelta(hours=24)
    """How long an approval lasts, 1s to 365d."""
    four_eyes: Annotated[bool, later(True, allowed="false")] = False
    """Not supported by this version: only false is allowed."""
    approvers: list[Person] = Field(default=["*"], min_length=1, max_length=100)
    """Patterns of names: whoever approves must match one of them."""

    @model_validator(mode="after")
    def _can_be_reached(self) -> ApprovalsSection:
        people = set(self.approvers)
        if len(people) < self.required and not any(set("*?[") & set(name) for name in people):
            what = f"required is {self.required} and approvers names {len(people)}"
            raise sentence(f"{what}: nothing could ever be approved", "name more people or require fewer")
        return self


class GateSection(Section):
    """The floor: no stack can be less strict."""

    hazards: dict[Hazard, Strictness] = Field(default={})
    """What each kind of hazard asks for; those left out keep their built-in default."""
    apply: Strictness = "auto"
    """What changes that Git asks for need."""
    drift: Literal["heal", "approve", "report"] = "heal"
    """What is done about changes that the world made."""
    prune: Strictness = "approve"
    """What resources that left the code need."""
    max_destroys: int = Field(default=10, ge=0, le=100_000)
    """More deletions than this in one plan are a blast-radius hazard."""
    max_destroy_percent: int = Field(default=50, ge=0, le=100)
    """A larger part of a stack's resources deleted by one plan is a blast-radius hazard; in percent."""
    approvals: ApprovalsSection = ApprovalsSection()
    """Who must say yes."""
    windows: Annotated[list[JsonValue], AfterValidator(_without_windows)] = Field(default=[])
    """Not supported by this version: only [] is allowed."""
    stateful: list[ResourceType] = Field(default=[], max_length=500)
    """Patterns of resource types that hold data, beside the built-in catalogue."""


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
    """The ssh allowed_signers file; default: nobody's signature is trusted."""
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

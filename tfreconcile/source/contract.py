"""What may a stack.yaml say?

The models follow the contract key by key; a key that they do not have is an error, never overlooked.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, JsonValue, WithJsonSchema, model_validator
from pydantic.json_schema import JsonSchemaValue

from tfreconcile.source import document
from tfreconcile.source.document import Section
from tfreconcile.source.model import Strictness
from tfreconcile.source.shapes import Day, Duration, Note, Text, between, not_allowed, sentence

NAME_PATTERN = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
GROUP_PATTERN = "[a-z0-9][a-z0-9_-]{0,62}"
"""What a host may call a group of people; ``group:NAME`` stands for its members."""
NAME_WORDS = "lower-case letters, digits and inner hyphens, 1 to 63 characters"


def _is_http_url(text: str) -> bool:
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return False
    return url.scheme in ("http", "https") and bool(url.hostname) and "@" not in url.netloc and port != 0


def _is_endpoint(text: str) -> bool:
    return 0 < int(text.rpartition(":")[2]) < 65536


def _is_relative_glob(text: str) -> bool:
    return not any(part in ("", "..", ".") or part.lower() == ".git" for part in text.split("/"))


def each_once(names: list[str]) -> list[str]:
    """The names, if none of them is there twice."""
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise sentence(f"{', '.join(twice)} is there twice", "keep one of them")
    return names


def _is_person(text: str) -> bool:
    return not text.lower().startswith("group:") or re.fullmatch(f"group:{GROUP_PATTERN}", text) is not None


def _scalar(value: JsonValue) -> JsonValue:
    if isinstance(value, list | dict):
        raise not_allowed("text, a number, true or false")
    return value


Name = Annotated[str, Text(NAME_PATTERN, NAME_WORDS)]
RelativePath = Annotated[str, Text(r"[^\x00]{1,1000}", "a path relative to this file")]
Identifier = Annotated[str, Text("[A-Za-z_][A-Za-z0-9_-]{0,127}", "a variable name such as db_name")]
HazardName = Annotated[str, Text("[a-z][a-z-]{0,39}", "the name of a hazard, such as destroy")]
Person = Annotated[
    str, Text(r"\S(.{0,198}\S)?", "a name, a pattern such as *@example.com, or group:NAME", _is_person)
]
Scalar = Annotated[
    JsonValue, AfterValidator(_scalar), WithJsonSchema({"type": ["string", "number", "boolean", "null"]})
]
RoleArn = Annotated[
    str,
    Text(
        r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,576}",
        "a role ARN such as arn:aws:iam::123456789012:role/deployer",
    ),
]
HttpUrl = Annotated[
    str,
    Text(r"https?://[^\s@]{1,2000}", "an http or https URL without user and password", _is_http_url),
]
Endpoint = Annotated[
    str,
    Text(
        r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}",
        "host:port, or [address]:port for IPv6",
        _is_endpoint,
    ),
]
Glob = Annotated[
    str,
    Text(
        r"[^\x00\\/][^\x00\\]{0,199}",
        "a glob from the repository's root: shared/**",
        _is_relative_glob,
    ),
]
Interval = Annotated[Duration, between(timedelta(seconds=10), timedelta(days=30))]
Timeout = Annotated[Duration, between(timedelta(seconds=10), timedelta(hours=24))]
TimeToLive = Annotated[Duration, between(timedelta(seconds=1), timedelta(days=365))]


class ParameterSection(Section):
    """A variable whose value is fetched inside the account when a plan is made."""

    ssm: Annotated[str, Text("[A-Za-z0-9_.:/-]{1,2048}", "the name or ARN of an SSM parameter")]
    """The SSM parameter that holds the value."""
    name: Identifier = Field(alias="as")
    """The Terraform variable that gets the value."""


class IgnoreSection(Section):
    """Drift and changes of attributes to keep quiet about, until a day."""

    address: Annotated[str, Text(r"\S(.{0,998}\S)?", "a resource address or a pattern of one")]
    """Which resources: an address, or a pattern such as aws_autoscaling_group.*"""
    attributes: list[Annotated[str, Text(r"\S{1,500}", "the name of an attribute, or * for all")]] = Field(
        min_length=1, max_length=100
    )
    """Which of their attributes."""
    until: Day
    """The first day on which the rule no longer holds: the stack stops then, until it is renewed or gone."""
    why: Note
    """The reason, for whoever reads the status."""


class HealthSection(Section):
    """One probe after an apply: exactly one of http and tcp."""

    http: HttpUrl | None = None
    """A URL that answers with the expected status."""
    tcp: Endpoint | None = None
    """A host and port that accept a connection."""
    expect: int | None = Field(default=None, ge=100, le=599)
    """The HTTP status that means healthy; default 200."""
    within: Annotated[Duration, between(timedelta(seconds=1), timedelta(hours=24))] = timedelta(minutes=5)
    """How long after an apply a failure still counts as progress, 1s to 1d."""

    @model_validator(mode="after")
    def _is_one_probe(self) -> HealthSection:
        if (self.http is None) == (self.tcp is None):
            raise sentence("allowed: exactly one of http and tcp", "write one probe for each entry")
        if self.tcp is not None and self.expect is not None:
            raise sentence("expect is an HTTP status; a tcp probe has none", "remove expect")
        return self


class ApprovalsSection(Section):
    """Who must say yes, how many of them, and for how long a yes lasts."""

    required: int | None = Field(default=None, ge=1, le=20)
    """How many people must approve."""
    ttl: TimeToLive | None = None
    """How long an approval lasts, 1s to 365d."""
    four_eyes: bool | None = None
    """Whether nobody may approve who wrote or committed what is to be applied."""
    signed: bool | None = None
    """Whether only signed words count."""
    approvers: list[Person] | None = Field(default=None, min_length=1, max_length=100)
    """Patterns of names, or groups of the host: whoever approves must match one of them."""


class GateSection(Section):
    """What asks for a person. A stack may only be stricter than the host."""

    hazards: dict[HazardName, Strictness] = Field(default={}, max_length=50)
    """What each kind of hazard asks for."""
    max_destroys: int | None = Field(default=None, ge=0, le=100_000)
    """More deletions than this in one plan are a blast-radius hazard."""
    max_destroy_percent: int | None = Field(default=None, ge=0, le=100)
    """A larger part of the stack's resources deleted by one plan is a blast-radius hazard; in percent."""
    approvals: ApprovalsSection = ApprovalsSection()
    """Who must say yes."""


class Definition(Section):
    """A stack definition: one Terraform root module and how to look after it."""

    name: Name | None = None
    """Unique among all stacks; default: the name of the directory that this file stands in."""
    module: RelativePath = "."
    """The Terraform root module, relative to this file; it must stay inside the repository."""
    workspace: Annotated[
        str, Text("[A-Za-z0-9][A-Za-z0-9_.-]{0,89}", "letters, digits, _ . and -, 1 to 90 characters")
    ] = "default"
    """The Terraform workspace."""
    var_files: list[RelativePath] = Field(default=[], max_length=100)
    """Variable files, relative to this file; later ones win."""
    variables: dict[Identifier, JsonValue] = Field(default={}, repr=False)
    """Values of input variables."""
    variables_from: list[ParameterSection] = Field(default=[], max_length=100)
    """Values that are resolved inside the account at plan time and never written down."""
    role: RoleArn | None = None
    """The AWS role that is assumed for this stack only; default: the daemon's own identity."""
    interval: Interval | None = None
    """How often the stack is checked, 10s to 30d; default: what the host says."""
    timeout: Timeout | None = None
    """How long one Terraform command may take, 10s to 1d; default: what the host says."""
    depends_on: Annotated[list[Name], AfterValidator(each_once)] = Field(default=[], max_length=200)
    """Names of the stacks that must be in sync first."""
    apply: Strictness | None = None
    """What happens to changes that Git asks for; default: what the host says."""
    drift: Literal["heal", "approve", "report"] | None = None
    """What happens to changes that the world made; default: what the host says."""
    prune: Strictness | None = None
    """What happens to resources that left the code; default: what the host says."""
    on_removal: Literal["orphan", "destroy"] = "orphan"
    """What happens when this file leaves Git: the resources stay as they are, or go once it is approved."""
    ignore: list[IgnoreSection] = Field(default=[], max_length=100)
    """Drift and changes of attributes to keep quiet about."""
    gate: GateSection = GateSection()
    """What asks for a person; stricter than the host only."""
    health: list[HealthSection] = Field(default=[], max_length=20)
    """Probes that tell whether an apply worked."""
    context: dict[str, Scalar] = Field(default={}, max_length=100)
    """Free-form facts for people and policies, such as the owner."""
    watch: list[Glob] = Field(default=[], max_length=50)
    """Globs from the repository's root: files outside the module that this stack also depends on."""
    suspend: bool = False
    """Whether the stack is left alone."""

    @model_validator(mode="after")
    def _gives_each_variable_once(self) -> Definition:
        names = [*self.variables, *(parameter.name for parameter in self.variables_from)]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            what = f"variables and variables_from give a value twice: {', '.join(twice)}"
            raise sentence(what, "keep one of them")
        return self


def is_name(text: str) -> bool:
    """Whether a stack may have this name."""
    return re.fullmatch(NAME_PATTERN, text) is not None


def schema() -> JsonSchemaValue:
    """The JSON Schema of a stack.yaml."""
    title = "tfreconcile stack definition (stack.yaml)"
    return document.schema(Definition, identifier="urn:tfreconcile:schema:stack", title=title)

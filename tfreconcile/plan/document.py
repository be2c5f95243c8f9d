"""What does a plan say? Terraform's plan JSON becomes a typed Plan, and nothing unknown passes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import NewType, TypeAlias

Json: TypeAlias = "bool | int | Decimal | str | list[Json] | dict[str, Json] | None"
"""A value as Terraform wrote it; numbers with a fraction are Decimals, so none loses a digit."""

Address = NewType("Address", str)
Step: TypeAlias = "str | int"
"""One step into a value: a key or an index."""


class Kind(StrEnum):
    """What a plan will do to one address, in one word."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    FORGET = "forget"
    IMPORT = "import"
    MOVE = "move"
    READ = "read"
    ACTION = "action"
    NO_OP = "no-op"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One entry of ``resource_changes``; its key is (address, deposed).

    An entry of ``action_invocations`` is a Change too: kind ACTION, mode "action", actions ("invoke",),
    the trigger (as canonical JSON) in ``reason`` and its configuration in ``after``.

    ``before``/``after`` hold secrets in clear: only render.py and redact.py may show them.
    ``*_sensitive`` and ``after_unknown`` have the shape of the value, or are one bool for all of it.
    """

    address: Address
    kind: Kind
    actions: tuple[str, ...]
    mode: str = "managed"
    type: str = ""
    name: str = ""
    module: str = ""
    provider: str = ""
    deposed: str | None = None
    previous_address: Address | None = None
    reason: str | None = None
    importing: str | None = None
    generated_config: str | None = None
    replace_paths: tuple[tuple[Step, ...], ...] = ()
    before: Json = None
    after: Json = None
    after_unknown: Json = False
    before_sensitive: Json = False
    after_sensitive: Json = False


@dataclass(frozen=True, kw_only=True)
class Drift:
    """One entry of ``resource_drift``: ``before`` is the last known state, ``after`` the world."""

    address: Address
    actions: tuple[str, ...]
    type: str = ""
    before: Json = None
    after: Json = None
    before_sensitive: Json = False
    after_sensitive: Json = False


@dataclass(frozen=True, kw_only=True)
class Output:
    """One entry of ``output_changes`` (root module only)."""

    name: str
    actions: tuple[str, ...]
    before: Json = None
    after: Json = None
    after_unknown: Json = False
    sensitive: bool = False


@dataclass(frozen=True, kw_only=True)
class Check:
    """One checkable object: status is pass, fail, error or unknown. Problems may hold secrets."""

    address: str
    kind: str
    status: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A root input variable with its value, which may be a secret."""

    value: Json
    sensitive: bool = False
    ephemeral: bool = False


@dataclass(frozen=True, kw_only=True)
class Configured:
    """What the configuration says of one resource block, wherever its module is.

    ``attributes`` are the names given in the block; ``expressions`` and ``provisioners`` are Terraform's
    own JSON of what is given. Dynamic blocks are in none of these.
    """

    module: str
    type: str
    name: str
    provider_key: str
    attributes: frozenset[str] = frozenset()
    expressions: Mapping[str, Json] = field(default_factory=dict)
    provisioners: Json = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A whole plan. ``applyable`` means there is something to do; ``errored`` plans are never applied."""

    format_version: str
    engine_version: str
    applyable: bool
    complete: bool
    errored: bool
    changes: tuple[Change, ...] = ()
    drift: tuple[Drift, ...] = ()
    outputs: tuple[Output, ...] = ()
    checks: tuple[Check, ...] = ()
    deferred: tuple[str, ...] = ()
    variables: Mapping[str, Variable] = field(default_factory=dict)
    provider_config: Mapping[str, Json] = field(default_factory=dict)
    configured: tuple[Configured, ...] = ()
    prior_resources: int = 0
    """How many managed resource instances the state held before this plan."""


def only_reads(plan: Plan) -> bool:
    """Would an apply do nothing but read data sources?"""
    kinds = {change.kind for change in plan.changes}
    outputs = any(output.actions != ("no-op",) for output in plan.outputs)
    return Kind.READ in kinds and kinds <= {Kind.READ, Kind.NO_OP} and not outputs


_CLOUDS = {"aws": "aws", "awscc": "aws", "google": "gcp", "google-beta": "gcp"}


def clouds(plan: Plan) -> frozenset[str]:
    """The clouds ("aws", "gcp") whose providers have something in this plan, no-ops included."""
    types = {change.provider.rsplit("/", 1)[-1] for change in plan.changes}
    return frozenset(_CLOUDS[name] for name in types if name in _CLOUDS)

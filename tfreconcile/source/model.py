"""What is a stack, as Git defines it?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import PurePosixPath
from typing import Literal, NewType, TypeAlias

from tfreconcile.errors import Place

StackName = NewType("StackName", str)
Revision = NewType("Revision", str)
"""A full commit id."""
InputsDigest = NewType("InputsDigest", str)
"""64 hex digits over everything in Git that can change the plan of a stack."""

Strictness: TypeAlias = Literal["auto", "approve", "never"]
Scalar: TypeAlias = "bool | int | float | str | list[Scalar] | dict[str, Scalar] | None"


@dataclass(frozen=True, kw_only=True)
class IgnoreRule:
    """Drift to keep quiet about: patterns over addresses and attributes, a reason, an end."""

    address: str
    attributes: tuple[str, ...]
    until: date
    why: str
    place: Place


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """One probe. Exactly one of ``http`` (a URL) and ``tcp`` (``host:port``) is set.

    ``expect`` is the HTTP status; ``within`` is how long after an apply a failure still counts as
    progress.
    """

    http: str | None = None
    tcp: str | None = None
    expect: int = 200
    within: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A variable whose value lives in the cloud: the SSM parameter ``ssm`` becomes ``name``."""

    ssm: str
    name: str


@dataclass(frozen=True, kw_only=True)
class GateWish:
    """What a stack asks of its gate; ``None`` means that it says nothing. May only be stricter.

    ``places`` gives the place of each key that was written, by dotted path (``gate.hazards.replace``).
    """

    apply: Strictness | None = None
    drift: Literal["heal", "approve", "report"] | None = None
    prune: Strictness | None = None
    hazards: Mapping[str, Strictness] = field(default_factory=dict)
    max_destroys: int | None = None
    max_destroy_percent: int | None = None
    required: int | None = None
    ttl: timedelta | None = None
    approvers: tuple[str, ...] | None = None
    places: Mapping[str, Place] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One stack definition, validated. Paths are relative to the repository's root.

    ``interval`` and ``timeout`` are ``None`` when the host's defaults hold. ``places`` says where the
    definition names files, by dotted path (``module``, ``var_files.0``, ``watch.0``).
    """

    name: StackName
    definition: PurePosixPath
    module: PurePosixPath
    workspace: str = "default"
    var_files: tuple[PurePosixPath, ...] = ()
    variables: Mapping[str, Scalar] = field(default_factory=dict)
    parameters: tuple[Parameter, ...] = ()
    role: str | None = None
    interval: timedelta | None = None
    timeout: timedelta | None = None
    depends_on: tuple[StackName, ...] = ()
    on_removal: Literal["orphan"] = "orphan"
    ignore: tuple[IgnoreRule, ...] = ()
    gate: GateWish = field(default_factory=GateWish)
    health: tuple[HealthCheck, ...] = ()
    context: Mapping[str, Scalar] = field(default_factory=dict)
    watch: tuple[str, ...] = ()
    suspend: bool = False
    places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A stack at one commit with all that was learned from its files.

    ``files`` are the paths (from the repository's root) of exactly what the digest covers and what is
    exported: nothing else of the repository can reach the plan.
    """

    stack: Stack
    inputs: InputsDigest
    files: tuple[PurePosixPath, ...]
    module: ModuleFacts


@dataclass(frozen=True, kw_only=True)
class ModuleFacts:
    """What the HCL of a root module and its local modules says, read before init.

    ``clouds`` holds "aws" and "gcp" when a provider of that cloud can be reached; a remote module
    could reach any, so it brings both. ``backend`` is None or (type, canonical JSON of the block).
    ``init_key`` digests everything that ``terraform init`` depends on except engine, lock file and
    mirror. ``unpinned`` names remote module sources that can change without a commit here.
    ``sensitive_variables`` are the root variables marked sensitive, with their default if any;
    ``ephemeral_variables`` are those whose value is never kept, so that an apply must get it again.
    """

    local_modules: tuple[PurePosixPath, ...] = ()
    clouds: frozenset[str] = frozenset()
    backend: tuple[str, str] | None = None
    init_key: str = ""
    unpinned: tuple[str, ...] = ()
    sensitive_variables: Mapping[str, Scalar] = field(default_factory=dict)
    ephemeral_variables: frozenset[str] = frozenset()

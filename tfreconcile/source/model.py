"""What is a stack, as Git defines it?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
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
class Signature:
    """A good signature of a trusted signer, with all that another machine needs to check it again.

    ``signer`` is the principal of ``allowed_signers``, or for GPG the e-mail address of the key's primary
    user id. ``key`` is the fingerprint (``SHA256:...``, or 40 hex digits). ``payload`` is the very text that
    was signed and ``text`` the armoured signature. ``namespace`` is that of an SSH signature. ``tag`` and
    ``object`` are the ref (below refs/tags/) and the id of a signed tag.
    """

    kind: Literal["ssh", "gpg"]
    signer: str
    key: str
    payload: str
    text: str
    namespace: str = "git"
    tag: str | None = None
    object: str | None = None


@dataclass(frozen=True, kw_only=True)
class Authorship:
    """Who made a commit. Names are claims of whoever made it; ``signer`` alone is proven, if there is one.

    ``trailers`` are the (key, value) lines at the end of its message.
    """

    revision: Revision
    author: str
    author_email: str
    committer: str
    committer_email: str
    subject: str
    committed_at: datetime
    trailers: tuple[tuple[str, str], ...] = ()
    signer: str | None = None


@dataclass(frozen=True, kw_only=True)
class IgnoreRule:
    """Drift and changes to keep quiet about: patterns over addresses and attributes, a reason, an end."""

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
    four_eyes: bool | None = None
    signed: bool | None = None
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
    on_removal: Literal["orphan", "destroy"] = "orphan"
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
class Use:
    """One thing that code brings with it, and where it says so."""

    what: str
    place: Place


@dataclass(frozen=True, kw_only=True)
class Brought:
    """What code brings with it that could run: each thing once, where it is first used.

    ``providers`` are sources (``hashicorp/aws``), ``modules`` the sources of remote modules as written,
    ``provisioners`` and ``programs`` addresses (of data sources that run one), ``binaries`` the files of
    a directory that Terraform takes providers from.
    """

    providers: tuple[Use, ...] = ()
    modules: tuple[Use, ...] = ()
    provisioners: tuple[Use, ...] = ()
    programs: tuple[Use, ...] = ()
    binaries: tuple[Use, ...] = ()

    def __add__(self, other: Brought) -> Brought:
        """Both together."""
        return Brought(
            providers=(*self.providers, *other.providers),
            modules=(*self.modules, *other.modules),
            provisioners=(*self.provisioners, *other.provisioners),
            programs=(*self.programs, *other.programs),
            binaries=(*self.binaries, *other.binaries),
        )


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
    brought: Brought = field(default_factory=Brought)

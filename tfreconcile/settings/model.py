"""What did the operator choose?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Literal

from tfreconcile.gate.configuration import ConfigurationRules
from tfreconcile.gate.policy import Floor
from tfreconcile.policies.model import PolicyRules
from tfreconcile.source.model import Revision, Scalar, StackName

PLACEHOLDER = "{stack}"
"""What a text of the backend's settings holds where the name of the stack is to stand."""


_STACKS = PurePosixPath("stacks")


@dataclass(frozen=True, kw_only=True)
class SourceSettings:
    """Where the stack definitions come from."""

    url: str = field(repr=False)
    """Any URL that git accepts, or an absolute path. It may hold a password: show it through
    ``source.address.shown`` only. No default."""
    branch: str = "main"
    """The tracked branch, without ``refs/heads/``. Default ``main``."""
    path: PurePosixPath = _STACKS
    """Directory, from the repository's root, at or below which definitions stand. Default ``stacks``."""
    interval: timedelta = timedelta(seconds=60)
    """How often the repository is fetched. Default 60s."""
    verify: Literal["none", "head", "history"] = "none"
    """Which commits must be signed by one of ``signers``: none, the head of the branch, or every one since
    the last that was accepted. Default ``none``."""
    verify_since: Revision | None = None
    """With ``history``: the commit after which signatures are asked for. ``None``: from the first one on."""


@dataclass(frozen=True, kw_only=True)
class BackendDefault:
    """Where the state of a stack goes that declares no backend of its own."""

    kind: Literal["local", "none", "s3"] = "local"
    """``local``: a file of mode 0600 below ``state_dir/tfstate``. ``none``: such a stack is refused.
    ``s3``: an S3 backend with ``settings``. Default ``local``."""
    settings: Mapping[str, Scalar] = field(default_factory=dict, repr=False)
    """Arguments of the ``s3`` block, with ``{stack}`` not yet filled in; empty for the other kinds."""

    def settings_of(self, stack: StackName) -> dict[str, Scalar]:
        """The arguments of the backend block for one stack."""
        return {key: _filled(value, stack) for key, value in self.settings.items()}


def _filled(value: Scalar, stack: StackName) -> Scalar:
    match value:
        case str():
            return value.replace(PLACEHOLDER, stack)
        case list():
            return [_filled(each, stack) for each in value]
        case dict():
            return {key: _filled(each, stack) for key, each in value.items()}
    return value


@dataclass(frozen=True, kw_only=True)
class EnvironmentRules:
    """All that Terraform and its providers get to see, beside PATH, LANG and TZ."""

    pass_patterns: tuple[str, ...] = ()
    """Names of variables that are handed on from the daemon's environment; ``*`` stands for any text.
    Default: those of AWS, Google and Azure, the CLI config file, proxy and certificate file."""
    set: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Variables with the values they get; they win over those handed on. May hold secrets. Default: none."""


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """What a stack gets if it says nothing."""

    interval: timedelta = timedelta(minutes=10)
    """How often a stack is checked. Default 10m."""
    timeout: timedelta = timedelta(minutes=30)
    """How long one Terraform command may take. Default 30m."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The host config, validated; every path in it is absolute if the path of the config file was."""

    file: str
    """The host config itself, as messages name it."""
    source: SourceSettings
    """Where the stack definitions come from."""
    state_dir: Path
    """Mirror, work trees, caches, local state; 0700. Default ``/var/lib/tfreconcile``."""
    database: str = field(repr=False)
    """SQLAlchemy URL, ``sqlite:///…`` or ``postgresql+psycopg://…``. It may hold a password: never show it.
    Default: ``tfreconcile.db`` in ``state_dir``."""
    engine: str = "auto"
    """``auto``, ``terraform``, ``tofu``, ``embedded``, or the absolute path of a binary. Default ``auto``."""
    account: Mapping[str, str] = field(default_factory=dict)
    """By cloud (``aws``, ``gcp``) the one account or project that may be acted on. A cloud that is not
    named is not guarded. Default: none."""
    workers: int = 2
    """How many stacks are reconciled at the same time, 1 to 64. Default 2."""
    backend: BackendDefault = field(default_factory=BackendDefault)
    """Where the state of a stack goes that declares no backend."""
    environment: EnvironmentRules = field(default_factory=EnvironmentRules)
    """All that Terraform and its providers get to see."""
    signers: Path | None = None
    """The ssh ``allowed_signers`` file; ``trusted.gpg`` and ``revoked_keys`` may stand beside it. ``None``
    (the default): nobody's signature is trusted."""
    key_file: Path
    """The key of the fingerprints, 0600, made when missing. Default: ``fingerprint.key`` in ``state_dir``."""
    floor: Floor = field(default_factory=Floor)
    """The least that the gate of every stack asks for, and where the config says so."""
    stateful: frozenset[str] = frozenset()
    """Patterns of resource types that hold data, beside the built-in catalogue. Default: none."""
    policies: PolicyRules = field(default_factory=PolicyRules)
    """Policy as code that every plan is held to. Default: none."""
    configuration: ConfigurationRules = field(default_factory=ConfigurationRules)
    """What code from Git may bring with it. Default: everything."""
    unused_hazards: tuple[str, ...] = ()
    """Hazards that the config names and this version does not detect."""
    defaults: Defaults = field(default_factory=Defaults)
    """What a stack gets if it says nothing."""
    warnings: tuple[str, ...] = ()
    """What is allowed and unwise, in sentences; ``doctor`` shows them."""

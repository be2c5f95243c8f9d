"""Which policies hold on this host, and what may code from Git bring with it: how does a config say it?"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from tfreconcile.source.contract import Glob
from tfreconcile.source.document import Section
from tfreconcile.source.shapes import Duration, HostPath, Text, between

_SEGMENT = r"[A-Za-z0-9_.*?-]+"

Namespace = Annotated[
    str,
    Text(
        r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*){0,9}", "the name of a Rego package, such as main"
    ),
]
PolicyEngine = Annotated[str, Text(r"auto|regorus|/\S.*", "auto, regorus, or the absolute path of an opa")]
Deadline = Annotated[Duration, between(timedelta(seconds=1), timedelta(minutes=10))]
ProviderPattern = Annotated[
    str,
    Text(
        rf"({_SEGMENT}(:[0-9]{{1,5}})?/)?{_SEGMENT}/{_SEGMENT}",
        "the source of a provider, or a pattern such as hashicorp/* or registry.example.com/acme/*",
    ),
]
ModulePattern = Annotated[
    str,
    Text(r"[^\s\x00-\x1f]{1,500}", "a module source, or a pattern such as git::https://git.example.com/**"),
]


class PolicySection(Section):
    """Policy as code that every plan is held to."""

    rego: list[HostPath] = Field(default=[], max_length=100)
    """Files and directories of Rego on this machine."""
    git: list[Glob] = Field(default=[], max_length=50)
    """Globs from the repository's root: Rego that the tracked branch adds. It can deny, never allow."""
    data: list[HostPath] = Field(default=[], max_length=100)
    """JSON or YAML files on this machine that policies read under data."""
    namespaces: list[Namespace] = Field(default=["main"], min_length=1, max_length=50)
    """Packages that are asked."""
    engine: PolicyEngine = "auto"
    """What evaluates Rego: auto (an opa on the PATH, else regorus), regorus, or an opa's absolute path."""
    checkov: HostPath | None = None
    """The checkov program; default: no scan."""
    timeout: Deadline = timedelta(seconds=30)
    """How long one evaluation may take, 1s to 10m."""
    memory_mb: int = Field(default=1024, ge=128, le=65_536)
    """How much memory one evaluation may have, in MiB."""


class ConfigurationSection(Section):
    """What code from Git may bring with it; looked at before any of it runs."""

    providers: list[ProviderPattern] | None = Field(default=None, max_length=500)
    """Patterns of the providers that may be used; default: all."""
    modules: list[ModulePattern] | None = Field(default=None, max_length=500)
    """Patterns of the remote modules that may be used; default: all. Modules of the repository always may."""
    provisioners: Literal["allow", "deny"] = "allow"
    """Whether resources may have provisioners."""
    external_data: Literal["allow", "deny"] = "allow"
    """Whether data sources may run programs."""

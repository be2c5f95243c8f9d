"""Which policies hold on this host, and how may they run?"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class PolicyRules:
    """Policy as code that every plan is held to."""

    rego: tuple[Path, ...] = ()
    """Files and directories of Rego on the host; every ``*.rego`` below a directory but ``*_test.rego``."""
    git: tuple[str, ...] = ()
    """Globs from the repository's root: Rego that the tracked branch adds. It can deny, never allow."""
    data: tuple[Path, ...] = ()
    """JSON or YAML files on the host, merged under ``data``."""
    namespaces: tuple[str, ...] = ("main",)
    """Packages that are asked, as conftest's --namespace."""
    engine: str = "auto"
    """``auto`` (an ``opa`` on the PATH, else regorus), ``regorus``, or the absolute path of an ``opa``."""
    checkov: Path | None = None
    """The absolute path of a checkov program; None: no scan."""
    timeout: timedelta = timedelta(seconds=30)
    """How long one evaluation may take."""
    memory: int = 1 << 30
    """How much memory the child may have, in bytes."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that a policy says of a plan. ``source`` is the rule (``main.deny``, ``checkov CKV_AWS_20``).

    ``address`` is that of the resource when the policy names one (``resource``, ``address``), else empty.
    """

    source: str
    message: str
    address: str = ""


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What all policies together say. ``excepted`` were denied and let through by an ``exception`` rule."""

    denied: tuple[Finding, ...] = ()
    warned: tuple[Finding, ...] = ()
    excepted: tuple[Finding, ...] = field(default=())

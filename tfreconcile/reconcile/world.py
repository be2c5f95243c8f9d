"""What does a pass need from outside? The doors and the operator's choices, as one value."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import PurePosixPath

from tfreconcile.clock import Clock
from tfreconcile.cloud.guard import Guard
from tfreconcile.gate.configuration import ConfigurationRules
from tfreconcile.gate.policy import Floor
from tfreconcile.plan.desk import StateDirectory
from tfreconcile.policies.model import PolicyRules
from tfreconcile.reconcile.trust import Trust
from tfreconcile.settings.model import BackendDefault
from tfreconcile.source.git import Mirror
from tfreconcile.store.database import Store
from tfreconcile.terraform.engine import Engine

Progress = Callable[[str, str], None]
"""Told (stack, sentence) while a pass goes on."""


def silent(_stack: str, _sentence: str) -> None:
    """Tells nobody."""


@dataclass(frozen=True, kw_only=True)
class World:
    """Everything outside that a pass may touch. Frozen: a pass cannot change what the next one gets.

    ``environment`` is what Terraform and the clouds' SDKs get to see. ``key`` is the secret of the
    fingerprints. ``holder`` names this process in leases. ``trust`` says whose signatures count.
    """

    store: Store
    mirror: Mirror
    path: PurePosixPath
    engine: Engine
    key: bytes
    guard: Guard
    clock: Clock
    directory: StateDirectory
    environment: Mapping[str, str]
    account: Mapping[str, str]
    backend: BackendDefault
    floor: Floor
    stateful: frozenset[str]
    interval: timedelta
    timeout: timedelta
    holder: str
    trust: Trust = field(default_factory=Trust)
    policies: PolicyRules = field(default_factory=PolicyRules)
    configuration: ConfigurationRules = field(default_factory=ConfigurationRules)
    progress: Progress = silent
    stop: threading.Event = field(default_factory=threading.Event)

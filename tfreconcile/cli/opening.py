"""How are the doors opened? Composes the operator's settings into the world that passes act in."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from tfreconcile import clock
from tfreconcile.cloud.guard import Guard
from tfreconcile.errors import Misconfigured
from tfreconcile.plan.desk import StateDirectory
from tfreconcile.reconcile import lease
from tfreconcile.reconcile.trust import Trust
from tfreconcile.reconcile.world import Progress, World
from tfreconcile.settings.model import Settings
from tfreconcile.source.git import Mirror
from tfreconcile.source.signers import Signers, signers_beside
from tfreconcile.store import anchor as anchors
from tfreconcile.store import database, key
from tfreconcile.store.database import Store
from tfreconcile.terraform import engine
from tfreconcile.terraform.environment import allowed

FETCH_DEADLINE = 120.0
"""Seconds for one attempt to reach the Git remote."""
GUARD_MEMORY = timedelta(minutes=10)
"""How long a proven identity is believed."""
HOME_FILES: Mapping[str, str] = {
    "TF_CLI_CONFIG_FILE": ".terraformrc",
    "AWS_CONFIG_FILE": ".aws/config",
    "AWS_SHARED_CREDENTIALS_FILE": ".aws/credentials",
    "GOOGLE_APPLICATION_CREDENTIALS": ".config/gcloud/application_default_credentials.json",
}
"""Files that tools look for under HOME. A pass has a HOME of its own, so they are named outright."""


@contextmanager
def store(settings: Settings) -> Iterator[Store]:
    """The database, brought up to date, closed at the end."""
    anchor = settings.state_dir / anchors.NAME
    opened = database.connect(settings.database, key=_sealing_key(settings), anchor=anchor)
    try:
        yield opened
    finally:
        opened.close()


def _sealing_key(settings: Settings) -> bytes | None:
    """The host's key, made when it is missing; None where it is neither there nor can be made."""
    file = settings.key_file
    if file.exists() or os.access(file.parent, os.W_OK | os.X_OK):
        return key.load_or_make(file)
    return None


def mirror(settings: Settings) -> Mirror:
    """The bare mirror of the tracked repository."""
    return Mirror(
        path=StateDirectory(settings.state_dir).mirror,
        url=settings.source.url,
        branch=settings.source.branch,
        timeout=FETCH_DEADLINE,
    )


def signers(settings: Settings) -> Signers | None:
    """Whose signatures count; None when the host config names nobody."""
    return None if settings.signers is None else signers_beside(settings.signers)


def trust(settings: Settings) -> Trust:
    """How the tracked branch is verified."""
    source = settings.source
    return Trust(verify=source.verify, since=source.verify_since, signers=signers(settings))


def environment(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """What Terraform and the clouds' SDKs get to see: the allow-list, and files that HOME would lead to."""
    named = {
        name: str(path)
        for name, relative in HOME_FILES.items()
        if name not in environ and (path := Path(environ.get("HOME", "/nonexistent"), relative)).is_file()
    }
    rules = settings.environment
    return allowed({**environ, **named}, rules.pass_patterns, rules.set)


@contextmanager
def world(
    settings: Settings, environ: Mapping[str, str], *, progress: Progress, stop: threading.Event
) -> Iterator[World]:
    """Everything that passes need, opened in the order in which a person would mend it."""
    make_state_directory(settings.state_dir)
    found = engine.find(settings.engine, environ.get("PATH", os.defpath))
    with store(settings) as opened:
        yield World(
            store=opened,
            mirror=mirror(settings),
            path=settings.source.path,
            engine=found,
            key=key.load_or_make(settings.key_file),
            guard=Guard(GUARD_MEMORY),
            clock=clock.now,
            directory=StateDirectory(settings.state_dir),
            environment=environment(settings, environ),
            account=settings.account,
            backend=settings.backend,
            floor=settings.floor,
            stateful=settings.stateful,
            interval=settings.defaults.interval,
            timeout=settings.defaults.timeout,
            holder=lease.holder(),
            policies=settings.policies,
            configuration=settings.configuration,
            trust=trust(settings),
            progress=progress,
            stop=stop,
        )


def make_state_directory(path: Path) -> None:
    """Make what is missing of ``state_dir``. Raises Misconfigured when it cannot be made or written."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Misconfigured.at(
            str(path),
            f"state_dir cannot be made: {error.strerror}",
            "choose another state_dir, or run as its owner",
        ) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise Misconfigured.at(
            str(path), "state_dir cannot be written by this user", "run as the user that owns it"
        )

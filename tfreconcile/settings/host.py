"""What does the host config on this machine say? The only module that reads it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from tfreconcile.classify.model import PLANNED_HAZARDS, HazardKind
from tfreconcile.errors import Misconfigured, Place, Problem
from tfreconcile.gate.model import ApprovalRules, DriftPolicy, Policy, Requirement
from tfreconcile.gate.policy import DEFAULT_HAZARDS, Floor
from tfreconcile.settings import backend
from tfreconcile.settings.contract import GateSection, HostConfig, SourceSection
from tfreconcile.settings.model import (
    Defaults,
    EnvironmentRules,
    Settings,
    SourceSettings,
)
from tfreconcile.source import document
from tfreconcile.source.document import LIMIT, Document
from tfreconcile.source.tree import ROOT, OutsideRepository, inside

_PASSWORD = re.compile(r"[a-z][a-z0-9+.-]*://[^/@]*:[^/@]+@", re.IGNORECASE)
_SQLITE = "sqlite:///"


def load(path: Path) -> Settings:
    """Read the host config. Raises Misconfigured when it is missing, unreadable or wrong."""
    absolute = Path(os.path.abspath(path))  # as written: a symlink keeps the directory it stands in
    content, mode = _content(absolute)
    settings = parse(content, str(absolute))
    return replace(settings, warnings=(*settings.warnings, *_exposed(settings, mode)))


def parse(content: bytes, file: str) -> Settings:
    """The settings that a host config describes; relative paths start from the directory of ``file``.

    Raises Misconfigured with every problem, whatever the bytes are.
    """
    found = document.read(content, file, HostConfig)
    config, base = found.model, Path(file).parent
    state_dir = _absolute(base, config.state_dir)
    return Settings(
        file=file,
        source=_source(found, base, file),
        state_dir=state_dir,
        database=_database(config.database, base, state_dir),
        engine=config.engine,
        account=config.account.model_dump(exclude_none=True),
        workers=config.workers,
        backend=backend.default_of(config.backend),
        environment=EnvironmentRules(
            pass_patterns=tuple(config.environment.passed), set=config.environment.fixed
        ),
        signers=_absolute(base, config.signers) if config.signers else None,
        key_file=_absolute(base, config.key_file) if config.key_file else state_dir / "fingerprint.key",
        floor=_floor(config.gate, found.places),
        stateful=frozenset(config.gate.stateful),
        unused_hazards=tuple(sorted(PLANNED_HAZARDS & set(config.gate.hazards))),
        defaults=Defaults(interval=config.defaults.interval, timeout=config.defaults.timeout),
        warnings=tuple(_unwise(config)),
    )


def _content(path: Path) -> tuple[bytes, int]:
    """What the file holds, and its mode. More than the limit is not read; the parser then says so."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a FIFO must not block us
        with open(descriptor, "rb") as file:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                raise Misconfigured.at(str(path), "this is not a regular file", "name the host config itself")
            return file.read(LIMIT + 1), mode
    except FileNotFoundError:
        hint = "write it, or name another with --config or TFRECONCILE_CONFIG"
        raise Misconfigured.at(str(path), "there is no such file", hint) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        what = f"the file cannot be read: {why}"
        raise Misconfigured.at(str(path), what, "look at its owner and mode") from error


def _absolute(base: Path, path: str) -> Path:
    return Path(os.path.normpath(base / path))


def _source(found: Document[HostConfig], base: Path, file: str) -> SourceSettings:
    wanted = found.model.source
    try:
        path = inside(ROOT, wanted.path)
    except OutsideRepository as error:
        place = found.places.get("source.path", Place(file))
        raise Misconfigured((Problem(place, f"source.path: {error}", "name a directory in it"),)) from None
    return SourceSettings(
        url=_located(wanted, base),
        branch=wanted.branch,
        path=path,
        interval=wanted.interval,
        verify=wanted.verify,
    )


def _located(wanted: SourceSection, base: Path) -> str:
    """A URL, ``host:path`` and an absolute path as they are; anything else is a path from ``base``."""
    remote = "://" in wanted.url or ":" in wanted.url.partition("/")[0]
    if remote or PurePosixPath(wanted.url).is_absolute():
        return wanted.url
    return str(_absolute(base, wanted.url))


def _database(url: str | None, base: Path, state_dir: Path) -> str:
    if url is None:
        return f"{_SQLITE}{state_dir / 'tfreconcile.db'}"
    if url.startswith(_SQLITE):
        return f"{_SQLITE}{_absolute(base, url.removeprefix(_SQLITE))}"
    return url


def _floor(gate: GateSection, places: Mapping[str, Place]) -> Floor:
    known = {str(kind) for kind in HazardKind}
    chosen = {HazardKind(name): Requirement(it) for name, it in gate.hazards.items() if name in known}
    policy = Policy(
        hazards={**DEFAULT_HAZARDS, **chosen},
        apply=Requirement(gate.apply),
        drift=DriftPolicy(gate.drift),
        prune=Requirement(gate.prune),
        max_destroys=gate.max_destroys,
        max_destroy_percent=gate.max_destroy_percent,
        approvals=ApprovalRules(
            required=gate.approvals.required,
            ttl=gate.approvals.ttl,
            approvers=(tuple(gate.approvals.approvers),),
        ),
    )
    return Floor(policy=policy, places={key: at for key, at in places.items() if key.startswith("gate.")})


def _unwise(config: HostConfig) -> Iterator[str]:
    if _PASSWORD.match(config.source.url):
        yield "source.url holds a password; use an SSH key or a credential helper instead"
    if secrets := backend.credentials_in(config.backend):
        yield f"backend.s3 holds {', '.join(secrets)}; use the environment or a role instead"


def _exposed(settings: Settings, mode: int) -> Iterator[str]:
    if mode & 0o022:
        yield f"{settings.file} can be changed by others (mode {mode & 0o777:04o}); run chmod go-w on it"
    if mode & 0o044 and (_PASSWORD.match(settings.database) or _PASSWORD.match(settings.source.url)):
        yield f"{settings.file} holds a password and can be read by others; run chmod go-r on it"

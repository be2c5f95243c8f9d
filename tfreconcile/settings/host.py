"""What does the host config on this machine say? The only module that reads it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from tfreconcile.classify.model import PLANNED_HAZARDS
from tfreconcile.errors import Misconfigured, Place, Problem
from tfreconcile.gate.configuration import ConfigurationRules
from tfreconcile.gate.policy import Floor
from tfreconcile.policies.model import PolicyRules
from tfreconcile.settings import backend, coherence, floor
from tfreconcile.settings.contract import HostConfig, SourceSection
from tfreconcile.settings.gate import GateSection
from tfreconcile.settings.model import (
    Defaults,
    EnvironmentRules,
    Settings,
    SourceSettings,
)
from tfreconcile.settings.policy import ConfigurationSection, PolicySection
from tfreconcile.source import document, yaml
from tfreconcile.source.document import LIMIT, Document
from tfreconcile.source.model import Revision
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
    config, base, held = found.model, Path(file).parent, _floor(found, file)
    state_dir = _absolute(base, config.state_dir)
    return Settings(
        file=file,
        source=_source(config.source, base),
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
        floor=held,
        stateful=frozenset(config.gate.stateful),
        policies=_policies(base, config.gate.policy),
        configuration=_configuration(config.gate.configuration),
        unused_hazards=_unused(config.gate),
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


def _floor(found: Document[HostConfig], file: str) -> Floor:
    config = found.model
    made = floor.floor(config.gate, found.places, verifies=config.signers is not None)
    if problems := [*_outside(found, file), *coherence.problems(config, made, found.places)]:
        raise yaml.several(sorted(problems))
    return made


def _unused(gate: GateSection) -> tuple[str, ...]:
    return tuple(sorted(PLANNED_HAZARDS & {*gate.hazards, *gate.approvals.hazards}))


def _outside(found: Document[HostConfig], file: str) -> Iterator[Problem]:
    try:
        inside(ROOT, found.model.source.path)
    except OutsideRepository as error:
        place = found.places.get("source.path", Place(file))
        yield Problem(place, f"source.path: {error}", "name a directory in it")


def _source(wanted: SourceSection, base: Path) -> SourceSettings:
    return SourceSettings(
        url=_located(wanted, base),
        branch=wanted.branch,
        path=inside(ROOT, wanted.path),
        interval=wanted.interval,
        verify=wanted.verify,
        verify_since=None if wanted.verify_since is None else Revision(wanted.verify_since),
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


def _policies(base: Path, wanted: PolicySection) -> PolicyRules:
    return PolicyRules(
        rego=tuple(_absolute(base, path) for path in wanted.rego),
        git=tuple(wanted.git),
        data=tuple(_absolute(base, path) for path in wanted.data),
        namespaces=tuple(wanted.namespaces),
        engine=wanted.engine,
        checkov=_absolute(base, wanted.checkov) if wanted.checkov else None,
        timeout=wanted.timeout,
        memory=wanted.memory_mb << 20,
    )


def _configuration(wanted: ConfigurationSection) -> ConfigurationRules:
    return ConfigurationRules(
        providers=None if wanted.providers is None else tuple(wanted.providers),
        modules=None if wanted.modules is None else tuple(wanted.modules),
        provisioners=wanted.provisioners == "allow",
        external_data=wanted.external_data == "allow",
    )


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

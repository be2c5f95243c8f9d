"""What is wrong with this installation, and how is it mended? ``doctor`` looks and changes nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import click

from tfreconcile.cli import opening, tables
from tfreconcile.cli.exits import Exit
from tfreconcile.cli.options import with_output, with_settings
from tfreconcile.cli.policy import working_policies
from tfreconcile.cli.printing import print_json
from tfreconcile.cli.told import Finding, Told
from tfreconcile.cli.trusted import policy_files, trusted_signers, unproven_people
from tfreconcile.cloud import guard
from tfreconcile.errors import Misconfigured, ReconcileError
from tfreconcile.settings.model import Settings
from tfreconcile.store import anchor, database, key, owner
from tfreconcile.terraform import engine

LOW_DISK = 1 << 30
"""Bytes; a provider alone can take more than half of it."""


@click.command(epilog="Examples:\n\n  tfreconcile doctor\n\n  tfreconcile doctor -o json")
@with_output
@with_settings
def doctor(settings: Settings, output: str) -> int:
    """Engine, Git, database, identity, signers and disk: what is wrong and how to mend it.

    Exit code 1 when something is wrong. What the first pass would make (state directory, mirror, database)
    is made; nothing else is changed.
    """
    told = [one for look in LOOKS for one in look(settings)]
    if output == "json":
        print_json({"findings": [asdict(one) for one in told]})
    else:
        tables.table(
            ("WHAT", "FINDING", "DETAIL"),
            (
                (one.subject, one.finding, f"{one.what}; {one.remedy}" if one.remedy else one.what)
                for one in told
            ),
        )
    return Exit.FAILED if any(one.finding is Finding.WRONG for one in told) else Exit.DONE


def _config(settings: Settings) -> Iterator[Told]:
    yield Told("host config", Finding.GOOD, settings.file)
    for warning in settings.warnings:
        yield Told("host config", Finding.WARNING, warning)
    if settings.unused_hazards:
        names = ", ".join(settings.unused_hazards)
        yield Told(
            "gate", Finding.WARNING, f"not detected by this version: {names}", "do not rely on them yet"
        )


def _engine(settings: Settings) -> Iterator[Told]:
    try:
        found = engine.find(settings.engine, os.environ.get("PATH", os.defpath))
    except ReconcileError as error:
        yield Told("engine", Finding.WRONG, error.message)
        return
    if found.kind == "embedded":
        yield Told(
            "engine",
            Finding.WARNING,
            f"embedded Terraform {found.version} (BUSL-1.1), slower than the program",
            "install terraform or tofu to use that instead",
        )
        return
    yield Told("engine", Finding.GOOD, f"{found.kind} {found.version} at {found.argv[0]}")


def _engine_config(settings: Settings) -> Iterator[Told]:
    path = opening.environment(settings, os.environ).get("TF_CLI_CONFIG_FILE")
    if path is not None and not Path(path).is_file():
        yield Told(
            "engine",
            Finding.WARNING,
            f"TF_CLI_CONFIG_FILE names {path}, which does not exist",
            "unset it, or write the file",
        )


def _source(settings: Settings) -> Iterator[Told]:
    if shutil.which("git") is None:
        yield Told("git", Finding.WRONG, "no git on the PATH", "apt-get install git")
        return
    try:
        revision = opening.mirror(settings).fetch()
    except ReconcileError as error:
        yield Told("git", Finding.WRONG, error.message)
        return
    yield Told("git", Finding.GOOD, f"{settings.source.branch} is at {revision[:7]}")


def _database(settings: Settings) -> Iterator[Told]:
    try:
        revision = database.upgrade(settings.database)
    except ReconcileError as error:
        yield Told("database", Finding.WRONG, error.message)
    except Misconfigured as error:
        yield from _problems("database", error)
    else:
        yield Told("database", Finding.GOOD, f"schema {revision}")


def _identity(settings: Settings) -> Iterator[Told]:
    if not settings.account:
        yield Told(
            "identity",
            Finding.WARNING,
            "`account` is not set: any account would be acted in",
            "name the account in the host config",
        )
    environment = opening.environment(settings, os.environ)
    for cloud, account in settings.account.items():
        try:
            guard.check(settings.account, frozenset({cloud}), environment)
        except ReconcileError as error:
            yield Told("identity", Finding.WRONG, f"{cloud}: {error.message}")
        else:
            yield Told("identity", Finding.GOOD, f"{cloud}: {account}")


def _backend(settings: Settings) -> Iterator[Told]:
    if settings.backend.kind == "local":
        yield Told(
            "backend",
            Finding.WARNING,
            f"stacks without a backend keep their state in {settings.state_dir}, on this machine alone",
            "set backend: {s3: {...}} in the host config, and back state_dir up until then",
        )


def _state_directory(settings: Settings) -> Iterator[Told]:
    try:
        opening.make_state_directory(settings.state_dir)
    except Misconfigured as error:
        yield from _problems("state_dir", error)
        return
    yield Told("state_dir", Finding.GOOD, str(settings.state_dir))


def _key(settings: Settings) -> Iterator[Told]:
    if not settings.key_file.exists():
        return
    try:
        key.load_or_make(settings.key_file)
    except Misconfigured as error:
        yield from _problems("key_file", error)
    else:
        yield Told("key_file", Finding.GOOD, str(settings.key_file))


def _owners(settings: Settings) -> Iterator[Told]:
    """A verb that root typed may have left a file that the service cannot read."""
    for file in (settings.state_dir / anchor.NAME, settings.key_file):
        if file.parent == settings.state_dir and (found := owner.wrong(file)):
            yield Told(file.name, Finding.WRONG, *found)


def _journal_head(settings: Settings) -> Iterator[Told]:
    file = settings.state_dir / anchor.NAME
    if not file.exists() or not settings.key_file.exists():
        return
    try:
        anchor.read(file, key.load(settings.key_file))
    except anchor.Unreadable as error:
        yield Told(anchor.NAME, Finding.WRONG, str(error))
    except anchor.Damaged as error:
        yield Told(anchor.NAME, Finding.WRONG, str(error), "tfreconcile audit verify")
    except Misconfigured:
        return  # told of as the key already
    else:
        yield Told(anchor.NAME, Finding.GOOD, str(file))


def _disk(settings: Settings) -> Iterator[Told]:
    place = next(path for path in (settings.state_dir, *settings.state_dir.parents) if path.exists())
    free = shutil.disk_usage(place).free
    enough = free > LOW_DISK
    what, remedy = f"{free >> 20} MiB free at {place}", "" if enough else "free some space"
    yield Told("disk", Finding.GOOD if enough else Finding.WARNING, what, remedy)


def _problems(subject: str, error: Misconfigured) -> Iterator[Told]:
    for problem in error.problems:
        yield Told(subject, Finding.WRONG, f"{problem.place}: {problem.what}", problem.hint)


LOOKS: tuple[Callable[[Settings], Iterator[Told]], ...] = (
    _config,
    _state_directory,
    _engine,
    _engine_config,
    _source,
    _database,
    _key,
    _owners,
    _journal_head,
    _identity,
    _backend,
    trusted_signers,
    unproven_people,
    policy_files,
    working_policies,
    _disk,
)

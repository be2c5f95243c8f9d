"""Are the stack definitions right, before anything runs? ``validate``: no credentials, no database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path, PurePosixPath

import click

from tfreconcile import clock
from tfreconcile.classify.ignoring import expired
from tfreconcile.cli.exits import Exit
from tfreconcile.cli.options import with_optional_settings, with_output
from tfreconcile.cli.printing import one_line, print_json, say
from tfreconcile.gate import configuration
from tfreconcile.gate.policy import Floor
from tfreconcile.reconcile import survey
from tfreconcile.reconcile.remembering import Definitions
from tfreconcile.settings.model import Settings
from tfreconcile.source.definitions import Broken
from tfreconcile.source.folder import folder_tree, repository_root


@click.command(
    epilog="Examples:\n\n  tfreconcile validate stacks\n\n"
    "  tfreconcile validate stacks/payments/stack.yaml --config host.yaml"
)
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@with_output
@with_optional_settings
def validate(settings: Settings | None, path: Path, output: str) -> int:
    """Check every stack definition under PATH and the modules that it reaches.

    With --config the host's gate counts too. Exit code 2 when anything is wrong.
    """
    place = (path.parent if path.is_file() else path).resolve()
    root = repository_root(place)
    within = PurePosixPath(place.relative_to(root))
    floor = settings.floor if settings else Floor()
    found = survey.read(folder_tree(root), _scope(within, settings), floor)
    found = _without_ended_rules(_below(within, found), clock.now().date())
    found = _without_forbidden(found, settings) if settings else found
    if output == "json":
        print_json(_document(found))
    else:
        _tell(found)
    if not found.wanted and not found.broken:
        say(f"tfreconcile: {path}: no stack.yaml here or below; name the directory that holds definitions")
        return Exit.USAGE
    return Exit.USAGE if found.broken else Exit.DONE


def _scope(within: PurePosixPath, settings: Settings | None) -> PurePosixPath:
    """Where other definitions may stand, which a stack may depend on or share its name with.

    The host's ``source.path``; without a host config the first directory on the way to PATH.
    """
    if settings is not None and within.is_relative_to(settings.source.path):
        return settings.source.path
    return PurePosixPath(*within.parts[:1])


def _below(within: PurePosixPath, found: Definitions) -> Definitions:
    wanted = {
        name: one for name, one in sorted(found.wanted.items()) if one.stack.definition.is_relative_to(within)
    }
    return Definitions(
        wanted=wanted,
        policies={name: found.policies[name] for name in wanted},
        broken=tuple(one for one in found.broken if one.definition.is_relative_to(within)),
    )


def _without_ended_rules(found: Definitions, today: date) -> Definitions:
    """A stack whose ignore rule has ended is not planned, so that it counts as broken here."""
    ended = {name: expired(one.stack.ignore, today) for name, one in found.wanted.items()}
    stopped = tuple(
        Broken(name=name, definition=found.wanted[name].stack.definition, problems=problems)
        for name, problems in ended.items()
        if problems
    )
    good = {name: one for name, one in found.wanted.items() if not ended[name]}
    return replace(found, wanted=good, broken=(*found.broken, *stopped))


def _without_forbidden(found: Definitions, settings: Settings) -> Definitions:
    """Code that the host forbids is not even initialised, so that its stack counts as broken here."""
    host = configuration.OPENTOFU_HOST if settings.engine == "tofu" else configuration.DEFAULT_HOST
    problems = {
        name: configuration.refused(settings.configuration, one.module.brought, host=host)
        for name, one in found.wanted.items()
    }
    stopped = tuple(
        Broken(name=name, definition=found.wanted[name].stack.definition, problems=problems[name])
        for name in problems
        if problems[name]
    )
    good = {name: one for name, one in found.wanted.items() if not problems[name]}
    return replace(found, wanted=good, broken=(*found.broken, *stopped))


def _tell(found: Definitions) -> None:
    for broken in found.broken:
        for problem in broken.problems:
            say(problem)
    for name, one in found.wanted.items():
        click.echo(one_line(f"{name}: ok ({one.stack.definition}, {len(one.files)} files)"))


def _document(found: Definitions) -> dict[str, object]:
    return {
        "stacks": [
            {"name": name, "definition": str(one.stack.definition), "module": str(one.stack.module)}
            for name, one in found.wanted.items()
        ],
        "broken": [
            {"name": one.name, "definition": str(one.definition), "problems": list(_problems(one))}
            for one in found.broken
        ],
    }


def _problems(broken: Broken) -> Iterator[dict[str, object]]:
    for problem in broken.problems:
        yield {
            "file": problem.place.file,
            "line": problem.place.line,
            "column": problem.place.column,
            "message": problem.what,
            "hint": problem.hint,
        }

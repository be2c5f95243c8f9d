"""Are the stack definitions right, before anything runs? ``validate``: no credentials, no database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import click

from tfreconcile.cli.exits import Exit
from tfreconcile.cli.options import with_optional_settings, with_output
from tfreconcile.cli.printing import one_line, print_json, say
from tfreconcile.gate.policy import Floor
from tfreconcile.reconcile import survey
from tfreconcile.reconcile.survey import Definitions
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
    found = _below(within, survey.read(folder_tree(root), _scope(within, settings), floor))
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

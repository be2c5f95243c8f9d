"""Which stack does a definition describe?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from tfreconcile.errors import Place, Problem
from tfreconcile.source import document, yaml
from tfreconcile.source.contract import (
    NAME_WORDS,
    Definition,
    GateSection,
    HealthSection,
    IgnoreSection,
    is_name,
)
from tfreconcile.source.model import GateWish, HealthCheck, IgnoreRule, Parameter, Stack, StackName
from tfreconcile.source.tree import OutsideRepository, inside

_FILES = frozenset({"module", "var_files", "watch"})
_WISHES = ("apply", "drift", "prune")


@dataclass(frozen=True)
class Parsed:
    """A stack, and where in its definition each key stands (``depends_on.0``)."""

    stack: Stack
    places: Mapping[str, Place]

    def place(self, key: str) -> Place:
        """Where a key stands; the file as a whole when it was left out."""
        return self.places.get(key, Place(file_of(self.stack.definition)))


def parse(content: bytes, definition: PurePosixPath) -> Stack:
    """The stack that a ``stack.yaml`` describes; ``definition`` is its path from the repository's root.

    Raises Misconfigured with every problem at once, whatever the bytes are.
    """
    return parsed(content, definition).stack


def parsed(content: bytes, definition: PurePosixPath) -> Parsed:
    """As ``parse``, with the places."""
    file = file_of(definition)
    found = document.read(content, file, Definition)
    problems: list[Problem] = []
    stack = _stack(found.model, definition, _Reading(file, found.places, problems))
    if problems:
        raise yaml.several(sorted(problems))
    return Parsed(stack, found.places)


def file_of(definition: PurePosixPath) -> str:
    """How messages name a definition: a path that a terminal can show."""
    text = str(definition)
    return text if text.isprintable() else ascii(text)[1:-1]


@dataclass(frozen=True)
class _Reading:
    """One definition while its keys are turned into values; what is wrong is noted."""

    file: str
    places: Mapping[str, Place]
    problems: list[Problem]

    def place(self, key: str) -> Place:
        return self.places.get(key, Place(self.file))

    def path(self, key: str, base: PurePosixPath, relative: str) -> PurePosixPath:
        """The path from the root, or ``base`` once the problem is noted."""
        try:
            return inside(base, relative)
        except OutsideRepository as error:
            self.problems.append(Problem(self.place(key), f"{key}: {error}", "name a path in the repository"))
            return base


def _stack(wanted: Definition, definition: PurePosixPath, reading: _Reading) -> Stack:
    here = definition.parent
    return Stack(
        name=_name(wanted.name, definition, reading),
        definition=definition,
        module=reading.path("module", here, wanted.module),
        workspace=wanted.workspace,
        var_files=tuple(
            reading.path(f"var_files.{index}", here, relative)
            for index, relative in enumerate(wanted.var_files)
        ),
        variables=wanted.variables,
        parameters=tuple(Parameter(ssm=each.ssm, name=each.name) for each in wanted.variables_from),
        role=wanted.role,
        interval=wanted.interval,
        timeout=wanted.timeout,
        depends_on=tuple(StackName(name) for name in wanted.depends_on),
        on_removal=wanted.on_removal,
        ignore=tuple(_ignores(wanted.ignore, reading)),
        gate=_wish(wanted, reading.places),
        health=tuple(_check(each) for each in wanted.health),
        context=wanted.context,
        watch=tuple(wanted.watch),
        suspend=wanted.suspend,
        places={key: at for key, at in reading.places.items() if key.partition(".")[0] in _FILES},
    )


def _name(declared: str | None, definition: PurePosixPath, reading: _Reading) -> StackName:
    if declared is not None:
        return StackName(declared)
    directory = definition.parent.name
    if not is_name(directory):
        shown = f"the directory is called {directory[:80]!r}" if directory else "it stands at the root"
        what = f"name: the key is missing, and {shown}, which cannot be a name; allowed: {NAME_WORDS}"
        reading.problems.append(Problem(Place(reading.file), what, "add name: …"))
    return StackName(directory)


def _ignores(rules: list[IgnoreSection], reading: _Reading) -> Iterator[IgnoreRule]:
    for index, rule in enumerate(rules):
        yield IgnoreRule(
            address=rule.address,
            attributes=tuple(rule.attributes),
            until=rule.until,
            why=rule.why,
            place=reading.place(f"ignore.{index}"),
        )


def _check(probe: HealthSection) -> HealthCheck:
    return HealthCheck(http=probe.http, tcp=probe.tcp, expect=probe.expect or 200, within=probe.within)


def _wish(wanted: Definition, places: Mapping[str, Place]) -> GateWish:
    gate: GateSection = wanted.gate
    approvers = gate.approvals.approvers
    return GateWish(
        apply=wanted.apply,
        drift=wanted.drift,
        prune=wanted.prune,
        hazards=gate.hazards,
        max_destroys=gate.max_destroys,
        max_destroy_percent=gate.max_destroy_percent,
        required=gate.approvals.required,
        ttl=gate.approvals.ttl,
        approvers=None if approvers is None else tuple(approvers),
        four_eyes=gate.approvals.four_eyes,
        signed=gate.approvals.signed,
        places={key: at for key, at in places.items() if key in _WISHES or key.startswith("gate.")},
    )

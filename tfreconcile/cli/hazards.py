"""Which hazards are there, what does this host require of each, and what does each look at?"""

from __future__ import annotations

from pathlib import Path

import click

from tfreconcile.classify.catalogue import HAZARDS
from tfreconcile.classify.model import HazardKind
from tfreconcile.classify.stateful import STATEFUL_TYPES
from tfreconcile.classify.watched import WATCHED, Rule
from tfreconcile.cli import tables
from tfreconcile.cli.options import DEFAULT_CONFIG, with_optional_settings, with_output
from tfreconcile.cli.printing import one_line, print_json
from tfreconcile.gate.approvals import tightened
from tfreconcile.gate.policy import Floor
from tfreconcile.settings.host import load
from tfreconcile.settings.model import Settings

BUILT_IN = "(built-in default)"
_ELSEWHERE = {
    HazardKind.EMPTY_STATE: "what the state held before",
    HazardKind.BACKEND_MOVED: "where the state is kept",
    HazardKind.POLICY: "gate.policy of the host config",
    HazardKind.POLICY_WARNING: "gate.policy of the host config",
    HazardKind.OFF_HOURS: "gate.working_hours of the host config",
    HazardKind.WINDOW_OVERRIDE: "gate.windows of the host config",
    HazardKind.STACK_REMOVED: "which stacks left Git",
    HazardKind.RENAMED: "which stacks left Git",
}


@click.command(
    epilog="Examples:\n\n  tfreconcile hazards\n\n  tfreconcile hazards exposure -o json",
)
@click.argument("kind", required=False, type=click.Choice([str(kind) for kind in HazardKind]))
@with_output
@with_optional_settings
def hazards(settings: Settings | None, kind: str | None, output: str) -> None:
    """Every kind of hazard with what it requires here, where that is set, and what it looks at.

    With KIND, that one alone, with every attribute of every resource type that it watches. Without a host
    config the built-in defaults are shown. A stack may ask for more than its host.
    """
    here = settings or _usual()
    chosen = [HazardKind(kind)] if kind else list(HazardKind)
    documents = [_document(one, here) for one in chosen]
    if output == "json":
        print_json({"config": here.file if here else None, "hazards": documents})
    elif kind:
        _tell(documents[0])
    else:
        _tell_all(documents, here)


def _usual() -> Settings | None:
    """The host config at its usual place, when there is one."""
    usual = Path(DEFAULT_CONFIG)
    return load(usual) if usual.is_file() else None


def _document(kind: HazardKind, settings: Settings | None) -> dict[str, object]:
    floor = settings.floor if settings else Floor()
    rules = tightened(floor.policy.approvals, (kind,))
    return {
        "kind": str(kind),
        "meaning": HAZARDS[kind],
        "requires": str(floor.policy.hazards[kind]),
        "set_at": _place(floor, f"gate.hazards.{kind}"),
        "approvals": {
            "required": rules.required,
            "approvers": [list(group) for group in rules.approvers],
            "signed": rules.signed,
            "set_at": _place(floor, f"gate.approvals.hazards.{kind}", "gate.approvals"),
        },
        "looks_at": _looks_at(kind, settings),
        "rules": [_row(rule) for rule in WATCHED.get(kind, ())],
    }


def _place(floor: Floor, *keys: str) -> str:
    """Where the first of these keys, or something inside of it, is set."""
    for key in keys:
        for name in sorted(floor.places):
            if name == key or name.startswith(f"{key}."):
                return str(floor.places[name])
    return BUILT_IN


def _looks_at(kind: HazardKind, settings: Settings | None) -> str:
    policy = (settings.floor if settings else Floor()).policy
    if kind in WATCHED:
        types = {type_ for rule in WATCHED[kind] for type_ in rule.types}
        factor = f", by more than {policy.scale_factor:g} times" if kind is HazardKind.SCALE else ""
        return f"{len(WATCHED[kind])} rules over {len(types)} resource types{factor}"
    if kind is HazardKind.STATEFUL:
        own = len(settings.stateful) if settings else 0
        return f"{len(STATEFUL_TYPES) + own} patterns of resource types, {own} of them the host's"
    if kind is HazardKind.BLAST_RADIUS:
        return f"more than {policy.max_destroys} resources, or {policy.max_destroy_percent} %"
    if kind is HazardKind.UNATTENDED_AUTHOR:
        people = policy.unattended
        return f"{len(people.authors)} patterns of authors and committers, {len(people.trailers)} of trailers"
    return _ELSEWHERE.get(kind, "every change")


def _row(rule: Rule) -> dict[str, object]:
    sources = ", ".join(rule.sources)
    return {
        "types": list(rule.types),
        "attribute": ".".join(filter(None, (rule.attribute, sources))) or "*",
        "when": str(rule.when),
        "values": list(rule.values),
        "why": rule.why,
    }


def _tell_all(documents: list[dict[str, object]], settings: Settings | None) -> None:
    own = f"{settings.file}:" if settings else BUILT_IN
    rows = [
        (
            one["kind"],
            one["requires"],
            str(one["set_at"]).replace(own, "line "),
            _people(one),
            f"{one['meaning']} [{one['looks_at']}]",
        )
        for one in documents
    ]
    columns = ("HAZARD", "REQUIRES", "SET AT", "PEOPLE", "MEANING")
    tables.table(columns, rows, spare=("SET AT", "PEOPLE"))
    click.echo()
    click.echo(f"host config: {one_line(settings.file) if settings else 'none, built-in defaults'}")


def _people(document: dict[str, object]) -> str:
    """How many must say yes, and who: ``2, signed, ana@example.com|*@dba.example.com``."""
    rules = document["approvals"]
    if document["requires"] != "approve" or not isinstance(rules, dict):
        return ""
    groups = ["|".join(group) for group in rules["approvers"] if group != ["*"]]
    return ", ".join([str(rules["required"]), *(["signed"] if rules["signed"] else []), *groups])


def _tell(document: dict[str, object]) -> None:
    click.echo(f"{document['kind']}: {document['meaning']}")
    click.echo(f"requires {document['requires']}, set at {one_line(document['set_at'])}")
    if people := _people(document):
        click.echo(f"people: {one_line(people)}")
    click.echo(f"looks at: {document['looks_at']}")
    rows = document["rules"]
    if isinstance(rows, list) and rows:
        click.echo()
        told = [(row["attribute"], _when(row), f"{row['why']}: {', '.join(row['types'])}") for row in rows]
        tables.table(("ATTRIBUTE", "WHEN", "WHY, AND OF WHICH TYPES"), told)


def _when(row: dict[str, object]) -> str:
    values = row["values"] if isinstance(row["values"], list) else []
    listed = (str(value).lower() if isinstance(value, bool) else str(value) for value in values)
    return f"{row['when']} {', '.join(listed)}".strip()

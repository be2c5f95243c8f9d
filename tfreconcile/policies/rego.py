"""What do Rego policies say of a plan? They deny, warn, or cannot be evaluated, which blocks."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from importlib.resources import files as resources
from pathlib import Path

from tfreconcile.policies import clauses, engines, unknown
from tfreconcile.policies.clauses import Clause, RegoFile
from tfreconcile.policies.engines import Bench, Request
from tfreconcile.policies.model import Findings, PolicyRules
from tfreconcile.policies.reads import reads
from tfreconcile.policies.verdicts import Json, Query, findings, wrong

LARGEST_FILE = 1 << 20
"""Bytes of one policy file."""
MOST_FILES = 1000
OURS = "tfreconcile"
"""The package that comes with tfreconcile."""


def evaluate(
    files: tuple[RegoFile, ...],
    data: Mapping[str, Json],
    *,
    rules: PolicyRules,
    bench: Bench,
    complete: bool = True,
) -> Findings:
    """What a set of policies says of a plan, values that are not known yet included.

    ``complete``: every namespace must have a rule; else one of them is enough. Raises Stalled("PolicyError")
    for every fault of a policy, a limit or the engine: nothing passes because it was not checked.
    """
    known = clauses.rules_of(files)
    queries = _queries(files, known, rules.namespaces, complete=complete)
    _refuse_data(data, rules.namespaces)
    paths = [path for query in queries for path in query.paths]
    asked = [f"x{number} := [v | v := data.{path}]" for number, path in enumerate(paths)]
    asked += [f"k{number} := [k | v := data.{name}[k]]" for number, name in enumerate(rules.namespaces)]
    request = Request(files=(*files, _helper()), data=data, query="; ".join(asked))
    bindings = engines.ask(request, rules, bench)
    for number, name in enumerate(rules.namespaces):
        _refuse_unasked(name, bindings.get(f"k{number}"), paths)
    answers = {path: bindings.get(f"x{number}") for number, path in enumerate(paths)}
    said = [findings(query, answers) for query in queries]
    return together(
        *said, unknown.findings(_plan(bench.plan), reads(known, _words(dict(data))), bench.dynamic)
    )


def _refuse_unasked(namespace: str, keys: Json, paths: Collection[str]) -> None:
    """What the engine knows of and was not asked: a rule behind another one in its line, a default alone."""
    for key in keys if isinstance(keys, list) else [None]:
        if not isinstance(key, str):
            raise wrong(f"the engine gave no names for the rules of {namespace}")
        if clauses.MEANT.fullmatch(key) and f"{namespace}.{key}" not in paths:
            raise wrong(
                f"{namespace}.{key} would not be asked; begin each rule in a line of its own, as a set under "
                "a plain name: deny_name contains msg if …"
            )


def together(*said: Findings) -> Findings:
    """What several evaluations say, as one."""
    return Findings(
        denied=tuple(one for each in said for one in each.denied),
        warned=tuple(one for each in said for one in each.warned),
        excepted=tuple(one for each in said for one in each.excepted),
    )


def load(paths: tuple[Path, ...]) -> tuple[RegoFile, ...]:
    """Every policy file at or below the paths but ``*_test.rego``, in order of name.

    Raises Stalled("PolicyError") when a path is missing, unreadable, or holds no policy.
    """
    return tuple(_read(path) for path in _found(paths))


def _found(paths: tuple[Path, ...]) -> Iterator[Path]:
    for path in paths:
        if not path.exists():
            raise wrong(f"{path} does not exist; correct gate.policy.rego in the host config")
        below = sorted(path.rglob("*.rego")) if path.is_dir() else [path]
        kept = [one for one in below if is_policy(one.name)]
        if not kept:
            raise wrong(f"{path} holds no policy: no *.rego file but tests")
        if len(kept) > MOST_FILES:
            raise wrong(f"{path} holds {len(kept)} policies; at most {MOST_FILES}")
        yield from kept


def is_policy(name: str) -> bool:
    """Is a file of this name a policy, and no test of one?"""
    return name.endswith(".rego") and not name.endswith("_test.rego")


def _read(path: Path) -> RegoFile:
    try:
        with path.open("rb") as file:
            return policy(str(path), file.read(LARGEST_FILE + 1))
    except OSError as error:
        raise wrong(f"{path} cannot be read: {error.strerror}") from error


def policy(name: str, content: bytes) -> RegoFile:
    """A policy file. Raises Stalled("PolicyError") when it is too large or no text."""
    if len(content) > LARGEST_FILE:
        raise wrong(f"{name} has more than {LARGEST_FILE >> 20} MiB")
    try:
        return RegoFile(name, content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise wrong(f"{name} is not UTF-8") from error


def _queries(
    files: tuple[RegoFile, ...], known: tuple[Clause, ...], namespaces: tuple[str, ...], *, complete: bool
) -> tuple[Query, ...]:
    templates = tuple(clauses.templates(files))
    if templates:
        raise wrong(f"{templates[0]}: texts with $ are not understood here; use sprintf")
    outside = tuple(clauses.reaching_out(files))
    if outside:
        raise wrong(f"{outside[0]} is not there: policies see the plan and their data, nothing else")
    if any(clause.package == OURS for clause in known):
        raise wrong(f"the package {OURS} comes with tfreconcile; give yours another name")
    made = tuple(Query(name, clauses.asked(known, name), _excepts(known, name)) for name in namespaces)
    empty = [query.namespace for query in made if not query.rules]
    if empty and (complete or len(empty) == len(made)):
        raise wrong(
            f"namespace {empty[0]} has no deny, violation or warn rule: nothing would ever be checked"
        )
    return tuple(query for query in made if query.rules)


def _excepts(known: tuple[Clause, ...], namespace: str) -> bool:
    return any(one.package == namespace and one.name == clauses.EXCEPTION for one in known)


def _refuse_data(data: Mapping[str, Json], namespaces: tuple[str, ...]) -> None:
    for name in (OURS, *namespaces):
        found: Json = dict(data)
        for step in name.split("."):
            found = found.get(step) if isinstance(found, dict) else None
        if found is not None:
            raise wrong(f"the policy data has {name}, where the rules of that package stand; rename it")


def _words(data: Json) -> Iterator[str]:
    """Every text of the data, keys among them."""
    if isinstance(data, str):
        yield data
    for inner in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from _words(inner)
    yield from data if isinstance(data, dict) else ()


@cache
def _helper() -> RegoFile:
    text = resources("tfreconcile.policies").joinpath("tfreconcile.rego").read_text(encoding="utf-8")
    return RegoFile("tfreconcile.rego", text)


def _plan(path: Path) -> Json:
    try:
        document: Json = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise wrong(f"the plan cannot be read as JSON ({type(error).__name__})") from None
    return document

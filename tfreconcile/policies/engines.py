"""Who evaluates Rego: an ``opa`` of the operator, or regorus? Each in a child within bounds; one contract.

A child gets files, a query and limits, and answers with the bindings of the query. Whatever else becomes of
it (a deadline, too much memory, a crash, an unknown form) is a PolicyError: it blocks.
"""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from tfreconcile.errors import ReconcileError, Transient
from tfreconcile.policies import opa
from tfreconcile.policies.clauses import RegoFile
from tfreconcile.policies.model import PolicyRules
from tfreconcile.policies.verdicts import Json, wrong
from tfreconcile.terraform.process import Command, Finished, How, Why, run

LARGEST_ANSWER = 16 << 20
"""Bytes that a child may write."""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Where policies are evaluated: the plan as JSON, a private directory, and the PATH for programs.

    ``dynamic`` names the blocks that the code makes with ``dynamic``: the plan's configuration lacks them.
    """

    plan: Path
    spool: Path
    path: str
    dynamic: frozenset[str] = frozenset()
    stop: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What an engine is asked."""

    files: tuple[RegoFile, ...]
    data: Mapping[str, Json]
    query: str


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How long a child may take, and how much memory it may have, in bytes."""

    timeout: timedelta
    memory: int


def find(choice: str, path: str) -> Path | None:
    """The ``opa`` that is meant, None for regorus. Raises Stalled("PolicyError") when it is not there."""
    if choice == "regorus":
        return None
    if choice == "auto":
        found = shutil.which("opa", path=path)
        return Path(found) if found else None
    if shutil.which(choice) is None:
        raise wrong(f"{choice} is no program that can be run; correct gate.policy.engine in the host config")
    return Path(choice)


def ask(request: Request, rules: PolicyRules, bench: Bench) -> Mapping[str, Json]:
    """The bindings of the query. Raises Stalled("PolicyError"), or Transient("Stopped")."""
    limits = Limits(timeout=rules.timeout, memory=rules.memory)
    program = find(rules.engine, bench.path)
    answered = _regorus(request, bench, limits) if program is None else _opa(program, request, bench, limits)
    match answered:
        case {"bindings": dict(bindings)}:
            return bindings
        case {"error": str(said)}:
            raise wrong(said)
        case {"missing": str(module)}:
            hint = "pip install 'tfreconcile[policy]', or put an opa on the PATH"
            raise wrong(f"{module} is not installed: {hint}")
    raise wrong("the policy engine gave an answer of an unknown form")


def _regorus(request: Request, bench: Bench, limits: Limits) -> Json:
    asked = bench.spool / "regorus.json"
    files: list[Json] = [{"name": file.name, "text": file.text} for file in request.files]
    asked.write_text(
        json.dumps({"files": files, "data": request.data, "plan": str(bench.plan), "query": request.query})
    )
    argv = (sys.executable, "-I", "-m", "tfreconcile.policies.regorus_child", str(asked))
    finished = start("regorus", argv, bench, limits, env={"RUST_BACKTRACE": "0"})
    if finished.code != 0:
        raise wrong(f"the policy engine regorus {ending(finished, limits.memory)}")
    return parsed(finished, "regorus")


def _opa(program: Path, request: Request, bench: Bench, limits: Limits) -> Json:
    home = opa.lay_out(request.files, request.data, bench.spool)
    said: Json = None
    for dialect in opa.DIALECTS:
        argv = opa.argv(program, home, bench.plan, request.query, dialect=dialect)
        # Go keeps address space that it does not use.
        roomy = Limits(timeout=limits.timeout, memory=limits.memory + (1 << 30))
        finished = start("opa", argv, bench, roomy, env={"HOME": str(home), "GOMEMLIMIT": str(limits.memory)})
        said = opa.understood(finished.code, finished.stdout.read_bytes(), finished.stderr.read_bytes(), home)
        if said is None:
            raise wrong(f"the policy engine opa {ending(finished, limits.memory)}")
        if not opa.is_of_another_dialect(said):
            break
    return said


def start(
    verb: str, argv: Sequence[str], bench: Bench, limits: Limits, *, env: Mapping[str, str]
) -> Finished:
    """Run a program within its limits, killed with all of its group when they end.

    Raises Stalled("PolicyError") when it took too long or said too much, Transient("Stopped").
    """
    seconds = limits.timeout.total_seconds()
    bounds = (str(limits.memory), str(int(seconds) + 1))
    command = Command(
        verb=verb,
        argv=(sys.executable, "-I", "-m", "tfreconcile.policies.confined", *bounds, *argv),
        cwd=bench.spool,
        env=env,
        spool=bench.spool,
        deadline=seconds,
        grace=0,
        limit=LARGEST_ANSWER,
    )
    try:
        finished = run(command, stop=bench.stop)
    except ReconcileError as error:
        raise wrong(f"{verb} cannot be started: {error.message}") from error
    if finished.how is How.EXITED:
        return finished
    match finished.why:
        case Why.STOPPED:
            raise Transient("Stopped", f"stopped while {verb} judged the plan")
        case Why.OUTPUT:
            raise wrong(f"{verb} wrote more than {LARGEST_ANSWER >> 20} MiB")
    raise wrong(f"{verb} took longer than {seconds:g} s and was ended; simplify the policy, or raise timeout")


def parsed(finished: Finished, verb: str) -> Json:
    """The JSON that a program wrote. Raises Stalled("PolicyError") when it is none."""
    try:
        document: Json = json.loads(finished.stdout.read_bytes())
    except (ValueError, RecursionError):
        raise wrong(f"{verb} gave an answer that is not JSON") from None
    return document


def ending(finished: Finished, memory: int) -> str:
    """How a child ended; of what it said only that memory was short, since the rest may quote the plan."""
    said = finished.stderr.read_bytes()[-4096:]
    if b"memory" in said.lower():
        return f"needs more than {memory >> 20} MiB of memory; simplify the policy, or raise memory_mb"
    if finished.code < 0:
        return f"was ended by signal {-finished.code}: too much processor time, or a crash"
    return f"crashed (exit code {finished.code})"

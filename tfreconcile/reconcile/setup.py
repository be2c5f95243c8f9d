"""How is Terraform set up for one stack? Its directories, its backend, and when init must run."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tfreconcile.errors import Stalled
from tfreconcile.plan import produce
from tfreconcile.plan.place import place_of
from tfreconcile.reconcile.learned import Learned
from tfreconcile.reconcile.world import World
from tfreconcile.source import installed
from tfreconcile.source.model import Scalar, Stack, StackName, Wanted
from tfreconcile.terraform.diagnostics import Event
from tfreconcile.terraform.outcomes import progress
from tfreconcile.terraform.verbs import Terraform, Workdir

APPLY_GRACE = 600.0
"""Seconds that an interrupted apply gets to finish what is in flight and to save its state."""
PLAN_GRACE = 30.0


@dataclass(frozen=True, kw_only=True)
class StatePlace:
    """Where a stack's state is. ``override`` is the backend to add, None when the stack has its own.

    ``identity`` goes by the text of the backend, ``place`` by the state that it leads to.
    """

    identity: str
    place: str
    override: tuple[str, Mapping[str, Scalar]] | None


def state_place(world: World, learned: Learned) -> StatePlace:
    """The stack's own backend, else the host's default.

    Raises Stalled("NoBackend") when there is neither.
    """
    stack, own = learned.stack, own_backend(world, learned.wanted)
    place = place_by_code(world, learned.wanted)
    if own is not None and place is not None:
        return StatePlace(identity=own, place=place, override=None)
    if place is None:
        raise Stalled(
            "NoBackend",
            f"{stack.module} declares no backend and the host config says backend: none; "
            "add a backend block, or set a default backend in the host config",
        )
    kind, settings = _for_stack(world, stack)
    text = json.dumps(dict(settings), sort_keys=True)
    identity = produce.backend_identity(world.key, kind, text, stack.workspace)
    if kind == "local":
        world.directory.state(stack.name).mkdir(parents=True, exist_ok=True, mode=0o700)
    return StatePlace(identity=identity, place=place, override=(kind, settings))


def place_by_code(world: World, wanted: Wanted) -> str | None:
    """Where the state is by what the code and the host's default say; None when neither says anything."""
    stack, own = wanted.stack, wanted.module.backend
    if own is not None:
        return _place(world, stack, own[0], json.loads(own[1]), written_by=stack.name)
    return None if world.backend.kind == "none" else _place(world, stack, *_for_stack(world, stack))


def place_by_init(world: World, stack: Stack) -> str | None:
    """Where it is by what the last init made of that, values that the code computes included."""
    found = produce.initialised(data_directory(world, stack))
    return None if found is None else _place(world, stack, *found)


def _place(
    world: World,
    stack: Stack,
    kind: str,
    settings: Mapping[str, Scalar],
    *,
    written_by: StackName | None = None,
) -> str:
    resolve = os.path.realpath
    return place_of(world.key, kind, settings, stack.workspace, written_by=written_by, resolve=resolve)


def own_backend(world: World, wanted: Wanted) -> str | None:
    """The identity of the backend that the code itself declares, None without one."""
    own = wanted.module.backend
    if own is None:
        return None
    return produce.backend_identity(world.key, own[0], own[1], wanted.stack.workspace)


def _for_stack(world: World, stack: Stack) -> tuple[str, Mapping[str, Scalar]]:
    if world.backend.kind != "local":
        return world.backend.kind, world.backend.settings_of(stack.name)
    home = world.directory.state(stack.name)
    return "local", {"path": str(home / "terraform.tfstate"), "workspace_dir": str(home / "workspaces")}


def data_directory(world: World, stack: Stack) -> Path:
    """TF_DATA_DIR: kept between passes, so that init is rarely needed."""
    return world.directory.terraform(stack.name)


def init_key(world: World, learned: Learned, backend: str) -> str:
    """Changes whenever init must run again (terraform-facts §2.1)."""
    lock = learned.desk.tree / learned.stack.module / installed.LOCK_FILE
    return produce.init_key(
        {
            "module": learned.wanted.module.init_key,
            "lock": hashlib.sha256(lock.read_bytes()).hexdigest() if lock.exists() else "",
            "backend": backend,
            "engine": f"{world.engine.kind} {world.engine.version}",
            "cli": _cli_config(learned.environment),
        }
    )


def _cli_config(environment: Mapping[str, str]) -> str:
    path = Path(environment.get("TF_CLI_CONFIG_FILE", ""))
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def ready(world: World, learned: Learned, *, applying: bool = False) -> Terraform:
    """Terraform for this pass, with its directories, environment and deadline."""
    stack, here = learned.stack, learned.desk

    def tell(event: Event) -> None:
        sentence = progress(event)
        if sentence is not None:
            world.progress(stack.name, learned.scrubber.scrub(sentence))

    return Terraform(
        world.engine,
        Workdir(
            root=here.tree / stack.module,
            data=data_directory(world, stack),
            spool=here.spool,
            home=here.home,
            temporary=here.temporary,
            env=learned.environment,
            workspace=stack.workspace,
        ),
        timeout=(stack.timeout or world.timeout).total_seconds(),
        grace=APPLY_GRACE if applying else PLAN_GRACE,
        on_event=tell,
        stop=world.stop,
    )

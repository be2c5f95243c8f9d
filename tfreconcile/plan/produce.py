"""What would Terraform do? Init when needed, plan, show, and the typed Plan."""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tfreconcile.errors import ReconcileError
from tfreconcile.plan.document import Plan
from tfreconcile.plan.parse import parse
from tfreconcile.plan.sources import Sources, read
from tfreconcile.source.installed import LOCK_FILE
from tfreconcile.source.model import Scalar
from tfreconcile.terraform.diagnostics import Diagnostic
from tfreconcile.terraform.verbs import Terraform

INIT_KEY = "tfreconcile-init-key"
KEPT_LOCK = "tfreconcile-lock.hcl"


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to plan: the exported root module, its data directory, and the names of plan and variables.

    ``init_key`` changes whenever init must run again. ``fresh`` says that modules can change without
    a commit here, so that nothing of an earlier init may be trusted. ``destroy``: plan that nothing is left.
    """

    root: Path
    data: Path
    plan_file: Path
    var_files: tuple[Path, ...]
    init_key: str
    init_lock: Path
    fresh: bool = False
    destroy: bool = False


@dataclass(frozen=True, kw_only=True)
class Produced:
    """A plan, the file to apply it from, and what a fingerprint needs beside the plan."""

    plan: Plan
    file: Path
    sources: Sources
    lock_digest: str
    shown: Path | None = None
    """The plan as JSON, full of secrets in clear; good until Terraform shows another one."""
    warnings: tuple[Diagnostic, ...] = ()


def produce(terraform: Terraform, order: Order, *, installed: Callable[[], None] = lambda: None) -> Produced:
    """Plan once; init comes first only when something that it depends on has changed.

    ``installed`` is called when all that a plan would run is on the disk, and before it runs; what it raises
    ends it here. Raises Transient or Stalled by the class of Terraform's diagnostics (terraform-facts §9).
    """
    _bring_lock(order)
    if order.fresh or _known_key(order) != order.init_key:
        _initialise(terraform, order)
    installed()
    try:
        planned = terraform.plan(order.plan_file, var_files=order.var_files, destroy=order.destroy)
    except ReconcileError as error:
        if error.reason != "InitRequired":
            raise
        _initialise(terraform, order)
        installed()
        planned = terraform.plan(order.plan_file, var_files=order.var_files, destroy=order.destroy)
    shown = terraform.show(order.plan_file)
    return Produced(
        plan=parse(shown.read_bytes()),
        file=order.plan_file,
        sources=read(order.plan_file),
        lock_digest=_digest(order.root / LOCK_FILE),
        shown=shown,
        warnings=tuple(found for found in planned.diagnostics if found.severity == "warning"),
    )


def init_key(parts: Mapping[str, str]) -> str:
    """One digest over everything that init depends on."""
    return hashlib.sha256(json.dumps(dict(parts), sort_keys=True).encode()).hexdigest()


def backend_identity(key: bytes, kind: str, settings: str, workspace: str) -> str:
    """A keyed digest of where the state is, since backend settings may hold credentials."""
    text = json.dumps([kind, settings, workspace])
    return f"{kind}:{hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:32]}"


def initialised(data: Path) -> tuple[str, Mapping[str, Scalar]] | None:
    """The backend that init prepared, with every value that its block computes; None when it says nothing."""
    try:
        found = json.loads((data / "terraform.tfstate").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    backend = found.get("backend") if isinstance(found, dict) else None
    match backend:
        case {"type": str(kind), "config": dict(config)}:
            return kind, config
    return None


def _initialise(terraform: Terraform, order: Order) -> None:
    # A fresh directory: a changed backend is never migrated, a moved module never half trusted.
    shutil.rmtree(order.data, ignore_errors=True)
    order.data.mkdir(parents=True, mode=0o700)
    terraform.init(lock=order.init_lock)
    lock = order.root / LOCK_FILE
    if lock.exists():
        shutil.copyfile(lock, order.data / KEPT_LOCK)
    (order.data / INIT_KEY).write_text(order.init_key, encoding="ascii")


def _bring_lock(order: Order) -> None:
    kept = order.data / KEPT_LOCK
    if kept.exists() and not (order.root / LOCK_FILE).exists() and _known_key(order) == order.init_key:
        shutil.copyfile(kept, order.root / LOCK_FILE)


def _known_key(order: Order) -> str:
    try:
        return (order.data / INIT_KEY).read_text(encoding="ascii")
    except (FileNotFoundError, UnicodeDecodeError):
        return ""


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""

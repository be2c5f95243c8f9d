"""What is a Terraform without Terraform? One that plans and applies the inputs of ``terraform_data``.

``tests/apply/test_contract.py`` holds it to what the real door does with the same stack.
"""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from tfreconcile.errors import Stalled, Transient
from tfreconcile.terraform.diagnostics import Diagnostic, Severity
from tfreconcile.terraform.outcomes import Outcome, Status
from tfreconcile.terraform.process import Child, Finished, How, Why, identify
from tfreconcile.terraform.verbs import Applied, Planned, Terraform, Workdir

_RESOURCE = re.compile(r'resource "terraform_data" "(\w+)" \{\s*input = (?:"(\w*)"|var\.(\w+))\s*\}')
_EPHEMERAL = re.compile(r'variable "(\w+)" \{[^}]*ephemeral')
_BACKEND = re.compile(r'backend "local" \{\s*path = "([^"]+)"')

Inputs: TypeAlias = "dict[str, str] | None"
"""The attributes of a resource, None when there is none."""


class FakeTerraform(Terraform):
    """Keeps its state where the backend block of main.tf says.

    ``calls`` names the verbs, in order; ``locks`` holds the lock file that each init found. ``forgets`` is
    how many plans more find that init must run first, and ``warning`` is what each plan warns of.
    """

    def __init__(self, workdir: Workdir, *, forgets: int = 0, warning: str = "") -> None:
        self._workdir = workdir
        self._forgets = forgets
        self._warning = warning
        self.calls: list[str] = []
        self.locks: list[str | None] = []

    def init(self, *, lock: Path, upgrade: bool = False, reconfigure: bool = False) -> None:
        """Leaves a mark in the data directory."""
        self.calls.append("init")
        file = self._workdir.root / ".terraform.lock.hcl"
        self.locks.append(file.read_text() if file.exists() else None)
        self._workdir.data.mkdir(parents=True, exist_ok=True)
        (self._workdir.data / "initialised").touch()
        lock.touch(0o600)

    def plan(self, out: Path, *, var_files: tuple[Path, ...], destroy: bool = False) -> Planned:
        """Compares inputs with the state. Raises as the door does, and leaves no file then."""
        self.calls.append("plan")
        out.unlink(missing_ok=True)
        self._require_init()
        wished = {} if destroy else self._wished(_variables(var_files))
        before = self._state()
        rows = [(name, before.get(name), wished.get(name)) for name in sorted({*before, *wished})]
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("tfplan", json.dumps(rows))
            archive.writestr("tfconfig/m-/main.tf", self._text())
        said = (Diagnostic(severity=Severity.WARNING, summary=self._warning),) if self._warning else ()
        changes = any(row[1] != row[2] for row in rows)
        return Planned(
            diagnostics=said, changes=changes, finished=self._finished("plan", 2 if changes else 0)
        )

    def show(self, plan: Path) -> Path:
        """The plan as Terraform's JSON, without what nobody here asks for."""
        self.calls.append("show")
        changes = [_change(*row) for row in _rows(plan)]
        document = {
            "format_version": "1.2",
            "terraform_version": "1.11.4",
            "applyable": any(row[1] != row[2] for row in _rows(plan)),
            "complete": True,
            "errored": False,
            "resource_changes": changes,
        }
        shown = self._finished("show", 0).stdout
        shown.write_text(json.dumps(document))
        return shown

    def apply(
        self, plan: Path, *, started: Callable[[Child], None], variables: Mapping[str, str] | None = None
    ) -> Applied:
        """Writes the state; into the root module when a directory is where its backup should go."""
        self.calls.append("apply")
        started(identify(os.getpid()))
        if set(_EPHEMERAL.findall(self._text())) - set(variables or {}):
            return self._applied("No value for required variable")
        rows = [row for row in _rows(plan) if row[1] != row[2]]
        outcomes = tuple(
            Outcome(address=name, action=_action(before, after), status=Status.APPLIED, seconds=0.0)
            for name, before, after in rows
        )
        lost = self._save({**self._state(), **{name: after for name, _, after in rows}})
        return self._applied("Failed to save state" if lost else "", outcomes=outcomes, lost=lost)

    def _applied(
        self, error: str, *, outcomes: tuple[Outcome, ...] = (), lost: Path | None = None
    ) -> Applied:
        said = (Diagnostic(severity=Severity.ERROR, summary=error),) if error else ()
        return Applied(
            ok=not error,
            diagnostics=said,
            outcomes=outcomes,
            finished=self._finished("apply", 1 if error else 0),
            errored_state=lost,
        )

    def _wished(self, given: Mapping[str, str]) -> dict[str, Inputs]:
        found: list[tuple[str, str, str]] = _RESOURCE.findall(self._text())
        return {
            f"terraform_data.{name}": {"input": given[variable] if variable else value}
            for name, value, variable in found
        }

    def _state(self) -> dict[str, Inputs]:
        place = self._place()
        found: dict[str, Inputs] = json.loads(place.read_text()) if place.exists() else {}
        return found

    def _save(self, state: Mapping[str, Inputs]) -> Path | None:
        place, beside = self._place(), self._workdir.root / "errored.tfstate"
        fails = place.exists() and place.with_name(f"{place.name}.backup").is_dir()
        (beside if fails else place).write_text(json.dumps({name: row for name, row in state.items() if row}))
        return beside if fails else None

    def _text(self) -> str:
        text = (self._workdir.root / "main.tf").read_text()
        if "no_such" in text:
            raise Stalled("InvalidConfiguration", "Unsupported argument: no_such")
        return text

    def _place(self) -> Path:
        found = _BACKEND.search(self._text())
        assert found is not None, "the fake keeps its state where a local backend says"
        return Path(found[1])

    def _require_init(self) -> None:
        if self._forgets > 0 or not (self._workdir.data / "initialised").exists():
            self._forgets -= 1
            raise Transient("InitRequired", "Backend initialization required")

    def _finished(self, verb: str, code: int) -> Finished:
        self._workdir.spool.mkdir(exist_ok=True)
        stdout, stderr = (self._workdir.spool / f"{verb}.{stream}" for stream in ("stdout", "stderr"))
        stdout.write_bytes(b"")
        stderr.write_bytes(b"")
        return Finished(
            code=code, stdout=stdout, stderr=stderr, seconds=0.0, how=How.EXITED, why=Why.NOT, peak_memory=0
        )


def _variables(var_files: tuple[Path, ...]) -> Mapping[str, str]:
    return dict(_assigned(var_files))


def _assigned(var_files: tuple[Path, ...]) -> Iterator[tuple[str, str]]:
    for file in var_files:
        found: dict[str, str] = json.loads(file.read_text())
        yield from found.items()


def _rows(plan: Path) -> list[tuple[str, Inputs, Inputs]]:
    with zipfile.ZipFile(plan) as archive:
        found: list[tuple[str, Inputs, Inputs]] = json.loads(archive.read("tfplan"))
    return found


def _change(name: str, before: Inputs, after: Inputs) -> dict[str, object]:
    return {
        "address": name,
        "mode": "managed",
        "type": "terraform_data",
        "name": name.rpartition(".")[2],
        "provider_name": "terraform.io/builtin/terraform",
        "change": {"actions": [_action(before, after)], "before": before, "after": after},
    }


def _action(before: Inputs, after: Inputs) -> str:
    if before == after:
        return "no-op"
    if before is None:
        return "create"
    return "delete" if after is None else "update"

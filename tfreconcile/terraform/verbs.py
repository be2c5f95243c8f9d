"""How does the loop speak to Terraform? init, plan, show and apply of one stack: the door itself."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tfreconcile.terraform import environment, rescue
from tfreconcile.terraform.arguments import FLAG, Option, argv
from tfreconcile.terraform.diagnostics import Diagnostic, Event
from tfreconcile.terraform.engine import Engine
from tfreconcile.terraform.failures import failure
from tfreconcile.terraform.listening import Listener, spoken
from tfreconcile.terraform.outcomes import Outcome, outcomes
from tfreconcile.terraform.process import Child, Command, Finished, How, run
from tfreconcile.terraform.turn import turn

ROOM_FOR_SOCKETS = 60
"""Bytes of TMPDIR; providers put a socket of up to 40 more below it, and unix(7) allows 107 in all."""
_NO_JSON = b"flag provided but not defined: -json"


@dataclass(frozen=True, kw_only=True)
class Workdir:
    """Where one stack's Terraform works.

    ``root`` is the root module in the exported tree, ``data`` is TF_DATA_DIR, ``spool`` takes all output.
    ``home`` and ``temporary`` are of this pass. ``env`` comes from :func:`environment.allowed`.
    """

    root: Path
    data: Path
    spool: Path
    home: Path
    temporary: Path
    env: Mapping[str, str]
    workspace: str = "default"


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A plan that Terraform finished. ``changes`` says that there is something to apply."""

    diagnostics: tuple[Diagnostic, ...]
    changes: bool
    finished: Finished


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What an apply did, also when it failed: ``failure(diagnostics, "apply")`` says why.

    ``errored_state`` holds the only copy of the state when the backend did not take it: secrets in clear.
    """

    ok: bool
    diagnostics: tuple[Diagnostic, ...]
    outcomes: tuple[Outcome, ...]
    finished: Finished
    errored_state: Path | None


class Terraform:
    """Terraform in one working directory.

    ``timeout`` is in seconds for each verb, ``grace`` is what an interrupted one gets to end by itself,
    ``lock_timeout`` how long it waits for the state lock. ``stop`` interrupts everything but an apply.
    State locking is always on. Nothing is retried, and no text is scrubbed.
    """

    def __init__(
        self,
        engine: Engine,
        workdir: Workdir,
        *,
        timeout: float,
        grace: float = 60.0,
        lock_timeout: float = 30.0,
        on_event: Callable[[Event], None] | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self._engine = engine
        self._workdir = workdir
        self._timeout = timeout
        self._grace = grace
        self._lock_timeout = f"{lock_timeout:.0f}s"
        self._on_event = on_event
        self._stop = stop

    def init(self, *, lock: Path, upgrade: bool = False, reconfigure: bool = False) -> None:
        """Install providers and modules, and connect to the backend; one at a time on this host.

        ``lock`` is the file that says whose turn it is. Raises Transient or Stalled by the class of the
        diagnostics.
        """
        options: dict[str, Option] = {
            "input": False,
            "no_color": FLAG,
            "lock_timeout": self._lock_timeout,
            "upgrade": FLAG if upgrade else None,
            "reconfigure": FLAG if reconfigure else None,
        }
        with turn(lock, patience=self._timeout, stop=self._stop):
            finished, listener = self._run(self._argv("init", json=FLAG, **options))
            if finished.code != 0 and _NO_JSON in finished.stderr.read_bytes():
                finished, listener = self._run(self._argv("init", **options))
        self._require(finished, listener, "init")

    def plan(self, out: Path, *, var_files: tuple[Path, ...], destroy: bool = False) -> Planned:
        """Plan into the file ``out``, which exists afterwards only if the plan can be trusted.

        Raises Transient or Stalled by the class of the diagnostics; Transient("InitRequired") says that
        init must run first.
        """
        command = self._argv(
            "plan",
            input=False,
            no_color=FLAG,
            json=FLAG,
            detailed_exitcode=FLAG,
            lock_timeout=self._lock_timeout,
            destroy=FLAG if destroy else None,
            var_file=[str(file) for file in var_files],
            out=str(out),
        )
        # A file that can be trusted is there only if this run wrote it and went well.
        out.unlink(missing_ok=True)
        try:
            finished, listener = self._run(command)
            self._require(finished, listener, "plan", well=(0, 2) if out.is_file() else ())
        except BaseException:
            out.unlink(missing_ok=True)
            raise
        return Planned(diagnostics=tuple(listener.diagnostics), changes=finished.code == 2, finished=finished)

    def show(self, plan: Path) -> Path:
        """The plan as JSON: a file full of secrets in clear, good until the next call."""
        command = self._argv("show", str(plan), no_color=FLAG, json=FLAG)
        finished, listener = self._run(command, listen=False)
        self._require(finished, listener, "show")
        return finished.stdout

    def apply(
        self,
        plan: Path,
        *,
        started: Callable[[Child], None],
        variables: Mapping[str, str] | None = None,
    ) -> Applied:
        """Apply a saved plan, once. A failed apply is an answer and raises nothing.

        ``started`` is told which process it is before Terraform can have changed much; if it raises, the
        apply is interrupted. ``variables`` are the ephemeral ones only: Terraform prints any other that
        differs from the plan, secret or not. Only the timeout interrupts an apply.
        """
        command = self._argv(
            "apply",
            str(plan),
            input=False,
            no_color=FLAG,
            json=FLAG,
            lock_timeout=self._lock_timeout,
        )
        earlier = rescue.stamp(self._workdir.root)
        finished, listener = self._run(
            command, variables=variables or {}, started=started, interruptible=False
        )
        return Applied(
            ok=finished.code == 0,
            diagnostics=spoken(finished, listener, self._timeout),
            outcomes=outcomes(listener.events),
            finished=finished,
            errored_state=rescue.errored_state(self._workdir.root, finished, earlier, dumped=listener.dumped),
        )

    def _argv(self, verb: str, *positional: str, **options: Option) -> tuple[str, ...]:
        return argv(self._engine.argv, verb, *positional, **options)

    def _require(
        self, finished: Finished, listener: Listener, verb: str, *, well: tuple[int, ...] = (0,)
    ) -> None:
        if finished.how is How.EXITED and finished.code in well:
            return
        raise failure(spoken(finished, listener, self._timeout), verb)

    def _run(
        self,
        command: tuple[str, ...],
        *,
        variables: Mapping[str, str] | None = None,
        started: Callable[[Child], None] | None = None,
        interruptible: bool = True,
        listen: bool = True,
    ) -> tuple[Finished, Listener]:
        listener, here = Listener(self._on_event), self._workdir
        with _roomy(here.temporary) as temporary:
            env = environment.of_terraform(
                here.env,
                home=here.home,
                temporary=temporary,
                data=here.data,
                workspace=here.workspace,
                variables=variables or {},
            )
            finished = run(
                Command(
                    verb=command[len(self._engine.argv)],
                    argv=command,
                    cwd=here.root,
                    env=env,
                    spool=here.spool,
                    deadline=self._timeout,
                    grace=self._grace,
                ),
                on_line=listener.hear if listen else None,
                started=started,
                stop=self._stop if interruptible else None,
            )
        return finished, listener


@contextmanager
def _roomy(temporary: Path) -> Iterator[Path]:
    """A TMPDIR whose path is short enough for the sockets of providers: the one given, if it can be."""
    if len(os.fsencode(temporary)) <= ROOM_FOR_SOCKETS:
        yield temporary
        return
    with tempfile.TemporaryDirectory(prefix="tfr-", ignore_cleanup_errors=True) as short:
        yield Path(short)

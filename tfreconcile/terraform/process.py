"""How is a program run so that neither it nor what it says is lost? A door to processes.

What it rests on (terraform-facts §7): output goes to a *file*, since a pipe kills an apply when we die. The
program leads a session of its own and gets one SIGINT, since Terraform takes a second one as "exit now,
state or not". SIGKILL goes to the whole group, since a provider outlives a Terraform that is killed alone.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tfreconcile import clock
from tfreconcile.errors import Stalled, Transient
from tfreconcile.terraform.spool import Spool, Tail, spool

OUTPUT_LIMIT = 512 << 20
"""Bytes of stdout and stderr together. At twice as much the grace ends: a full disk loses states."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.1
_BROKEN_PROGRAM = {errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ENOEXEC, errno.ELOOP}


class How(StrEnum):
    """How a program came to its end."""

    EXITED = "exited"
    INTERRUPTED = "interrupted"
    KILLED = "killed"


class Why(StrEnum):
    """Why a program was interrupted."""

    NOT = ""
    DEADLINE = "deadline"
    STOPPED = "stopped"
    OUTPUT = "output"


@dataclass(frozen=True, kw_only=True)
class Command:
    """One program to run.

    ``env`` is its whole environment. stdout and stderr go to ``<verb>.stdout`` and ``<verb>.stderr`` in
    ``spool``. ``deadline`` is in seconds from the start; ``grace`` in seconds after SIGINT.
    """

    verb: str
    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    spool: Path
    deadline: float
    grace: float = 60.0
    limit: int = OUTPUT_LIMIT


@dataclass(frozen=True, kw_only=True)
class Child:
    """A process, told apart from every other that ever has its pid. ``start_time`` is in ticks since boot."""

    pid: int
    start_time: int
    boot_id: str


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A program that is over, with all of its group.

    ``code`` is negative when a signal ended it; ``peak_memory`` is in bytes, of its largest process.
    """

    code: int
    stdout: Path
    stderr: Path
    seconds: float
    how: How
    why: Why
    peak_memory: int


def run(
    command: Command,
    *,
    on_line: Callable[[bytes], None] | None = None,
    started: Callable[[Child], None] | None = None,
    stop: threading.Event | None = None,
) -> Finished:
    """Run a program to its end: sooner when the deadline passes, ``stop`` is set, or it says too much.

    ``started`` is told before anything else happens; ``on_line`` gets every line of stdout. An exception from
    either, or one like KeyboardInterrupt, ends the program the same gentle way and is raised then; a second
    one cuts the grace short. Raises Stalled("NoEngine") or Transient("CannotStart") when nothing was started.
    """
    with _spooled(command) as files, Tail(files.stdout, on_line) as tail:
        begun = clock.monotonic()
        process = _start(command, files)
        watch = _Watch(process.pid, command, files, stop or threading.Event())
        try:
            if started is not None:
                started(identify(process.pid))
            how, why = watch.follow(tail.drain)
        except BaseException:
            watch.end(lambda: None)
            raise
        finally:
            code, peak = _reap(process)
        tail.finish()
    return Finished(
        code=code,
        stdout=files.stdout,
        stderr=files.stderr,
        seconds=clock.monotonic() - begun,
        how=how,
        why=why,
        peak_memory=peak,
    )


def identify(pid: int) -> Child:
    """The identity of a process that is there. Raises OSError when it is not."""
    _, start_time = _stat(pid)
    return Child(pid=pid, start_time=start_time, boot_id=_boot_id())


def alive(child: Child) -> bool:
    """Does this very process still run? A zombie does not; nor does anything from before a reboot."""
    try:
        state, start_time = _stat(child.pid)
        return state not in "ZX" and start_time == child.start_time and _boot_id() == child.boot_id
    except OSError:
        return False


class _Watch:
    """Follows one process until it is over. Nothing is reaped here, so its pid stays its own."""

    def __init__(self, pid: int, command: Command, files: Spool, stop: threading.Event) -> None:
        self._pid = pid
        self._command = command
        self._files = files
        self._stop = stop
        self._deadline = clock.monotonic() + command.deadline
        self._grace_ends: float | None = None

    def follow(self, drain: Callable[[], bool]) -> tuple[How, Why]:
        """Wait for the end; ``drain`` passes on what was said and tells whether there is more."""
        pause = _FIRST_PAUSE
        while not self._over():
            more = drain()
            why = self._reason_to_end()
            if why is not Why.NOT:
                return self.end(drain), why
            if not more:
                self._stop.wait(pause)
                pause = min(pause * 1.5, _LONGEST_PAUSE)
        return How.EXITED, Why.NOT

    def end(self, drain: Callable[[], object]) -> How:
        """One SIGINT, once, and the rest of the grace. Who is not over then is killed when it is reaped."""
        if self._grace_ends is None:
            self._grace_ends = clock.monotonic() + self._command.grace
            os.kill(self._pid, signal.SIGINT)
        while not self._over():
            if clock.monotonic() > self._grace_ends or self._files.size() > 2 * self._command.limit:
                return How.KILLED
            drain()
            time.sleep(_LONGEST_PAUSE / 4)
        return How.INTERRUPTED

    def _reason_to_end(self) -> Why:
        if self._stop.is_set():
            return Why.STOPPED
        if clock.monotonic() > self._deadline:
            return Why.DEADLINE
        return Why.OUTPUT if self._files.size() > self._command.limit else Why.NOT

    def _over(self) -> bool:
        return os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


@contextmanager
def _spooled(command: Command) -> Iterator[Spool]:
    with ExitStack() as opened:
        try:
            files = opened.enter_context(spool(command.spool, command.verb))
        except OSError as error:
            raise Transient("CannotStart", f"cannot write under {command.spool}: {error.strerror}") from error
        yield files


def _start(command: Command, files: Spool) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command.argv,
            cwd=command.cwd,
            env=command.env,
            stdin=subprocess.DEVNULL,
            stdout=files.out,
            stderr=files.err,
            start_new_session=True,
            umask=0o077,
        )
    except OSError as error:
        message = f"cannot start {command.argv[0]} in {command.cwd}: {error.strerror}"
        if error.errno in _BROKEN_PROGRAM:
            raise Stalled("NoEngine", message) from error
        raise Transient("CannotStart", message) from error


def _reap(process: subprocess.Popen[bytes]) -> tuple[int, int]:
    """End what is left of the group, then collect the leader: exit code, and bytes of memory at most.

    In this order, since the pid names the group for certain only as long as the leader is not collected.
    """
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss * 1024


def _stat(pid: int) -> tuple[str, int]:
    """State letter and start time in ticks since boot: fields 3 and 22 of proc_pid_stat(5)."""
    text = Path(f"/proc/{pid}/stat").read_bytes()
    fields = text[text.rindex(b")") + 1 :].split()
    return fields[0].decode(), int(fields[19])


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()

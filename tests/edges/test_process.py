"""Is a real program run, watched, ended and swept as the door promises?"""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tfreconcile import clock
from tfreconcile.errors import Stalled, Transient
from tfreconcile.terraform.process import Child, Command, How, Why, alive, identify, run
from tfreconcile.terraform.spool import LONGEST_LINE

GRACEFUL = """
import signal, sys
def end(*_):
    print("saved", flush=True)
    sys.exit(1)
signal.signal(signal.SIGINT, end)
print("ready", flush=True)
while True:
    signal.pause()
"""
STUBBORN = """
import os, signal, sys
signal.signal(signal.SIGINT, lambda *_: print("no", flush=True))
if os.fork() == 0:
    print("grandchild", os.getpid(), flush=True)
print("ready", flush=True)
while True:
    signal.pause()
"""
Make = Callable[..., Command]


@pytest.fixture
def command(tmp_path: Path) -> Make:
    """A Python program as a command, with short times."""

    def make(program: str) -> Command:
        return Command(
            verb="plan",
            argv=(sys.executable, "-I", "-c", program),
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"]},
            spool=tmp_path / "spool",
            deadline=60,
            grace=30,
        )

    return make


def test_output_goes_to_private_files_and_the_code_comes_back(command: Make) -> None:
    finished = run(command("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"))
    assert (finished.code, finished.how, finished.why) == (3, How.EXITED, Why.NOT)
    assert finished.stdout.read_bytes() == b"out\n"
    assert finished.stderr.read_bytes() == b"err\n"
    assert {stat.S_IMODE(path.stat().st_mode) for path in (finished.stdout, finished.stderr)} == {0o600}
    assert stat.S_IMODE(finished.stdout.parent.stat().st_mode) == 0o700
    assert 0 < finished.seconds < 60
    assert finished.peak_memory > 1 << 20


def test_files_that_the_program_makes_are_private(command: Make, tmp_path: Path) -> None:
    run(command("open('state', 'w').close()"))
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o600


def test_every_line_is_told_in_order_also_a_last_one_without_an_end(command: Make) -> None:
    heard: list[bytes] = []
    run(command("print(*range(20000), sep='\\n', end='\\nlast')"), on_line=heard.append)
    assert heard == [*(str(number).encode() for number in range(20000)), b"last"]


def test_a_line_is_told_while_the_program_runs(command: Make, tmp_path: Path) -> None:
    told = tmp_path / "told"
    waits = "import os, time\nprint('hello', flush=True)\nwhile not os.path.exists('told'): time.sleep(0.01)"

    def tell(line: bytes) -> None:
        told.write_bytes(line)

    finished = run(command(waits), on_line=tell)
    assert (finished.code, told.read_bytes()) == (0, b"hello")


def test_a_huge_line_is_cut_and_the_next_one_is_whole(command: Make) -> None:
    heard: list[bytes] = []
    run(command("print('x' * 5_000_000); print('next')"), on_line=heard.append)
    assert [len(heard[0]), heard[1]] == [LONGEST_LINE, b"next"]


def test_the_deadline_interrupts_and_a_program_that_listens_ends_by_itself(command: Make) -> None:
    heard: list[bytes] = []
    finished = run(replace(command(GRACEFUL), deadline=2), on_line=heard.append)
    assert (finished.how, finished.why, finished.code) == (How.INTERRUPTED, Why.DEADLINE, 1)
    assert heard == [b"ready", b"saved"]


def test_a_stop_interrupts_once(command: Make) -> None:
    stop, heard = threading.Event(), list[bytes]()

    def hear(line: bytes) -> None:
        heard.append(line)
        stop.set()

    finished = run(command(GRACEFUL), on_line=hear, stop=stop)
    assert (finished.how, finished.why, heard) == (How.INTERRUPTED, Why.STOPPED, [b"ready", b"saved"])


def test_a_stubborn_program_is_killed_with_its_whole_group_after_one_signal(command: Make) -> None:
    stop, heard = threading.Event(), list[bytes]()

    def hear(line: bytes) -> None:
        heard.append(line)
        if heard.count(b"ready") == 2:
            stop.set()

    finished = run(replace(command(STUBBORN), grace=0.5), on_line=hear, stop=stop)
    assert (finished.how, finished.code) == (How.KILLED, -signal.SIGKILL)
    assert sorted(heard)[1:] == [b"no", b"ready", b"ready"]
    grandchild = int(min(heard).split()[1])
    assert gone(grandchild)


def test_what_a_program_leaves_behind_in_its_group_is_swept(command: Make) -> None:
    heard: list[bytes] = []
    leaves = "import os, signal\npid = os.fork()\nif pid == 0: signal.pause()\nprint(pid)"
    finished = run(command(leaves), on_line=heard.append)
    assert (finished.how, finished.code) == (How.EXITED, 0)
    assert gone(int(heard[0]))


def test_too_much_output_ends_the_program(command: Make) -> None:
    floods = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: print('x' * 10_000)"
    finished = run(replace(command(floods), limit=1_000_000))
    assert (finished.how, finished.why) == (How.KILLED, Why.OUTPUT)
    assert finished.seconds < 30


def test_an_exception_of_a_listener_is_raised_after_the_program_has_ended_gently(command: Make) -> None:
    children: list[Child] = []

    def refuse(_: bytes) -> None:
        raise LookupError("the database is gone")

    with pytest.raises(LookupError):
        run(command(GRACEFUL), on_line=refuse, started=children.append)
    assert not alive(children[0])


def test_a_failed_record_of_the_start_ends_the_program(command: Make) -> None:
    seen: list[Child] = []

    def fail(child: Child) -> None:
        seen.append(child)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(replace(command(STUBBORN), grace=0.2), started=fail)
    assert not alive(seen[0])


def test_the_program_is_told_before_it_is_over_and_known_again(command: Make) -> None:
    seen: list[tuple[Child, bool]] = []
    run(command("import time; time.sleep(0.2)"), started=lambda child: seen.append((child, alive(child))))
    child, was_alive = seen[0]
    assert was_alive
    assert not alive(child)


def test_a_process_that_has_only_the_pid_is_another_one() -> None:
    me = identify(os.getpid())
    assert alive(me)
    assert not alive(replace(me, start_time=me.start_time - 1))
    assert not alive(replace(me, boot_id="00000000-0000-0000-0000-000000000000"))


def test_a_zombie_is_not_alive() -> None:
    with subprocess.Popen([sys.executable, "-I", "-c", ""]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not alive(identify(process.pid))


def test_only_what_is_given_reaches_the_environment(command: Make) -> None:
    given = {"PATH": "/nowhere", "AWS_REGION": "us-east-1"}
    finished = run(
        replace(
            command(""),
            argv=("/usr/bin/env",),
            env=given,
        )
    )
    found = dict(line.split("=", 1) for line in finished.stdout.read_text().splitlines())
    assert found == given


def test_no_descriptor_is_inherited_and_stdin_is_empty(command: Make, tmp_path: Path) -> None:
    looks = (
        "import os, sys; print(sorted(map(int, os.listdir('/proc/self/fd')))[:-1], repr(sys.stdin.read()))"
    )
    with (tmp_path / "open").open("w") as held:
        os.set_inheritable(held.fileno(), True)
        finished = run(command(looks))
    assert finished.stdout.read_text() == "[0, 1, 2] ''\n"


def test_the_program_leads_a_session_of_its_own(command: Make) -> None:
    finished = run(command("import os; print(os.getsid(0) == os.getpgrp() == os.getpid())"))
    assert finished.stdout.read_text() == "True\n"


def test_output_of_an_earlier_run_is_gone(command: Make) -> None:
    run(command("print('a long line of an earlier run')"))
    assert run(command("print('new')")).stdout.read_text() == "new\n"


def test_a_link_in_the_spool_is_not_followed(command: Make, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("whole")
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "plan.stdout").symlink_to(victim)
    run(command("print('x')"))
    assert victim.read_text() == "whole"


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        pytest.param("/nowhere/terraform", "NoEngine", id="missing"),
        pytest.param("/etc/hostname", "NoEngine", id="not executable"),
        pytest.param("/", "NoEngine", id="a directory"),
    ],
)
def test_a_program_that_cannot_start_is_named(command: Make, program: str, reason: str) -> None:
    with pytest.raises(Stalled, match=program) as caught:
        run(replace(command(""), argv=(program,)))
    assert caught.value.reason == reason


def test_a_spool_that_cannot_be_written_starts_nothing(command: Make, tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file")
    with pytest.raises(Transient, match="cannot write under"):
        run(command("open('ran', 'w')"))
    assert not (tmp_path / "ran").exists()


def test_watching_costs_next_to_nothing(command: Make) -> None:
    before = os.times()
    run(command("import time; time.sleep(1)"), on_line=lambda _: None)
    after = os.times()
    assert (after.user + after.system) - (before.user + before.system) < 0.2


def gone(pid: int) -> bool:
    """Whether a process that was just killed is over; the kernel takes a moment, and may keep a zombie."""
    until = clock.monotonic() + 10
    while clock.monotonic() < until:
        try:
            if not alive(identify(pid)):
                return True
        except OSError:
            return True
    return False

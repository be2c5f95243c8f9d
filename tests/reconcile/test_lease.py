"""Does one process work on a stack at most, and does it notice when it no longer does?"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from support.remembered import HOUR, NOON, PAY
from support.worlds import Clock

from tfreconcile.errors import Waiting
from tfreconcile.reconcile import lease
from tfreconcile.reconcile.lease import machine
from tfreconcile.reconcile.world import World
from tfreconcile.store import leases, stacks
from tfreconcile.store.database import connect
from tfreconcile.store.records import StackRecord
from tfreconcile.terraform.process import identify

AT_ONCE = timedelta(0)
PATIENCE = 30
"""Seconds after which a test fails that waits for another thread."""


@pytest.fixture(autouse=True)
def known(world: World) -> None:
    stacks.ensure(world.store, PAY, "d")


def record(world: World) -> StackRecord:
    found = stacks.get(world.store, PAY)
    assert found is not None
    return found


def holder_of(pid: int, host: str = "") -> str:
    child = identify(pid)
    return f"{host or machine()}:{pid}:{child.start_time}:{child.boot_id}:1"


def taken_by(world: World, holder: str) -> None:
    leases.release(world.store, PAY, holder=world.holder)
    assert leases.take(world.store, PAY, holder=holder, now=NOON, until=NOON + HOUR)


@contextmanager
def another_process() -> Iterator[int]:
    """A process that lives until the end of the block."""
    with subprocess.Popen([sys.executable, "-I", "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process.pid
        process.communicate(b"\n")


def dead_process() -> str:
    with another_process() as pid:
        return holder_of(pid)


def busy(world: World) -> None:
    with pytest.raises(Waiting) as caught, lease.held(world, PAY):
        pytest.fail("it is held by somebody else")
    assert caught.value.reason == "Busy"


def test_a_lease_is_held_during_the_block_and_given_back_after_it(world: World) -> None:
    with lease.held(world, PAY) as lost:
        assert (record(world).lease_holder, record(world).lease_until) == (world.holder, NOON + lease.LEASE)
        assert not lost.is_set()
    assert (record(world).lease_holder, record(world).lease_until) == (None, None)


def test_a_lease_is_given_back_when_the_block_fails(world: World) -> None:
    with pytest.raises(RuntimeError), lease.held(world, PAY):
        raise RuntimeError
    assert record(world).lease_holder is None


def test_a_stack_has_one_holder_even_within_one_process(world: World) -> None:
    with lease.held(world, PAY):
        busy(world)
        assert record(world).lease_holder == world.holder


def test_a_stack_of_a_holder_that_lives_is_busy(world: World) -> None:
    with another_process() as pid:
        taken_by(world, holder_of(pid))
        busy(world)
        assert record(world).lease_holder == holder_of(pid)


def test_a_stack_of_a_holder_that_died_here_is_taken_at_once(world: World) -> None:
    taken_by(world, dead_process())
    with lease.held(world, PAY):
        assert record(world).lease_holder == world.holder


def test_a_stack_of_another_machine_is_taken_only_when_its_lease_is_over(world: World) -> None:
    _, _, rest = dead_process().partition(":")
    taken_by(world, f"elsewhere:{rest}")
    busy(world)
    clock = Clock(NOON + HOUR)
    with lease.held(replace(world, clock=clock), PAY):
        assert record(world).lease_holder == world.holder


@pytest.mark.parametrize(
    ("holder", "gone"),
    [
        pytest.param("", False, id="nobody"),
        pytest.param("a", False, id="a-word"),
        pytest.param("{host}:x:y:b:1", False, id="no-numbers"),
        pytest.param("{host}:::b:1", False, id="empty-numbers"),
        pytest.param("{host}:²:1:b:1", False, id="a-digit-that-is-no-number"),
        pytest.param("elsewhere:1:1:b:1", False, id="another-machine"),
        pytest.param("{host}:1:1:another-boot:1", True, id="before-a-reboot"),
        pytest.param("{host}:{pid}:1:{boot}:1", True, id="another-process-with-our-number"),
        pytest.param("{host}:{pid}:{start}:{boot}:1", False, id="ourselves"),
    ],
)
def test_a_holder_is_gone_only_when_that_is_certain(holder: str, gone: bool) -> None:
    me = identify(os.getpid())
    text = holder.format(host=machine(), pid=me.pid, start=me.start_time, boot=me.boot_id)
    assert lease.is_gone(text) is gone


def test_a_holder_names_its_process() -> None:
    assert lease.holder().startswith(holder_of(os.getpid()).removesuffix("1"))
    assert not lease.is_gone(lease.holder())


def test_a_heartbeat_renews_the_lease_from_the_time_that_it_is(world: World) -> None:
    clock, beaten = Clock(), threading.Event()
    with lease.held(replace(world, clock=clock), PAY, heartbeat=timedelta(milliseconds=1)) as lost:
        clock.turn(hours=5)
        clock.on_look = Countdown(3, beaten)
        assert beaten.wait(PATIENCE)
        assert record(world).lease_until == NOON + 5 * HOUR + lease.LEASE
        assert not lost.is_set()


def test_a_holder_learns_that_somebody_else_went_on_in_its_place(world: World) -> None:
    with lease.held(world, PAY, heartbeat=timedelta(milliseconds=1)) as lost:
        with world.store.write() as session:
            session.connection().exec_driver_sql("UPDATE stacks SET lease_holder = 'another:1:1:b:1'")
        assert lost.wait(PATIENCE)
    assert record(world).lease_holder == "another:1:1:b:1"


class Countdown:
    """Sets an event at the third look at the clock, say: two renewals are in the database then."""

    def __init__(self, looks: int, event: threading.Event) -> None:
        self._left = looks
        self._event = event

    def __call__(self) -> None:
        """One look less."""
        self._left -= 1
        if self._left <= 0:
            self._event.set()


class Told(logging.Handler):
    """Sets an event at the first record."""

    def __init__(self) -> None:
        super().__init__()
        self.event = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.event.set()


def test_a_busy_database_stops_no_heartbeat(world: World) -> None:
    clock, told, again = Clock(), Told(), threading.Event()
    lease.log.addHandler(told)
    try:
        with closing(connect(f"sqlite:///{world.store.path}", patience=AT_ONCE)) as impatient:
            here = replace(world, store=impatient, clock=clock)
            with lease.held(here, PAY, heartbeat=timedelta(milliseconds=1)) as lost:
                with world.store.write() as session:
                    session.connection()  # from here on nobody else may write
                    assert told.event.wait(PATIENCE)
                clock.turn(hours=1)
                clock.on_look = Countdown(3, again)
                assert again.wait(PATIENCE)
                assert record(world).lease_until == NOON + HOUR + lease.LEASE
                assert not lost.is_set()
    finally:
        lease.log.removeHandler(told)

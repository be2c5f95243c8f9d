"""Who works on this stack? Nobody else, while we hold its lease."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from tfreconcile.errors import Misconfigured, ReconcileError, Waiting
from tfreconcile.reconcile.world import World
from tfreconcile.source.model import StackName
from tfreconcile.store import leases, stacks
from tfreconcile.terraform.process import Child, alive, identify

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=90)
"""How long a lease lasts without a heartbeat; a dead holder's stack is free after that at the latest."""
HEARTBEAT = LEASE / 4


def machine() -> str:
    """Where a process number means the same process: the host and its namespace of processes.

    Two containers can bear one host name and see different processes.
    """
    namespace = Path("/proc/self/ns/pid").readlink().name
    return f"{socket.gethostname()}/{''.join(filter(str.isdecimal, namespace))}"


def holder() -> str:
    """This process, told apart from any other and from a later one with its number."""
    me = identify(os.getpid())
    return f"{machine()}:{me.pid}:{me.start_time}:{me.boot_id}:{threading.get_ident()}"


def is_gone(text: str) -> bool:
    """Is the holder a process of this machine that has ended? False whenever that is not certain."""
    parts = text.split(":")
    numbers = parts[1:3]
    if len(parts) != 5 or parts[0] != machine() or not all(map(str.isdecimal, numbers)):
        return False
    return not alive(Child(pid=int(parts[1]), start_time=int(parts[2]), boot_id=parts[3]))


@contextmanager
def held(world: World, name: StackName, *, heartbeat: timedelta = HEARTBEAT) -> Iterator[threading.Event]:
    """Hold the stack's lease, renewed by a heartbeat; yields an event that is set should it be lost.

    Raises Waiting("Busy") when somebody else holds it.
    """
    me = world.holder
    _free_of_the_dead(world, name)
    now = world.clock()
    if not leases.take(world.store, name, holder=me, now=now, until=now + LEASE):
        raise Waiting("Busy", "another tfreconcile works on this stack at the moment")
    lost, done = threading.Event(), threading.Event()
    told = {"pause": heartbeat, "lost": lost, "done": done}
    heart = threading.Thread(target=_beat, args=(world, name), kwargs=told, daemon=True)
    heart.start()
    try:
        yield lost
    finally:
        done.set()
        heart.join()
        leases.release(world.store, name, holder=me)


def _free_of_the_dead(world: World, name: StackName) -> None:
    record = stacks.get(world.store, name)
    if record is not None and record.lease_holder is not None and is_gone(record.lease_holder):
        leases.release(world.store, name, holder=record.lease_holder)


def _beat(
    world: World, name: StackName, *, pause: timedelta, lost: threading.Event, done: threading.Event
) -> None:
    while not done.wait(pause.total_seconds()):
        try:
            mine = leases.renew(world.store, name, holder=world.holder, until=world.clock() + LEASE)
        except (ReconcileError, Misconfigured):
            # A busy database is tried again; if it stays so the lease runs out, and what matters looks again.
            log.warning("lease not renewed", extra={"event": "lease.not_renewed", "stack": name})
            continue
        if not mine:
            lost.set()
            return

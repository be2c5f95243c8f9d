"""What do tests of passes act in? A world of real SQLite and real Git, whose clock the test turns."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath

from support.remembered import KEY, NOON
from support.repository import Repository

from tfreconcile.cloud.guard import Guard
from tfreconcile.gate.model import Approval, Verdict
from tfreconcile.gate.policy import Floor
from tfreconcile.plan.desk import StateDirectory
from tfreconcile.plan.fingerprint import ChangeDigest
from tfreconcile.reconcile import lease, removal, status, survey
from tfreconcile.reconcile.one import Errand, Passed, reconcile
from tfreconcile.reconcile.world import World
from tfreconcile.settings.model import BackendDefault
from tfreconcile.source.git import Mirror
from tfreconcile.source.model import StackName
from tfreconcile.store import approvals, plans, stacks
from tfreconcile.store.database import Store, connect
from tfreconcile.store.records import PlanRecord, StackRecord
from tfreconcile.terraform.engine import Engine

NO_ENGINE = Engine(kind="terraform", argv=("/nonexistent/terraform",), version="1.11.4")


class Clock:
    """Stands still until it is turned. ``on_look`` is called each time that somebody asks."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now
        self.on_look: Callable[[], object] = bool

    def __call__(self) -> datetime:
        """The moment that the test wants it to be."""
        self.on_look()
        return self.now

    def turn(self, **by: float) -> None:
        """Let time go by."""
        self.now += timedelta(**by)


def trusting(_account: Mapping[str, str], _clouds: frozenset[str], _env: Mapping[str, str]) -> None:
    """Finds every account to be the right one."""


@contextmanager
def opened(home: Path, url: str = "file:///nonexistent", engine: Engine = NO_ENGINE) -> Iterator[World]:
    """A world below ``home``: an empty database, nothing fetched yet, and (by default) no engine."""
    store = connect(f"sqlite:///{home}/tfreconcile.db", key=KEY, patience=timedelta(seconds=30))
    try:
        yield _world(home, store, url, engine)
    finally:
        store.close()


def _world(home: Path, store: Store, url: str, engine: Engine) -> World:
    directory = StateDirectory(home)
    return World(
        store=store,
        mirror=Mirror(path=directory.mirror, url=url, branch="main", timeout=30),
        path=PurePosixPath("stacks"),
        engine=engine,
        key=KEY,
        guard=Guard(timedelta(0), trusting),
        clock=Clock(),
        directory=directory,
        environment={"PATH": os.environ["PATH"]},
        account={},
        backend=BackendDefault(),
        floor=Floor(),
        stateful=frozenset(),
        interval=timedelta(minutes=10),
        timeout=timedelta(minutes=1),
        holder=lease.holder(),
    )


@dataclass
class Shop:
    """A team's repository with a tfreconcile beside it."""

    repository: Repository
    world: World
    clock: Clock

    def stack(self, name: str, hcl: str, **definition: object) -> Shop:
        """Write and commit a stack."""
        keys = "".join(f"{key}: {value}\n" for key, value in definition.items())
        files = {f"stacks/{name}/main.tf": hcl, f"stacks/{name}/stack.yaml": f"name: {name}\n{keys}"}
        self.repository.write(files).commit()
        return self

    def errand(self, name: str) -> Errand:
        """Survey the head of the branch; the errand for one stack."""
        seen = survey.survey(self.world)
        assert not seen.broken, seen.broken
        wanted = seen.wanted[StackName(name)]
        return Errand(wanted=wanted, policy=seen.policies[wanted.stack.name], revision=seen.revision)

    def leave(self, *names: str) -> Shop:
        """Take stacks out of Git."""
        for name in names:
            self.repository.remove(f"stacks/{name}")
        self.repository.commit("Remove")
        return self

    def removals(self) -> Mapping[StackName, Errand]:
        """Survey the head of the branch; the errands for stacks that left Git and are to go."""
        return removal.errands(self.world, survey.survey(self.world))

    def go(self, name: str) -> Passed:
        """One pass over one stack that left Git and is to go."""
        return reconcile(self.world, self.removals()[StackName(name)])

    def once(self, name: str) -> Passed:
        """One pass over one stack at the head of the branch."""
        return reconcile(self.world, self.errand(name))

    def record(self, name: str) -> StackRecord:
        """What is remembered of a stack."""
        found = stacks.get(self.world.store, StackName(name))
        assert found is not None
        return found

    def pending(self, name: str) -> PlanRecord:
        """The plan that waits."""
        found = plans.pending(self.world.store, StackName(name))
        assert found is not None
        return found

    def approve(self, name: str, *, by: str = "ana", verdict: Verdict = Verdict.APPROVE) -> Approval:
        """Somebody's word on the pending plan, given a second ago, with everything that it shows."""
        plan = self.pending(name)
        said = Approval(
            id=0,
            stack=name,
            fingerprint=plan.fingerprint,
            verdict=verdict,
            by=by,
            channel="cli",
            at=self.clock.now - timedelta(seconds=1),
            reason="",
            expires_at=self.clock.now + timedelta(hours=24),
            changes=frozenset(ChangeDigest(str(one["digest"])) for one in plan.classification),
            hazards=frozenset(
                (str(one["kind"]), str(one["address"]))
                for one in status.hazards(plan)
                if isinstance(one, Mapping)
            ),
        )
        return approvals.add(self.world.store, said)

    def state_file(self, name: str) -> Path:
        """Terraform's own state of a stack with the local default backend."""
        return self.world.directory.state(StackName(name)) / "terraform.tfstate"

    def desks(self, name: str) -> list[Path]:
        """What is left of passes on the disk."""
        return sorted(self.world.directory.passes(StackName(name)).iterdir())


@contextmanager
def shop(home: Path, repository: Repository, engine: Engine) -> Iterator[Shop]:
    """A shop with an empty repository."""
    clock = Clock()
    with opened(home, repository.url, engine) as world:
        yield Shop(repository, replace(world, clock=clock), clock)

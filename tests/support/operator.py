"""What does an operator's machine hold before a verb is typed? A host config, and a real database."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.judged import assessed, fixture, marked
from support.remembered import HEAD, NOON, PAY
from support.team import Answer

from tfreconcile.cli import main
from tfreconcile.gate.decision import Asked, decide
from tfreconcile.gate.model import ApprovalRules, Policy
from tfreconcile.gate.policy import Floor
from tfreconcile.observe import report
from tfreconcile.plan import render
from tfreconcile.redact import Scrubber
from tfreconcile.source.model import StackName
from tfreconcile.store import anchor, key, plans, stacks
from tfreconcile.store.database import Store, connect
from tfreconcile.store.records import PlanRecord, StackRecord

RULES = ApprovalRules(ttl=timedelta(hours=6), approvers=(("*",),))


@dataclass
class Operator:
    """Types verbs in this process, on a database of its own."""

    home: Path
    capsys: pytest.CaptureFixture[str]
    settings: dict[str, object] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        """The host config; JSON is YAML."""
        return self.home / "config.yaml"

    @property
    def state(self) -> Path:
        """The state directory."""
        return self.home / "state"

    @property
    def database(self) -> Path:
        """The database's file."""
        return self.state / "tfreconcile.db"

    @property
    def environment(self) -> dict[str, str]:
        """What a command of its own process needs."""
        return {"PATH": os.environ["PATH"], "TFRECONCILE_CONFIG": str(self.config), "LANG": "C.UTF-8"}

    def configure(self, **settings: object) -> Operator:
        """Write the host config, with these top-level keys beside those that every test needs."""
        self.settings |= settings
        needed = {"source": {"url": "https://git.example.com/infra.git"}, "state_dir": str(self.state)}
        self.config.write_text(json.dumps({**needed, **self.settings}, indent=1))
        return self

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The database, open."""
        self.state.mkdir(mode=0o700, exist_ok=True)
        known = key.load_or_make(self.state / "fingerprint.key")
        opened = connect(f"sqlite:///{self.database}", key=known, anchor=self.state / anchor.NAME)
        try:
            yield opened
        finally:
            opened.close()

    def remember(self, record: StackRecord, plan: PlanRecord | None = None) -> Operator:
        """Have a stack in the database, with the plan that waits."""
        with self.store() as store:
            number = None if plan is None else plans.add(store, plan)
            stacks.save(store, replace(record, pending_plan=number))
        return self

    def types(self, *arguments: str) -> Answer:
        """Type a command; it finds the config in TFRECONCILE_CONFIG."""
        self.capsys.readouterr()
        code = main._run(arguments)
        sys.stdout.flush()
        said = self.capsys.readouterr()
        return Answer(code, said.out, said.err)


@pytest.fixture
def operator(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Operator:
    """A machine with a host config, on which nothing has run yet."""
    made = Operator(tmp_path, capsys).configure()
    for name in [name for name in os.environ if name.startswith("TFRECONCILE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TFRECONCILE_CONFIG", str(made.config))
    return made


def a_stack(name: str = PAY, *, state: str = "Idle", sync: str = "Synced", message: str = "") -> StackRecord:
    """A stack of which a pass at noon learned this."""
    return StackRecord(
        name=StackName(name),
        definition=f"stacks/{name}/stack.yaml",
        desired_revision=HEAD,
        observed_revision=HEAD,
        applied_revision=HEAD,
        sync=sync,
        health="Healthy",
        state=state,
        reason="UpToDate",
        message=message,
        last_checked_at=NOON,
        next_due_at=NOON,
    )


def a_held_stack(name: str = PAY) -> StackRecord:
    """A stack that waits for a person."""
    held = a_stack(name, state="AwaitingApproval", sync="OutOfSync", message="a bucket would be deleted")
    return replace(held, reason="AwaitingApproval")


def a_plan_of(
    name: str = PAY,
    *,
    source: str = "stateful_delete",
    rules: ApprovalRules = RULES,
    policy: Policy | None = None,
) -> PlanRecord:
    """What a pass keeps of a real plan, judged under the built-in policy."""
    plan = fixture(source)
    judged = replace(policy or Floor().policy, approvals=rules)
    found, marks = assessed(plan), marked(plan)
    asked = Asked(stack=name, fingerprint=marks.fingerprint, applyable=plan.applyable)
    return PlanRecord(
        stack=StackName(name),
        created_at=NOON,
        revision=HEAD,
        fingerprint=marks.fingerprint,
        engine="terraform",
        engine_version=plan.engine_version,
        document=render.to_json(render.mask(plan, Scrubber.of(()))),
        classification=report.effects(found, judged, str),
        decision=report.kept(
            decide(found, judged, (), asked=asked, now=NOON), found, judged, barred=frozenset(), scrub=str
        ),
    )

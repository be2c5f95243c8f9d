"""Do windows hold a whole pass, and let it go on? Real Git, real SQLite, real Terraform."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from support.worlds import Shop

from tfreconcile.gate.approvals import OVERRIDE
from tfreconcile.gate.model import Act, Window
from tfreconcile.gate.policy import Floor
from tfreconcile.observe.conditions import State
from tfreconcile.reconcile.one import Passed
from tfreconcile.store import approvals, plans
from tfreconcile.store.records import StackRecord

ONE = 'resource "terraform_data" "one" {\n  input = "v1"\n}\n'
SATURDAY = Window(allow=False, cron="0 0 * * SAT", duration=timedelta(hours=12, minutes=5), why="freeze")
PLANNING = replace(SATURDAY, acts=frozenset({Act.PLAN}))


def under(team: Shop, window: Window) -> Shop:
    """The same team, whose host has a window that is closed until five past twelve."""
    floor = Floor(policy=replace(Floor().policy, windows=(window,)))
    return replace(team, world=replace(team.world, floor=floor))


def told(passed: Passed) -> tuple[State, str]:
    return passed.conclusion.state, passed.conclusion.reason


def due_in(record: StackRecord, team: Shop) -> timedelta:
    assert record.next_due_at is not None
    return record.next_due_at - team.clock.now


def test_a_change_waits_for_the_window_and_then_goes_on_by_itself(team: Shop) -> None:
    team = under(team, SATURDAY)
    held = team.stack("net", ONE).once("net")
    assert told(held) == (State.HELD, "WindowClosed")
    assert held.waits
    assert not held.failed
    assert "deny window 'freeze' is closed for apply until 2026-11-21T12:05:00Z" in held.conclusion.message
    assert due_in(team.record("net"), team) == timedelta(minutes=5)
    assert team.pending("net").decision["until"] == "2026-11-21T12:05:00Z"
    assert not team.state_file("net").exists()
    team.clock.turn(minutes=5)
    assert told(team.once("net")) == (State.IDLE, "Applied")


def test_a_person_may_override_the_window(team: Shop) -> None:
    team = under(team, SATURDAY)
    team.stack("net", ONE).once("net")
    plain = team.approve("net")
    assert told(team.once("net")) == (State.HELD, "WindowClosed")
    approvals.add(team.world.store, replace(plain, by="bo", hazards=plain.hazards | {OVERRIDE}))
    assert told(team.once("net")) == (State.IDLE, "Applied")
    used = [one.by for one in approvals.of(team.world.store, "net") if one.consumed_at]
    assert used == ["bo"]


def test_nothing_is_even_planned_while_planning_is_closed(team: Shop) -> None:
    team = under(team, PLANNING)
    held = team.stack("net", ONE).once("net")
    assert told(held) == (State.HELD, "WindowClosed")
    assert "closed for plan until 2026-11-21T12:05:00Z" in held.conclusion.message
    assert due_in(team.record("net"), team) == timedelta(minutes=5)
    assert not plans.history(team.world.store, limit=1)
    team.clock.turn(minutes=5)
    assert told(team.once("net")) == (State.IDLE, "Applied")

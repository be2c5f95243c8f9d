"""Does what a person says while a stack is planned still stop it? Real Git, SQLite and Terraform."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import text
from support.worlds import Shop

from tfreconcile import daemon
from tfreconcile.gate.model import Verdict
from tfreconcile.observe.conditions import State
from tfreconcile.reconcile import survey
from tfreconcile.reconcile.one import Errand, Passed, reconcile
from tfreconcile.source.model import StackName
from tfreconcile.store import applies, approvals, plans, stacks
from tfreconcile.store.records import ApplyStatus

DATA = 'resource "terraform_data" "%s" {\n  input = "%s"\n}\n'
A, B = DATA % ("a", "1"), DATA % ("b", "1")
CHANGED = DATA % ("a", "2")


class Died(BaseException):
    """The process is killed: nothing that would come after happens."""


def once(team: Shop, happened: Callable[[], bool], act: Callable[[], object]) -> None:
    """Have ``act`` done in the middle of a pass: when the clock is looked at and this has just happened."""
    todo = [act]

    def look() -> None:
        if todo and happened():
            todo.pop()()

    team.clock.on_look = look


def is_decided(team: Shop) -> bool:
    """Has the gate said yes?"""
    newest = plans.history(team.world.store, limit=1)
    return bool(newest) and newest[0].decision["verdict"] == "proceed"


def suspend(team: Shop, name: str) -> None:
    stacks.suspend(
        team.world.store, StackName(name), by="ana", reason="restore", until=None, at=team.clock.now
    )


def addresses(team: Shop, name: str) -> set[str]:
    state = json.loads(team.state_file(name).read_text())
    return {one["name"] for one in state["resources"] if one["instances"]}


def said(passed: Passed) -> tuple[State, str]:
    return passed.conclusion.state, passed.conclusion.reason


def test_a_stack_that_was_suspended_before_its_pass_began_is_not_planned(team: Shop) -> None:
    errand = team.stack("app", A).errand("app")
    suspend(team, "app")
    passed = reconcile(team.world, errand)
    assert said(passed) == (State.SUSPENDED, "Suspended")
    assert passed.conclusion.message == "ana paused app: restore"
    assert (passed.failed, plans.history(team.world.store, limit=9)) == (False, ())


def test_a_stack_that_is_suspended_while_it_is_queued_is_not_planned(team: Shop) -> None:
    team.stack("aaa", A).stack("bbb", B)
    seen = survey.survey(team.world)
    errands = {
        name: Errand(wanted=wanted, policy=seen.policies[name], revision=seen.revision)
        for name, wanted in seen.wanted.items()
    }

    def perform(errand: Errand) -> Passed:
        passed = reconcile(team.world, errand)
        if errand.wanted.stack.name == "aaa":
            suspend(team, "bbb")
        return passed

    daemon.run(errands, perform, workers=1, stop=threading.Event())
    assert (team.state_file("aaa").exists(), team.state_file("bbb").exists()) == (True, False)


def test_a_stack_that_is_suspended_while_it_is_planned_is_not_applied(team: Shop) -> None:
    errand = team.stack("app", A).errand("app")
    once(team, lambda: is_decided(team), lambda: suspend(team, "app"))
    assert said(reconcile(team.world, errand)) == (State.SUSPENDED, "Suspended")
    assert not team.state_file("app").exists()


def test_a_stack_goes_on_where_it_was_once_it_is_resumed(team: Shop) -> None:
    errand = team.stack("app", A).errand("app")
    suspend(team, "app")
    reconcile(team.world, errand)
    stacks.resume(team.world.store, StackName("app"), by="ana", at=team.clock.now)
    assert team.once("app").conclusion.reason == "Applied"


@pytest.mark.parametrize("happened", [lambda team: True, is_decided], ids=["queued", "planned"])
def test_a_stack_that_left_git_meanwhile_is_not_applied(team: Shop, happened: Callable[[Shop], bool]) -> None:
    team.stack("other", B).stack("app", A)
    errand = team.errand("app")
    once(team, lambda: happened(team), lambda: survey.survey(team.leave("app").world))
    assert said(reconcile(team.world, errand)) == (State.HELD, "LeftGit")
    assert not team.state_file("app").exists()


def test_a_rejection_between_the_decision_and_the_apply_stops_it(team: Shop) -> None:
    team.stack("app", A + B).once("app")
    team.stack("app", B).once("app")
    team.approve("app")
    once(team, lambda: is_decided(team), lambda: team.approve("app", by="bo", verdict=Verdict.REJECT))
    stopped = team.once("app")
    assert said(stopped) == (State.HELD, "Rejected")
    assert stopped.conclusion.message == "bo rejected it before it began; nothing was applied"
    assert addresses(team, "app") == {"a", "b"}


def test_a_rejection_stops_what_asked_for_nobodys_word_too(team: Shop) -> None:
    team.stack("app", A)
    once(team, lambda: is_decided(team), lambda: team.approve("app", by="bo", verdict=Verdict.REJECT))
    assert said(team.once("app")) == (State.HELD, "Rejected")
    assert not team.state_file("app").exists()


def _dies(team: Shop) -> None:
    """A pass is killed after Terraform has done all of it, and before anybody wrote that down."""

    def is_done() -> bool:
        return any(one.pid for one in applies.open(team.world.store))

    def die() -> None:
        raise Died

    once(team, is_done, die)
    with pytest.raises(Died):
        team.once("app")


def test_the_word_of_an_interrupted_apply_that_did_everything_applies_nothing_else(team: Shop) -> None:
    team.stack("app", A, apply="approve").once("app")
    team.approve("app")
    team.once("app")
    team.stack("app", CHANGED, apply="approve").once("app")
    word = team.approve("app")
    _dies(team)
    assert team.once("app").conclusion.reason == "UpToDate"
    assert applies.history(team.world.store, limit=1)[0].status is ApplyStatus.UNKNOWN
    assert {one.id for one in approvals.of(team.world.store) if one.consumed_at is None} == set()
    team.clock.turn(hours=1)
    team.stack("app", A, apply="approve").once("app")
    team.approve("app", by="zoe")
    assert team.once("app").conclusion.reason == "Applied"
    team.clock.turn(hours=1)
    again = team.stack("app", CHANGED, apply="approve").once("app")
    assert again.conclusion.reason == "AwaitingApproval"
    assert word.expires_at > team.clock.now, "it would have held"


def test_the_word_of_an_apply_that_died_is_used_up_though_another_commit_came_first(team: Shop) -> None:
    changed(team, "1").once("app")
    team.approve("app")
    team.once("app")
    changed(team, "2").once("app")
    team.approve("app")
    once(team, lambda: is_open(team), die)
    with pytest.raises(Died):
        team.once("app")
    changed(team, "2", more=B).once("app")
    team.approve("app", by="zoe")
    team.once("app")
    team.clock.turn(hours=1)
    changed(team, "1", more=B).once("app")
    team.approve("app", by="zoe")
    team.once("app")
    assert changed(team, "2", more=B).once("app").conclusion.reason == "AwaitingApproval"


def test_an_apply_uses_its_word_up_though_its_row_was_edited_meanwhile(team: Shop) -> None:
    def edit() -> None:
        with team.world.store.write() as session:
            session.execute(text("UPDATE applies SET approvals = '[]'"))

    changed(team, "1").once("app")
    team.approve("app")
    once(team, lambda: is_open(team), edit)
    assert team.once("app").conclusion.reason == "Applied"
    assert [one.consumed_at is None for one in approvals.of(team.world.store)] == [False]


def changed(team: Shop, value: str, *, more: str = "") -> Shop:
    """The stack as Git wants it next; every change of it asks."""
    return team.stack("app", DATA % ("a", value) + more, apply="approve")


def is_open(team: Shop) -> bool:
    """Has an apply begun, and nobody noted yet that it ended?"""
    return bool(applies.open(team.world.store))


def die() -> None:
    """The process is killed."""
    raise Died

"""What is done when nobody can tell what is in effect, or who asked for it? Real Git, SQLite, Terraform."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from support.worlds import Shop

from tfreconcile.gate.model import Policy
from tfreconcile.observe.conditions import State
from tfreconcile.store import approvals, audit

DATA = 'resource "terraform_data" "%s" {\n  input = "%s"\n}\n'
A, B = DATA % ("a", "1"), DATA % ("b", "1")
CHANGED = DATA % ("a", "2")
AUTHOR = "ana@example.com"
"""Who makes every commit of these tests."""
RULE = (
    '[{address: "terraform_data.*", attributes: [input, output], until: 2027-01-01, why: the scaler owns it}]'
)


def under(team: Shop, policy: Policy) -> Shop:
    """The team on a host with this policy."""
    return replace(team, world=replace(team.world, floor=replace(team.world.floor, policy=policy)))


def with_four_eyes(team: Shop) -> Shop:
    policy = team.world.floor.policy
    return under(team, replace(policy, approvals=replace(policy.approvals, four_eyes=True)))


def edit(team: Shop, statement: str) -> None:
    """What somebody with the database's file and no key does."""
    with closing(sqlite3.connect(team.world.store.path)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(statement)


def findings(team: Shop) -> list[str]:
    return [str(one) for one in audit.verify(team.world.store).findings]


def set_back(team: Shop) -> None:
    """Somebody pushes the branch by force to the commit before."""
    team.repository.git("reset", "--quiet", "--hard", "HEAD~1")


def values(team: Shop, name: str) -> dict[str, object]:
    state = json.loads(team.state_file(name).read_text())
    return {
        one["name"]: instance["attributes"]["input"]["value"]
        for one in state["resources"]
        for instance in one["instances"]
    }


def test_an_edited_revision_does_not_make_an_author_anybody_else(team: Shop) -> None:
    team = with_four_eyes(team)
    team.stack("app", A + B).once("app")
    team.stack("app", B).once("app")
    team.approve("app", by=AUTHOR)
    for column in ("applied_revision", "settled_revision"):
        edit(team, f"UPDATE stacks SET {column} = '{team.repository.head()}'")  # noqa: S608  our own names
        assert findings(team)[0].startswith("stack 1 (app) was changed outside tfreconcile")
        held = team.once("app").conclusion
        assert held.state is State.AWAITING_APPROVAL
        assert "was changed outside tfreconcile, or has no seal yet" in held.message
    assert set(values(team, "app")) == {"a", "b"}
    team.approve("app", by="zoe")
    assert team.once("app").conclusion.state is State.AWAITING_APPROVAL, "nobody is known to be no author"


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("UPDATE stacks SET resources = 0", id="no resources"),
        pytest.param("UPDATE stacks SET seal = NULL, resources = 0", id="and no seal"),
        pytest.param("DELETE FROM stacks", id="no stack at all"),
    ],
)
def test_an_edit_does_not_hide_that_the_state_is_gone(team: Shop, statement: str) -> None:
    team.stack("app", A).once("app")
    team.once("app")
    team.state_file("app").unlink()
    team.clock.turn(minutes=10)
    assert "the state is empty" in team.once("app").conclusion.message
    edit(team, statement)
    assert "the state is empty" in team.once("app").conclusion.message
    assert not team.state_file("app").exists()


def test_a_row_is_believed_again_once_somebody_approved_what_is_to_be_done(team: Shop) -> None:
    team.stack("app", A).once("app")
    edit(team, "UPDATE stacks SET settled_inputs = 'x'")
    assert team.stack("app", CHANGED).once("app").conclusion.state is State.AWAITING_APPROVAL
    assert not team.record("app").sound
    team.approve("app")
    assert team.once("app").conclusion.reason == "Applied"
    assert team.record("app").sound
    assert findings(team) == []


def test_a_row_is_believed_again_once_there_is_nothing_to_do(team: Shop) -> None:
    team.stack("app", A).once("app")
    edit(team, "UPDATE stacks SET backend = 'elsewhere', settled_inputs = NULL")
    assert team.once("app").conclusion.reason == "UpToDate"
    assert team.record("app").sound


def test_an_edited_definition_destroys_nothing(team: Shop) -> None:
    team.stack("other", B).stack("app", A).once("app")
    team.leave("app").removals()
    edit(team, f"UPDATE stacks SET on_removal = 'destroy', defined_revision = '{team.repository.head()}'")  # noqa: S608
    assert team.removals() == {}
    record = team.record("app")
    assert (record.state, record.reason) == ("Stalled", "InvalidDefinition")
    assert "was changed outside tfreconcile" in record.message
    assert values(team, "app") == {"a": "1"}


def test_what_an_edited_stack_may_depend_on_is_not_destroyed_before_it(team: Shop) -> None:
    team.stack("other", B).stack("net", A, on_removal="destroy")
    team.stack("app", A, on_removal="destroy", depends_on="[net]")
    team.once("net")
    team.once("net")
    team.once("app")
    team.leave("app", "net").removals()
    edit(team, "UPDATE stacks SET depends_on = '[]' WHERE name = 'app'")
    waiting = team.go("net").conclusion
    assert (waiting.state, waiting.reason) == (State.HELD, "DependencyNotReady")


def test_who_sets_the_branch_back_does_not_approve_it_alone(team: Shop) -> None:
    team = with_four_eyes(team)
    team.stack("app", B).stack("app", A + B).once("app")
    set_back(team)
    team.once("app")
    team.approve("app", by=AUTHOR)
    held = team.once("app").conclusion
    assert held.state is State.AWAITING_APPROVAL
    assert "the branch was set back or rewritten" in held.message
    assert set(values(team, "app")) == {"a", "b"}


def test_who_sets_the_branch_back_to_before_a_stack_does_not_destroy_it_alone(team: Shop) -> None:
    team = with_four_eyes(team)
    team.stack("other", B).stack("app", A, on_removal="destroy").once("app")
    set_back(team)
    team.go("app")
    team.approve("app", by=AUTHOR)
    held = team.go("app").conclusion
    assert held.state is State.AWAITING_APPROVAL
    assert "the branch was set back or rewritten" in held.message


def test_a_branch_that_was_set_back_or_rewritten_has_no_known_author(team: Shop) -> None:
    team.stack("app", A).once("app")
    team.stack("app", CHANGED).once("app")
    set_back(team)
    held = team.once("app").conclusion
    assert (held.state, "who did it is not known" in held.message) == (State.AWAITING_APPROVAL, True)
    team.stack("app", DATA % ("a", "3"))
    assert team.once("app").conclusion.state is State.AWAITING_APPROVAL, "diverged, not set back"
    team.approve("app")
    team.once("app")
    assert team.stack("app", CHANGED).once("app").conclusion.reason == "Applied"


def test_what_an_ignore_rule_hid_still_has_its_author_once_the_rule_goes(team: Shop) -> None:
    team = with_four_eyes(team)
    team.stack("app", A, apply="approve").once("app")
    team.approve("app", by="zoe")
    team.once("app")
    hidden = team.stack("app", CHANGED, apply="approve", ignore=RULE).once("app")
    assert hidden.conclusion.reason == "UpToDate"
    team.repository.write({"stacks/app/stack.yaml": "name: app\napply: approve\n"})
    by_bo = ("-c", "user.name=Bo", "-c", "user.email=bo@example.com")
    team.repository.git(*by_bo, "commit", "--quiet", "--all", "--author=Bo <bo@example.com>", "-m", "Tidy up")
    team.once("app")
    team.approve("app", by=AUTHOR)
    assert team.once("app").conclusion.state is State.AWAITING_APPROVAL
    team.approve("app", by="zoe")
    assert team.once("app").conclusion.reason == "Applied"
    assert values(team, "app") == {"a": "2"}
    assert any(one.by == AUTHOR and one.consumed_at is None for one in approvals.of(team.world.store, "app"))


def test_what_a_robot_wrote_under_an_ignore_rule_is_its_work_still_once_the_rule_goes(team: Shop) -> None:
    policy = team.world.floor.policy
    team.stack("app", A).once("app")
    team = under(team, replace(policy, unattended=replace(policy.unattended, authors=(AUTHOR,))))
    assert team.stack("app", CHANGED, ignore=RULE).once("app").conclusion.reason == "UpToDate"
    held = team.stack("app", CHANGED).once("app").conclusion
    assert held.state is State.AWAITING_APPROVAL
    assert held.message.count("fits ana@example.com") == 2, (
        "both commits, of which one only took the rule away"
    )


def test_a_stack_with_an_ignored_effect_does_not_block_who_depends_on_it(team: Shop) -> None:
    team.stack("net", A, ignore=RULE).stack("app", B, depends_on="[net]").once("net")
    team.stack("net", CHANGED, ignore=RULE).once("net")
    assert team.once("app").conclusion.reason == "Applied"
    record = team.record("net")
    assert record.applied_revision == team.repository.head() != record.settled_revision

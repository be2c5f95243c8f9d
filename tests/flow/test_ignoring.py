"""What do ignore rules hide, and what happens when one ends? Real Git, SQLite and Terraform."""

from __future__ import annotations

import json

import pytest
from support.worlds import Shop

from tfreconcile.observe.conditions import State, Sync
from tfreconcile.reconcile import status
from tfreconcile.reconcile.one import Passed

ONE = 'resource "terraform_data" "one" {\n  input = "v1"\n}\n'
CHANGED = ONE.replace("v1", "v2")
OTHER = 'resource "terraform_data" "two" {}\n'
REPLACED = 'resource "terraform_data" "one" {\n  input = "v1"\n  triggers_replace = "x"\n}\n'


def rule(until: str = "2027-01-01", attributes: str = "input, output") -> str:
    """One rule of a definition, in one line."""
    keys = f'address: "terraform_data.*", attributes: [{attributes}], until: {until}'
    return f"[{{{keys}, why: the scaler owns it}}]"


def verdict(passed: Passed) -> tuple[Sync, State, str]:
    return passed.conclusion.sync, passed.conclusion.state, passed.conclusion.reason


def value(team: Shop, name: str) -> object:
    """What Terraform's own state says of the one resource."""
    state = json.loads(team.state_file(name).read_text())
    return state["resources"][0]["instances"][0]["attributes"]["input"]["value"]


def ignored(team: Shop, name: str) -> object:
    return status.document(team.record(name), None, (), None, team.clock.now)["ignored"]


def test_a_change_of_git_under_an_ignore_rule_is_left_alone_and_says_why(team: Shop) -> None:
    team.stack("net", ONE, ignore=rule()).once("net")
    passed = team.stack("net", CHANGED, ignore=rule()).once("net")
    assert verdict(passed) == (Sync.SYNCED, State.IDLE, "UpToDate")
    assert passed.conclusion.message == "terraform_data.one: ignored: the scaler owns it"
    assert value(team, "net") == "v1"


def test_what_is_hidden_is_counted_and_shown(team: Shop) -> None:
    team.stack("net", ONE, ignore=rule()).once("net")
    assert ignored(team, "net") == {
        "count": 0,
        "until": "2027-01-01",
        "rules": [
            {
                "address": "terraform_data.*",
                "attributes": ["input", "output"],
                "until": "2027-01-01",
                "why": "the scaler owns it",
                "hides": 0,
                "changed": 0,
            }
        ],
    }
    team.stack("net", CHANGED, ignore=rule()).once("net")
    found = ignored(team, "net")
    assert isinstance(found, dict)
    assert (found["count"], found["rules"][0]["hides"]) == (1, 1)


@pytest.mark.parametrize(
    "hcl",
    [
        pytest.param(CHANGED + OTHER, id="beside another effect"),
        pytest.param(REPLACED, id="a replacement"),
        pytest.param("# nothing\n", id="a deletion"),
    ],
)
def test_an_ignore_rule_lets_nothing_else_through_and_hides_nothing_else(team: Shop, hcl: str) -> None:
    everything = rule(attributes='"*"')
    team.stack("net", ONE, ignore=everything).once("net")
    passed = team.stack("net", hcl, ignore=everything).once("net")
    assert verdict(passed) == (Sync.OUT_OF_SYNC, State.AWAITING_APPROVAL, "AwaitingApproval")
    assert value(team, "net") == "v1"


def test_a_creation_is_never_hidden(team: Shop) -> None:
    everything = rule(attributes='"*"')
    assert verdict(team.stack("net", ONE, ignore=everything).once("net"))[2] == "Applied"


def test_a_change_that_a_rule_covers_in_part_is_applied(team: Shop) -> None:
    half = rule(attributes="input")
    team.stack("net", ONE, ignore=half).once("net")
    assert verdict(team.stack("net", CHANGED, ignore=half).once("net"))[2] == "Applied"
    assert value(team, "net") == "v2"


def test_an_ignored_change_beside_another_is_applied_on_somebodys_word(team: Shop) -> None:
    team.stack("net", ONE, ignore=rule()).once("net")
    passed = team.stack("net", CHANGED + OTHER, ignore=rule()).once("net")
    assert "a plan cannot be split" in passed.conclusion.message
    team.approve("net")
    assert verdict(team.once("net"))[2] == "Applied"
    assert value(team, "net") == "v2"


def test_a_rule_that_ends_stops_the_stack_before_anything_is_planned(team: Shop) -> None:
    team.stack("net", ONE, ignore=rule()).once("net")
    team.stack("net", CHANGED, ignore=rule()).once("net")
    team.clock.turn(days=41)
    stopped = team.once("net")
    assert verdict(stopped)[1:] == (State.STALLED, "IgnoreRuleExpired")
    assert stopped.failed
    assert stopped.conclusion.message.startswith("stacks/net/stack.yaml:2:10: the ignore rule for terraform_")
    assert "ended on 2027-01-01 (why: the scaler owns it); renew `until` or remove it" in (
        stopped.conclusion.message
    )
    assert value(team, "net") == "v1"


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param({"ignore": rule("2028-01-01")}, "v1", id="renewed"),
        pytest.param({}, "v2", id="removed"),
    ],
)
def test_a_stack_goes_on_once_its_rule_is_renewed_or_gone(
    team: Shop, keys: dict[str, object], expected: str
) -> None:
    team.stack("net", ONE, ignore=rule()).once("net")
    team.stack("net", CHANGED, ignore=rule()).once("net")
    team.clock.turn(days=41)
    team.once("net")
    assert verdict(team.stack("net", CHANGED, **keys).once("net"))[0] is Sync.SYNCED
    assert value(team, "net") == expected


def test_a_rule_that_ended_does_not_keep_a_stack_that_left_git(team: Shop) -> None:
    team.stack("other", ONE).stack("net", ONE, ignore=rule(), on_removal="destroy").once("net")
    team.clock.turn(days=41)
    assert verdict(team.leave("net").go("net"))[1] is State.AWAITING_APPROVAL

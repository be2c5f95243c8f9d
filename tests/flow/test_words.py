"""Does a word still hold in the pass that would use it? Real Git, real keys, real SQLite, real Terraform."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support import signing
from support.signing import SshKey
from support.worlds import Shop

from tfreconcile.gate import signed
from tfreconcile.gate.approvals import REJECTED
from tfreconcile.gate.model import Approval, Verdict, Window
from tfreconcile.gate.policy import Floor
from tfreconcile.gate.signed import Said
from tfreconcile.gate.tags import Word
from tfreconcile.observe.conditions import State
from tfreconcile.reconcile import status, words
from tfreconcile.reconcile.trust import Trust
from tfreconcile.source.signers import signers_beside
from tfreconcile.store import approvals

ONE, TWO, THREE = (f'resource "terraform_data" "{name}" {{}}\n' for name in ("one", "two", "three"))
SATURDAY = Window(allow=False, cron="0 0 * * SAT", duration=timedelta(hours=12, minutes=5), why="freeze")


@pytest.fixture
def ana(tmp_path: Path) -> SshKey:
    """Her key."""
    return signing.ssh(tmp_path / "keys", "ana@example.com")


@pytest.fixture
def signers(tmp_path: Path, ana: SshKey) -> Path:
    """The host trusts it."""
    return signing.allowed(tmp_path / "allowed_signers", ana.line())


def trusting(team: Shop, signers: Path | None) -> Shop:
    """The same team, whose host trusts these signers."""
    trust = Trust(signers=None if signers is None else signers_beside(signers))
    return replace(team, world=replace(team.world, trust=trust))


def under(team: Shop, floor: Floor) -> Shop:
    """The same team, whose host has another floor."""
    return replace(team, world=replace(team.world, floor=floor))


def there(team: Shop) -> set[str]:
    """What the state holds."""
    state = json.loads(team.state_file("net").read_text())
    return {one["name"] for one in state["resources"] if one["instances"]}


def said(team: Shop, verdict: Verdict, by: str = "ana") -> Approval:
    """A word as the command line and tags compose it."""
    store, now = team.world.store, team.clock.now
    word = Word(verdict=verdict, by=by, expires_at=now + timedelta(hours=24))
    spoken = words.composed(store, team.pending("net"), word, channel=words.CLI, at=now)
    return approvals.add(store, spoken)


def approved_by_tag(team: Shop, key: SshKey) -> Shop:
    """A plan that destroys ``one`` waits, and this key has signed a tag that approves it."""
    team.stack("net", ONE + TWO).once("net")
    team.stack("net", TWO).once("net")
    mark = team.pending("net").fingerprint
    text = signed.text(Said(stack="net", fingerprint=mark), Verdict.APPROVE)
    name = f"tfreconcile/approve/net/{mark[:12]}"
    signing.tag(team.repository.path, name, text, key, date=team.clock.now)
    team.errand("net")
    assert len(approvals.of(team.world.store, "net")) == 1
    return team


def revoke(signers: Path, ana: SshKey) -> Path | None:
    (signers.parent / "revoked_keys").write_text(f"{ana.public}\n", encoding="ascii")
    return signers


def take_out(signers: Path, _: SshKey) -> Path | None:
    bo = signing.ssh(signers.parent / "others", "bo@example.com")
    return signing.allowed(signers, bo.line())


def break_file(signers: Path, _: SshKey) -> Path | None:
    return signing.allowed(signers, "no line of a signers file")


def unset(_: Path, __: SshKey) -> Path | None:
    return None


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        pytest.param(revoke, "is revoked", id="revoked"),
        pytest.param(take_out, "is of nobody in the signers file", id="taken out"),
        pytest.param(break_file, "cannot be used", id="a broken file"),
        pytest.param(unset, "the host config names no signers any more", id="no signers"),
    ],
)
def test_a_word_does_not_outlive_the_trust_in_its_key(
    team: Shop, ana: SshKey, signers: Path, happens: Callable[[Path, SshKey], Path | None], why: str
) -> None:
    team = approved_by_tag(trusting(team, signers), ana)
    team = trusting(team, happens(signers, ana))
    held = team.once("net")
    assert held.conclusion.state is State.AWAITING_APPROVAL
    pending = team.pending("net")
    told = status.weighed(pending, approvals.of(team.world.store, "net"), team.clock.now)
    assert (told.given, told.required) == (0, 1)
    assert why in " ".join(told.objections)
    assert why in str(pending.decision["reasons"])
    assert there(team) == {"one", "two"}


def test_a_word_counts_again_when_the_host_can_verify_again(team: Shop, ana: SshKey, signers: Path) -> None:
    team = approved_by_tag(trusting(team, signers), ana)
    held = trusting(team, None).once("net")
    assert held.conclusion.state is State.AWAITING_APPROVAL
    assert trusting(team, signers).once("net").conclusion.reason == "Applied"
    assert there(team) == {"two"}


def test_words_that_nobody_signed_need_no_signers(team: Shop) -> None:
    team.stack("net", ONE + TWO).once("net")
    team.stack("net", TWO).once("net")
    said(team, Verdict.APPROVE)
    assert team.once("net").conclusion.reason == "Applied"


def test_a_shorter_ttl_reaches_the_words_that_were_given_before(team: Shop) -> None:
    team.stack("net", ONE + TWO).once("net")
    team.stack("net", TWO).once("net")
    said(team, Verdict.APPROVE)
    policy = Floor().policy
    shorter = replace(policy, approvals=replace(policy.approvals, ttl=timedelta(hours=1)))
    team.clock.turn(hours=5)
    held = under(team, Floor(policy=shorter)).once("net")
    assert held.conclusion.state is State.AWAITING_APPROVAL
    assert "is older than policy lets a word be" in str(team.pending("net").decision["reasons"])
    assert there(team) == {"one", "two"}


def test_a_plan_that_was_rejected_while_a_window_was_closed_does_not_go_on_with_a_change_beside_it(
    team: Shop,
) -> None:
    team = under(team, Floor(policy=replace(Floor().policy, windows=(SATURDAY,))))
    assert team.stack("net", ONE).once("net").conclusion.reason == "WindowClosed"
    no = said(team, Verdict.REJECT, by="bo")
    team.stack("net", ONE + TWO)
    team.clock.turn(minutes=5)
    held = team.once("net")
    assert held.conclusion.state is State.AWAITING_APPROVAL
    assert "rejected by bo" in held.conclusion.message
    assert not team.state_file("net").exists()
    assert (
        status.standing_no(team.pending("net"), approvals.of(team.world.store, "net"), team.clock.now) == no
    )
    approvals.revoke(team.world.store, no.id, by="bo", at=team.clock.now)
    assert team.once("net").conclusion.reason == "Applied"


def test_a_rejection_holds_what_it_was_about_and_lets_go_what_was_beside_it(team: Shop) -> None:
    team.stack("net", ONE + TWO).once("net")
    team.stack("net", TWO + THREE).once("net")
    no = said(team, Verdict.REJECT, by="bo")
    assert len([kind for kind, _ in no.hazards if kind == REJECTED]) == 1
    said(team, Verdict.APPROVE)
    assert "rejected by bo" in team.once("net").conclusion.message
    team.stack("net", TWO)
    assert "rejected by bo" in team.once("net").conclusion.message
    team.stack("net", ONE + TWO + THREE)
    assert team.once("net").conclusion.reason == "Applied"
    assert there(team) == {"one", "two", "three"}

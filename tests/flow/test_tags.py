"""What does a pass do on the word of a tag when somebody else may push tags too? Real Git, real keys."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support import signing
from support.signing import SshKey
from support.worlds import Shop

from tfreconcile.gate import signed
from tfreconcile.gate.model import Verdict
from tfreconcile.gate.signed import Said
from tfreconcile.observe.conditions import State
from tfreconcile.reconcile import tags
from tfreconcile.reconcile.one import reconcile
from tfreconcile.reconcile.trust import Trust
from tfreconcile.source.signers import signers_beside
from tfreconcile.store import approvals, journal

HCL = 'resource "terraform_data" "one" {}\n'


@pytest.fixture
def ana(tmp_path: Path) -> SshKey:
    """Whom the host trusts."""
    return signing.ssh(tmp_path / "keys", "ana@example.com")


@pytest.fixture
def held(team: Shop, ana: SshKey, tmp_path: Path) -> Shop:
    """A stack that waits for a word, where Ana's signature counts."""
    file = signing.allowed(tmp_path / "allowed_signers", ana.line())
    team = replace(team, world=replace(team.world, trust=Trust(signers=signers_beside(file))))
    team.stack("pay", HCL, apply="approve").once("pay")
    return team


def _name(team: Shop) -> str:
    return f"tfreconcile/approve/pay/{team.pending('pay').fingerprint[:12]}"


def _approves(team: Shop, ana: SshKey, label: str = "") -> str:
    """Ana tags the plan that waits; gives the name of the tag."""
    said = Said(stack="pay", fingerprint=team.pending("pay").fingerprint)
    text, name = signed.text(said, Verdict.APPROVE), _name(team) + label
    signing.tag(team.repository.path, name, text, ana, date=team.clock.now)
    return name


def _breaks(team: Shop) -> None:
    """Somebody pushes a tag that git refuses."""
    content = f"object {team.repository.head()}\ntype commit\ntag x\ntagger nobody 1 +0000\n\nx\n"
    signing.forged(team.repository.path, "tfreconcile/zzz", content.encode())


def test_a_word_by_tag_counts_also_while_somebody_keeps_a_broken_tag(held: Shop, ana: SshKey) -> None:
    _approves(held, ana)
    held.errand("pay")
    _breaks(held)
    assert held.once("pay").again
    assert held.state_file("pay").exists()


def test_a_word_that_was_taken_back_behind_a_broken_tag_applies_nothing(held: Shop, ana: SshKey) -> None:
    name = _approves(held, ana)
    held.errand("pay")
    signing.delete(held.repository.path, name)
    _breaks(held)
    assert held.once("pay").conclusion.state is State.AWAITING_APPROVAL
    assert not held.state_file("pay").exists()


def test_a_pass_waits_while_nobody_can_tell_whether_its_word_was_taken_back(held: Shop, ana: SshKey) -> None:
    name = _approves(held, ana)
    errand = held.errand("pay")
    signing.delete(held.repository.path, name)
    _breaks(held)
    head = held.world.mirror.fetch()
    away = held.repository.path.rename(held.repository.path.with_name("away"))
    tags.look(held.world, head)  # the network went away between the fetch and the look
    assert reconcile(held.world, errand).conclusion.state is State.AWAITING_APPROVAL
    assert "nobody can tell which tags were deleted" in str(held.pending("pay").decision["reasons"])
    assert not held.state_file("pay").exists()
    assert [word.revoked_at for word in approvals.of(held.world.store)] == [None]
    away.rename(held.repository.path)
    held.errand("pay")
    assert [word.revoked_by for word in approvals.of(held.world.store)] == ["tag deleted"]


def test_somebody_who_pushes_new_tags_before_each_fetch_keeps_no_good_one_unheard(
    held: Shop, ana: SshKey
) -> None:
    name, head = _name(held), held.repository.head()
    _approves(held, ana, "-zoe")
    for turn in range(3):
        rows = [f"update refs/tags/{name}-a{turn}x{number:03d} {head}\n" for number in range(210)]
        rows += [f"delete refs/tags/{name}-a{turn - 1}x{number:03d}\n" for number in range(210) if turn]
        held.repository.git("update-ref", "--stdin", stdin="".join(rows).encode())
        held.errand("pay")
    assert [word.by for word in approvals.of(held.world.store)] == ["ana@example.com"]
    told = journal.history(held.world.store, limit=1000)
    assert sum(one.event == "approval.refused" for one in told) <= 3 * 21

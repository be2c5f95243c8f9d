"""What becomes of signed tags, look after look? Real Git, real keys, a real database; no Terraform."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from support import signing
from support.operator import a_held_stack, a_plan_of
from support.remembered import HOUR, MARK, NOON, an_apply
from support.repository import Repository
from support.signing import Key, SshKey
from support.worlds import Clock, opened

from tfreconcile.gate import signed
from tfreconcile.gate.approvals import overrides
from tfreconcile.gate.model import Approval, Verdict
from tfreconcile.gate.signed import Said
from tfreconcile.plan.fingerprint import Fingerprint
from tfreconcile.reconcile import tags
from tfreconcile.reconcile.trust import Trust
from tfreconcile.reconcile.world import World
from tfreconcile.source.signers import signers_beside
from tfreconcile.store import applies, approvals, plans, stacks
from tfreconcile.store import tags as judged
from tfreconcile.store.records import ApplyStatus

ANA = "ana@example.com"
NAME = f"tfreconcile/approve/archive/{MARK[:12]}"
SAID = Said(stack="archive", fingerprint=MARK)


@dataclass
class Office:
    """A repository with tags, and a tfreconcile for which the stack ``archive`` waits."""

    repository: Repository
    world: World
    ana: SshKey
    signers: Path
    clock: Clock

    def tag(self, name: str = NAME, key: Key | None = None, said: Said = SAID) -> str:
        """A tag of Ana's, or of another key."""
        text = signed.text(said, Verdict.APPROVE)
        return signing.tag(self.repository.path, name, text, key or self.ana, date=self.clock.now)

    def look(self) -> None:
        """What a survey does after it has fetched."""
        tags.look(self.world, self.world.mirror.fetch())

    def words(self) -> tuple[Approval, ...]:
        """What was said."""
        return approvals.of(self.world.store, "archive")

    def refused(self) -> Mapping[str, str]:
        """What does not count, by name."""
        return {one.ref: one.refused or "" for one in judged.refused(self.world.store, limit=1000)}

    def uses(self, word: Approval) -> int:
        """Apply on that word."""
        name = a_held_stack("archive").name
        number = applies.begin(self.world.store, replace(an_apply(name), approvals=(word.id,)))
        applies.finish(self.world.store, number, at=self.clock.now, status=ApplyStatus.SUCCEEDED)
        self.waits()
        return number

    def waits(self, fingerprint: Fingerprint = MARK) -> None:
        """Have a plan wait."""
        plan = replace(a_plan_of("archive"), fingerprint=fingerprint)
        number = plans.add(self.world.store, plan)
        stacks.save(self.world.store, replace(a_held_stack("archive"), pending_plan=number))


@pytest.fixture
def office(tmp_path: Path, repository: Repository) -> Iterator[Office]:
    """An office in which Ana's key is trusted, and nothing was tagged yet."""
    repository.write({"README": "x"}).commit()
    ana = signing.ssh(tmp_path / "keys", ANA)
    file = signing.allowed(tmp_path / "allowed_signers", ana.line())
    clock = Clock()
    with opened(tmp_path / "var", repository.url) as world:
        made = replace(world, clock=clock, trust=Trust(signers=signers_beside(file)))
        here = Office(repository, made, ana, file, clock)
        here.waits()
        yield here


def test_a_good_tag_is_an_approval_of_everything_that_the_plan_shows(office: Office) -> None:
    made = office.tag(said=replace(SAID, reason="ticket 4711", expires_at=NOON + HOUR, override=True))
    office.look()
    (word,) = office.words()
    plan = a_plan_of("archive")
    assert (word.by, word.channel, word.reason, word.verdict) == (ANA, "tag", "ticket 4711", "approve")
    assert (word.at, word.expires_at) == (NOON, NOON + HOUR)
    assert word.changes == {one["digest"] for one in plan.classification}
    assert {kind for kind, _ in word.hazards} == {"destroy", "stateful", "window-override"}
    assert overrides(word)
    assert word.signature is not None
    assert (word.signature.signer, word.signature.tag, word.signature.object) == (ANA, NAME, made)
    assert office.refused() == {}


def test_a_tag_is_judged_once_and_for_all(office: Office) -> None:
    office.tag()
    stranger = signing.ssh(office.repository.path.parent / "keys", "bo@example.com")
    office.tag(f"{NAME}-bo", stranger)
    office.look()
    told = office.refused()
    assert "is of nobody in the signers file" in told[f"{NAME}-bo"]
    signing.allowed(office.signers, stranger.line())  # Bo is in now, and Ana is out
    office.look()
    assert office.refused() == told, "it stays refused: Bo must tag again"
    assert [word.by for word in office.words()] == [ANA]
    office.tag(f"{NAME}-bo-2", stranger)
    office.look()
    assert [word.by for word in office.words()] == [ANA, "bo@example.com"]


def test_an_approval_goes_with_its_tag(office: Office) -> None:
    office.tag()
    office.look()
    signing.delete(office.repository.path, NAME)
    office.clock.turn(minutes=1)
    office.look()
    (word,) = office.words()
    assert (word.revoked_by, word.revoked_at) == ("tag deleted", office.clock.now)


def test_a_tag_that_comes_back_stays_revoked(office: Office) -> None:
    made = office.tag()
    office.look()
    signing.delete(office.repository.path, NAME)
    office.look()
    office.repository.git("update-ref", f"refs/tags/{NAME}", made)
    office.look()
    assert [word.revoked_by for word in office.words()] == ["tag deleted"]


def test_a_rejection_outlives_its_tag(office: Office) -> None:
    name = NAME.replace("approve", "reject")
    office.tag(name)
    office.look()
    signing.delete(office.repository.path, name)
    office.look()
    (word,) = office.words()
    assert (word.verdict, word.revoked_at) == ("reject", None), "who may push does not lift a hold"


def test_a_tag_that_was_moved_before_its_use_counts_no_longer_and_not_anew(office: Office) -> None:
    office.tag()
    office.look()
    office.tag(said=replace(SAID, reason="another text"))
    office.look()
    assert [word.revoked_by for word in office.words()] == ["tag deleted"]
    assert "it was moved" in office.refused()[NAME]


def test_a_used_tag_says_so_once_when_its_plan_is_pending_again(office: Office) -> None:
    office.tag()
    office.look()
    number = office.uses(office.words()[0])
    office.look()
    office.look()
    why = f"already used by apply {number} at 2026-11-21T12:00:00Z; sign a new one with another label"
    assert office.refused() == {NAME: why}
    signing.delete(office.repository.path, NAME)
    office.look()
    assert [word.revoked_at for word in office.words()] == [None], "what was used is used"


def test_a_used_tag_is_not_told_of_while_something_else_waits(office: Office) -> None:
    office.tag()
    office.look()
    office.uses(office.words()[0])
    office.waits(Fingerprint("e" * 64))
    office.look()
    assert office.refused() == {}


def test_a_refused_tag_that_is_made_anew_is_judged_anew(office: Office) -> None:
    office.tag(said=replace(SAID, stack="orders"))
    office.look()
    assert len(office.refused()) == 1
    office.tag()
    office.look()
    assert [word.by for word in office.words()] == [ANA]


def test_what_this_host_cannot_verify_is_judged_when_it_can(office: Office) -> None:
    office.tag()
    content = office.signers.read_text(encoding="utf-8")
    office.signers.unlink()
    told: list[str] = []
    office.world = replace(office.world, progress=lambda _stack, sentence: told.append(sentence))
    office.look()
    assert (office.words(), office.refused()) == ((), {})
    assert str(office.signers) in told[-1]
    office.signers.write_text(content, encoding="utf-8")
    office.look()
    assert [word.by for word in office.words()] == [ANA]


def test_without_signers_no_tag_is_even_looked_at(office: Office) -> None:
    office.tag()
    office.world = replace(office.world, trust=Trust())
    office.look()
    assert (office.words(), office.refused()) == ((), {})


def test_garbage_beside_a_good_tag_stops_nothing(office: Office) -> None:
    path = office.repository.path
    for number, target in enumerate(("HEAD^{tree}", "HEAD:README")):
        signing.tag(path, f"{NAME}-{number}", signed.text(SAID, Verdict.APPROVE), office.ana, commit=target)
    signing.lightweight(path, f"{NAME}-light", commit="HEAD:README")
    signing.lightweight(path, "tfreconcile/\N{SNOWMAN}/\N{RIGHT-TO-LEFT OVERRIDE}x")
    signing.tag(path, f"{NAME}-huge", "x" * 70_000, office.ana)
    office.tag()
    office.tag("tfreconcile/other/archive/x")
    office.look()
    assert [word.by for word in office.words()] == [ANA]
    assert len(office.refused()) == 6
    assert all(name.isprintable() and why.isprintable() for name, why in office.refused().items())


def test_a_flood_of_tags_does_not_delay_one_that_names_the_pending_plan(office: Office) -> None:
    head = office.repository.head()
    flood = "".join(f"create refs/tags/tfreconcile/a{number} {head}\n" for number in range(tags.MOST + 5))
    office.repository.git("update-ref", "--stdin", stdin=flood.encode())
    office.tag()
    office.look()
    assert [word.by for word in office.words()] == [ANA]
    assert len(office.refused()) == tags.MOST - 1
    office.look()
    assert len(office.refused()) == tags.MOST + 5

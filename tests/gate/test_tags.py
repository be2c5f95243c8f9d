"""Which signed tags are a person's word, and what does each of the others lack?"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.judged import NOON

from tfreconcile.gate import signed
from tfreconcile.gate.approvals import OVERRIDE
from tfreconcile.gate.authors import identities
from tfreconcile.gate.model import Approval, Need, Requirement, Verdict
from tfreconcile.gate.signed import Said
from tfreconcile.gate.tags import Accepted, Named, Presented, RefusedTag, Waiting, judge, named
from tfreconcile.gate.weighing import Question, Shown
from tfreconcile.plan.document import Address
from tfreconcile.plan.fingerprint import ChangeDigest, Fingerprint
from tfreconcile.source.model import Authorship, Revision, Signature

ANA, BO = "ana@example.com", "bo@example.com"
MARK = Fingerprint("0123456789abcdef" * 4)
OTHER = Fingerprint("f" * 64)
REF = f"tfreconcile/approve/archive/{MARK[:12]}"
HOUR = timedelta(hours=1)
MEANS = Named(verdict=Verdict.APPROVE, stack="archive", digits=MARK[:12])
NEED = Need(
    ChangeDigest("c" * 64), Address("a.b"), Requirement.APPROVE, "why", approvers=(("*@example.com",),)
)
QUESTION = Question(stack="archive", fingerprint=MARK, needs=(NEED,), shown=Shown(everything=frozenset()))
WAITING = Waiting(question=QUESTION, ttl=4 * HOUR)
SAID = Said(stack="archive", fingerprint=MARK)


def lines(said: Said = SAID) -> tuple[tuple[str, str], ...]:
    """The trailers of a word."""
    last = signed.text(said, Verdict.APPROVE).rstrip("\n").rpartition("\n\n")[2]
    return tuple((key, value) for key, _, value in (line.partition(": ") for line in last.splitlines()))


def signature(signer: str = ANA) -> Signature:
    """A good one."""
    return Signature(
        kind="ssh", signer=signer, key="SHA256:x", payload="p", text="s", tag=REF, object="a" * 40
    )


TAG = Presented(
    ref=REF, name=REF, on_branch=True, tagged_at=NOON - HOUR, trailers=lines(), signature=signature()
)


def approval(by: str = ANA, verdict: Verdict = Verdict.APPROVE, *, override: bool = False) -> Approval:
    """A signed word on the plan that waits, of an hour ago."""
    return Approval(
        id=3,
        stack="archive",
        fingerprint=MARK,
        verdict=verdict,
        by=by,
        channel="tag",
        at=NOON - HOUR,
        reason="",
        expires_at=NOON + HOUR,
        changes=frozenset(),
        hazards=frozenset({OVERRIDE} if override else ()),
        signature=replace(signature(by), payload="an earlier one", tag=f"{REF}-1"),
    )


def commit(author: str) -> Authorship:
    """A commit of that author."""
    return Authorship(
        revision=Revision("c" * 40),
        author="Somebody",
        author_email=author,
        committer="Somebody",
        committer_email=author,
        subject="Change",
        committed_at=NOON,
    )


def asking(
    *,
    fingerprint: Fingerprint = MARK,
    needs: tuple[Need, ...] = (NEED,),
    barred: frozenset[str] | None = frozenset(),
) -> Waiting:
    """A plan that asks something else."""
    return replace(WAITING, question=replace(QUESTION, fingerprint=fingerprint, needs=needs, barred=barred))


def refusal(tag: Presented = TAG, waiting: Waiting | None = WAITING, means: Named = MEANS) -> str:
    """Why the tag does not count."""
    judged = judge(tag, means, waiting, now=NOON)
    assert isinstance(judged, RefusedTag), judged
    assert judged.signer == tag.signature.signer, "who signed is told all the same"
    return judged.reason


def test_a_good_tag_is_a_word_with_everything_that_it_says() -> None:
    said = replace(SAID, reason="ticket 4711", override=True, expires_at=NOON + HOUR)
    judged = judge(replace(TAG, trailers=lines(said)), MEANS, WAITING, now=NOON)
    assert isinstance(judged, Accepted)
    word = judged.word
    assert (word.verdict, word.by, word.reason, word.override) == ("approve", ANA, "ticket 4711", True)
    assert word.expires_at == NOON + HOUR
    assert word.signature == signature()


@pytest.mark.parametrize("expires_at", [None, NOON + 24 * HOUR], ids=["says nothing", "says too long"])
def test_a_word_lasts_no_longer_than_the_policy_says_from_the_date_of_the_tag(
    expires_at: datetime | None,
) -> None:
    said = replace(SAID, expires_at=expires_at)
    judged = judge(replace(TAG, trailers=lines(said)), MEANS, WAITING, now=NOON)
    assert isinstance(judged, Accepted)
    assert judged.word.expires_at == NOON + 3 * HOUR


FAR = replace(TAG, tagged_at=NOON.replace(year=9999))
REFUSED = [
    pytest.param(
        replace(TAG, name=f"{REF}-other"),
        WAITING,
        f"it was renamed: its signer called it {REF}-other",
        id="renamed",
    ),
    pytest.param(
        replace(TAG, trailers=lines(replace(SAID, stack="orders"))),
        WAITING,
        "its name speaks of stack archive, its trailer Tfreconcile-Stack of orders",
        id="the trailer of another stack",
    ),
    pytest.param(
        replace(TAG, trailers=lines(replace(SAID, fingerprint=OTHER))),
        WAITING,
        "its name speaks of plan 0123456789ab, its trailer Tfreconcile-Plan of ffffffffffff",
        id="name and trailers disagree",
    ),
    pytest.param(TAG, None, "no plan of archive waits for a word", id="nothing waits"),
    pytest.param(
        TAG,
        asking(fingerprint=OTHER),
        "the pending plan of archive is ffffffffffff, not 0123456789ab",
        id="another fingerprint",
    ),
    pytest.param(
        TAG,
        asking(fingerprint=Fingerprint(f"{MARK[:63]}0")),
        f"the pending plan of archive is {MARK[:63]}0, not {MARK}",
        id="a fingerprint that begins alike",
    ),
    pytest.param(
        replace(TAG, trailers=(*lines()[:1], ("Tfreconcile-Plan", MARK[:40]))),
        WAITING,
        "its trailer Tfreconcile-Plan must hold all 64 hex digits of the fingerprint, found 40 characters",
        id="a truncated trailer",
    ),
    pytest.param(
        replace(TAG, tagged_at=NOON - 4 * HOUR), WAITING, "it expired at 2026-11-21T12:00:00Z", id="too old"
    ),
    pytest.param(
        replace(TAG, trailers=lines(replace(SAID, expires_at=NOON))),
        WAITING,
        "it expired at 2026-11-21T12:00:00Z",
        id="over, as it says itself",
    ),
    pytest.param(
        replace(TAG, tagged_at=NOON + timedelta(minutes=6)),
        WAITING,
        "it is dated 2026-11-21T12:06:00Z, which is yet to come",
        id="from the future",
    ),
    pytest.param(FAR, WAITING, "it is dated 9999-11-21T12:00:00Z, which is yet to come", id="far future"),
    pytest.param(
        replace(TAG, on_branch=False), WAITING, "it points at no commit of the tracked branch", id="elsewhere"
    ),
    pytest.param(
        TAG,
        asking(needs=(replace(NEED, approvers=(("*",), (BO,))),)),
        f"{ANA} is not among the approvers",
        id="no approver",
    ),
    pytest.param(
        TAG,
        asking(barred=identities((commit(BO), commit(ANA.upper())))),
        f"{ANA} wrote or committed what the plan would do, and four eyes must see it",
        id="the author under four eyes",
    ),
    pytest.param(
        TAG,
        asking(barred=None),
        "who wrote what the plan would do could not be read completely, and four eyes must see it",
        id="four eyes and no history",
    ),
    pytest.param(
        TAG,
        replace(WAITING, words=(approval(ANA.upper()),)),
        f"{ANA} already approved this plan (approval 3)",
        id="a second tag of one person",
    ),
    pytest.param(
        TAG,
        replace(WAITING, idle="the plan waits for nobody"),
        "the plan waits for nobody",
        id="no word asked for",
    ),
    pytest.param(
        replace(TAG, trailers=(*lines(), lines()[1])),
        WAITING,
        "its trailer Tfreconcile-Plan is there more than once",
        id="repeating trailers",
    ),
    pytest.param(
        replace(TAG, trailers=(*lines(), ("Tfreconcile-Until-Revoked", "yes"))),
        WAITING,
        "its trailer Tfreconcile-Until-Revoked is not known here; known are Tfreconcile-Expires, "
        "Tfreconcile-Plan, Tfreconcile-Reason, Tfreconcile-Stack, Tfreconcile-Window",
        id="an unknown trailer",
    ),
    pytest.param(
        replace(TAG, trailers=()),
        WAITING,
        "its message has no trailer Tfreconcile-Stack in the last paragraph",
        id="no trailers",
    ),
]


@pytest.mark.parametrize(("tag", "waiting", "reason"), REFUSED)
def test_each_flaw_has_its_own_sentence(tag: Presented, waiting: Waiting | None, reason: str) -> None:
    assert refusal(tag, waiting) == reason


SPENT = [
    pytest.param(replace(approval(BO), consumed_at=NOON), id="used up"),
    pytest.param(replace(approval(BO), revoked_at=NOON), id="taken back"),
    pytest.param(replace(approval(BO), expires_at=NOON), id="over"),
    pytest.param(replace(approval(BO), fingerprint=OTHER), id="on another plan"),
    pytest.param(approval(BO), id="standing"),
]


@pytest.mark.parametrize("one", SPENT)
def test_a_name_counts_once_whatever_became_of_the_word(one: Approval) -> None:
    before = replace(one, signature=replace(signature(BO), tag=REF, payload="an earlier one"))
    why = "it was moved: approval 3 was given under this name; use another label"
    assert refusal(TAG, replace(WAITING, words=(before,))) == why


@pytest.mark.parametrize("one", SPENT)
def test_a_signed_text_counts_once_whatever_it_is_wrapped_in(one: Approval) -> None:
    before = replace(one, signature=replace(signature(), tag="other", object="b" * 40))
    why = "it was counted before, as approval 3; sign a new one with another label"
    assert refusal(TAG, replace(WAITING, words=(before,))) == why


@pytest.mark.parametrize(
    "waiting",
    [
        pytest.param(asking(needs=(replace(NEED, approvers=((BO,),)),)), id="no approver"),
        pytest.param(asking(barred=identities((commit(ANA),))), id="the author"),
        pytest.param(replace(WAITING, idle="waits for nobody"), id="nobody is asked"),
        pytest.param(replace(WAITING, words=(approval(),)), id="who approved it before"),
    ],
)
def test_to_stop_needs_no_permission_but_a_trusted_signature(waiting: Waiting) -> None:
    ref = REF.replace("approve", "reject")
    tag, means = replace(TAG, ref=ref, name=ref), replace(MEANS, verdict=Verdict.REJECT)
    judged = judge(tag, means, waiting, now=NOON)
    assert isinstance(judged, Accepted)
    assert judged.word.verdict is Verdict.REJECT


def test_a_second_rejection_of_one_person_says_nothing_new() -> None:
    ref = REF.replace("approve", "reject")
    tag, means = replace(TAG, ref=ref, name=ref), replace(MEANS, verdict=Verdict.REJECT)
    waiting = replace(WAITING, words=(approval(verdict=Verdict.REJECT),))
    assert refusal(tag, waiting, means) == f"{ANA} already rejected this plan (rejection 3)"


@pytest.mark.parametrize("said", [replace(SAID, expires_at=NOON + HOUR), replace(SAID, override=True)])
def test_a_rejection_does_not_end_and_overrides_nothing(said: Said) -> None:
    ref = REF.replace("approve", "reject")
    tag = replace(TAG, ref=ref, name=ref, trailers=lines(said))
    assert "a rejection stands until it is revoked" in refusal(
        tag, means=replace(MEANS, verdict=Verdict.REJECT)
    )


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(approval(BO), id="another person"),
        pytest.param(replace(approval(), signature=None), id="a word that nobody signed"),
        pytest.param(replace(approval(), fingerprint=OTHER), id="on another plan"),
        pytest.param(replace(approval(), revoked_at=NOON), id="taken back"),
        pytest.param(replace(approval(), consumed_at=NOON), id="used up"),
        pytest.param(replace(approval(), expires_at=NOON), id="over"),
    ],
)
def test_what_else_was_said_before_does_not_stand_in_the_way(before: Approval) -> None:
    assert isinstance(judge(TAG, MEANS, replace(WAITING, words=(before,)), now=NOON), Accepted)


@pytest.mark.parametrize(
    "question",
    [
        pytest.param(replace(QUESTION, doubts={3: "its key was revoked"}), id="its key is no longer good"),
        pytest.param(replace(QUESTION, ttl=HOUR), id="policy lets it last no longer"),
    ],
)
def test_a_word_that_counts_no_more_does_not_stand_in_the_way_of_a_new_one(question: Question) -> None:
    said = replace(WAITING, question=question, words=(approval(),))
    assert isinstance(judge(TAG, MEANS, said, now=NOON), Accepted)
    no = replace(TAG, ref=TAG.ref.replace("approve", "reject"), name=TAG.name.replace("approve", "reject"))
    rejected = replace(said, words=(approval(verdict=Verdict.REJECT),))
    means = replace(MEANS, verdict=Verdict.REJECT)
    assert "already rejected" in refusal(no, rejected, means)


def test_who_approved_may_say_once_more_that_a_window_is_overridden() -> None:
    tag = replace(TAG, trailers=lines(replace(SAID, override=True)))
    said = replace(WAITING, words=(approval(),))
    assert isinstance(judge(tag, MEANS, said, now=NOON), Accepted)
    twice = replace(WAITING, words=(approval(override=True),))
    assert "already approved" in refusal(tag, twice)


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        (REF, MEANS),
        (f"{REF}-ana.2", MEANS),
        (REF.replace("approve", "reject"), replace(MEANS, verdict=Verdict.REJECT)),
    ],
)
def test_a_name_says_verdict_stack_and_plan(ref: str, said: Named) -> None:
    assert named(ref) == said


@pytest.mark.parametrize(
    ("ref", "why"),
    [
        ("v1.0", "no word that tfreconcile knows"),
        ("tfreconcile/approve", "no word that tfreconcile knows"),
        (f"tfreconcile/allow/archive/{MARK[:12]}", "no word that tfreconcile knows"),
        (f"tfreconcile/approve/a/b/{MARK[:12]}", "no word that tfreconcile knows"),
        (f"tfreconcile/approve//{MARK[:12]}", "no word that tfreconcile knows"),
        (f"{REF}-", "no word that tfreconcile knows"),
        (f"{REF}-.x", "no word that tfreconcile knows"),
        (f"{REF}-{'x' * 41}", "no word that tfreconcile knows"),
        (f"{REF[:-12]}{MARK[:12].upper()}", "no word that tfreconcile knows"),
        (REF[:-1], "must hold the first 12 digits of the fingerprint, found 11"),
        (f"{REF}0", "must hold the first 12 digits of the fingerprint, found 13"),
        (REF[:-12], "must hold the first 12 digits of the fingerprint, found 0"),
    ],
)
def test_a_name_that_says_less_or_more_is_refused(ref: str, why: str) -> None:
    found = named(ref)
    assert isinstance(found, RefusedTag)
    assert why in found.reason


HOSTILE = st.text(max_size=40)
KEYS = st.sampled_from(["Tfreconcile-Stack", "Tfreconcile-Plan", "Tfreconcile-Expires", "Tfreconcile-Window"])


@settings(max_examples=400, deadline=None)
@given(
    trailers=st.lists(
        st.tuples(KEYS | HOSTILE, st.sampled_from(["archive", MARK, "override"]) | HOSTILE), max_size=5
    ),
    name=st.sampled_from([REF, OTHER]) | HOSTILE,
    tagged_at=st.datetimes(timezones=st.just(NOON.tzinfo)),
    on_branch=st.booleans(),
)
def test_no_tag_is_a_word_unless_it_names_this_very_plan(
    trailers: list[tuple[str, str]], name: str, tagged_at: datetime, on_branch: bool
) -> None:
    tag = replace(TAG, trailers=tuple(trailers), name=name, tagged_at=tagged_at, on_branch=on_branch)
    judged = judge(tag, MEANS, WAITING, now=NOON)
    if isinstance(judged, Accepted):
        assert (name, on_branch) == (REF, True)
        assert dict(trailers)["Tfreconcile-Plan"] == MARK
        assert dict(trailers)["Tfreconcile-Stack"] == "archive"
        assert NOON < judged.word.expires_at <= NOON + 5 * HOUR
    else:
        assert judged.reason
        assert "\n" not in judged.reason

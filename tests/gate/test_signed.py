"""Does a signed text say exactly one thing, and is it read back as it was meant?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.gate.model import Verdict
from tfreconcile.gate.signed import LONGEST_REASON, Said, Unreadable, one_line, read, text
from tfreconcile.plan.fingerprint import Fingerprint

MARK = Fingerprint("0123456789abcdef" * 4)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
FULL = Said(stack="archive", fingerprint=MARK, expires_at=NOON, reason="ticket 4711", override=True)
BARE = {"Tfreconcile-Stack": "archive", "Tfreconcile-Plan": MARK}


def trailers(message: str) -> tuple[tuple[str, str], ...]:
    """What git's own rule makes of a last paragraph that holds nothing but trailers."""
    _, _, last = message.rstrip("\n").rpartition("\n\n")
    pairs = (line.partition(":") for line in last.split("\n"))
    return tuple((key, value.strip()) for key, _, value in pairs)


def test_a_message_has_a_title_and_one_line_a_fact() -> None:
    assert text(FULL, Verdict.APPROVE) == (
        "Approve plan 0123456789ab of archive\n"
        "\n"
        "Tfreconcile-Stack: archive\n"
        f"Tfreconcile-Plan: {MARK}\n"
        "Tfreconcile-Expires: 2026-11-21T12:00:00Z\n"
        "Tfreconcile-Reason: ticket 4711\n"
        "Tfreconcile-Window: override\n"
    )


def test_a_text_of_the_command_line_says_its_verdict_and_its_moment_too() -> None:
    said = replace(FULL, verdict=Verdict.REJECT, at=NOON)
    message = text(said, Verdict.REJECT)
    assert message.startswith("Reject plan ")
    assert read(trailers(message), tag=False) == said


SAYINGS = st.builds(
    Said,
    stack=st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True),
    fingerprint=st.from_regex(r"[0-9a-f]{64}", fullmatch=True).map(Fingerprint),
    expires_at=st.none() | st.integers(0, 10**10).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    reason=st.text(max_size=60).map(one_line),
    override=st.booleans(),
)


@settings(max_examples=300, deadline=None)
@given(SAYINGS)
def test_what_is_written_is_read_back(said: Said) -> None:
    message = text(said, Verdict.APPROVE)
    assert read(trailers(message), tag=True) == said


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=800))
def test_a_reason_never_adds_a_line_or_another_fact(reason: str) -> None:
    message = text(Said(stack="archive", fingerprint=MARK, reason=reason), Verdict.APPROVE)
    found = read(trailers(message), tag=True)
    assert len(message.splitlines()) <= 5
    assert (found.expires_at, found.override) == (None, False)
    assert len(found.reason) <= LONGEST_REASON


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        pytest.param({"Tfreconcile-Stack": None}, "has no trailer Tfreconcile-Stack", id="no stack"),
        pytest.param({"Tfreconcile-Plan": None}, "has no trailer Tfreconcile-Plan", id="no plan"),
        pytest.param({"Tfreconcile-Plan": ""}, "has no trailer Tfreconcile-Plan", id="an empty plan"),
        pytest.param({"Tfreconcile-Plan": MARK[:12]}, "all 64 hex digits", id="a short plan"),
        pytest.param({"Tfreconcile-Plan": f"{MARK}0"}, "found 65 characters", id="a long plan"),
        pytest.param({"Tfreconcile-Plan": MARK.upper()}, "found other characters", id="capital digits"),
        pytest.param({"Tfreconcile-Window": "yes"}, "can only say: override", id="another window"),
        pytest.param({"Tfreconcile-Expires": "tomorrow"}, "must be a moment", id="no moment"),
        pytest.param({"Tfreconcile-Expires": "2026-11-21"}, "must be a moment", id="a day"),
        pytest.param({"Tfreconcile-Expires": "2026-11-21T12:00:00"}, "must be a moment", id="no zone"),
        pytest.param({"Tfreconcile-Expires": "2026-02-30T12:00:00Z"}, "must be a moment", id="no such day"),
        pytest.param(
            {"Tfreconcile-Expires": "0001-01-01T00:00:00+14:00"}, "must be a moment", id="too early"
        ),
        pytest.param(
            {"Tfreconcile-Scope": "all"}, "Tfreconcile-Scope is not known here", id="a newer trailer"
        ),
        pytest.param({"Tfreconcile-Verdict": "approve"}, "is not known here", id="a verdict in a tag"),
        pytest.param({"tfreconcile-stack": "archive"}, "there more than once", id="twice, in another case"),
    ],
)
def test_lines_that_do_not_say_one_thing_clearly_are_refused(
    changes: dict[str, str | None], why: str
) -> None:
    lines = tuple((key, value) for key, value in {**BARE, **changes}.items() if value is not None)
    with pytest.raises(Unreadable, match=why):
        read(lines, tag=True)


@pytest.mark.parametrize("value", [MARK, "f" * 64], ids=["the same", "another"])
def test_a_line_that_is_there_twice_is_refused_whatever_it_says(value: str) -> None:
    with pytest.raises(Unreadable, match="more than once"):
        read((*BARE.items(), ("Tfreconcile-Plan", value)), tag=True)


def test_lines_of_other_tools_are_nobodys_business() -> None:
    lines = (("Signed-off-by", "Ana"), *BARE.items(), ("Signed-off-by", "Bo"))
    assert read(lines, tag=True) == Said(stack="archive", fingerprint=MARK)


@pytest.mark.parametrize("name", ["Tfreconcile-Verdict", "Tfreconcile-At"])
def test_a_text_of_the_command_line_needs_its_verdict_and_its_moment(name: str) -> None:
    lines = {**BARE, "Tfreconcile-Verdict": "approve", "Tfreconcile-At": "2026-11-21T12:00:00Z"}
    del lines[name]
    with pytest.raises(Unreadable, match=f"has no trailer {name}"):
        read(tuple(lines.items()), tag=False)


def test_a_text_of_the_command_line_with_another_verdict_is_refused() -> None:
    lines = {**BARE, "Tfreconcile-Verdict": "maybe", "Tfreconcile-At": "2026-11-21T12:00:00Z"}
    with pytest.raises(Unreadable, match="must be one of approve, reject"):
        read(tuple(lines.items()), tag=False)

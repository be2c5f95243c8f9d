"""Is an exported journal checked without the machine that it is from, down to the last byte?"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import ledger, signing
from support.remembered import KEY, NET, NOON, PAY, an_apply, an_approval

from tfreconcile.errors import Misconfigured
from tfreconcile.gate import signed
from tfreconcile.gate.model import Verdict
from tfreconcile.gate.signed import Said
from tfreconcile.plan.canonical import canonical
from tfreconcile.plan.document import Json
from tfreconcile.plan.fingerprint import Fingerprint
from tfreconcile.source import signatures
from tfreconcile.source.model import Signature
from tfreconcile.source.signers import signers_beside
from tfreconcile.store import applies, approvals, export, exported, stacks
from tfreconcile.store.audit import Audited
from tfreconcile.store.database import Store, connect
from tfreconcile.store.export import Part
from tfreconcile.store.records import ApplyStatus

HEADER, FIRST_EVENT, FIRST_BUNDLE = 0, 1, 1 + ledger.EVENTS
LINES = ledger.EVENTS + 4
"""A header, the events, two bundles and a footer."""


@pytest.fixture(scope="module")
def whole(once_filled: Path, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The lines of an export of everything."""
    copy = tmp_path_factory.mktemp("export") / "x.db"
    copy.write_bytes((once_filled / "x.db").read_bytes())
    with closing(connect(f"sqlite:///{copy}", key=KEY)) as opened:
        return list(export.lines(opened, Part()))


def verified(tmp_path: Path, lines: list[bytes], *, key: bytes | None = None) -> Audited:
    """What another machine finds."""
    file = tmp_path / "journal.jsonl"
    file.write_bytes(b"".join(lines))
    return exported.verify(file, key=key)


def found(tmp_path: Path, lines: list[bytes], *, key: bytes | None = None) -> list[str]:
    return [str(one) for one in verified(tmp_path, lines, key=key).findings]


def resealed(lines: list[bytes]) -> list[bytes]:
    """With a footer that fits: what a forger of the whole file writes."""
    events = [json.loads(line)["event"] for line in lines if line.startswith(b'{"event"')]
    footer = {
        "bundles": sum(line.startswith(b'{"bundle"') for line in lines),
        "events": len(events),
        "head": events[-1]["hash"],
        "sha256": sha256(b"".join(lines[:-1])).hexdigest(),
    }
    return [*lines[:-1], export.line_of("footer", footer)]


def test_an_export_that_nobody_touched_is_intact(tmp_path: Path, whole: list[bytes]) -> None:
    seen = verified(tmp_path, whole, key=KEY)
    assert (seen.findings, seen.events, len(whole)) == ((), ledger.EVENTS, LINES)
    assert resealed(whole) == whole, "the forger of these tests writes what we write"


def test_without_key_and_signers_it_says_what_it_did_not_look_at(tmp_path: Path, whole: list[bytes]) -> None:
    seen = verified(tmp_path, whole)
    assert seen.intact
    assert [note.partition(" were")[0] for note in seen.notes] == ["seals", "signatures"]


@given(at=st.integers(0, 2**20), byte=st.integers(0, 255))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_single_byte_that_was_changed_is_found(
    tmp_path: Path, whole: list[bytes], at: int, byte: int
) -> None:
    content = bytearray(b"".join(whole))
    before, content[at % len(content)] = content[at % len(content)], byte
    (tmp_path / "journal.jsonl").write_bytes(content)
    try:
        seen = exported.verify(tmp_path / "journal.jsonl")
    except Misconfigured:
        return
    assert seen.intact == (before == byte)


@pytest.mark.parametrize("line", range(LINES))
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda lines, at: lines[:at] + lines[at + 1 :], id="taken out"),
        pytest.param(lambda lines, at: [*lines[: at + 1], *lines[at:]], id="doubled"),
        pytest.param(lambda lines, at: lines[:at], id="cut off before"),
        pytest.param(lambda lines, at: [*lines[:at], lines[at][:-9]], id="cut off within"),
        pytest.param(lambda lines, at: [*lines[:at], b"not json\n", *lines[at + 1 :]], id="garbled"),
        pytest.param(lambda lines, at: [*lines[:at], b"[" * 9999 + b"\n", *lines[at + 1 :]], id="deep"),
        pytest.param(lambda lines, at: [*lines[:at], b'{"event":NaN}\n', *lines[at + 1 :]], id="nan"),
        pytest.param(
            lambda lines, at: [*lines[:at], *lines[at : at + 2][::-1], *lines[at + 2 :]], id="moved down"
        ),
    ],
)
def test_each_line_that_is_not_as_it_was_is_found(
    tmp_path: Path, whole: list[bytes], line: int, change: Callable[[list[bytes], int], list[bytes]]
) -> None:
    changed = change(whole, line)
    if changed == whole:
        return
    if changed[:1] == whole[:1]:
        assert found(tmp_path, changed)
    else:
        with pytest.raises(Misconfigured, match="not an exported journal"):
            verified(tmp_path, changed)


def paths(document: Json, *, depth: int = 3) -> list[tuple[str | int, ...]]:
    """The place of every value in a line, a few levels deep."""
    match document:
        case dict() if depth and document:
            return [(key, *rest) for key, one in document.items() for rest in paths(one, depth=depth - 1)]
        case list() if depth and document:
            return [(at, *rest) for at, one in enumerate(document) for rest in paths(one, depth=depth)]
    return [()]


def edited(line: bytes, path: tuple[str | int, ...]) -> bytes:
    """The line with another value in one place, written as we would write it."""
    document = json.loads(line)
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    was = inner[path[-1]]
    inner[path[-1]] = was + 1 if isinstance(was, int) else f"{was}x"
    return canonical(document).encode() + b"\n"


UNPROVEN = {("header", "written_by"), ("header", "key")}
"""What only the footer's digest covers."""


@pytest.mark.parametrize("at", range(LINES - 1))
def test_each_key_that_a_forger_edits_is_found_though_the_footer_fits(
    tmp_path: Path, whole: list[bytes], at: int
) -> None:
    for path in paths(json.loads(whole[at])):
        if path in UNPROVEN:
            continue
        changed = resealed([*whole[:at], edited(whole[at], path), *whole[at + 1 :]])
        try:
            said = found(tmp_path, changed, key=KEY)
        except Misconfigured:
            continue
        open_apply = at == LINES - 2 and path[:2] == ("bundle", "apply")
        assert said or open_apply, f"{path} of line {at + 1}"


@pytest.mark.parametrize(
    "key", ["actor", "at", "body", "event", "hash", "id", "previous", "stack", "version", "more"]
)
def test_without_the_key_each_column_of_an_event_is_still_held_to_the_chain(
    tmp_path: Path, whole: list[bytes], key: str
) -> None:
    for at in range(FIRST_EVENT, FIRST_BUNDLE):
        event = json.loads(whole[at])["event"]
        changed = {**event, key: event["id"] + 7 if key == "id" else "x"}
        lines = [*whole[:at], export.line_of("event", changed), *whole[at + 1 :]]
        said = found(tmp_path, resealed(lines))
        assert any(one.startswith(f"event {changed['id']} ") for one in said)


def test_evidence_that_was_left_out_is_missed(tmp_path: Path, whole: list[bytes]) -> None:
    lines = resealed([*whole[:FIRST_BUNDLE], *whole[FIRST_BUNDLE + 1 :]])
    assert found(tmp_path, lines) == ["apply 1 has no evidence in this file"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"", "this is not an exported journal", id="empty"),
        pytest.param(b"\x00\xff\n", "this is not an exported journal", id="binary"),
        pytest.param(b"{}\n", "this is not an exported journal", id="other json"),
        pytest.param(b'{"header":{"format":99}}\n', "an export of format 99; this", id="newer"),
        pytest.param(b'{"header":' * 5000, "this is not an exported journal", id="deep"),
    ],
)
def test_what_is_no_export_is_refused_in_words(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(Misconfigured, match=says):
        verified(tmp_path, [content])


def test_a_file_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="No such file"):
        exported.verify(tmp_path / "none.jsonl")


def test_a_line_without_an_end_is_not_read_for_ever(tmp_path: Path, whole: list[bytes]) -> None:
    (tmp_path / "long").write_bytes(whole[0] + b"x" * 100_000)
    seen = exported.verify(tmp_path / "long", longest=5_000)
    assert any("too long" in str(one) for one in seen.findings)


def test_a_part_is_verified_from_its_first_event_on_and_says_so(grown: Store, tmp_path: Path) -> None:
    lines = list(export.lines(grown, Part(since=5)))
    seen = verified(tmp_path, lines, key=KEY)
    assert (seen.findings, seen.events) == ((), ledger.EVENTS - 4)
    assert "it begins with event 5: what was before is not in it" in seen.notes
    assert found(tmp_path, resealed([*lines[:2], *lines[3:]]))


def test_the_events_of_one_stack_say_that_others_are_left_out(grown: Store, tmp_path: Path) -> None:
    lines = list(export.lines(grown, Part(stack=NET)))
    seen = verified(tmp_path, lines, key=KEY)
    assert (seen.findings, seen.events) == ((), 5)
    assert any("only events of network-prod" in note for note in seen.notes)
    assert found(tmp_path, resealed([lines[0], lines[2], lines[1], *lines[3:]]))


def test_an_empty_journal_is_exported_too(store: Store, tmp_path: Path) -> None:
    assert verified(tmp_path, list(export.lines(store, Part()))).intact


MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
SAID = Said(stack=PAY, fingerprint=Fingerprint("f" * 64), verdict=Verdict.APPROVE, at=MIDNIGHT)


def a_word(key: signing.SshKey, said: Said, *, tag: bool = False) -> Signature:
    """A signature under what is said, as the command line or git makes it."""
    text = signed.text(said, Verdict.APPROVE)
    name = f"tfreconcile/{said.verdict}/{PAY}/{'f' * 12}" if tag else None
    if tag:
        seconds = int(MIDNIGHT.timestamp())
        head = f"object {'a' * 40}\ntype commit\ntag {name}\ntagger Ana <ana@example.com> {seconds} +0000\n\n"
        text = head + signed.text(replace(said, verdict=None, at=None), Verdict.APPROVE)
    namespace = "git" if tag else "tfreconcile"
    made = signatures.sign(key.path, text, namespace)
    return Signature(
        kind="ssh",
        signer=key.principal,
        key=_fingerprint_of(key),
        payload=text,
        text=made,
        namespace=namespace,
        tag=name,
        object="b" * 40 if tag else None,
    )


def _fingerprint_of(key: signing.SshKey) -> str:
    blob = b64decode(key.public.split()[1])
    return f"SHA256:{b64encode(sha256(blob).digest()).decode().rstrip('=')}"


def applied_on(store: Store, signature: Signature) -> list[bytes]:
    word = approvals.add(store, replace(an_approval(), signature=signature, by=signature.signer))
    intent = applies.begin(store, an_apply(word=(word.id,)))
    applies.finish(store, intent, at=NOON, status=ApplyStatus.SUCCEEDED)
    return list(export.lines(store, Part()))


@pytest.mark.parametrize("tag", [False, True], ids=["word", "tag"])
@pytest.mark.parametrize(
    ("said", "trusted", "says"),
    [
        pytest.param(SAID, "ana@example.com", None, id="good"),
        pytest.param(SAID, "eve@example.com", "signature that does not count here", id="other-signers"),
        pytest.param(replace(SAID, stack=NET), "ana@example.com", "another plan or stack", id="other-stack"),
        pytest.param(
            replace(SAID, fingerprint=Fingerprint("e" * 64)),
            "ana@example.com",
            "another plan or stack",
            id="other-plan",
        ),
    ],
)
def test_signatures_are_checked_on_another_machine(
    store: Store, tmp_path: Path, said: Said, trusted: str, says: str | None, tag: bool
) -> None:
    ana = signing.ssh(tmp_path / "keys", "ana@example.com")
    known = ana if trusted == ana.principal else signing.ssh(tmp_path / "keys", trusted)
    signers = signing.allowed(tmp_path / "allowed_signers", known.line())
    file = tmp_path / "journal.jsonl"
    file.write_bytes(b"".join(applied_on(store, a_word(ana, said, tag=tag))))
    seen = exported.verify(file, signers=signers_beside(signers))
    assert [one for one in map(str, seen.findings) if says is None or says not in one] == []
    assert seen.intact == (says is None)


@pytest.mark.parametrize("tag", [False, True], ids=["word", "tag"])
def test_a_signature_under_a_rejection_is_no_approval(store: Store, tmp_path: Path, tag: bool) -> None:
    ana = signing.ssh(tmp_path / "keys", "ana@example.com")
    signers = signing.allowed(tmp_path / "allowed_signers", ana.line())
    file = tmp_path / "journal.jsonl"
    no = a_word(ana, replace(SAID, verdict=Verdict.REJECT), tag=tag)
    file.write_bytes(b"".join(applied_on(store, no)))
    (finding,) = exported.verify(file, signers=signers_beside(signers)).findings
    assert "another verdict" in str(finding)


def test_a_tag_that_was_given_another_name_is_no_word(store: Store, tmp_path: Path) -> None:
    ana = signing.ssh(tmp_path / "keys", "ana@example.com")
    signers = signing.allowed(tmp_path / "allowed_signers", ana.line())
    file = tmp_path / "journal.jsonl"
    moved = replace(
        a_word(ana, replace(SAID, verdict=Verdict.REJECT), tag=True), tag="tfreconcile/approve/x/f"
    )
    file.write_bytes(b"".join(applied_on(store, moved)))
    (finding,) = exported.verify(file, signers=signers_beside(signers)).findings
    assert "the tag was made as tfreconcile/reject/" in str(finding)


def test_a_journal_of_many_events_is_verified_in_little_memory(store: Store, tmp_path: Path) -> None:
    stacks.ensure(store, NET, "stack.yaml")
    ledger.go_on(store, times=200)
    assert verified(tmp_path, list(export.lines(store, Part())), key=KEY).events == 200


def test_a_word_that_was_signed_for_another_plan_than_the_one_applied_is_noted(
    store: Store, tmp_path: Path
) -> None:
    word = replace(an_approval(), fingerprint=Fingerprint("e" * 64), signature=ledger.SIGNED)
    for kept in (approvals.add(store, word), approvals.add(store, replace(word, signature=None))):
        intent = applies.begin(store, an_apply(word=(kept.id,)))
        applies.finish(store, intent, at=NOON, status=ApplyStatus.SUCCEEDED)
    seen = verified(tmp_path, list(export.lines(store, Part())))
    assert seen.findings == ()
    assert [note for note in seen.notes if "which was signed for plan eeeeeeeeeeee" in note] == [
        "apply 1 of plan ffffffffffff rests on approval 1, which was signed for plan eeeeeeeeeeee: "
        "compare what the two do"
    ]

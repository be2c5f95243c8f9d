"""Is the evidence of an apply what the journal tells of it? Pure but for the check of signatures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from tfreconcile.gate import signed
from tfreconcile.gate.model import Verdict
from tfreconcile.gate.signed import Said, Unreadable
from tfreconcile.plan.document import Json
from tfreconcile.source import signatures, tags, trailers
from tfreconcile.source.model import Signature
from tfreconcile.source.signers import Signers, Untrusted
from tfreconcile.source.tags import TagRef
from tfreconcile.store import sealed, telling
from tfreconcile.store.journal import EventKind
from tfreconcile.store.told import Begun, Told

Columns = Mapping[str, Json]


def wrong(bundle: Columns, number: int, told: Told, signers: Signers | None) -> Iterator[str]:
    """What is wrong with the bundle of one apply. ``told`` has heard the events that stand before it."""
    begun = told.begun.get(number)
    if begun is None:
        yield "is not told of by any event"
        return
    if set(bundle) != {"number", "apply", "plan", "approvals"}:
        yield "is not evidence of the form that tfreconcile writes"
        return
    yield from _apply(_object(bundle["apply"]), number, told)
    yield from _plan(bundle["plan"], begun)
    listed = bundle["approvals"]
    words = [_object(one) for one in listed] if isinstance(listed, list) else [{}]
    if [one.get("id") for one in words] != list(begun.approvals):
        yield "began on other approvals than those that are here"
    for word in words:
        for what in _word(word, begun, told, signers):
            yield f"rests on approval {word.get('id')}, which {what}"


def worth_a_look(bundle: Columns, number: int, told: Told) -> Iterator[str]:
    """What is right in a bundle and yet worth knowing: a word that was signed for another plan.

    An approval covers effects, so that it may be used for a plan that does less. What its signer was shown
    is the plan that the signature names.
    """
    begun, listed = told.begun.get(number), bundle.get("approvals")
    words = [_object(one) for one in listed] if isinstance(listed, list) else []
    for word in words if begun is not None else []:
        if begun and word.get("signature") is not None and word.get("fingerprint") != begun.fingerprint:
            signed_for = str(word.get("fingerprint"))[:12]
            what = f"apply {number} of plan {begun.fingerprint[:12]} rests on approval {word.get('id')}"
            yield f"{what}, which was signed for plan {signed_for}: compare what the two do"


def _apply(apply: Columns, number: int, told: Told) -> Iterator[str]:
    if apply.get("id") != number or telling.begun_digest(apply) != told.begun[number].digest:
        yield "began as something else than its row says"
    if number in told.ended and told.ended[number] != telling.ended_digest(apply):
        yield "ended as something else than its row says"


def _plan(plan: Json, begun: Begun) -> Iterator[str]:
    found = None if plan is None else telling.plan_digest(_object(plan))
    if found != begun.plan_digest:
        yield "applied another plan than the one that is here"


def _word(word: Columns, begun: Begun, told: Told, signers: Signers | None) -> Iterator[str]:
    number = word.get("id")
    if not isinstance(number, int):
        yield "has no number"
        return
    if sealed.as_given(word) != begun.approvals.get(number):
        yield "is not as it was given"
    if word.get("stack") != begun.stack:
        yield f"is a word about {word.get('stack')}, not about {begun.stack}"
    used = told.moments.get((EventKind.APPROVAL_USED, number), (None, None))
    revoked = told.moments.get((EventKind.APPROVAL_REVOKED, number), (None, None))
    later = [word.get(name) for name in sealed.LATER]
    if later != [revoked[0], revoked[1], used[0]]:
        yield "was used or revoked otherwise than the events tell"
    if signers is not None and word.get("signature") is not None:
        yield from _signature(word, _object(word["signature"]), signers)


def _signature(word: Columns, material: Columns, signers: Signers) -> Iterator[str]:
    try:
        made, said = _signed(word, material, signers)
    except Untrusted as error:
        yield f"has a signature that does not count here: {error.reason}"
    except (Unreadable, ValueError) as error:
        yield f"has a signature under something else: {error}"
    else:
        if (made.signer, made.key) != (material.get("signer"), material.get("key")):
            yield f"was signed by {made.signer}, not by {material.get('signer')}"
        if (said.stack, said.fingerprint) != (word.get("stack"), word.get("fingerprint")):
            yield "has a signature under a word about another plan or stack"
        if said.verdict != word.get("verdict"):
            yield "has a signature under another verdict"


def _signed(word: Columns, material: Columns, signers: Signers) -> tuple[Signature, Said]:
    """Whose signature it is, and what is said above it. Raises Untrusted, Unreadable or ValueError."""
    given_at = datetime.fromisoformat(str(word.get("at")))
    text, namespace = _text(material, "payload"), _text(material, "namespace")
    payload, armour = text.encode("utf-8", "surrogateescape"), _text(material, "text")
    if material.get("tag") is None:
        made = signatures.checked(payload, armour, signers, namespace=namespace, moments=(given_at,))
        return made, signed.read(trailers.strict(text), tag=False)
    tag = tags.parse(_ref(material, payload), payload)
    moments = (given_at, tag.tagged_at)
    made = signatures.checked(payload, armour, signers, namespace=namespace, moments=moments)
    if tag.inner_name != tag.name:
        raise ValueError(f"the tag was made as {tag.inner_name}")
    verdict = Verdict(tag.name.split("/")[1]) if tag.name.count("/") else None
    return made, replace(signed.read(tag.trailers, tag=True), verdict=verdict)


def _ref(material: Columns, payload: bytes) -> TagRef:
    name = f"refs/tags/{_text(material, 'tag')}"
    return TagRef(ref=name, object=_text(material, "object"), kind="tag", size=len(payload))


def _text(columns: Columns, name: str) -> str:
    found = columns.get(name)
    if not isinstance(found, str):
        raise ValueError(f"{name} is no text")
    return found


def _object(value: Json) -> Columns:
    return value if isinstance(value, dict) else {}

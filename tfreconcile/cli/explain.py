"""What happens next to a stack, and why? ``explain``: from the database alone, without planning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import click

from tfreconcile import clock
from tfreconcile.cli import answering, closed, finding, opening, tables
from tfreconcile.cli.finding import how_to_resume
from tfreconcile.cli.options import with_output, with_settings
from tfreconcile.cli.printing import one_line, print_json
from tfreconcile.gate.model import Approval
from tfreconcile.gate.weighing import Tally
from tfreconcile.observe import ignored
from tfreconcile.observe.conditions import LEFT_GIT
from tfreconcile.reconcile import status, surroundings, words
from tfreconcile.reconcile.surroundings import Told
from tfreconcile.settings.model import Settings
from tfreconcile.store import approvals
from tfreconcile.store.records import PlanRecord


@click.command(epilog="Examples:\n\n  tfreconcile explain archive")
@click.argument("name", metavar="STACK")
@with_output
@with_settings
def explain(settings: Settings, name: str, output: str) -> None:
    """What happens next to a stack, each reason for it, and what would change it. Nothing is planned."""
    now = clock.now()
    with opening.store(settings) as store:
        record = finding.stack(store, name)
        document = status.documents(store, [record], now)[0]
        plan = status.waiting(store, record)
        if plan is not None:
            finding.refuse_edited(store, plan)
        said = approvals.of(store, name)
        no = None if plan is None else status.standing_no(plan, said, now)
        tally = status.weighed(plan, said, now) if plan is not None and no is None else None
        needed = surroundings.dependencies(store, record)
    windows = surroundings.openings(settings.floor, record, now)
    sentences = (
        *_sentences(document, plan, no, now),
        *(closed.agreed(plan, said, now) if plan is not None and closed.waits(plan) else ()),
        *_missing(plan, tally),
        *(_by_tag(name) if settings.signers is not None and tally is not None and not tally.enough else ()),
        *_surroundings(needed, windows),
        *_again(document, now),
    )
    if output == "json":
        decision = None if plan is None else plan.decision
        told = {"name": name, "next": list(sentences), "decision": decision, "status": document}
        print_json({**told, "depends_on": list(needed), "windows": list(windows)})
        return
    click.echo(one_line(f"{name}: {document['sync']}, {document['health']}, {document['state']}"))
    for sentence in sentences:
        click.echo(f"- {one_line(sentence, 1000)}")


def _sentences(
    stack: Mapping[str, object], plan: PlanRecord | None, no: Approval | None, now: datetime
) -> Iterator[str]:
    yield ": ".join(str(stack[key]) for key in ("reason", "message") if stack[key]) or "nothing is known yet"
    if (refused := finding.refused_head(stack)) is not None:
        yield refused
    if stack["left_git_at"] and stack["state"] != "Removed":
        yield f"it left Git before {stack['left_git_at']} and is to be destroyed; put it back to keep it"
    yield from _next_step(stack, plan, no)
    if plan is not None:
        yield from _needs(stack, plan)
    yield from _drift(stack)
    yield from ignored.sentences(stack["ignored"], now.date())


def _again(stack: Mapping[str, object], now: datetime) -> Iterator[str]:
    if stack["next_due_at"] and stack["state"] not in ("Suspended", "Removed"):
        when = f"{tables.when(stack['next_due_at'], now)} ({stack['next_due_at']})"
        or_sooner = "" if stack["left_git_at"] else ", or when its inputs change in Git"
        yield f"looked at again {when}{or_sooner}"


def _next_step(stack: Mapping[str, object], plan: PlanRecord | None, no: Approval | None) -> Iterator[str]:
    name = stack["name"]
    match stack["state"]:
        case "AwaitingApproval" if plan is not None:
            yield from _rejection(no) if no is not None else _missing_words(stack, plan)
        case "AwaitingApproval" | "Held":
            yield from _held(stack, plan)
        case "Planning" | "Applying":
            yield "a pass is under way"
        case "Refused":
            yield "nobody can approve this: change the code in Git, or the host config"
        case "Backoff":
            yield "the failure may clear by itself: it is tried again, later each time"
        case "Stalled":
            yield (
                "it would fail the same way again: change the code or mend the cause,"
                f" then: tfreconcile sync {name}"
            )
        case "Suspended":
            yield how_to_resume(stack)
        case "Removed":
            yield _gone(stack)
        case _:
            yield _rest(stack)


def _held(stack: Mapping[str, object], plan: PlanRecord | None) -> Iterator[str]:
    if plan is not None and closed.waits(plan):
        yield from closed.opening(plan)
    elif stack["reason"] in words.GONE:
        yield _gone_word(stack)
    else:
        yield "it waits; each pass looks whether it still has to"


def _missing(plan: PlanRecord | None, tally: Tally | None) -> Iterator[str]:
    """What each effect still lacks, and why words that stand do not count for it."""
    if plan is None or tally is None or plan.decision.get("verdict") != "hold":
        return
    lacking: dict[str, list[str]] = {}
    for need in tally.needs:
        if need.missing:
            lacking.setdefault(need.missing, []).append(need.address or "the plan as a whole")
    for missing, addresses in lacking.items():
        yield f"missing: {missing}, for {', '.join(addresses)}"
    yield from tally.objections


def _by_tag(name: str) -> Iterator[str]:
    yield f"a signed tag does as well: tfreconcile approve {name} --as-tag prints the git commands for it"


def _surroundings(needed: tuple[Told, ...], windows: tuple[Told, ...]) -> Iterator[str]:
    for one in needed:
        yield f"depends on {one['name']}, which {'is ready' if one['ready'] else one['why']}"
    for one in windows:
        yield f"window for {one['act']}: {'open' if one['open'] else one['why']}"


def _rest(stack: Mapping[str, object]) -> str:
    if stack["left_git_at"]:
        return "the next pass plans to destroy it, and asks"
    return "nothing is to be done now; drift and new commits are looked for"


def _gone(stack: Mapping[str, object]) -> str:
    if stack["reason"] == LEFT_GIT:
        return "nothing: its resources and its state stay; put the definition back to adopt them"
    return "nothing: it has no resources any more; put the definition back to create it anew"


def _gone_word(stack: Mapping[str, object]) -> str:
    if stack["reason"] == "ApprovalGone":
        again = f"who still agrees types: tfreconcile approve {stack['name']}"
        return f"{again}; what takes all old words away: tfreconcile revoke {stack['name']}"
    return "no approval changes that; once it is done, the next pass goes on"


def _rejection(no: Approval) -> Iterator[str]:
    yield f"{no.by} rejected it at {clock.text(no.at)}: no approval counts until that is taken back"
    yield f"change it in Git, or take the no back: tfreconcile revoke {no.stack} --id {no.id}"


def _missing_words(stack: Mapping[str, object], plan: PlanRecord) -> Iterator[str]:
    pending = stack["pending"]
    counted = pending["approvals"] if isinstance(pending, Mapping) else {"given": 0, "required": 1}
    missing = counted["required"] - counted["given"]
    if missing <= 0:
        yield "enough people have approved: the next pass plans again, and applies what they cover"
        return
    yield f"waits for {missing} of {counted['required']} approvals"
    yield f"who agrees types: {answering.command(plan)}"
    yield from _approvers(plan)


def _approvers(plan: PlanRecord) -> Iterator[str]:
    """Who may, by what each effect asks for, and whom four eyes keep out."""
    question = status.question(plan)
    asking: dict[tuple[tuple[str, ...], ...], list[str]] = {}
    for need in question.needs:
        asking.setdefault(need.approvers, []).append(need.address or "the plan as a whole")
    for groups, addresses in asking.items():
        what = f" {', '.join(addresses)}" if len(asking) > 1 else ""
        yield f"who may approve{what}: " + ", and also matching ".join(", ".join(group) for group in groups)
    if question.barred is None:
        yield "four eyes: nobody may, since it is not known who made the commits since the last apply"
    elif question.barred:
        yield f"four eyes: not {', '.join(sorted(question.barred))}, whose commits are to be applied"


def _needs(stack: Mapping[str, object], plan: PlanRecord) -> Iterator[str]:
    needs = plan.decision.get("needs", [])
    for need in needs if isinstance(needs, list) else []:
        yield f"{need['address'] or 'the plan as a whole'} requires {need['requires']}: {need['why']}"


def _drift(stack: Mapping[str, object]) -> Iterator[str]:
    drift = stack["drift"]
    for one in drift["resources"] if isinstance(drift, Mapping) else []:
        named = f" ({', '.join(one['attributes'])})" if one["attributes"] else ""
        why = f": {one['why']}" if one.get("why") else ""
        yield f"drift, {one['kind']}: {one['address']}{named}{why}"

"""Does the page of JSON output name every key that the verbs print?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.pages import first_words, read, section, spans
from support.plans import PLANS, plan
from support.remembered import HEAD, NOON, PAY, a_plan, an_apply, an_approval

from tfreconcile.classify.model import Classification
from tfreconcile.cli.exits import Exit
from tfreconcile.cli.main import CONFIG_CODES, VERBS, cli
from tfreconcile.gate.model import Hold, Need, Policy, Requirement
from tfreconcile.observe import report
from tfreconcile.plan import render
from tfreconcile.plan.document import Address
from tfreconcile.plan.secrets import secrets_of
from tfreconcile.redact import Scrubber
from tfreconcile.source.model import Signature
from tfreconcile.store import applies, approvals, key, passes, plans, stacks, tags
from tfreconcile.store.database import Store, connect
from tfreconcile.store.records import ApplyStatus, JsonObject, PlanRecord, StackRecord, TagRecord

PAGE = read("json.md")
HAZARD: JsonObject = {"kind": "destroy", "address": "a.b", "detail": "gone", "requires": "approve"}
CHANGE: JsonObject = {
    "address": "a.b",
    "deposed": None,
    "kind": "delete",
    "actions": ["delete"],
    "cause": "git",
    "drift": None,
    "digest": "c" * 64,
    "hazards": [HAZARD],
}
OUTCOME: JsonObject = {
    "address": "a.b",
    "action": "delete",
    "status": "failed",
    "seconds": 1.0,
    "error": "no",
}
DRIFT: JsonObject = {"address": "a.b", "kind": "gone", "attributes": [], "why": ""}
IGNORED: JsonObject = {
    "address": "a.*",
    "attributes": ["size"],
    "until": "2099-01-01",
    "why": "somebody else's",
    "hides": ["a.b"],
}
CONDITION: JsonObject = {
    "type": "Ready",
    "status": "True",
    "reason": "UpToDate",
    "message": "",
    "changed_at": "2026-11-21T12:00:00Z",
}
SIGNATURE = Signature(kind="ssh", signer="ana", key="SHA256:x", payload="p", text="s")
READING = {
    "status": ("status",),
    "diff": ("diff", PAY),
    "explain": ("explain", PAY),
    "history": ("history",),
    "approvals": ("approvals",),
    "doctor": ("doctor",),
    "hazards": ("hazards",),
}


def _a_held_plan() -> PlanRecord:
    needs = (Need(None, Address(""), Requirement.APPROVE, "because"),)
    policy, nobody = Policy(hazards={}), frozenset[str]()
    made = report.kept(Hold(("because",), needs), Classification(), policy, barred=nobody, scrub=str)
    found = plan("destroy_all")
    return replace(
        a_plan(),
        revision=HEAD,
        document=render.to_json(render.mask(found, Scrubber.of(secrets_of(found)))),
        classification=(CHANGE,),
        decision={**made, "hazards": [HAZARD]},
    )


def _fill(store: Store) -> None:
    """One of everything."""
    definition = "stacks/pay/stack.yaml"
    stacks.ensure(store, PAY, definition)
    turn = passes.begin(store, PAY, at=NOON)
    number = plans.add(store, _a_held_plan())
    word = approvals.add(store, replace(an_approval(), signature=SIGNATURE))
    tags.refuse(store, TagRecord(ref="r", object="a" * 40, stack=PAY, at=NOON, refused="why"))
    intent = applies.begin(store, an_apply(plan_id=number, word=(word.id,)))
    applies.finish(store, intent, at=NOON, status=ApplyStatus.FAILED, outcomes=(OUTCOME,))
    passes.finish(store, turn, at=NOON, outcome="Idle", reason="UpToDate", message="", plan_id=number)
    stacks.save(
        store,
        StackRecord(
            name=PAY,
            definition=definition,
            pending_plan=number,
            drift=(DRIFT,),
            ignored=(IGNORED,),
            conditions=(CONDITION,),
        ),
    )


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A host config whose database holds one of everything."""
    file = tmp_path / "config.yaml"
    file.write_text(f"source: {{url: {tmp_path}/none}}\nstate_dir: state\nengine: /nonexistent\n")
    (tmp_path / "state").mkdir(mode=0o700)
    known = key.load_or_make(tmp_path / "state/fingerprint.key")
    with closing(connect(f"sqlite:///{tmp_path}/state/tfreconcile.db", key=known)) as store:
        _fill(store)
    return file


def _printed(*arguments: str) -> object:
    answer = CliRunner().invoke(cli, arguments, standalone_mode=False)
    assert answer.exception is None
    return json.loads(answer.stdout)


def _keys(document: object) -> Iterator[str]:
    if isinstance(document, dict):
        for key, value in document.items():
            yield key
            yield from _keys(value)
    if isinstance(document, list):
        for value in document:
            yield from _keys(value)


def _documented() -> set[str]:
    """Words in backticks and, since some shapes are written out, in the names of those."""
    return {word for span in spans(PAGE) for word in re.findall(r"[\w-]+", span)}


@pytest.mark.parametrize("verb", READING)
def test_every_key_that_a_reading_verb_prints_is_on_the_page(verb: str, config: Path) -> None:
    printed = _printed("--config", str(config), *READING[verb], "-o", "json")
    assert set(_keys(printed)) - _documented() == set()


@pytest.mark.parametrize("name", ["destroy_all", "drift_and_config", "check_failing", "no_changes"])
def test_every_key_that_inspect_prints_is_on_the_page(name: str) -> None:
    printed = _printed("inspect", str(PLANS / f"{name}.json"), "-o", "json")
    assert set(_keys(printed)) - _documented() == set()


def test_every_key_that_validate_prints_is_on_the_page(tmp_path: Path) -> None:
    broken, good = tmp_path / "broken" / "stack.yaml", tmp_path / "good" / "stack.yaml"
    for file, text in ((broken, "modul: x\n"), (good, "name: good\n")):
        file.parent.mkdir()
        file.write_text(text)
    (good.parent / "main.tf").write_text("")
    printed = _printed("validate", str(tmp_path), "-o", "json")
    assert set(_keys(printed)) - _documented() == set()
    assert {"line", "module"} <= set(_keys(printed))


def test_the_keys_of_a_stack_are_those_of_the_page(config: Path) -> None:
    printed = _printed("--config", str(config), "status", "-o", "json")
    assert isinstance(printed, dict)
    (stack,) = printed["stacks"]
    below = section(PAGE, "`status -o json`")
    listed = set(first_words(below.partition("\n`drift`:")[0])) - {"key"}
    assert set(stack) == listed
    assert set(stack["pending"]) <= set(spans(below.partition("\n`pending`:")[2]))


@pytest.mark.parametrize("verb", ["list", "verify"])
def test_every_key_of_the_journal_is_on_the_page(verb: str, config: Path) -> None:
    printed = _printed("audit", verb, "--config", str(config), "-o", "json")
    told = section(PAGE, f"`audit {verb} -o json`")
    page = {word for span in spans(told) for word in re.findall(r"[\w-]+", span)}
    assert set(_keys(printed)) - page - {"delete", "destroy", "failed"} == set()


def test_every_verb_with_json_has_a_section() -> None:
    for verb in (*READING, "once", "inspect", "validate"):
        assert verb in VERBS
        assert section(PAGE, f"`{verb} -o json`")


def test_every_exit_code_has_a_line() -> None:
    table = section(PAGE, "Exit codes")
    for code in Exit:
        assert f"\n| {int(code)} | " in table


def test_the_errors_that_count_as_configuration_are_listed() -> None:
    _, _, listed = section(PAGE, "Exit codes").partition("count as configuration (2):")
    assert set(spans(listed)) == CONFIG_CODES

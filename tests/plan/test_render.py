"""Is everything shown that counts, and nothing that is secret or dangerous to look at?"""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plans import JUNK, NAMES, PAIRS, SECRETS, document, places, plan, replaced

from tfreconcile.errors import Stalled
from tfreconcile.plan import render
from tfreconcile.plan.differences import MAX_TEXT
from tfreconcile.plan.document import Address, Change, Check, Drift, Json, Kind, Output, Plan, Variable
from tfreconcile.plan.fingerprint import Scope, digests
from tfreconcile.plan.lines import lines
from tfreconcile.plan.parse import parse
from tfreconcile.plan.render import MaskedAttribute, MaskedPlan, from_json, mask, to_json
from tfreconcile.plan.secrets import secrets_of
from tfreconcile.plan.sources import Sources
from tfreconcile.redact import Scrubber

EMPTY = Plan(format_version="1.2", engine_version="1.11.4", applyable=True, complete=True, errored=False)


def of(found: Plan) -> MaskedPlan:
    return mask(found, Scrubber.of(secrets_of(found)))


def text_of(found: Plan) -> str:
    return "\n".join(lines(of(found)))


def update(before: Json, after: Json, kind: Kind = Kind.UPDATE, **given: Json) -> Plan:
    marks = {"after_unknown": False, "before_sensitive": False, "after_sensitive": False, **given}
    entry = Change(
        address=Address("t.n"),
        kind=kind,
        actions=(str(kind),),
        before=before,
        after=after,
        after_unknown=marks["after_unknown"],
        before_sensitive=marks["before_sensitive"],
        after_sensitive=marks["after_sensitive"],
    )
    return replace(EMPTY, changes=(entry,))


def attributes(found: Plan) -> list[tuple[str, str | None, str | None]]:
    return [(one.path, one.before, one.after) for one in of(found).changes[0].attributes]


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_of_a_real_plan_is_shown(name: str) -> None:
    shown = text_of(plan(name)) + json.dumps(to_json(of(plan(name))), ensure_ascii=False)
    assert [secret for secret in SECRETS if secret in shown] == []


def test_the_fixtures_do_hold_the_secrets_that_are_looked_for() -> None:
    everything = "".join(json.dumps(document(name)) for name in NAMES)
    assert [secret for secret in SECRETS if secret not in everything] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_masked_plan_survives_its_json(name: str) -> None:
    masked = of(plan(name))
    assert from_json(json.loads(json.dumps(to_json(masked)))) == masked


@pytest.mark.parametrize("name", PAIRS)
def test_two_plans_of_one_situation_look_the_same(name: str) -> None:
    assert of(plan(f"more/{name}")) == of(plan(f"second/{name}"))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("more/01_create", "+ aws_sqs_queue"),
        ("more/02_update", "~ visibility_timeout_seconds = 30 -> 60"),
        ("more/03_replace_dbc", "-/+ aws_vpc.v will be replaced (replace_because_cannot_update)"),
        ("more/03_replace_dbc", 'cidr_block = "10.0.0.0/16" -> "10.1.0.0/16"  # forces replacement'),
        ("more/04_replace_cbd", "+/- aws_vpc.v will be replaced"),
        ("more/08_moved", "> terraform_data.new will only be moved"),
        ("more/08_moved", "moved from terraform_data.old"),
        ("more/10_removed_forget", "will be forgotten, not destroyed"),
        ("more/12b_import_noop", "imported from id"),
        ("more/15_drift_deleted", "is gone"),
        ("more/19b_output_removed", '- p = "a" -> null'),
        ("more/20_check_failing", "x check.c: fail"),
        ("more/24_unknown", "(known after apply)"),
        ("more/25b_sensitive_update", "value = (sensitive) -> (sensitive)"),
        ("more/25c_sensitive_toggle", "its values stay"),
        ("more/26_noop", "Plan: nothing to do."),
        ("more/27_destroy", "Plan: 2 to delete, 1 output change(s)."),
        ("more/47_deposed", "(deposed 34ad5590) will be destroyed"),
        ("more/48_moved_conflict", "Plan: 1 to delete."),
        ("drift_changed_reverting", "visibility_timeout_seconds = 30 -> 99"),
    ],
)
def test_a_real_plan_reads_like_this(name: str, shown: str) -> None:
    assert shown in text_of(plan(name))


def test_read_back_noise_is_no_drift() -> None:
    assert plan("update_in_place").drift
    assert of(plan("update_in_place")).drift == ()
    assert [one.address for one in of(plan("drift_changed_reverting")).drift] == ["aws_sqs_queue.chg"]


def test_no_ops_and_reads_are_not_listed() -> None:
    kinds = {one.kind for name in NAMES for one in of(plan(name)).changes}
    assert not kinds & {Kind.NO_OP, Kind.READ}


def test_the_summary_counts_by_kind() -> None:
    assert of(plan("more/31_replace_triggered_by")).summary == {
        "create": 0, "update": 1, "replace": 2, "delete": 0, "forget": 0, "import": 0, "move": 0, "action": 0,
        "unknown": 0, "outputs": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, [("b", "2", "3")]),
        ({"a": {"b": [1, {"c": "x"}]}}, {"a": {"b": [1, {"c": "y"}]}}, [("a.b[1].c", '"x"', '"y"')]),
        ({"a": {"k y": 1}}, {"a": {"k y": 2}}, [('a["k y"]', "1", "2")]),
        ({"a": {'q"': 1}}, {"a": {'q"': 2}}, [('a["q\\""]', "1", "2")]),
        ({"a": [1]}, {"a": [1, 2]}, [("a[1]", None, "2")]),
        ({"a": [1, 2]}, {"a": [1]}, [("a[1]", "2", None)]),
        ({"a": "x"}, {"a": {"b": 1}}, [("a", '"x"', '{"b": 1}')]),
        ({"a": None}, {"a": {}}, [("a", None, "{}")]),
        ({"a": None}, {}, []),
        ({"a": True}, {"a": 1}, [("a", "true", "1")]),
        (None, {"a": 1, "b": None, "c": {"d": "x"}}, [("a", None, "1"), ("c.d", None, '"x"')]),
        ({"a": Decimal("1.10")}, {"a": Decimal("1.20")}, [("a", "1.10", "1.20")]),
    ],
    ids=[
        "one", "deep", "odd-key", "quote-in-key", "longer", "shorter", "shape", "empty", "null", "true-and-1",
        "create", "decimal",
    ],
)  # fmt: skip
def test_only_what_differs_is_listed(
    before: Json, after: Json, shown: list[tuple[str, str | None, str | None]]
) -> None:
    assert attributes(update(before, after)) == shown


@pytest.mark.parametrize("kind", [Kind.DELETE, Kind.FORGET])
def test_of_what_leaves_only_its_identity_is_listed(kind: Kind) -> None:
    before: Json = {"arn": "a", "id": "i", "size": 3, "tags": {"name": "x"}}
    assert attributes(update(before, None, kind)) == [("arn", '"a"', None), ("id", '"i"', None)]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"before_sensitive": {"a": True}}, "a"),
        ({"after_sensitive": {"a": True}}, "a"),
        ({"before_sensitive": True}, ""),
        ({"after_sensitive": {"a": {"other": True}}}, "a"),
        ({"after_sensitive": {"a": "junk"}}, "a"),
    ],
    ids=["before", "after", "all", "other-shape", "junk"],
)
def test_a_mark_on_either_side_hides_both(given: dict[str, Json], path: str) -> None:
    found = update({"a": "EXAMPLE-SECRET-1"}, {"a": "EXAMPLE-SECRET-2"}, Kind.UPDATE, **given)
    assert attributes(found) == [(path, "(sensitive)", "(sensitive)")]


def test_an_unmarked_copy_of_a_marked_value_is_hidden_everywhere() -> None:
    secret = "EXAMPLE-SECRET-1"
    entry = Change(
        address=Address(f't.n["{secret}"]'),
        kind=Kind.IMPORT,
        actions=("update",),
        previous_address=Address(f"t.{secret}"),
        importing=f"id/{secret}",
        reason=secret,
        before={"a": secret, "b": f"x {secret} y", secret: 1},
        after={"a": "z", "b": json.dumps({"k": secret}), secret: 2, "u": {secret: [secret]}},
        before_sensitive={"a": True},
    )
    found = replace(
        EMPTY,
        changes=(entry,),
        outputs=(Output(name=secret, actions=("update",), before=secret, after={secret: secret}),),
        checks=(Check(address=secret, kind="check", status="fail", problems=(f"got {secret}",)),),
        drift=(Drift(address=Address(secret), actions=("update",), before={"a": 1}, after={"a": secret}),),
    )
    assert "EXAMPLE-SECRET" not in text_of(found)
    assert "EXAMPLE-SECRET" not in json.dumps(to_json(of(found)))


def test_a_whole_value_that_becomes_unknown_is_masked_inside() -> None:
    given: dict[str, Json] = {"after_unknown": {"o": True}, "before_sensitive": {"o": {"p": [False, True]}}}
    found = update({"o": {"p": ["x", "EXAMPLE-SECRET-1"]}}, {}, Kind.UPDATE, **given)
    assert attributes(found) == [("o", '{"p": ["x", "(sensitive)"]}', "(known after apply)")]


def test_a_sensitive_output_shows_that_it_changes_and_not_how() -> None:
    output = Output(name="o", actions=("update",), before={"a": 1}, after={"a": 2}, sensitive=True)
    (shown,) = of(replace(EMPTY, outputs=(output,))).outputs
    assert shown.attributes == (MaskedAttribute(path="", before="(sensitive)", after="(sensitive)"),)


PROVIDER: Json = {
    "expressions": {
        "secret_key": {"constant_value": "EXAMPLE-SECRET-K"},
        "region": {"constant_value": "eu-central-1"},
        "assume_role": [{"session_token": {"references": ["var.token"]}}],
        "shared_credentials_file": {"constant_value": "/etc/aws"},
        "api_key": [{"value": {"constant_value": "EXAMPLE-SECRET-N"}}],
    }
}


def test_secrets_are_known_by_mark_and_by_the_names_of_a_provider() -> None:
    variables = {
        "token": Variable(value="EXAMPLE-SECRET-T"),
        "plain": Variable(value="eu-central-2"),
        "marked": Variable(value={"a": ["EXAMPLE-SECRET-M"]}, sensitive=True),
        "fleeting": Variable(value="EXAMPLE-SECRET-F", ephemeral=True),
    }
    drift = Drift(
        address=Address("t.n"),
        actions=("update",),
        before={"p": "EXAMPLE-SECRET-B"},
        after={"p": "EXAMPLE-SECRET-A"},
        after_sensitive={"p": True},
    )
    found = replace(EMPTY, variables=variables, provider_config={"aws": PROVIDER}, drift=(drift,))
    assert secrets_of(found) == {f"EXAMPLE-SECRET-{letter}" for letter in "KTNMFAB"}


@pytest.mark.parametrize(
    "hostile",
    [
        "\x1b[2J",
        "\x1b]0;x\x07",
        "\r",
        "\x9b31m",
        "\u202e",
        "\u2066",
        "\u200b",
        "\ud800",
        "\x00",
        "\u2028",
        "\n",
    ],
    ids=ascii,
)
def test_nothing_that_a_terminal_obeys_is_shown(hostile: str) -> None:
    bad = f"a{hostile}b"
    entry = Change(
        address=Address(bad),
        kind=Kind.UNKNOWN,
        actions=(bad,),
        type=bad,
        deposed=bad,
        reason=bad,
        previous_address=Address(bad),
        importing=bad,
        before={bad: bad},
        after={bad: {bad: [bad]}},
    )
    found = replace(
        EMPTY,
        changes=(entry,),
        outputs=(Output(name=bad, actions=("create",), after=bad),),
        checks=(Check(address=bad, kind="check", status="fail", problems=(bad,)),),
        drift=(Drift(address=Address(bad), actions=(bad,), after={bad: bad}),),
    )
    assert all(line.isprintable() for line in lines(of(found)))
    assert json.dumps(to_json(of(found)), ensure_ascii=False).isprintable()


def test_a_stored_plan_that_was_tampered_with_is_still_safe_to_show() -> None:
    stored = to_json(of(plan("create")))
    bad = from_json(json.loads(json.dumps(stored).replace("aws_sqs_queue", "\\u001b[2J")))
    assert all(line.isprintable() for line in lines(bad))


def test_long_values_are_cut_and_say_how_much_is_missing() -> None:
    ((_, _, after),) = attributes(update({}, {"a": "x" * 5000}))
    assert after is not None
    assert after.endswith("… (3,002 more characters)")
    assert len(after) < MAX_TEXT + 40
    assert max(map(len, lines(of(update({}, {"a": "x" * 5000}))))) < 200


def test_many_attributes_are_cut_and_counted() -> None:
    found = update({}, {f"a{at:03}": at for at in range(250)})
    (entry,) = of(found).changes
    assert (len(entry.attributes), entry.more) == (200, 50)
    assert "        ... 210 more" in lines(of(found))


def test_many_changes_are_cut_and_counted() -> None:
    (entry,) = update({"a": 1}, {"a": 2}).changes
    found = replace(EMPTY, changes=(entry,) * 1500)
    assert "  ... 1,300 more" in lines(of(found))
    assert len(of(found).changes) == 1500


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (None, "the top"),
        ({"changes": [{"address": 1}]}, "changes.0"),
        ({"changes": [{"address": "a", "kind": "explode", "actions": []}]}, "changes.0.kind"),
        ({"summary": {"create": "many"}}, "summary.create"),
    ],
    ids=["nothing", "change", "kind", "count"],
)
def test_a_stored_plan_that_cannot_be_read_is_told_by_its_place(content: object, place: str) -> None:
    with pytest.raises(Stalled, match=f"UnreadablePlan: stored plan, at {place}"):
        from_json(content)


def test_a_stored_plan_of_a_newer_version_is_read() -> None:
    assert from_json({**to_json(of(plan("create"))), "news": 1}) == of(plan("create"))


SOME = (
    "more/25b_sensitive_update",
    "more/47_deposed",
    "more/20_check_failing",
    "iam_widened",
    "more/61_writeonly_version_bump",
)


def reached(content: str) -> str:
    """What becomes of a document on its whole way, up to the text for people."""
    try:
        found = parse(content)
    except Stalled:
        return "refused"
    digests(found, b"EXAMPLE-KEY", Scope(stack="s"), Sources())
    masked = of(found)
    assert render.from_json(json.loads(json.dumps(to_json(masked)))) == masked
    return "\n".join(lines(masked))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SOME), st.data())
def test_whatever_can_be_read_can_be_shown(name: str, data: st.DataObject) -> None:
    whole = document(name)
    path = data.draw(st.sampled_from(list(places(whole))))
    assert reached(json.dumps(replaced(whole, path, data.draw(JUNK))))


VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(VALUES, VALUES, st.sampled_from("abc"))
def test_a_marked_attribute_never_shows_itself(before: Json, after: Json, name: str) -> None:
    secret: Json = {"deep": ["EXAMPLE-SECRET-1", before]}
    found = update({name: secret, "d": before}, {name: after, "d": secret}, before_sensitive={name: True})
    assert "EXAMPLE-SECRET" not in json.dumps(to_json(of(found)))


def test_a_plan_that_is_as_deep_as_we_read_can_be_shown() -> None:
    deep: Json = "EXAMPLE-SECRET-1"
    marks: Json = True
    for _ in range(95):
        deep, marks = {"k": [deep]}, {"k": [marks]}
    change: Json = {"actions": ["create"], "after": {"a": deep}, "after_sensitive": {"a": marks}}
    entry: Json = {"address": "t.n", "change": change}
    assert "(sensitive)" in reached(json.dumps({"format_version": "1.2", "resource_changes": [entry]}))

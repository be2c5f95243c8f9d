"""Is a digest equal for one effect, and different for every other one?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plans import PAIRS, document, places, plan, replaced

from tfreconcile.plan.document import Json, Kind, Plan
from tfreconcile.plan.fingerprint import Digests, Mode, Scope, digests
from tfreconcile.plan.parse import parse
from tfreconcile.plan.sources import Sources, sources

KEY = b"EXAMPLE-KEY-OF-THE-HOST"
SCOPE = Scope(stack="network")


def of(found: Plan, given: Sources | None = None, scope: Scope = SCOPE, key: bytes = KEY) -> Digests:
    return digests(found, key, scope, given or Sources())


def edited(name: str, old: str, new: str) -> Plan:
    text = json.dumps(document(name))
    assert old in text
    return parse(text.replace(old, new))


def hcl(text: str) -> Sources:
    return sources({"tfconfig/m-/main.tf": text.encode()})


def built(*changes: Json, **members: Json) -> Plan:
    return parse(json.dumps({"format_version": "1.2", "resource_changes": list(changes), **members}))


BASE: dict[str, Json] = {"before": {"a": 1, "b": [1], "c": "x"}, "after": {"a": 2, "b": [1], "c": "x"}}


def change(
    address: str = "t.n", inside: Mapping[str, Json] = BASE, action: str = "update"
) -> dict[str, Json]:
    kind, _, name = address.partition(".")
    return {
        "address": address,
        "mode": "managed",
        "type": kind,
        "name": name.partition("[")[0],
        "provider_name": "registry/p",
        "change": {"actions": [action], **inside},
    }


@pytest.mark.parametrize("name", PAIRS)
def test_two_plans_of_one_situation_have_one_fingerprint(name: str) -> None:
    assert of(plan(f"more/{name}")) == of(plan(f"second/{name}"))


def test_different_situations_have_different_fingerprints() -> None:
    whole = [name for name in PAIRS if not plan(f"more/{name}").errored]
    active = [name for name in whole if plan(f"more/{name}").applyable]
    assert len({of(plan(f"more/{name}")).fingerprint for name in active}) == len(active)
    assert len({of(plan(f"more/{name}")).fingerprint for name in whole if name not in active}) == 2


def test_a_time_of_planning_in_the_values_changes_it_and_is_reported() -> None:
    name, moment = "more/49_timestamp_nondeterministic", "2026-11-21T09:09:32Z"
    later = edited(name, moment, "2026-11-21T09:10:00Z")
    assert of(plan(name)).fingerprint != of(later).fingerprint
    (sentence,) = of(plan(name), hcl("locals { t = plantimestamp() }")).unstable
    assert "plantimestamp()" in sentence


@pytest.mark.parametrize(
    "text",
    ['check "c" { a = plantimestamp() }', "# plantimestamp()\n", "locals { t = timestamp() }"],
    ids=["check", "comment", "timestamp"],
)
def test_a_time_that_reaches_no_value_is_not_reported(text: str) -> None:
    assert of(plan("create"), hcl(text)).unstable == ()


def test_digests_stand_in_line_with_changes_and_outputs() -> None:
    found = plan("more/32_data_read_dep_pending")
    given = of(found)
    assert [digest is None for digest in given.changes] == [
        one.kind in (Kind.NO_OP, Kind.READ) for one in found.changes
    ]
    outputs = plan("more/19_output_only")
    assert [digest is None for digest in of(outputs).outputs] == [
        output.actions == ("no-op",) for output in outputs.outputs
    ]


def test_an_unknown_action_has_a_digest() -> None:
    assert of(built(change(action="explode"))).changes[0] is not None


def test_a_digest_is_64_hex_digits_and_hides_the_secret() -> None:
    (digest,) = of(plan("sensitive_create")).changes
    assert digest is not None
    assert len(digest) == 64
    assert set(digest) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    "scope",
    [
        Scope(stack="other"),
        Scope(stack="network", workspace="prod"),
        Scope(stack="network", mode=Mode.DESTROY),
        Scope(stack="network", ephemeral={"pw": "EXAMPLE-SECRET-1"}),
    ],
    ids=["stack", "workspace", "mode", "ephemeral"],
)
def test_the_scope_is_part_of_every_digest(scope: Scope) -> None:
    here, there = of(plan("create")), of(plan("create"), scope=scope)
    assert here.fingerprint != there.fingerprint
    assert not set(here.changes) & set(there.changes)


def test_another_key_gives_other_digests() -> None:
    here, there = of(plan("create")), of(plan("create"), key=b"EXAMPLE-KEY-OF-ANOTHER-HOST")
    assert here.fingerprint != there.fingerprint
    assert not set(here.changes) & set(there.changes)


def test_a_changed_secret_changes_the_digest() -> None:
    other = edited("sensitive_update", "EXAMPLE-SECRET-TWO", "EXAMPLE-SECRET-THREE")
    assert of(other).changes != of(plan("sensitive_update")).changes
    assert of(other).outputs != of(plan("sensitive_update")).outputs


def test_a_mark_alone_is_an_effect() -> None:
    toggled = plan("more/25c_sensitive_toggle")
    (entry,) = toggled.changes
    unmarked = replace(toggled, changes=(replace(entry, after_sensitive=entry.before_sensitive),))
    assert of(toggled).changes != of(unmarked).changes


@pytest.mark.parametrize(
    "inside",
    [
        {"after": {"a": 3, "b": [1], "c": "x"}},
        {"before": {"a": 0, "b": [1], "c": "x"}},
        {"after": {"a": 2, "b": [1, 1], "c": "x"}},
        {"after": {"a": 2, "b": [1]}},
        {"after": {"a": 2, "b": [1], "c": None}},
        {"after": {"a": 2, "b": [True], "c": "x"}},
        {"after": {"a": "2", "b": [1], "c": "x"}},
        {"after": {"b": [1], "c": "x"}, "after_unknown": {"a": True}},
        {"after_unknown": {"c": True}},
        {"after_sensitive": {"c": True}},
        {"after_sensitive": {"a": True}},
        {"replace_paths": [["a"]]},
        {"importing": {"id": "i"}},
        {"generated_config": "resource {}"},
        {"actions": ["create", "delete"]},
        {"actions": ["delete", "create"]},
    ],
    ids=[
        "after", "before", "list", "gone", "null", "true-for-1", "text-for-number", "unknown", "new-unknown",
        "new-mark", "marked-change", "replace-paths", "importing", "generated", "create-first",
        "delete-first",
    ],
)  # fmt: skip
def test_each_part_of_a_change_counts(inside: dict[str, Json]) -> None:
    merged: dict[str, Json] = {"actions": ["update"], **BASE, **inside}
    other: Json = {
        "address": "t.n",
        "type": "t",
        "name": "n",
        "provider_name": "registry/p",
        "change": merged,
    }
    assert of(built(other)).changes != of(built(change())).changes


@pytest.mark.parametrize(
    "field",
    [
        {"address": "t.m"},
        {"deposed": "00000001"},
        {"previous_address": "t.old"},
        {"type": "u"},
        {"provider_name": "registry/q"},
        {"action_reason": "replace_by_request"},
    ],
    ids=lambda field: next(iter(field)),
)
def test_each_part_of_a_key_counts(field: dict[str, Json]) -> None:
    plain = change()
    other: Json = {**plain, **field}
    assert of(built(other)).changes != of(built(plain)).changes


def test_what_stays_the_same_does_not_count() -> None:
    """A value that the cloud moves by itself, unchanged by the plan, is no reason to ask again."""
    moved: dict[str, Json] = {"before": {"a": 1, "t": "later"}, "after": {"a": 2, "t": "later"}}
    first: dict[str, Json] = {"before": {"a": 1, "t": "sooner"}, "after": {"a": 2, "t": "sooner"}}
    assert of(built(change(inside=moved))) == of(built(change(inside=first)))


def test_masks_that_mark_nothing_are_one_mask() -> None:
    shapes: dict[str, Json] = {"after_unknown": {"a": [False]}, "before_sensitive": {"a": {}}}
    assert of(built(change(inside={**BASE, **shapes}))) == of(built(change()))


@pytest.mark.parametrize("after", [None, {}], ids=["deleted", "unknown"])
def test_a_time_that_goes_away_does_not_count_and_anything_else_does(after: Json) -> None:
    def leaving(moment: str) -> Digests:
        before: Json = {"latest_restorable_time": moment}
        unknown: Json = {} if after is None else {"latest_restorable_time": True}
        inside: dict[str, Json] = {"before": before, "after": after, "after_unknown": unknown}
        return of(built(change(inside=inside, action="delete")))

    assert leaving("2026-11-21T08:00:00Z") == leaving("2026-11-21T08:05:00.123Z")
    assert leaving("2026-11-21T08:00:00Z") != leaving("unknown")


def test_numbers_count_to_the_last_digit() -> None:
    text = json.dumps(
        {"format_version": "1.2", "resource_changes": [change(inside={"before": {}, "after": {"a": "N"}})]}
    )
    one, other = (parse(text.replace('"N"', digits)) for digits in ("0.30000000000000001", "0.3"))
    assert of(one) != of(other)


def test_an_unrelated_change_leaves_the_other_digests_alone() -> None:
    one, other = change("t.a"), change("t.b")
    alone, both = of(built(one)), of(built(other, one))
    assert both.changes[1] == alone.changes[0]
    assert both.fingerprint != alone.fingerprint


@settings(max_examples=50, deadline=None)
@given(st.permutations(range(4)))
def test_order_does_not_count(order: list[int]) -> None:
    changes = [change(f"t.n[{at}]") for at in range(4)]
    outputs: dict[str, Json] = {str(at): {"actions": ["create"], "after": at} for at in order}
    checks: list[Json] = [{"address": {"to_display": str(at)}, "status": "pass"} for at in order]
    shuffled = built(*(changes[at] for at in order), output_changes=outputs, checks=checks)
    sorted_outputs: dict[str, Json] = {key: outputs[key] for key in sorted(outputs)}
    sorted_checks: list[Json] = [checks[order.index(at)] for at in range(4)]
    straight = built(*changes, output_changes=sorted_outputs, checks=sorted_checks)
    assert of(shuffled).fingerprint == of(straight).fingerprint


@pytest.mark.parametrize(
    "members",
    [
        {"complete": False},
        {"errored": True},
        {"checks": [{"address": {"to_display": "c"}, "status": "fail"}]},
        {"output_changes": {"o": {"actions": ["create"], "after": 1}}},
        {"output_changes": {"o": {"actions": ["create"], "after": 1, "after_sensitive": True}}},
        {"action_invocations": [{"address": "action.a.b", "config_values": {"a": 1}}]},
    ],
    ids=["complete", "errored", "check", "output", "sensitive-output", "action"],
)
def test_the_rest_of_a_plan_is_part_of_its_fingerprint(members: dict[str, Json]) -> None:
    plain = of(built(change()))
    other = of(built(change(), **members))
    assert other.fingerprint != plain.fingerprint
    assert other.changes[0] == plain.changes[0]


def test_outputs_of_one_value_differ_by_their_mark() -> None:
    def output(mark: bool) -> Plan:
        return built(output_changes={"o": {"actions": ["create"], "after": 1, "after_sensitive": mark}})

    assert of(output(True)).outputs != of(output(False)).outputs


@pytest.mark.parametrize("mode", [Mode.NORMAL, Mode.REFRESH_ONLY])
def test_drift_is_the_effect_of_a_refresh_only_plan(mode: Mode) -> None:
    name, scope = "more/28_refresh_only", Scope(stack="network", mode=mode)
    other = replace(plan(name), drift=())
    assert of(plan(name), scope=scope).fingerprint != of(other, scope=scope).fingerprint


def test_drift_beside_a_change_is_no_effect_of_its_own() -> None:
    assert of(replace(plan("update_in_place"), drift=())) == of(plan("update_in_place"))


PROVISIONED = """
variable "pw" { sensitive = true }
resource "t" "n" {
  provisioner "local-exec" { command = "echo ${var.pw}" }
}
"""


def provisioned(*references: str, value: str = "EXAMPLE-SECRET-1", module: str = "", **more: Json) -> Plan:
    expression: Json = {"command": {"references": list(references)}}
    block: dict[str, Json] = {
        "mode": "managed",
        "type": "t",
        "name": "n",
        "provider_config_key": "p",
        "provisioners": [{"type": "local-exec", "expressions": expression}],
    }
    root: Json = {"resources": [block]}
    if module:
        root = {"module_calls": {module: {"module": root}}}
    entry = change()
    entry["module_address"] = f'module.{module}["k.x"]' if module else None
    return built(
        entry,
        change("t.other"),
        configuration={"root_module": root, **more},
        variables={"pw": {"value": value}, "unused": {"value": value[::-1]}},
    )


def test_an_edited_provisioner_command_changes_the_digest_of_its_resource_alone() -> None:
    found = provisioned("var.pw")
    before, after = of(found, hcl(PROVISIONED)), of(found, hcl(PROVISIONED.replace("echo", "echo hi")))
    assert before.changes[0] != after.changes[0]
    assert before.changes[1] == after.changes[1]


@pytest.mark.parametrize(
    "edit",
    [
        PROVISIONED.replace("{ command =", "{   command   =  /* why */"),
        PROVISIONED + "\n# more\n",
        PROVISIONED + '\nresource "t" "unrelated" {}\n',
    ],
    ids=["layout", "comment", "another-block"],
)
def test_an_edit_that_changes_nothing_keeps_the_digests(edit: str) -> None:
    found = provisioned("var.pw")
    assert edit != PROVISIONED
    assert of(found, hcl(PROVISIONED)) == of(found, hcl(edit))


def test_a_variable_that_a_provisioner_takes_counts_and_another_does_not() -> None:
    here, there = provisioned("var.pw"), provisioned("var.pw", value="EXAMPLE-SECRET-2")
    assert of(here).changes[0] != of(there).changes[0]
    assert of(provisioned("self.id")).changes == of(provisioned("self.id", value="EXAMPLE-2")).changes


@pytest.mark.parametrize(
    "reference", ["local.x", "module.m.x", "each.value", "data.a.b.c", "ephemeral.a.b"], ids=str
)
def test_behind_a_reference_that_cannot_be_followed_everything_counts(reference: str) -> None:
    found = provisioned(reference)
    more = hcl(PROVISIONED + '\nlocals { x = "y" }\n')
    assert of(found, hcl(PROVISIONED)).changes[0] != of(found, more).changes[0]
    assert of(found).changes[0] != of(provisioned(reference, value="EXAMPLE-SECRET-2")).changes[0]


@pytest.mark.parametrize(
    "reference", ["path.module", "count.index", "t.other.id", "terraform.workspace"], ids=str
)
def test_a_reference_in_plain_sight_does_not_bring_everything(reference: str) -> None:
    found = provisioned(reference)
    more = hcl(PROVISIONED + '\nlocals { x = "y" }\n')
    assert of(found, hcl(PROVISIONED)) == of(found, more)


def test_a_variable_of_a_module_cannot_be_followed() -> None:
    found = provisioned("var.pw", module="m")
    more = hcl(PROVISIONED + '\nlocals { x = "y" }\n')
    assert of(found, hcl(PROVISIONED)).changes[0] != of(found, more).changes[0]


def test_a_removed_block_with_a_provisioner_concerns_deletions() -> None:
    def removed(command: str) -> Sources:
        return hcl(f'removed {{\n from = t.n\n provisioner "local-exec" {{ command = "{command}" }}\n}}')

    gone = built(change(inside={"before": {"a": 1}}, action="delete"))
    assert of(gone, removed("a")).changes != of(gone, removed("b")).changes
    kept = built(change())
    assert of(kept, removed("a")).changes == of(kept, removed("b")).changes


PROVIDER = 'provider "p" { region = "${var.pw}-1" }\n'


def provided(expression: Json, *, configured: bool = True, value: str = "EXAMPLE-SECRET-1") -> Plan:
    block: Json = {"mode": "managed", "type": "t", "name": "n", "provider_config_key": "p"}
    entry: Json = {"name": "p", "full_name": "registry/p", "expressions": {"region": expression}}
    return built(
        change(),
        configuration={
            "provider_config": {"p": entry, "q": {"name": "q", "full_name": "registry/q", "expressions": {}}},
            "root_module": {"resources": [block] if configured else []},
        },
        variables={"pw": {"value": value}},
    )


@pytest.mark.parametrize("configured", [True, False], ids=["in-the-code", "left-the-code"])
def test_an_edited_provider_block_changes_the_digest(configured: bool) -> None:
    found = provided({"references": ["var.pw"]}, configured=configured)
    assert of(found, hcl(PROVIDER)).changes != of(found, hcl(PROVIDER.replace("-1", "-2"))).changes
    assert of(found, hcl(PROVIDER)).changes == of(found, hcl(PROVIDER + "# and why\n")).changes
    assert (
        of(found).changes
        != of(provided({"references": ["var.pw"]}, value="x", configured=configured)).changes
    )


def test_a_provider_expression_without_references_is_hidden_too() -> None:
    found = provided({})
    assert of(found, hcl(PROVIDER)).changes != of(found, hcl(PROVIDER.replace("-1", "-2"))).changes


def test_a_provider_of_constants_shows_all_of_itself() -> None:
    found = provided({"constant_value": "eu"})
    assert of(found, hcl(PROVIDER)).changes == of(found, hcl(PROVIDER.replace("-1", "-2"))).changes
    assert of(found).changes != of(provided({"constant_value": "us"})).changes


@pytest.mark.parametrize(
    ("given", "concerned"),
    [
        ('variable "pw" { ephemeral = true }', True),
        ('variable "pw" { sensitive = true }', False),
        ('variable "other" { ephemeral = true }', False),
    ],
    ids=["ephemeral", "sensitive", "another"],
)
def test_an_ephemeral_variable_concerns_every_change(given: str, concerned: bool) -> None:
    constant: Json = {"constant_value": "eu"}
    here, there = provided(constant), provided(constant, value="EXAMPLE-SECRET-2")
    assert (of(here, hcl(given)).changes != of(there, hcl(given)).changes) == concerned


def test_behind_a_write_only_argument_everything_counts() -> None:
    found = plan("more/61_writeonly_version_bump")
    one, other = hcl('locals { x = "1" }'), hcl('locals { x = "2" }')
    assert of(found, one).changes != of(found, other).changes
    assert of(plan("update_in_place"), one).changes == of(plan("update_in_place"), other).changes


UNKNOWN = """
variable "pw" {}
resource "t" "n" { a = "admin ${t.other.id} ${var.pw}" }
"""
LATER: dict[str, Json] = {"before": None, "after": {}, "after_unknown": {"a": True, "id": True}}


def later(
    *references: str,
    value: str = "EXAMPLE-SECRET-1",
    attribute: str = "a",
    inside: Mapping[str, Json] = LATER,
    action: str = "create",
) -> Plan:
    """One resource whose ``attribute`` is configured with these references, beside another resource."""
    blocks: Json = [
        {
            "mode": "managed",
            "type": "t",
            "name": "n",
            "expressions": {attribute: {"references": list(references)}},
        }
    ]
    return built(
        change(inside=inside, action=action),
        change("t.other"),
        configuration={"root_module": {"resources": blocks}},
        variables={"pw": {"value": value}},
    )


@pytest.mark.parametrize(
    "unknown", [{"a": True}, {"a": [{"b": False}, {"c": True}]}, True], ids=["whole", "within", "everything"]
)
def test_what_an_unknown_value_is_made_of_changes_the_digest_of_its_resource_alone(unknown: Json) -> None:
    found = later("t.other.id", inside={**LATER, "after_unknown": unknown})
    before, after = of(found, hcl(UNKNOWN)), of(found, hcl(UNKNOWN.replace("admin", "everybody")))
    assert before.changes[0] != after.changes[0]
    assert before.changes[1] == after.changes[1]
    assert of(found, hcl(UNKNOWN.replace("a =", "a   =  /* why */") + "# more")) == before


@pytest.mark.parametrize(
    "found",
    [
        later("t.other.id", attribute="b"),
        later("t.other.id", inside={**LATER, "after_unknown": {"id": True, "a": [False]}}),
        later("local.x", inside={**LATER, "after": None}, action="delete"),
    ],
    ids=["computed", "known", "deleted"],
)
def test_the_source_of_a_value_that_is_computed_or_known_does_not_count(found: Plan) -> None:
    assert of(found, hcl(UNKNOWN)) == of(found, hcl(UNKNOWN.replace("admin", "everybody")))


def test_a_variable_inside_an_unknown_value_counts_and_another_does_not() -> None:
    def given(reference: str) -> set[object]:
        plans = (later(reference, value=value) for value in ("EXAMPLE-SECRET-1", "EXAMPLE-SECRET-2"))
        return {of(found, hcl(UNKNOWN)).changes for found in plans}

    assert len(given("var.pw")) == 2
    assert len(given("t.other.id")) == 1


@pytest.mark.parametrize("reference", ["local.x", "module.m.x", "each.value", "data.a.b.c"], ids=str)
def test_behind_an_unknown_value_out_of_sight_everything_counts(reference: str) -> None:
    more = hcl(UNKNOWN + '\nlocals { x = "y" }\n')
    found, plain = later(reference), later("t.other.id")
    assert of(found, hcl(UNKNOWN)).changes[0] != of(found, more).changes[0]
    assert of(plain, hcl(UNKNOWN)) == of(plain, more)


def test_behind_an_unknown_value_of_a_dynamic_block_everything_counts() -> None:
    """Plan JSON leaves dynamic blocks out of a resource's expressions."""
    dynamic = 'resource "t" "n" {\n dynamic "a" {\n for_each = local.x\n}\n}\n'
    found, more = later("t.other.id", attribute="b"), hcl(dynamic + '\nlocals { x = "y" }\n')
    assert of(found, hcl(dynamic)).changes[0] != of(found, more).changes[0]
    assert of(found, hcl(dynamic)).changes[1] == of(found, more).changes[1]


def test_without_sources_an_unknown_value_is_only_unknown() -> None:
    assert of(later("var.pw")) == of(later("local.x", value="EXAMPLE-SECRET-2"))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["more/02_update", "more/07_foreach_key", "sensitive_update"]), st.data())
def test_no_value_of_a_created_or_deleted_object_can_change_unseen(name: str, data: st.DataObject) -> None:
    whole = document(name)
    inside = [
        path
        for path in places(whole)
        if path[:1] == ("resource_changes",) and len(path) > 4 and path[3] in ("before", "after")
    ]
    path = data.draw(st.sampled_from(inside))
    other = parse(json.dumps(replaced(whole, path, "EXAMPLE-OTHER-VALUE")))
    at = path[1]
    assert isinstance(at, int)
    entry = other.changes[at]
    if entry.kind is not Kind.NO_OP and entry.before != plan(name).changes[at].before:
        assert of(other).fingerprint != of(plan(name)).fingerprint

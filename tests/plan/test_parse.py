"""Does every real plan parse to what it is, and everything else to one clear error?"""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plans import JUNK, NAMES, document, places, plan, replaced, text

from tfreconcile.errors import Stalled
from tfreconcile.plan.document import Change, Json, Kind, Plan
from tfreconcile.plan.parse import parse

EMPTY: dict[str, Json] = {"format_version": "1.2", "planned_values": {}}


def changed(**members: Json) -> Plan:
    return parse(json.dumps({**EMPTY, **members}))


def one_change(actions: list[Json], mode: str = "managed", **members: Json) -> Change:
    importing = members.pop("importing", None)
    change: Json = {"actions": actions, "importing": importing}
    return changed(resource_changes=[{"address": "a.b", "mode": mode, "change": change, **members}]).changes[
        0
    ]


def refusal(content: bytes | str) -> Stalled:
    with pytest.raises(Stalled) as caught:
        parse(content)
    return caught.value


@pytest.mark.parametrize("name", NAMES)
def test_every_real_plan_parses(name: str) -> None:
    assert plan(name).format_version == "1.2"
    assert plan(name).engine_version == "1.11.4"
    assert Kind.UNKNOWN not in {change.kind for change in plan(name).changes}


EXPECTED = {
    "create": ("create", "create"),
    "no_changes": ("no-op",),
    "replace_triggered": ("update", "replace:replace_by_triggers"),
    "targeted": ("create",),
    "precondition_failing": (),
    "data_read_deferred": ("read:read_because_dependency_pending", "update", "update"),
    "drift_refresh_only": (),
    "more/01_create": ("create", "create", "create"),
    "more/02_update": ("update",),
    "more/03_replace_dbc": ("replace:replace_because_cannot_update",),
    "more/04_replace_cbd": ("replace:replace_because_cannot_update",),
    "more/05_delete_removed": ("delete:delete_because_no_resource_config", "no-op"),
    "more/06_delete_count": ("no-op", "no-op", "delete:delete_because_count_index"),
    "more/07_foreach_key": ("delete:delete_because_each_key", "no-op", "create"),
    "more/08_moved": ("move",),
    "more/08b_moved_already": ("no-op",),
    "more/09_moved_and_update": ("update",),
    "more/10_removed_forget": ("forget:delete_because_no_resource_config",),
    "more/11_removed_destroy": ("delete:delete_because_no_resource_config",),
    "more/12_import": ("import",),
    "more/12b_import_noop": ("import",),
    "more/12c_import_already": ("no-op",),
    "more/13_import_update": ("import",),
    "more/14_tainted": ("replace:replace_because_tainted",),
    "more/15_drift_deleted": ("create",),
    "more/16_drift_attr": ("update",),
    "more/16b_drift_refresh_false": ("no-op",),
    "more/17_drift_ignored_nochange": ("no-op",),
    "more/18_drift_output_only": ("no-op",),
    "more/19_output_only": (),
    "more/20_check_failing": ("no-op",),
    "more/22_precondition_fail": ("no-op",),
    "more/24_unknown": ("create", "create"),
    "more/25c_sensitive_toggle": ("update",),
    "more/26_noop": ("no-op", "no-op"),
    "more/27_destroy": ("delete", "delete"),
    "more/28_refresh_only": (),
    "more/29_target": ("update",),
    "more/30_replace_flag": ("replace:replace_by_request",),
    "more/31_replace_triggered_by": (
        "update",
        "replace:replace_by_triggers",
        "replace:replace_because_cannot_update",
    ),
    "more/32_data_read_dep_pending": ("read:read_because_dependency_pending", "update"),
    "more/32b_data_read_unknown": ("read:read_because_config_unknown", "create"),
    "more/34b_module_count0": ("delete:delete_because_no_module",),
    "more/35_wrong_repetition": (
        "delete:delete_because_wrong_repetition",
        "delete:delete_because_wrong_repetition",
        "create",
    ),
    "more/35b_single_to_count": ("move", "create"),
    "more/39_prevent_destroy": ("replace:replace_because_cannot_update",),
    "more/41_moved_module": ("move",),
    "more/42_no_move_target": ("delete:delete_because_no_move_target", "no-op"),
    "more/44_partial_create_tainted": ("no-op", "replace:replace_because_tainted"),
    "more/47_deposed": ("no-op", "delete"),
    "more/48_moved_conflict": ("no-op", "delete:delete_because_no_resource_config"),
    "more/60_writeonly_create": ("create",),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_plan_has_these_kinds_and_reasons(name: str) -> None:
    found = tuple(
        change.kind + (f":{change.reason}" if change.reason else "") for change in plan(name).changes
    )
    assert found == EXPECTED[name]


INDEX = document("index")


@pytest.mark.parametrize("name", INDEX)
def test_a_real_plan_agrees_with_the_index_of_the_fixtures(name: str) -> None:
    said = INDEX[name]
    assert isinstance(said, dict)
    found = plan(name)
    assert (found.applyable, found.complete, found.errored) == (
        said["applyable"],
        said["complete"],
        said["errored"],
    )
    assert [[drift.address, list(drift.actions)] for drift in found.drift] == said["drift"]
    assert sorted({change.reason for change in found.changes if change.reason}) == said["reasons"]


def test_the_order_of_a_replacement_stays_visible() -> None:
    assert plan("more/03_replace_dbc").changes[0].actions == ("delete", "create")
    assert plan("more/04_replace_cbd").changes[0].actions == ("create", "delete")
    assert plan("more/03_replace_dbc").changes[0].replace_paths == (("cidr_block",),)


def test_a_deposed_object_is_an_entry_of_its_own() -> None:
    whole, leftover = plan("more/47_deposed").changes
    assert (whole.address, whole.deposed) == (leftover.address, None)
    assert (leftover.deposed, leftover.kind) == ("34ad5590", Kind.DELETE)


def test_a_move_knows_where_from_and_an_import_its_id() -> None:
    assert plan("more/08_moved").changes[0].previous_address == "terraform_data.old"
    assert plan("more/12b_import_noop").changes[0].importing is not None


@pytest.mark.parametrize(
    ("actions", "mode", "kind"),
    [
        (["forget"], "managed", Kind.FORGET),
        (["create", "forget"], "managed", Kind.REPLACE),
        (["forget", "create"], "managed", Kind.REPLACE),
        (["open"], "ephemeral", Kind.READ),
        (["open"], "managed", Kind.UNKNOWN),
        (["read"], "managed", Kind.UNKNOWN),
        (["create"], "data", Kind.UNKNOWN),
        (["create"], "list", Kind.UNKNOWN),
        (["Open"], "managed", Kind.UNKNOWN),
        (["update", "delete"], "managed", Kind.UNKNOWN),
        (["delete", "create", "delete"], "managed", Kind.UNKNOWN),
        ([], "managed", Kind.UNKNOWN),
    ],
    ids=lambda value: "+".join(value) or "none" if isinstance(value, list) else str(value),
)
def test_only_actions_of_the_table_have_a_kind(actions: list[Json], mode: str, kind: Kind) -> None:
    assert one_change(actions, mode).kind is kind


@pytest.mark.parametrize(
    ("actions", "kind"),
    [
        (["no-op"], Kind.IMPORT),
        (["create"], Kind.IMPORT),
        (["update"], Kind.IMPORT),
        (["delete"], Kind.DELETE),
        (["delete", "create"], Kind.REPLACE),
        (["forget"], Kind.FORGET),
        (["explode"], Kind.UNKNOWN),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else str(value),
)
def test_an_import_never_hides_what_is_worse(actions: list[Json], kind: Kind) -> None:
    assert one_change(actions, importing={"id": "i-1"}).kind is kind


@pytest.mark.parametrize(
    ("importing", "told"),
    [
        ({"id": "i-1"}, "i-1"),
        ({"identity": {"arn": "a"}}, '{"identity":{"arn":"a"}}'),
        ({"unknown": True}, '{"unknown":true}'),
        ({}, "{}"),
    ],
    ids=["id", "identity", "unknown", "empty"],
)
def test_an_import_always_has_a_text(importing: Json, told: str) -> None:
    change = one_change(["no-op"], importing=importing)
    assert (change.kind, change.importing) == (Kind.IMPORT, told)


def test_an_action_invocation_is_a_change_with_its_trigger_and_its_configuration() -> None:
    invocation: Json = {
        "address": "action.aws_lambda_invoke.a",
        "type": "aws_lambda_invoke",
        "name": "a",
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "config_values": {"payload": "x"},
        "config_sensitive": {"payload": True},
        "lifecycle_action_trigger": {"triggering_resource_address": "a.b", "actions_list_index": 0},
    }
    found = changed(action_invocations=[invocation])
    (change,) = found.changes
    assert (change.kind, change.mode, change.actions) == (Kind.ACTION, "action", ("invoke",))
    assert change.after == {"payload": "x"}
    assert change.reason == '{"actions_list_index":0,"triggering_resource_address":"a.b"}'
    assert found.applyable


@pytest.mark.parametrize(
    ("members", "applyable", "complete"),
    [
        ({}, False, True),
        ({"output_changes": {"o": {"actions": ["no-op"]}}}, False, True),
        ({"output_changes": {"o": {"actions": ["create"]}}}, True, True),
        (
            {
                "resource_changes": [
                    {"address": "a.b", "previous_address": "a.c", "change": {"actions": ["no-op"]}}
                ]
            },
            True,
            True,
        ),
        (
            {"resource_changes": [{"address": "a.b", "change": {"actions": ["update"]}}], "errored": True},
            False,
            False,
        ),
        ({"deferred_changes": [{"reason": "x", "resource_change": {"address": "a.b"}}]}, False, False),
    ],
    ids=["nothing", "same-output", "new-output", "move", "errored", "deferred"],
)
def test_what_old_engines_do_not_write_is_worked_out(
    members: dict[str, Json], applyable: bool, complete: bool
) -> None:
    found = changed(**members)
    assert (found.applyable, found.complete) == (applyable, complete)


def test_what_the_engine_writes_is_believed() -> None:
    found = changed(applyable=False, complete=False, output_changes={"o": {"actions": ["create"]}})
    assert (found.applyable, found.complete) == (False, False)


def test_deferred_changes_are_named() -> None:
    deferred: Json = [{"reason": "x", "resource_change": {"address": "a.b"}}]
    invocations: Json = [{"reason": "x", "action_invocation": {"address": "action.c.d"}}]
    found = changed(deferred_changes=deferred, deferred_action_invocations=invocations)
    assert found.deferred == ("a.b", "action.c.d")


def test_variables_are_joined_with_their_marks() -> None:
    found = plan("sensitive_update").variables["pw"]
    assert (found.value, found.sensitive, found.ephemeral) == ("EXAMPLE-SECRET-TWO", True, False)
    declared: Json = {"root_module": {"variables": {"d": {"default": 3, "ephemeral": True}, "n": {}}}}
    variables = changed(configuration=declared, variables={"n": {"value": None}}).variables
    assert (variables["d"].value, variables["d"].ephemeral) == (3, True)
    assert variables["n"].value is None


def test_resource_blocks_of_all_modules_are_known() -> None:
    block: dict[str, Json] = {
        "mode": "managed",
        "type": "t",
        "name": "n",
        "provider_config_key": "p",
        "expressions": {"x": {}},
    }
    inner: Json = {"module": {"resources": [block]}}
    outer: Json = {"module": {"resources": [], "module_calls": {"b": inner}}}
    root: Json = {"resources": [{**block, "mode": "data"}], "module_calls": {"a": outer}}
    (found,) = changed(configuration={"root_module": root}).configured
    assert (found.module, found.type, found.name) == ("module.a.module.b", "t", "n")
    assert (found.provider_key, found.attributes) == ("p", frozenset({"x"}))


def test_prior_resources_are_counted_through_modules_without_data_and_deposed() -> None:
    leaf: Json = {"resources": [{"mode": "managed"}, {"mode": "managed", "deposed_key": "x"}]}
    root: Json = {"resources": [{"mode": "managed"}, {"mode": "data"}], "child_modules": [leaf]}
    assert changed(prior_state={"values": {"root_module": root}}).prior_resources == 2


def test_checks_carry_their_problems() -> None:
    (check,) = plan("more/20_check_failing").checks
    assert (check.address, check.kind, check.status) == ("check.c", "check", "fail")
    assert check.problems


def test_numbers_keep_every_digit() -> None:
    after = '{"whole": 12345678901234567890, "half": 0.1000000000000000000001}'
    change = '{"actions": ["create"], "after": ' + after + "}"
    found = parse(
        '{"format_version": "1.2", "resource_changes": [{"address": "a", "change": ' + change + "}]}"
    )
    assert found.changes[0].after == {
        "whole": 12345678901234567890,
        "half": Decimal("0.1000000000000000000001"),
    }


@pytest.mark.parametrize("version", ["2.0", "0.2", "10.1", "", "x"])
def test_another_major_version_is_refused_by_its_number(version: str) -> None:
    error = refusal(json.dumps({**EMPTY, "format_version": version}))
    assert error.reason == "UnknownPlanFormat"
    assert repr(version) in error.message
    assert "1.x" in error.message


def test_a_newer_minor_version_and_unknown_members_are_fine() -> None:
    assert parse(json.dumps({**EMPTY, "format_version": "1.99", "news": [1]})).format_version == "1.99"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "not JSON"),
        (text("create")[:900], "not JSON"),
        ("[]", "found a list, expected an object"),
        ('{"format_version": 1.2}', "at format_version: found a number, expected a string"),
        ("{}", "at format_version: found nothing"),
        (b"\xff\xfe\x00", "UnicodeDecodeError"),
        (json.dumps({**EMPTY, "x": float("nan")}), "not JSON that can be read"),
        (json.dumps(EMPTY)[:-1] + f', "x": {"9" * 5000}}}', "not JSON that can be read"),
        (json.dumps(EMPTY)[:-1] + ', "x": 1e99999999999999999999}', "not JSON that can be read"),
        (json.dumps(EMPTY)[:-1] + f', "x": {"[" * 300 + "]" * 300}}}', "deeper than 200"),
        ("[" * 100_000, "deeper than 200"),
        ('{"format_version": "1.0", "values": {}}', "a Terraform state, expected a plan"),
        ('{"version": 4, "serial": 1, "lineage": "x"}', "a Terraform state, expected a plan"),
        ('{"format_version": "1.0"}', "found none of"),
        ('{"@level":"info"}\n{"@level":"info"}\n', "event stream"),
        (b'{"@level":"info"}\n{"@level":"info"}\n', "event stream"),
        ('{"@level":"info"}', "an event"),
        (b"PK\x03\x04", "a saved plan file"),
        ("PK\x03\x04", "a saved plan file"),
    ],
    ids=[
        "empty", "truncated", "list", "number-version", "no-version", "not-utf8", "nan", "huge-int",
        "huge-exponent", "deep", "very-deep", "state", "raw-state", "nothing-of-a-plan", "stream",
        "stream-bytes", "one-event", "plan-file", "plan-file-text",
    ],
)  # fmt: skip
def test_what_is_not_a_plan_is_refused_with_the_reason(content: bytes | str, told: str) -> None:
    error = refusal(content)
    assert error.reason == "UnreadablePlan"
    assert told in error.message


@pytest.mark.parametrize(
    "content",
    ['{"@level":"info"}', '{"format_version": "1.0", "values": {}}', b"PK", '{"format_version": "1.0"}'],
    ids=["event", "state", "plan-file", "other"],
)
def test_a_wrong_document_comes_with_the_command_for_the_right_one(content: bytes | str) -> None:
    assert "terraform show -json plan.bin" in refusal(content).message


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"resource_changes": {}}, "resource_changes: found an object, expected a list"),
        ({"resource_changes": [7]}, "resource_changes[0]: found a number, expected an object"),
        ({"resource_changes": [{"change": {}}]}, "resource_changes[0].address: found nothing"),
        (
            {"resource_changes": [{"address": "a", "change": {"actions": [True]}}]},
            "resource_changes[0].change.actions[0]: found a boolean, expected a string",
        ),
        (
            {"resource_changes": [{"address": "a", "change": {"actions": [], "replace_paths": [[-1]]}}]},
            "resource_changes[0].change.replace_paths[0][0]: found a number, expected a whole number",
        ),
        ({"errored": "no"}, "errored: found a string, expected true or false"),
        ({"output_changes": {"o": []}}, "output_changes.o: found a list, expected an object"),
    ],
    ids=["not-a-list", "not-an-object", "no-address", "action", "path", "flag", "output"],
)
def test_a_wrong_type_is_told_with_its_place(members: dict[str, Json], place: str) -> None:
    assert f"at {place}" in refusal(json.dumps({**EMPTY, **members})).message


def test_an_error_never_quotes_a_value() -> None:
    members: Json = {"resource_changes": "EXAMPLE-SECRET-VALUE"}
    assert isinstance(members, dict)
    assert "EXAMPLE-SECRET" not in refusal(json.dumps({**EMPTY, **members})).message


def outcome(content: bytes | str) -> str:
    try:
        parse(content)
    except Stalled as error:
        return error.reason
    return "read"


SOME = ("more/25b_sensitive_update", "more/47_deposed", "more/20_check_failing", "iam_widened", "import")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SOME), st.data())
def test_a_plan_with_junk_in_any_place_is_read_or_refused(name: str, data: st.DataObject) -> None:
    whole = document(name)
    path = data.draw(st.sampled_from(list(places(whole))))
    reason = outcome(json.dumps(replaced(whole, path, data.draw(JUNK))))
    assert reason in ("read", "UnreadablePlan", "UnknownPlanFormat")


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes | str) -> None:
    with pytest.raises(Stalled):
        parse(content)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=8), max_size=3), st.sampled_from(["managed", "data", "ephemeral", "x"]))
def test_whatever_is_not_in_the_table_is_unknown(actions: list[str], mode: str) -> None:
    known = {"no-op", "create", "read", "update", "delete", "forget", "open"}
    kind = one_change(list(actions), mode).kind
    assert kind is Kind.UNKNOWN or set(actions) <= known

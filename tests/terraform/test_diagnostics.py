"""Is what Terraform prints understood, and nonsense survived?"""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.errors import Place
from tfreconcile.terraform.diagnostics import (
    LONGEST_TEXT,
    STATE_DUMP,
    Diagnostic,
    Event,
    EventKind,
    Severity,
    event,
    plain,
)

PRECONDITION = b"""{"@level":"error","@message":"Error: Resource precondition failed",\
"@module":"terraform.ui","diagnostic":{"severity":"error","summary":"Resource precondition failed",\
"detail":"n too big: 5","range":{"filename":"main.tf","start":{"line":6,"column":12,"byte":112},\
"end":{"line":6,"column":21,"byte":121}},"snippet":{"context":"resource \\"terraform_data\\" \\"t\\"",\
"code":" condition=var.n < 3","start_line":6,"values":[{"traversal":"var.n","statement":"is 5"}]}},\
"type":"diagnostic"}"""
COMPLETE = b"""{"@level":"info","@message":"terraform_data.slow: Creation complete after 4s [id=7]",\
"@module":"terraform.ui","hook":{"resource":{"addr":"terraform_data.slow","module":"","resource_key":null},\
"action":"create","id_key":"id","id_value":"7","elapsed_seconds":4},"type":"apply_complete"}"""
PLAIN = """
Error: Terraform encountered problems during initialisation, including problems
with the configuration, described below.

The Terraform configuration must be valid before initialization.


Error: Unclosed configuration block

  on bad.tf line 1, in resource "x":
   1: resource "x" {

There is no closing brace for this block before the end of the file. This may
be caused by incorrect brace nesting elsewhere in this file.
"""
FRAMED = """╷
│ Warning: Unable to open CLI configuration file
│
│ The CLI configuration file does not exist.
╵
"""


def test_a_diagnostic_is_read_with_its_place() -> None:
    assert event(PRECONDITION) == Event(
        kind=EventKind("diagnostic"),
        message="Error: Resource precondition failed",
        diagnostic=Diagnostic(
            severity=Severity.ERROR,
            summary="Resource precondition failed",
            detail="n too big: 5",
            place=Place("main.tf", 6, 12),
        ),
    )


def test_an_event_of_a_resource_is_read() -> None:
    found = event(COMPLETE)
    assert found is not None
    assert (found.kind, found.address, found.action, found.seconds) == (
        *("apply_complete", "terraform_data.slow", "create"),
        4.0,
    )


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"", id="empty"),
        pytest.param(PRECONDITION[:-1], id="cut short"),
        pytest.param(b"Initializing the backend...", id="not JSON"),
        pytest.param(b'{"format_version":"1.2","type":7}', id="a document"),
        pytest.param(b'["type"]', id="a list"),
        pytest.param(b"\xff\xfe\x00", id="not text"),
        pytest.param(b"[" * 100_000, id="deep nesting"),
    ],
)
def test_what_is_no_event_is_none(line: bytes) -> None:
    assert event(line) is None


@pytest.mark.parametrize("cut", [None, 400], ids=["whole", "cut short"])
def test_a_printed_state_is_known_and_never_becomes_text(cut: int | None) -> None:
    dump = {
        "@level": "error",
        "@message": "Emergency state dump",
        "@module": "terraform.ui",
        "state": {"resources": ["EXAMPLE-SECRET-STATE"] * 50},
        "type": "log",
    }
    assert event(json.dumps(dump, separators=(",", ":")).encode()[:cut]) == Event(kind=STATE_DUMP)


def test_a_provisioner_cannot_pretend_that_a_state_was_printed() -> None:
    text = 'Emergency state dump "@message":"Emergency state dump"'
    found = event(
        json.dumps({"@message": text, "type": "provision_progress"}, separators=(",", ":")).encode()
    )
    assert found is not None
    assert found.kind == "provision_progress"


def test_a_huge_text_is_shortened() -> None:
    found = event(json.dumps({"type": "log", "@message": "x" * 100_000}).encode())
    assert found is not None
    assert len(found.message) == LONGEST_TEXT


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
WORDS = st.sampled_from(
    ["diagnostic", "hook", "resource", "range", "start", "severity", "summary", "@message"]
)


@given(
    st.dictionaries(WORDS, st.dictionaries(WORDS, JSON) | JSON),
    st.sampled_from(["diagnostic", "apply_start"]),
)
@settings(max_examples=100, deadline=None)
def test_no_shape_of_an_event_is_an_exception(found: dict[str, object], kind: str) -> None:
    read = event(json.dumps({**found, "type": kind}).encode())
    assert read is not None
    assert read.kind == kind


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_no_bytes_are_an_exception(line: bytes) -> None:
    assert event(line) in (None, Event(kind=STATE_DUMP)) or line.strip().startswith(b"{")


def test_plain_errors_are_read_with_their_places() -> None:
    consequence, cause = plain(PLAIN)
    assert consequence.summary.startswith("Terraform encountered problems during initialisation")
    assert cause == Diagnostic(
        severity=Severity.ERROR,
        summary="Unclosed configuration block",
        detail="There is no closing brace for this block before the end of the file. This may\n"
        "be caused by incorrect brace nesting elsewhere in this file.",
        place=Place("bad.tf", 1),
    )


def test_a_framed_warning_is_read() -> None:
    assert plain(FRAMED) == (
        Diagnostic(
            severity=Severity.WARNING,
            summary="Unable to open CLI configuration file",
            detail="The CLI configuration file does not exist.",
        ),
    )


def test_text_without_errors_holds_none() -> None:
    assert plain("Initializing the backend...\n") == ()

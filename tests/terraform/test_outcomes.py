"""Is the outcome of every action told, and told once?"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.errors import Place
from tfreconcile.terraform.diagnostics import DIAGNOSTIC, Diagnostic, Event, EventKind, Severity
from tfreconcile.terraform.outcomes import Outcome, Status, outcomes, progress

START, COMPLETE, ERRORED = map(EventKind, ("apply_start", "apply_complete", "apply_errored"))


def on(kind: EventKind, address: str, action: str = "create", seconds: float | None = None) -> Event:
    return Event(kind=kind, address=address, action=action, seconds=seconds)


def error(address: str, summary: str, severity: Severity = Severity.ERROR) -> Event:
    found = Diagnostic(severity=severity, summary=summary, address=address)
    return Event(kind=DIAGNOSTIC, diagnostic=found)


def test_each_action_has_its_own_outcome() -> None:
    told = outcomes(
        [
            on(START, "a.ok"),
            on(START, "a.bad", "update"),
            on(COMPLETE, "a.ok", seconds=2),
            on(ERRORED, "a.bad", "update", 1),
            on(START, "a.slow", "delete"),
            error("a.bad", "denied"),
        ]
    )
    assert told == (
        Outcome(address="a.ok", action="create", status=Status.APPLIED, seconds=2),
        Outcome(address="a.bad", action="update", status=Status.FAILED, seconds=1, error="denied"),
        Outcome(address="a.slow", action="delete", status=Status.UNFINISHED),
    )


def test_a_replacement_that_stops_halfway_shows_both_halves() -> None:
    told = outcomes(
        [on(START, "a.b", "delete"), on(COMPLETE, "a.b", "delete", 1), on(START, "a.b", "create")]
    )
    assert [(one.action, one.status) for one in told] == [("delete", "applied"), ("create", "unfinished")]


def test_two_actions_of_one_kind_on_one_address_are_two_outcomes() -> None:
    deposed = [on(START, "a.b", "delete"), on(START, "a.b", "delete"), on(COMPLETE, "a.b", "delete", 1)]
    assert [one.status for one in outcomes(deposed)] == [Status.APPLIED, Status.UNFINISHED]


def test_an_error_of_a_resource_that_never_began_is_a_failure() -> None:
    told = outcomes([error("a.b", "Invalid for_each argument")])
    assert told == (
        Outcome(address="a.b", action="", status=Status.FAILED, error="Invalid for_each argument"),
    )


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(error("", "no address"), id="no address"),
        pytest.param(error('provider["registry.terraform.io/hashicorp/aws"]', "creds"), id="a provider"),
        pytest.param(error("a.b", "deprecated", Severity.WARNING), id="a warning"),
    ],
)
def test_what_concerns_no_resource_or_is_no_error_blames_none(said: Event) -> None:
    assert outcomes([said]) == ()


def test_several_errors_of_one_resource_are_all_kept() -> None:
    told = outcomes([on(START, "a.b"), on(ERRORED, "a.b"), error("a.b", "first"), error("a.b", "second")])
    assert told[0].error == "first\nsecond"


def test_what_a_provisioner_printed_stays_out_of_its_outcome() -> None:
    found = Diagnostic(
        severity=Severity.ERROR,
        summary="local-exec provisioner error",
        detail="Error running command 'login EXAMPLE-SECRET-MADE': exit status 3",
        address="a.b",
        place=Place("main.tf", 5, 3),
    )
    begun = [on(START, "a.b"), on(ERRORED, "a.b")]
    for events in (begun, []):
        (told,) = outcomes([*events, Event(kind=DIAGNOSTIC, diagnostic=found)])
        assert told.error == "local-exec provisioner error: output withheld (main.tf:5:3)"


EVENTS = st.builds(
    on,
    st.sampled_from([START, COMPLETE, ERRORED]),
    st.sampled_from(["a.a", "a.b"]),
    st.sampled_from(["create", "delete"]),
)


@given(st.lists(EVENTS))
@settings(max_examples=200, deadline=None)
def test_no_end_and_no_beginning_is_ever_lost(events: list[Event]) -> None:
    told = outcomes(events)
    assert sum(one.status is Status.APPLIED for one in told) == sum(one.kind == COMPLETE for one in events)
    assert sum(one.status is Status.FAILED for one in told) == sum(one.kind == ERRORED for one in events)
    assert len(told) >= sum(one.kind == START for one in events)


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        pytest.param(on(START, "aws_sqs_queue.a"), "aws_sqs_queue.a: creating", id="create"),
        pytest.param(on(START, "a.b", "delete"), "a.b: destroying", id="delete"),
        pytest.param(on(COMPLETE, "a.b", "update", 3), "a.b: updated after 3 s", id="updated"),
        pytest.param(on(ERRORED, "a.b", "create", 3), "a.b: creation failed after 3 s", id="failed"),
        pytest.param(
            on(EventKind("apply_progress"), "a.b", "create", 20), "a.b: still creating (20 s)", id="slow"
        ),
        pytest.param(on(EventKind("refresh_start"), "a.b"), "a.b: refreshing", id="refresh"),
        pytest.param(on(START, "a.b", "new-word"), "a.b: new-word", id="an action we do not know"),
        pytest.param(
            Event(kind=EventKind("provision_start"), address="a.b", provisioner="local-exec"),
            "a.b: running local-exec",
            id="provisioner",
        ),
        pytest.param(on(EventKind("refresh_complete"), "a.b"), None, id="nobody waits for it"),
        pytest.param(Event(kind=EventKind("version"), message="Terraform 1.11.4"), None, id="no resource"),
    ],
)
def test_progress_is_a_short_sentence_or_nothing(event: Event, sentence: str | None) -> None:
    assert progress(event) == sentence

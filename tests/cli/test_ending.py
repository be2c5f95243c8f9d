"""Which exit code and which words does a turn end with?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.cli import ending
from tfreconcile.cli.ending import Turn
from tfreconcile.errors import Place, Problem, Transient
from tfreconcile.observe.conditions import Conclusion, State, Sync
from tfreconcile.observe.health import HealthStatus
from tfreconcile.reconcile.one import Passed
from tfreconcile.reconcile.survey import Survey
from tfreconcile.source.definitions import Broken
from tfreconcile.source.model import Revision, StackName

HEAD = Revision("a" * 40)
AWAY = Transient("SourceUnreachable", "no route")
LOST = Broken(
    name=StackName("lost"),
    definition=PurePosixPath("stacks/lost/stack.yaml"),
    problems=(Problem(Place("stacks/lost/stack.yaml", 1, 1), "nme: there is no such key"),),
)


def _passed(name: str = "a", *, failed: bool = False, waits: bool = False) -> Passed:
    conclusion = Conclusion(sync=Sync.SYNCED, state=State.IDLE, reason="UpToDate", message="")
    return Passed(
        stack=name,
        conclusion=conclusion,
        health=HealthStatus.HEALTHY,
        failed=failed,
        waits=waits,
        again=False,
    )


def _stack(state: str, health: str = "Healthy", name: str = "b") -> dict[str, object]:
    return {"name": name, "state": state, "health": health, "reason": "X"}


def _asks(given: int, rejected: dict[str, object] | None) -> dict[str, object]:
    """A stack whose plan waits for two people."""
    pending = {"rejected": rejected, "approvals": {"given": given, "required": 2}}
    return {**_stack("AwaitingApproval"), "pending": pending}


def _turn(
    *passed: Passed,
    documents: tuple[dict[str, object], ...] = (),
    names: tuple[str, ...] = (),
    broken: tuple[Broken, ...] = (),
    stale: Transient | None = None,
    stopped: bool = False,
) -> Turn:
    return Turn(
        seen=Survey(revision=HEAD, wanted={}, policies={}, broken=broken, stale=stale),
        branch="main",
        path=PurePosixPath("stacks"),
        names=names,
        passed=passed,
        documents=documents,
        stopped=stopped,
    )


@pytest.mark.parametrize(
    ("turn", "code"),
    [
        pytest.param(_turn(), 0, id="nothing at all"),
        pytest.param(_turn(_passed()), 0, id="all in sync"),
        pytest.param(_turn(_passed(failed=True), _passed("c", waits=True)), 1, id="one failed, one waits"),
        pytest.param(_turn(_passed(waits=True)), 3, id="one waits"),
        pytest.param(_turn(_passed(waits=True), broken=(LOST,)), 2, id="one broken, one waits"),
        pytest.param(_turn(_passed(failed=True), broken=(LOST,)), 1, id="one broken, one failed"),
        pytest.param(_turn(_passed(), broken=(LOST,), names=("a",)), 0, id="a broken one that was not meant"),
        pytest.param(_turn(broken=(LOST,), names=("lost",)), 2, id="a broken one that was meant"),
        pytest.param(_turn(_passed(), stale=AWAY), 1, id="the remote is away"),
        pytest.param(_turn(_passed(), stopped=True), 1, id="stopped"),
        pytest.param(_turn(documents=(_stack("AwaitingApproval"),)), 3, id="waits since before"),
        pytest.param(_turn(documents=(_stack("Held"),)), 3, id="held since before"),
        pytest.param(_turn(documents=(_stack("Idle", "Progressing"),)), 3, id="not yet healthy"),
        pytest.param(_turn(documents=(_stack("Stalled"),)), 1, id="failed before"),
        pytest.param(_turn(documents=(_stack("Backoff"), _stack("Held"))), 1, id="failed and held before"),
        pytest.param(_turn(documents=(_stack("Refused"),)), 1, id="refused before"),
        pytest.param(_turn(documents=(_stack("Idle", "Degraded"),)), 1, id="degraded before"),
        pytest.param(_turn(documents=(_stack("Suspended"), _stack("Removed"))), 0, id="paused and gone"),
    ],
)
def test_the_exit_code_says_the_worst(turn: Turn, code: int) -> None:
    assert ending.code(turn, attention=3) == code


PASSES = st.builds(lambda failed, waits: _passed(failed=failed, waits=waits), st.booleans(), st.booleans())
DOCUMENTS = st.builds(
    _stack, st.sampled_from([str(one) for one in State]), st.sampled_from([str(one) for one in HealthStatus])
)


@given(st.lists(PASSES, max_size=3), st.lists(DOCUMENTS, max_size=3), st.booleans(), st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_attention_is_only_ever_returned_when_something_waits_and_nothing_failed(
    passed: list[Passed], documents: list[dict[str, object]], stopped: bool, attention: int
) -> None:
    turn = _turn(*passed, documents=tuple(documents), stopped=stopped)
    code = ending.code(turn, attention=attention)
    troubled = stopped or any(one.failed for one in passed)
    assert code == 1 or not troubled
    if code not in (0, 1):
        assert code == attention


def _talk(turn: Turn, capsys: pytest.CaptureFixture[str]) -> Iterator[str]:
    ending.talk(turn)
    said = capsys.readouterr()
    assert said.out == ""
    yield from said.err.splitlines()


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        pytest.param(_turn(_passed("a"), _passed("b")), ["looked at a, b"], id="passes"),
        pytest.param(_turn(stopped=True), ["stopped before any stack was looked at"], id="stopped at once"),
        pytest.param(_turn(), [], id="no stacks"),
        pytest.param(
            _turn(documents=(_stack("Idle"),)), ["nothing was due; --all looks at every stack now"], id="idle"
        ),
        pytest.param(
            _turn(documents=(_stack("Suspended"),), names=("b",)),
            ["b is suspended: nothing is done until somebody types: tfreconcile resume b"],
            id="a suspended one was meant",
        ),
        pytest.param(
            _turn(_passed("b", waits=True), documents=(_stack("AwaitingApproval"),)),
            ["looked at b", "next: tfreconcile diff b, then tfreconcile approve b"],
            id="one waits",
        ),
        pytest.param(
            _turn(documents=(_asks(0, None),), names=("b",)),
            ["next: tfreconcile diff b, then tfreconcile approve b"],
            id="people are missing",
        ),
        pytest.param(
            _turn(documents=(_asks(2, None),), names=("b",)), ["next: tfreconcile once b"], id="all agreed"
        ),
        pytest.param(
            _turn(documents=(_asks(2, {"id": 3, "by": "bo"}),), names=("b",)),
            ["b was rejected by bo: change it in Git, or take the no back: tfreconcile revoke b --id 3"],
            id="somebody said no",
        ),
    ],
)
def test_the_talk_says_what_was_looked_at_and_what_to_type(
    turn: Turn, said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert list(_talk(turn, capsys)) == said


def test_trouble_is_told_of_those_that_were_meant(capsys: pytest.CaptureFixture[str]) -> None:
    ending.trouble(_turn(broken=(LOST,), names=("a",)))
    assert capsys.readouterr().err == ""
    ending.trouble(_turn(broken=(LOST,), stale=AWAY))
    assert capsys.readouterr().err.splitlines() == [
        "lost: stacks/lost/stack.yaml:1:1: nme: there is no such key",
        "the remote was not reached, aaaaaaa was used: no route",
    ]

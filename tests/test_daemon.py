"""Is the right stack looked at, at the right time, after those it depends on?"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.remembered import HEAD, HOUR, INPUTS, NOON, PAY, an_approval

from tfreconcile.daemon import FOLLOW_UPS, due, in_order, run
from tfreconcile.gate.model import Approval
from tfreconcile.gate.policy import Floor
from tfreconcile.observe.conditions import Conclusion, State, Sync
from tfreconcile.observe.health import HealthStatus
from tfreconcile.plan.fingerprint import Mode
from tfreconcile.reconcile.one import Errand, Passed
from tfreconcile.source.model import InputsDigest, ModuleFacts, Stack, StackName, Wanted
from tfreconcile.store.records import StackRecord

LATER = NOON + HOUR
OTHER = InputsDigest("2" * 64)
RESTING = StackRecord(
    name=PAY,
    definition="d",
    tried_inputs=INPUTS,
    last_checked_at=NOON - HOUR,
    next_due_at=LATER,
    pending_plan=1,
)
NEW = StackRecord(name=PAY, definition="d")
SAID = replace(an_approval(), at=NOON - HOUR / 2)


def paused(record: StackRecord, until: datetime | None = None) -> StackRecord:
    return replace(record, suspended_by="ana", suspended_at=NOON - HOUR, suspended_until=until)


def wanted(name: str = PAY, *needs: str) -> Wanted:
    stack = Stack(
        name=StackName(name),
        definition=PurePosixPath("stack.yaml"),
        module=PurePosixPath("."),
        depends_on=tuple(map(StackName, needs)),
    )
    return Wanted(stack=stack, inputs=INPUTS, files=(), module=ModuleFacts())


@pytest.mark.parametrize(
    ("record", "approvals", "why"),
    [
        pytest.param(None, (), "never checked", id="unknown"),
        pytest.param(NEW, (), "never checked", id="new"),
        pytest.param(RESTING, (), None, id="resting"),
        pytest.param(replace(RESTING, next_due_at=NOON), (), "its interval is over", id="interval-just-over"),
        pytest.param(
            replace(RESTING, next_due_at=NOON + timedelta(seconds=1)), (), None, id="interval-not-quite-over"
        ),
        pytest.param(replace(RESTING, next_due_at=None), (), "its interval is over", id="no-date"),
        pytest.param(replace(RESTING, sync_requested_at=NOON), (), "sync was asked for", id="asked-for"),
        pytest.param(replace(RESTING, tried_inputs=OTHER), (), "its inputs changed in Git", id="git-changed"),
        pytest.param(
            replace(RESTING, tried_inputs=OTHER, next_due_at=LATER, failures=9),
            (),
            "its inputs changed in Git",
            id="git-changed-while-backing-off",
        ),
        pytest.param(RESTING, (SAID,), "somebody approved, rejected or revoked", id="a-word"),
        pytest.param(RESTING, (replace(SAID, at=NOON - 2 * HOUR),), None, id="a-word-that-was-heard"),
        pytest.param(
            RESTING,
            (replace(SAID, at=NOON - 2 * HOUR, revoked_at=NOON),),
            "somebody approved, rejected or revoked",
            id="a-word-taken-back",
        ),
        pytest.param(replace(RESTING, pending_plan=None), (SAID,), None, id="a-word-on-nothing"),
        pytest.param(
            replace(RESTING, last_checked_at=None), (SAID,), None, id="a-word-before-the-first-plan"
        ),
        pytest.param(
            paused(replace(RESTING, sync_requested_at=NOON, tried_inputs=OTHER, next_due_at=NOON)),
            (SAID,),
            None,
            id="suspended-whatever-happens",
        ),
        pytest.param(paused(NEW), (), None, id="suspended-before-the-first-check"),
        pytest.param(
            paused(replace(RESTING, next_due_at=NOON), until=NOON),
            (),
            "its interval is over",
            id="suspended-until-now",
        ),
    ],
)
def test_a_stack_is_due_for_a_reason(
    record: StackRecord | None, approvals: tuple[Approval, ...], why: str | None
) -> None:
    assert due(record, wanted(), approvals, NOON) == why


@given(
    checked=st.none() | st.timedeltas(-2 * HOUR, HOUR),
    next_due=st.none() | st.timedeltas(-2 * HOUR, 2 * HOUR),
    tried=st.sampled_from([None, INPUTS, OTHER]),
    rests=st.booleans(),
    until=st.none() | st.timedeltas(-HOUR, HOUR),
    asked=st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_what_is_due_stays_due_and_what_rests_is_neither_changed_nor_late(
    checked: timedelta | None,
    next_due: timedelta | None,
    tried: InputsDigest | None,
    rests: bool,
    until: timedelta | None,
    asked: bool,
) -> None:
    record = StackRecord(
        name=PAY,
        definition="d",
        tried_inputs=tried,
        last_checked_at=None if checked is None else NOON + checked,
        next_due_at=None if next_due is None else NOON + next_due,
        suspended_at=NOON if rests else None,
        suspended_until=None if until is None else NOON + until,
        sync_requested_at=NOON if asked else None,
    )
    why = due(record, wanted(), (), NOON)
    if why is None and not rests:
        assert tried == INPUTS
        assert not asked
        assert record.next_due_at is not None
        assert record.next_due_at > NOON
    if why is not None:
        assert due(record, wanted(), (), NOON + 9 * HOUR) is not None


def order(**needs: tuple[str, ...]) -> str:
    asked = {StackName(name): tuple(map(StackName, others)) for name, others in needs.items()}
    return " ".join(in_order(asked, asked))


@pytest.mark.parametrize(
    ("needs", "expected"),
    [
        pytest.param({}, "", id="none"),
        pytest.param({"b": (), "a": (), "c": ()}, "a b c", id="alphabetical"),
        pytest.param({"a": ("c",), "b": (), "c": ()}, "c a b", id="after-its-need"),
        pytest.param({"a": ("b",), "b": ("c",), "c": ()}, "c b a", id="chain"),
        pytest.param({"a": ("b", "c"), "b": ("d",), "c": ("d",), "d": ()}, "d b c a", id="diamond"),
        pytest.param({"a": ("elsewhere",)}, "a", id="need-that-is-not-asked-for"),
        pytest.param({"a": ("a",)}, "a", id="itself"),
        pytest.param({"a": ("b",), "b": ("a",), "c": ()}, "b a c", id="knot"),
    ],
)
def test_stacks_come_after_those_they_depend_on(needs: dict[str, tuple[str, ...]], expected: str) -> None:
    assert order(**needs) == expected


def test_a_very_long_chain_is_put_in_order() -> None:
    names = [StackName(f"s{number:05}") for number in range(3000)]
    needs = dict(zip(names, [(name,) for name in names[1:]] + [()], strict=True))
    assert in_order(names, needs) == names[::-1]


GRAPHS = st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"), max_size=3))


@given(graph=GRAPHS)
@settings(max_examples=200, deadline=None)
def test_an_order_names_every_stack_once_and_needs_first_unless_they_are_knotted(
    graph: dict[str, list[str]],
) -> None:
    needs = {StackName(name): tuple(map(StackName, others)) for name, others in graph.items()}
    found = in_order(needs, needs)
    assert sorted(found) == sorted(needs)
    assert in_order(reversed(found), needs) == found, "the order asked in does not matter"
    for name, others in needs.items():
        for other in others:
            knotted = name in reached(other, needs)
            assert knotted or other not in needs or found.index(other) < found.index(name)


def reached(start: StackName, needs: Mapping[StackName, tuple[StackName, ...]]) -> set[StackName]:
    """Everything that a stack waits for, and itself."""
    seen, todo = set[StackName](), [start]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo.extend(needs.get(name, ()))
    return seen


def errands(**needs: tuple[str, ...]) -> dict[StackName, Errand]:
    policy = Floor().policy
    return {
        StackName(name): Errand(wanted=wanted(name, *others), policy=policy, revision=HEAD)
        for name, others in needs.items()
    }


def passed(errand: Errand, *, again: bool = False) -> Passed:
    return Passed(
        stack=errand.wanted.stack.name,
        conclusion=Conclusion(sync=Sync.SYNCED, state=State.IDLE, reason="UpToDate", message=""),
        health=HealthStatus.HEALTHY,
        failed=False,
        waits=False,
        again=again,
    )


class Log:
    """Who began and who ended, in order; ``busiest`` is how many were at work at once."""

    def __init__(self, then: Callable[[Errand], Passed] = passed) -> None:
        self._then = then
        self._lock = threading.Lock()
        self._at_work = 0
        self.busiest = 0
        self.events: list[str] = []

    def __call__(self, errand: Errand) -> Passed:
        name = errand.wanted.stack.name
        with self._lock:
            self.events.append(f"+{name}")
            self._at_work += 1
            self.busiest = max(self.busiest, self._at_work)
        try:
            return self._then(errand)
        finally:
            with self._lock:
                self._at_work -= 1
                self.events.append(f"-{name}")


def performed(log: Log, chosen: Mapping[StackName, Errand], *, workers: int = 4) -> list[str]:
    done = run(chosen, log, workers=workers, stop=threading.Event())
    return [one.stack for one in done]


def test_each_stack_is_performed_once_and_told_in_alphabetical_order() -> None:
    log = Log()
    assert performed(log, errands(c=(), a=(), b=("c",))) == ["a", "b", "c"]
    assert Counter(log.events) == Counter(["+a", "-a", "+b", "-b", "+c", "-c"])


def test_nothing_is_performed_for_nobody() -> None:
    assert performed(Log(), {}) == []


def test_a_free_worker_passes_over_a_stack_whose_need_is_at_work() -> None:
    others = threading.Event()

    def then(errand: Errand) -> Passed:
        name = errand.wanted.stack.name
        if name == "net":
            assert others.wait(30), "net ends only when zoo has begun"
        if name == "zoo":
            others.set()
        return passed(errand)

    log = Log(then)
    performed(log, errands(app=("net",), net=(), zoo=()), workers=3)
    assert log.events.index("+app") > log.events.index("-net")


@given(graph=GRAPHS, workers=st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_no_stack_begins_before_what_it_depends_on_has_ended(
    graph: dict[str, list[str]], workers: int
) -> None:
    log = Log()
    chosen = errands(**{name: tuple(others) for name, others in graph.items()})
    needs = {name: errand.wanted.stack.depends_on for name, errand in chosen.items()}
    assert performed(log, chosen, workers=workers) == sorted(chosen)
    assert log.busiest <= workers
    for name, others in needs.items():
        if is_knotted(name, needs):
            continue
        for other in chosen.keys() & set(others):
            assert log.events.index(f"-{other}") < log.events.index(f"+{name}")


def is_knotted(start: StackName, needs: Mapping[StackName, tuple[StackName, ...]]) -> bool:
    """Does it wait, however indirectly, for a stack that waits for itself?"""
    return any(
        name in reached(other, needs) for name in reached(start, needs) for other in needs.get(name, ())
    )


def test_as_many_as_there_are_workers_are_at_work_at_once() -> None:
    together = threading.Barrier(2, timeout=30)

    def meet(errand: Errand) -> Passed:
        together.wait()
        return passed(errand)

    log = Log(meet)
    performed(log, errands(a=(), b=(), c=(), d=()), workers=2)
    assert log.busiest == 2


def test_stacks_that_wait_for_each_other_are_performed_and_do_not_hang() -> None:
    log = Log()
    assert performed(log, errands(a=("b",), b=("a",), c=("a",), d=("d",))) == ["a", "b", "c", "d"]


def test_a_stack_that_asks_for_it_is_looked_at_again_until_it_has_settled() -> None:
    answers = iter([True, True, False])
    log = Log(lambda errand: passed(errand, again=next(answers)))
    run(errands(a=()), log, workers=1, stop=threading.Event())
    assert log.events == ["+a", "-a"] * 3


def test_a_stack_that_never_settles_is_let_go() -> None:
    log = Log(lambda errand: passed(errand, again=True))
    (last,) = run(errands(a=()), log, workers=1, stop=threading.Event())
    assert log.events.count("+a") == 1 + FOLLOW_UPS
    assert last.again


def test_after_a_stop_nothing_begins_and_what_runs_is_waited_for() -> None:
    stop = threading.Event()

    def last(errand: Errand) -> Passed:
        stop.set()
        return passed(errand, again=True)

    log = Log(last)
    done = run(errands(a=(), b=(), c=()), log, workers=1, stop=stop)
    assert [one.stack for one in done] == ["a"]
    assert log.events == ["+a", "-a"]


def test_nothing_begins_when_the_stop_came_first() -> None:
    stop = threading.Event()
    stop.set()
    assert run(errands(a=()), Log(), workers=1, stop=stop) == ()


def test_a_stack_that_goes_comes_after_those_that_depend_on_it() -> None:
    """Their definitions say the opposite: what they need must still be there while they go."""
    names = (StackName("app"), StackName("net"))
    app, net = (
        Errand(
            wanted=wanted(name, *needs),
            policy=Floor().policy,
            revision=HEAD,
            mode=Mode.DESTROY,
            dependents=dependents,
        )
        for name, needs, dependents in zip(names, ((names[1],), ()), ((), (names[0],)), strict=True)
    )
    order: list[str] = []

    def perform(errand: Errand) -> Passed:
        order.append(errand.wanted.stack.name)
        return passed(errand)

    run({names[0]: app, names[1]: net}, perform, workers=2, stop=threading.Event())
    assert order == ["app", "net"]

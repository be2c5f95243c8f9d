"""Which stacks left Git and are to be destroyed, from which code, and after whom?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from tfreconcile.errors import ReconcileError
from tfreconcile.gate.model import Policy
from tfreconcile.observe.conditions import TAKEN_OVER
from tfreconcile.plan.fingerprint import Mode
from tfreconcile.plan.place import may_be_same
from tfreconcile.reconcile import setup, status, survey
from tfreconcile.reconcile.one import Errand
from tfreconcile.reconcile.survey import Survey
from tfreconcile.reconcile.world import World
from tfreconcile.source.model import Revision, StackName, Wanted
from tfreconcile.store import removals, stacks
from tfreconcile.store.records import StackRecord
from tfreconcile.store.stacks import BROKEN

EDITED = "what is remembered of it was changed outside tfreconcile (tfreconcile audit verify)"


@dataclass(frozen=True, kw_only=True)
class _Former:
    """A stack as its last good definition has it, under the policy of today."""

    wanted: Wanted
    policy: Policy
    revision: Revision


def errands(world: World, seen: Survey) -> Mapping[StackName, Errand]:
    """What is to be done for stacks that left Git with ``on_removal: destroy``. None when all vanished.

    Each goes by its last good definition, held to the host config as it is now, after every stack that
    depends on it. A stack whose definition cannot be used is marked as stalled; one whose state is that of
    another stack has nothing of its own that could go.
    """
    known = stacks.all(world.store)
    leaving = [] if seen.vanished else [one for one in known if status.leaving(one)]
    if not leaving:
        return {}
    former, wrong = _last_good(world, leaving)
    heirs = _heirs(world, seen, known)
    own = _without_heirs(world, leaving, former, heirs)
    for record in own:
        if not record.well_defined:
            _stall(world, record, EDITED)
        elif record.name not in former:
            _stall(world, record, wrong.get(record.name, "it is not there"))
    # By their last good definitions: a stack that needs one which left Git is broken from then on.
    needs = {one.name: _needed(one, known) for one in known if one.removed_at is None or status.leaving(one)}
    going = (one.name for one in own if one.name in former and one.well_defined)
    made = {name: _errand(former[name], seen, needs, name) for name in going}
    perhaps = {one.name: _perhaps(_places(world, one, former), heirs) for one in own}
    return {name: replace(errand, perhaps_of=perhaps[name]) for name, errand in made.items()}


def _needed(record: StackRecord, known: Iterable[StackRecord]) -> Collection[StackName]:
    """The stacks that it depends on: all of them, where nobody can tell which."""
    return record.depends_on if record.well_defined else tuple(one.name for one in known)


def _errand(
    former: _Former, seen: Survey, needs: Mapping[StackName, Collection[StackName]], name: StackName
) -> Errand:
    return Errand(
        wanted=former.wanted,
        policy=former.policy,
        revision=former.revision,
        mode=Mode.DESTROY,
        gone_at=seen.revision,
        dependents=tuple(sorted(other for other, needed in needs.items() if name in needed)),
    )


def _heirs(world: World, seen: Survey, known: Iterable[StackRecord]) -> Mapping[str, StackName]:
    """Who keeps a state where, as of the last pass and as of the code, however it is spelled."""
    here = [one for one in known if one.removed_at is None]
    found = [(place, one.name) for one in here for place in (one.place, one.claimed)]
    found += [(setup.place_by_code(world, wanted), name) for name, wanted in seen.wanted.items()]
    return {place: name for place, name in found if place is not None}


def _places(world: World, record: StackRecord, former: Mapping[StackName, _Former]) -> tuple[str, ...]:
    """Where the state of a stack that left Git is, or may be."""
    last = former.get(record.name)
    by_code = setup.place_by_code(world, last.wanted) if last else None
    return tuple(place for place in (record.place, record.claimed, by_code) if place is not None)


def _perhaps(places: Iterable[str], heirs: Mapping[str, StackName]) -> StackName | None:
    """Another stack whose state may be the same, though it is spelled in another way."""
    alike = (name for own in places for place, name in heirs.items() if may_be_same(own, place))
    return min(alike, default=None)


def _without_heirs(
    world: World,
    leaving: Iterable[StackRecord],
    former: Mapping[StackName, _Former],
    heirs: Mapping[str, StackName],
) -> list[StackRecord]:
    """Those whose state no other stack has: one that was renamed, with its backend in the code, lives on."""
    own = []
    for record in leaving:
        heir = next((heirs[one] for one in _places(world, record, former) if one in heirs), None)
        if heir is None:
            own.append(record)
            continue
        message = f"left Git; {heir} keeps its state in the same place, so that nothing of it is destroyed"
        removals.conclude(world.store, record.name, reason=TAKEN_OVER, message=message)
    return own


def _last_good(
    world: World, records: Iterable[StackRecord]
) -> tuple[Mapping[StackName, _Former], Mapping[StackName, str]]:
    """Each stack at the newest commit that defines it without an error, and why there is none."""
    names: dict[Revision, set[StackName]] = defaultdict(set)
    for record in records:
        if record.defined_revision is not None:
            names[record.defined_revision].add(record.name)
    former: dict[StackName, _Former] = {}
    wrong: dict[StackName, str] = {}
    for revision, wished in names.items():
        try:
            with world.mirror.tree(revision) as tree:
                found = survey.read(tree, world.path, world.floor, only=wished)
        except ReconcileError as error:
            wrong |= dict.fromkeys(wished, error.message)
            continue
        wrong |= {one.name: "; ".join(map(str, one.problems[:3])) for one in found.broken}
        former |= {
            name: _Former(wanted=wanted, policy=found.policies[name], revision=revision)
            for name, wanted in found.wanted.items()
        }
    return former, wrong


def _stall(world: World, record: StackRecord, why: str) -> None:
    commit = str(record.defined_revision)[:7]
    message = (
        f"it left Git and is to be destroyed, but its definition at {commit} cannot be used: {why}; put the "
        "definition back, mend it, and remove it again"
    )
    due = world.clock() + world.interval
    removals.stall(world.store, record.name, reason=BROKEN, message=message, due=due)

"""What do the host's policies, those from Git and checkov say of a plan?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path, PurePosixPath

from tfreconcile.classify.model import Classification, Hazard, HazardKind
from tfreconcile.errors import Misconfigured, Stalled
from tfreconcile.plan.document import Address
from tfreconcile.plan.dynamic import generated
from tfreconcile.plan.produce import Produced
from tfreconcile.policies import checkov, rego
from tfreconcile.policies.clauses import RegoFile
from tfreconcile.policies.engines import Bench
from tfreconcile.policies.model import Finding, Findings, PolicyRules
from tfreconcile.policies.verdicts import wrong
from tfreconcile.reconcile.learned import Learned
from tfreconcile.reconcile.world import World
from tfreconcile.redact import Scrubber
from tfreconcile.source import yaml
from tfreconcile.source.model import Revision, Scalar
from tfreconcile.source.tree import REGULAR, Tree, printable
from tfreconcile.source.watch import watched

LARGEST_DATA = 4 << 20
"""Bytes of one file of policy data."""


def judged(world: World, learned: Learned, found: Classification) -> Classification:
    """The classification with a hazard for each finding; the same when no policy is set or nothing happens.

    Raises Stalled("PolicyError"): a policy that cannot be evaluated blocks.
    """
    if learned.planned is None or not is_set(world.policies) or not (found.changes or found.outputs):
        return found
    return _with(found, _findings(world, learned, learned.planned.produced), learned.scrubber)


def is_set(rules: PolicyRules) -> bool:
    """Is there anything that a plan is held to?"""
    return bool(rules.rego or rules.git or rules.checkov)


def _findings(world: World, learned: Learned, produced: Produced) -> Findings:
    rules, shown = world.policies, produced.shown
    if shown is None:
        raise wrong("the plan is not at hand as JSON, so that no policy can look at it")
    dynamic = generated(produced.sources).names

    def bench(name: str) -> Bench:
        spool = learned.desk.spool / name
        spool.mkdir(mode=0o700, exist_ok=True)
        path = world.environment.get("PATH", "")
        return Bench(plan=shown, spool=spool, path=path, dynamic=dynamic, stop=world.stop)

    committed = [_committed_policies(world, revision) for revision in _revisions(learned)]
    return rego.together(
        of_host(rules, bench("policies")),
        # Each by itself, so that nothing in it can change what the host's own policies and data say.
        *(of_git(one, rules, bench(f"policies-git{number}")) for number, one in enumerate(committed)),
    )


def _revisions(learned: Learned) -> tuple[Revision, ...]:
    """A stack that left Git goes by its last definition, and is held to the policies of today as well."""
    return tuple(dict.fromkeys((learned.revision, learned.head)))


def of_host(rules: PolicyRules, bench: Bench) -> Findings:
    """What the policies on this machine say, and checkov. Raises Stalled("PolicyError")."""
    said = Findings()
    if rules.rego:
        said = rego.evaluate(rego.load(rules.rego), data(rules.data), rules=rules, bench=bench)
    if rules.checkov is not None:
        said = rego.together(said, checkov.scan(rules.checkov, rules=rules, bench=bench))
    return said


def of_git(files: tuple[RegoFile, ...], rules: PolicyRules, bench: Bench) -> Findings:
    """What the policies of the tracked branch say; nothing when it has none."""
    if not files:
        return Findings()
    return rego.evaluate(files, data(rules.data), rules=rules, bench=bench, complete=False)


def from_git(tree: Tree, globs: Iterable[str]) -> tuple[RegoFile, ...]:
    """Every policy of a commit that a glob names. Raises Stalled("PolicyError") for a link or a huge file."""
    paths = dict.fromkeys(path for glob in globs for path in watched(tree, glob) if rego.is_policy(path.name))
    if len(paths) > rego.MOST_FILES:
        raise wrong(f"the repository has {len(paths)} policies; at most {rego.MOST_FILES}")
    return tuple(_committed(tree, path) for path in sorted(paths, key=str))


def _committed(tree: Tree, path: PurePosixPath) -> RegoFile:
    entry, name = tree.entries[path], printable(path)
    if entry.kind not in REGULAR:
        raise wrong(f"{name} is a {entry.kind}; commit the policy itself")
    if entry.size > rego.LARGEST_FILE:
        raise wrong(f"{name} has {entry.size} bytes; at most {rego.LARGEST_FILE}")
    return rego.policy(name, tree.read(path))


def data(paths: Iterable[Path]) -> Mapping[str, Scalar]:
    """JSON and YAML files together, objects merged. Raises Stalled("PolicyError") with the file's name."""
    merged: dict[str, Scalar] = {}
    for path in paths:
        merged = _merged(merged, _data_of(path), str(path))
    return merged


def _data_of(path: Path) -> dict[str, Scalar]:
    try:
        value = yaml.read(path.read_bytes(), str(path), limit=LARGEST_DATA).value
    except OSError as error:
        raise wrong(f"{path} cannot be read: {error.strerror}") from error
    except Misconfigured as error:
        raise wrong(str(error.problems[0])) from error
    if not isinstance(value, dict):
        raise wrong(f"{path} must hold an object: its keys stand below data")
    return value


def _merged(one: Mapping[str, Scalar], other: Mapping[str, Scalar], file: str) -> dict[str, Scalar]:
    both = dict(one)
    for key, value in other.items():
        before = both.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            both[key] = _merged(before, value, file)
        elif key in both:
            raise wrong(f"{file}: the key {key} is in another file of policy data too; say it once")
        else:
            both[key] = value
    return both


def held_to(world: World, learned: Learned) -> Iterator[str]:
    """A digest of the policies that a plan is judged by: an approval given under others holds no longer.

    Nothing when no policy is set. What cannot be read is found out by whoever evaluates it.
    """
    rules = world.policies
    if not is_set(rules):
        return
    digest = hashlib.sha256(repr((rules.namespaces, rules.checkov)).encode())
    with suppress(Stalled, OSError):
        committed = [_committed_policies(world, revision) for revision in _revisions(learned)]
        for file in chain(rego.load(rules.rego), *committed):
            digest.update(repr((file.name, file.text)).encode())
        for path in rules.data:
            digest.update(path.read_bytes())
    yield f"policies={digest.hexdigest()}"


def _committed_policies(world: World, revision: Revision) -> tuple[RegoFile, ...]:
    if not world.policies.git:
        return ()
    with world.mirror.tree(revision) as tree:
        return from_git(tree, world.policies.git)


def _with(found: Classification, said: Findings, scrubber: Scrubber) -> Classification:
    hazards = tuple(_hazards(said))
    own = {one.change.address for one in found.changes}
    changes = tuple(
        replace(
            one,
            hazards=(*one.hazards, *(hazard for hazard in hazards if hazard.address == one.change.address)),
        )
        for one in found.changes
    )
    rest = (_named(hazard, scrubber) for hazard in hazards if hazard.address not in own)
    return replace(found, changes=changes, hazards=(*found.hazards, *rest))


def _hazards(said: Findings) -> Iterator[Hazard]:
    for kind, findings in ((HazardKind.POLICY, said.denied), (HazardKind.POLICY_WARNING, said.warned)):
        for one in findings:
            yield Hazard(kind, Address(one.address), f"policy {sentence(one)}")


def _named(hazard: Hazard, scrubber: Scrubber) -> Hazard:
    """A finding about the plan as a whole, by a name of its own: an approval of one never covers another."""
    about = scrubber.scrub(hazard.detail)
    name = f"{hazard.address or 'plan'} {hashlib.sha256(about.encode()).hexdigest()[:8]}"
    return replace(hazard, address=Address(name))


def sentence(one: Finding) -> str:
    """A finding as people are told it, with the address of its resource."""
    about = "" if one.address in one.message else f" ({one.address})"
    return f"{one.source}: {one.message}{about}"

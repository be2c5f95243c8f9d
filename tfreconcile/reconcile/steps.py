"""What happens in a pass, in order? Each step takes what is known and gives back what it learned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias

from tfreconcile.apply import execute
from tfreconcile.cloud import aws
from tfreconcile.errors import ReconcileError
from tfreconcile.gate.model import Proceed
from tfreconcile.observe import health, probe
from tfreconcile.plan import desk, document, fingerprint, produce, render, secrets
from tfreconcile.plan.place import is_exact
from tfreconcile.plan.produce import Order, Produced
from tfreconcile.reconcile import given, intent, permission, places, policing, renaming
from tfreconcile.reconcile.admission import admit
from tfreconcile.reconcile.learned import Learned, Planned
from tfreconcile.reconcile.setup import data_directory, init_key, ready, state_place
from tfreconcile.reconcile.verdict import gate, judge
from tfreconcile.reconcile.world import World
from tfreconcile.source import export as exporting
from tfreconcile.terraform.environment import secret_values
from tfreconcile.terraform.process import Child

REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION", "GOOGLE_REGION", "GOOGLE_ZONE", "GOOGLE_PROJECT")
"""Variables that lead the same code to another place."""

Step: TypeAlias = Callable[[World, Learned], Learned]


def authenticate(world: World, learned: Learned) -> Learned:
    """Are these the right accounts? Then the stack's role, and the values that live in the cloud."""
    stack, now = learned.stack, world.clock()
    clouds = learned.wanted.module.clouds | (frozenset({"aws"}) if stack.role or stack.parameters else set())
    environment = dict(world.environment)
    world.guard.check(world.account, clouds, environment, role=None, now=now)
    if stack.role is not None:
        environment = dict(aws.assume(environment, stack.role, stack.name))
        world.guard.check(world.account, frozenset({"aws"}), environment, role=stack.role, now=now)
    names = tuple(one.ssm for one in stack.parameters)
    found = aws.parameters(environment, names) if names else {}
    variables = {**stack.variables, **{one.name: found[one.ssm] for one in stack.parameters}}
    scrubber = learned.scrubber.also(found.values()).also(secret_values(environment))
    return replace(learned, environment=environment, variables=variables, scrubber=scrubber)


def export(world: World, learned: Learned) -> Learned:
    """Lay out exactly what the digest covers, with the backend and the values of this stack."""
    stack, here = learned.stack, learned.desk
    root = here.tree / stack.module
    with world.mirror.tree(learned.revision) as tree:
        exporting.export(tree, learned.wanted.files, here.tree)
    place = state_place(world, learned)
    if is_exact(place.place):
        places.hold(world, learned, place.place)
    if place.override is not None:
        desk.write_backend(root, *place.override)
    own = tuple(here.tree / path for path in stack.var_files)
    values = given.given(learned, root, own)
    variables = desk.write_variables(here.spool / "variables.tfvars.json", learned.variables)
    order = Order(
        root=root,
        data=data_directory(world, stack),
        plan_file=here.plan_file,
        var_files=(*own, variables),
        init_key=init_key(world, learned, place.identity),
        init_lock=world.directory.init_lock,
        fresh=bool(learned.wanted.module.unpinned),
        destroy=learned.removing,
    )
    return replace(
        learned,
        order=order,
        backend=place.identity,
        place=place.place,
        ephemeral=given.ephemeral(learned, values),
        scrubber=learned.scrubber.also(given.secrets(learned, values)),
    )


def plan(world: World, learned: Learned) -> Learned:
    """Let Terraform plan it."""
    if learned.order is None:
        return learned
    world.progress(learned.stack.name, "planning")
    order = learned.order
    allowed = permission.of_installed(world, learned, order)

    def installed() -> None:
        allowed()
        places.hold(world, learned, places.actual(world, learned))

    produced = produce.produce(ready(world, learned), order, installed=installed)
    return _understood(world, replace(learned, place=places.actual(world, learned)), produced)


def _understood(world: World, learned: Learned, produced: Produced) -> Learned:
    scrubber = learned.scrubber.also(secrets.secrets_of(produced.plan))
    scope = fingerprint.Scope(
        stack=learned.stack.name,
        workspace=learned.stack.workspace,
        mode=learned.mode,
        bound=(
            world.engine.kind,
            world.engine.version,
            produced.lock_digest,
            learned.backend,
            *_whose(world, learned),
            *policing.held_to(world, learned),
        ),
        ephemeral=learned.ephemeral,
    )
    digests = fingerprint.digests(produced.plan, world.key, scope, produced.sources)
    masked = render.mask(produced.plan, scrubber)
    planned = Planned(produced=produced, digests=digests, masked=masked)
    return replace(learned, scrubber=scrubber, planned=planned)


def _whose(world: World, learned: Learned) -> Iterator[str]:
    """Where the plan would take effect: accounts, role and region, as far as they are chosen outside HCL."""
    yield from (f"{cloud}={account}" for cloud, account in sorted(world.account.items()))
    yield f"role={learned.stack.role or ''}"
    yield from (f"{name}={learned.environment[name]}" for name in REGIONS if name in learned.environment)


def vouch(world: World, learned: Learned) -> Learned:
    """Is it the right account for what only the plan shows: a cloud that the code no longer names?"""
    if learned.planned is not None:
        clouds = document.clouds(learned.planned.produced.plan)
        role = learned.stack.role
        world.guard.check(world.account, clouds, learned.environment, role=role, now=world.clock())
    return learned


def apply(world: World, learned: Learned) -> Learned:
    """Apply the plan that was decided on, or nothing."""
    if not isinstance(learned.decision, Proceed) or learned.planned is None or world.stop.is_set():
        return learned
    name, produced = learned.stack.name, learned.planned.produced
    apply_id = intent.begin(world, learned, learned.decision)
    world.progress(name, "applying")

    def started(child: Child) -> None:
        intent.started(world, apply_id, child)

    try:
        done = execute.execute(
            ready(world, learned, applying=True),
            produced.file,
            ephemeral=learned.ephemeral,
            started=started,
            here=learned.desk,
            rescue=world.directory.rescued(name),
        )
    except ReconcileError as error:
        done = execute.Execution(outcomes=(), error=error)
    intent.finish(world, learned, apply_id, done)
    return replace(learned, execution=done)


def observe(world: World, learned: Learned) -> Learned:
    """Did it work? A failed apply ends the pass here; else the stack's own health checks speak.

    Nothing is asked for the health of a stack that goes.
    """
    if learned.execution is not None and learned.execution.error is not None:
        raise learned.execution.error
    if learned.removing:
        return learned
    now = world.clock()
    probes = tuple(probe.probe(check) for check in learned.stack.health)
    applied_at = now if learned.applied else learned.record.last_applied_at
    checks = learned.planned.produced.plan.checks if learned.planned else ()
    found = health.judge(probes, checks, applied_at=applied_at, now=now, pass_succeeded=True)
    return replace(learned, health=found)


STEPS: tuple[Step, ...] = (
    renaming.recognise,
    admit,
    permission.permit,
    authenticate,
    export,
    plan,
    renaming.recognise,
    vouch,
    judge,
    gate,
    apply,
    observe,
)

"""Is this a plan, and what does it say? Terraform's plan JSON becomes a Plan, or an error with a place."""

from __future__ import annotations

from collections.abc import Iterator

from tfreconcile.errors import Stalled
from tfreconcile.plan import configuration
from tfreconcile.plan.canonical import canonical
from tfreconcile.plan.document import Address, Change, Check, Drift, Json, Kind, Output, Plan, Step
from tfreconcile.plan.kinds import kind_of
from tfreconcile.plan.node import Node, decode, unreadable

_SHOW = "write one with: terraform show -json plan.bin"
_PLAN_MEMBERS = frozenset(
    {"planned_values", "resource_changes", "resource_drift", "output_changes", "prior_state", "configuration"}
)


def parse(text: bytes | str) -> Plan:
    """The plan in the output of ``terraform show -json PLANFILE``; unknown properties are ignored.

    Raises only ``Stalled``: ``UnknownPlanFormat`` when the format's major version is not 1,
    ``UnreadablePlan`` for everything else that is not such a document.
    """
    _refuse_plan_file(text)
    try:
        document = Node(decode(text))
    except Stalled as error:
        raise _stream_or(error, text) from error
    _refuse_other_documents(document)
    return _plan(document)


def _refuse_plan_file(text: bytes | str) -> None:
    if text.startswith(b"PK") if isinstance(text, bytes) else text.startswith("PK"):
        raise unreadable(f"found a saved plan file, expected its JSON; {_SHOW}")


def _stream_or(error: Stalled, text: bytes | str) -> Stalled:
    """Several JSON lines that carry ``@level`` are what ``terraform plan -json`` prints."""
    head = text[:4096]
    line = head if isinstance(head, str) else head.decode(errors="replace")
    if '"@level"' in line:
        return unreadable(f"found the event stream of terraform plan -json, expected a plan; {_SHOW}")
    return error


def _refuse_other_documents(document: Node) -> None:
    members = document.mapping()
    if "@level" in members:
        raise unreadable(f"found an event of terraform plan -json, expected a plan; {_SHOW}")
    if "lineage" in members or ("format_version" in members and "values" in members):
        raise unreadable(f"found a Terraform state, expected a plan; {_SHOW}")
    version = document.get("format_version").text()
    if version.partition(".")[0] != "1":
        raise Stalled(
            "UnknownPlanFormat",
            f"found plan format_version {version[:20]!r}, supported is 1.x: Terraform 1.1 or later, OpenTofu",
        )
    if not _PLAN_MEMBERS & members.keys():
        raise unreadable(f"at the top: found none of {', '.join(sorted(_PLAN_MEMBERS))}; {_SHOW}")


def _plan(document: Node) -> Plan:
    errored = document.get("errored").flag()
    changes = (*_changes(document), *_actions(document))
    outputs = tuple(_output(name, node) for name, node in document.get("output_changes").members().items())
    deferred = tuple(_deferred(document))
    return Plan(
        format_version=document.get("format_version").text(),
        engine_version=document.get("terraform_version").text_or(""),
        applyable=document.get("applyable").flag(absent=not errored and _does_something(changes, outputs)),
        complete=document.get("complete").flag(absent=not errored and not deferred),
        errored=errored,
        changes=changes,
        drift=tuple(_drift(node) for node in document.get("resource_drift").entries() if _is_current(node)),
        outputs=outputs,
        checks=tuple(_check(node) for node in document.get("checks").entries()),
        deferred=deferred,
        variables=configuration.variables(document),
        provider_config=configuration.provider_config(document),
        configured=tuple(configuration.resources(document)),
        prior_resources=_managed(document.get("prior_state", "values", "root_module")),
    )


def _does_something(changes: tuple[Change, ...], outputs: tuple[Output, ...]) -> bool:
    """What Terraform below 1.8 and OpenTofu do not write down: ``!Changes.Empty()`` of their sources."""
    return any(change.kind is not Kind.NO_OP for change in changes) or any(
        output.actions != ("no-op",) for output in outputs
    )


def _changes(document: Node) -> Iterator[Change]:
    for node in document.get("resource_changes").entries():
        yield _change(node, node.get("change"))


def _change(node: Node, change: Node) -> Change:
    mode = node.get("mode").text_or("managed")
    actions = change.get("actions").texts()
    previous = node.get("previous_address").text_or_none()
    importing = _importing(change.get("importing"))
    return Change(
        address=Address(node.get("address").text()),
        kind=kind_of(mode, actions, moved=previous is not None, importing=importing is not None),
        actions=actions,
        mode=mode,
        type=node.get("type").text_or(""),
        name=node.get("name").text_or(""),
        module=node.get("module_address").text_or(""),
        provider=node.get("provider_name").text_or(""),
        deposed=node.get("deposed").text_or_none(),
        previous_address=None if previous is None else Address(previous),
        reason=node.get("action_reason").text_or_none(),
        importing=importing,
        generated_config=change.get("generated_config").text_or_none(),
        replace_paths=tuple(_steps(path) for path in change.get("replace_paths").entries()),
        before=change.get("before").value,
        after=change.get("after").value,
        after_unknown=_mask(change.get("after_unknown")),
        before_sensitive=_mask(change.get("before_sensitive")),
        after_sensitive=_mask(change.get("after_sensitive")),
    )


def _mask(node: Node) -> Json:
    return False if node.value is None else node.value


def _importing(node: Node) -> str | None:
    """The import id; an import by identity or of an id not known yet has a text too, never ``None``."""
    if node.value is None:
        return None
    return node.get("id").text_or_none() or canonical(dict(node.mapping()))


def _steps(node: Node) -> tuple[Step, ...]:
    return tuple(_step(entry) for entry in node.entries())


def _step(node: Node) -> Step:
    return node.value if isinstance(node.value, str) else node.count()


def _actions(document: Node) -> Iterator[Change]:
    for node in document.get("action_invocations").entries():
        yield Change(
            address=Address(node.get("address").text()),
            kind=Kind.ACTION,
            actions=("invoke",),
            mode="action",
            type=node.get("type").text_or(""),
            name=node.get("name").text_or(""),
            provider=node.get("provider_name").text_or(""),
            reason=_trigger(node),
            after=node.get("config_values").value,
            after_unknown=_mask(node.get("config_unknown")),
            after_sensitive=_mask(node.get("config_sensitive")),
        )


def _trigger(node: Node) -> str | None:
    lifecycle, invoked = node.get("lifecycle_action_trigger"), node.get("invoke_action_trigger")
    trigger = lifecycle if lifecycle.value is not None else invoked
    return None if trigger.value is None else canonical(trigger.value)


def _is_current(node: Node) -> bool:
    """A deposed object shares its address with the current one, whose drift is told by its own entry."""
    return node.get("deposed").text_or("") == ""


def _drift(node: Node) -> Drift:
    change = node.get("change")
    return Drift(
        address=Address(node.get("address").text()),
        actions=change.get("actions").texts(),
        type=node.get("type").text_or(""),
        before=change.get("before").value,
        after=change.get("after").value,
        before_sensitive=_mask(change.get("before_sensitive")),
        after_sensitive=_mask(change.get("after_sensitive")),
    )


def _output(name: str, node: Node) -> Output:
    masks = (_mask(node.get("before_sensitive")), _mask(node.get("after_sensitive")))
    return Output(
        name=name,
        actions=node.get("actions").texts(),
        before=node.get("before").value,
        after=node.get("after").value,
        after_unknown=_mask(node.get("after_unknown")),
        sensitive=any(mask is not False for mask in masks),
    )


def _check(node: Node) -> Check:
    problems = (
        problem.get("message").text_or("")
        for instance in node.get("instances").entries()
        for problem in instance.get("problems").entries()
    )
    return Check(
        address=node.get("address", "to_display").text_or(""),
        kind=node.get("address", "kind").text_or(""),
        status=node.get("status").text_or("unknown"),
        problems=tuple(problems),
    )


def _deferred(document: Node) -> Iterator[str]:
    for node in document.get("deferred_changes").entries():
        yield node.get("resource_change", "address").text()
    for node in document.get("deferred_action_invocations").entries():
        yield node.get("action_invocation", "address").text()


def _managed(module: Node) -> int:
    """Current managed objects of a module of the prior state and of all modules below it."""
    here = sum(
        node.get("mode").text_or("managed") == "managed" and node.get("deposed_key").value is None
        for node in module.get("resources").entries()
    )
    return here + sum(_managed(child) for child in module.get("child_modules").entries())

"""What does the configuration inside a plan say of its variables, providers and resource blocks?"""

from __future__ import annotations

from collections.abc import Iterator

from tfreconcile.plan.document import Configured, Json, Variable
from tfreconcile.plan.node import Node


def variables(document: Node) -> dict[str, Variable]:
    """The root variables with the values that the plan was made with.

    ``variables`` has values without marks, the configuration has marks without values: joined by name.
    A variable that only the configuration knows comes with its default.
    """
    values = document.get("variables").members()
    declared = document.get("configuration", "root_module", "variables").members()
    absent = Node(None)
    return {
        name: _variable(values.get(name, absent), declared.get(name, absent))
        for name in sorted(values.keys() | declared.keys())
    }


def _variable(given: Node, declared: Node) -> Variable:
    value = given.get("value") if "value" in given.mapping() else declared.get("default")
    return Variable(
        value=value.value,
        sensitive=declared.get("sensitive").flag(),
        ephemeral=declared.get("ephemeral").flag(),
    )


def provider_config(document: Node) -> dict[str, Json]:
    """Each provider's entry as Terraform wrote it, by its key (``aws``, ``aws.west``, ``module.a:aws``)."""
    providers = document.get("configuration", "provider_config").members()
    return {key: dict(node.mapping()) for key, node in providers.items()}


def resources(document: Node) -> Iterator[Configured]:
    """Every managed resource block, of the root module and of all modules that it calls."""
    yield from _of_module(document.get("configuration", "root_module"), "")


def _of_module(module: Node, path: str) -> Iterator[Configured]:
    for node in module.get("resources").entries():
        if node.get("mode").text_or("managed") == "managed":
            yield _configured(node, path)
    for name, call in module.get("module_calls").members().items():
        yield from _of_module(call.get("module"), f"{path}.module.{name}".removeprefix("."))


def _configured(node: Node, module: str) -> Configured:
    expressions = dict(node.get("expressions").mapping())
    return Configured(
        module=module,
        type=node.get("type").text_or(""),
        name=node.get("name").text_or(""),
        provider_key=node.get("provider_config_key").text_or(""),
        attributes=frozenset(expressions),
        expressions=expressions,
        provisioners=node.get("provisioners").value,
    )

"""Which texts in this plan are secret, by its marks or by their names?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from tfreconcile.plan.document import Change, Drift, Json, Plan
from tfreconcile.plan.hidden import references
from tfreconcile.redact import marked, merged

_SECRET_NAME = re.compile(
    r"(?!.*(?:file|files|path|paths)$).*"
    r"(?:secret|passw|passphrase|token|private_?key|access_?key|api_?key|credential)",
    re.IGNORECASE,
)


SHORTEST_CREDENTIAL = 8
"""Characters. Real keys of a provider have far more; shorter ones are the words that stand-ins are given,
such as ``test``, which stand in addresses too."""


def secrets_of(plan: Plan) -> frozenset[str]:
    """Every text that is marked anywhere in the plan, whatever else it stands next to unmarked.

    Marks alone are not enough (terraform-facts 10.2): a mark on one side of a change counts for both,
    and what is given to a provider under a name like ``secret_key`` is secret without a mark.
    """
    return frozenset(
        chain(
            chain.from_iterable(_of_sides(change) for change in plan.changes),
            chain.from_iterable(_of_sides(drift) for drift in plan.drift),
            _of_outputs(plan),
            _of_variables(plan),
            chain.from_iterable(_of_provider(entry, plan) for entry in plan.provider_config.values()),
        )
    )


def mask_of(change: Change | Drift) -> object:
    """What either side of a change marks."""
    return merged(change.before_sensitive, change.after_sensitive)


def _of_sides(change: Change | Drift) -> Iterator[str]:
    mask = mask_of(change)
    if mask is False:
        return
    yield from marked(change.before, mask)
    yield from marked(change.after, mask)


def _of_outputs(plan: Plan) -> Iterator[str]:
    for output in plan.outputs:
        if output.sensitive:
            yield from marked([output.before, output.after], True)


def _of_variables(plan: Plan) -> Iterator[str]:
    for variable in plan.variables.values():
        if variable.sensitive or variable.ephemeral:
            yield from marked(variable.value, True)


def _of_provider(entry: Json, plan: Plan) -> Iterator[str]:
    """Constants under secret names, and the variables that are given under such names."""
    if isinstance(entry, list):
        yield from chain.from_iterable(_of_provider(inner, plan) for inner in entry)
    if not isinstance(entry, dict):
        return
    for name, expression in entry.items():
        if not _SECRET_NAME.match(name):
            yield from _of_provider(expression, plan)
            continue
        given = chain(_constants(expression), _of_references(expression, plan))
        yield from (text for text in given if len(text) >= SHORTEST_CREDENTIAL)


def _constants(expression: Json) -> Iterator[str]:
    if isinstance(expression, list):
        yield from chain.from_iterable(map(_constants, expression))
    if isinstance(expression, dict):
        yield from marked(expression.get("constant_value"), True)
        yield from chain.from_iterable(map(_constants, expression.values()))


def _of_references(expression: Json, plan: Plan) -> Iterator[str]:
    for reference in references(expression):
        name = reference.removeprefix("var.")
        if name in plan.variables and name != reference:
            yield from marked(plan.variables[name].value, True)

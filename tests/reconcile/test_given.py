"""Is every text inside a secret variable known as a secret?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from support.remembered import HEAD, INPUTS, NOON, PAY

from tfreconcile.gate.policy import Floor
from tfreconcile.observe.health import Health, HealthStatus
from tfreconcile.plan.desk import Desk
from tfreconcile.reconcile.given import secrets
from tfreconcile.reconcile.learned import Learned
from tfreconcile.source.model import ModuleFacts, Scalar, Stack, Wanted
from tfreconcile.store.records import StackRecord

DECLARED = ModuleFacts(sensitive_variables={"logins": None}, ephemeral_variables=frozenset({"token"}))


def learned(module: ModuleFacts) -> Learned:
    """What a pass knows of a root module, and nothing else."""
    stack = Stack(name=PAY, definition=PurePosixPath("stack.yaml"), module=PurePosixPath("."))
    return Learned(
        wanted=Wanted(stack=stack, inputs=INPUTS, files=(), module=module),
        policy=Floor().policy,
        revision=HEAD,
        record=StackRecord(name=PAY, definition="stack.yaml"),
        started=NOON,
        pass_id=1,
        desk=Desk(Path("desk")),
        health=Health(status=HealthStatus.HEALTHY, reason="NoChecks", message=""),
    )


@pytest.mark.parametrize("name", ["logins", "token"], ids=["sensitive", "ephemeral"])
@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("EXAMPLE-SECRET-1", {"EXAMPLE-SECRET-1"}),
        (48213, {"48213"}),
        (["EXAMPLE-SECRET-1", None, True], {"EXAMPLE-SECRET-1"}),
        ({"EXAMPLE-SECRET-1": "admin"}, {"EXAMPLE-SECRET-1", "admin"}),
        ([{"a": {"EXAMPLE-SECRET-1": None}}], {"EXAMPLE-SECRET-1"}),
        ({"user_name": "EXAMPLE-SECRET-1"}, {"EXAMPLE-SECRET-1"}),
    ],
    ids=["text", "number", "list", "key", "key-within", "plain-key"],
)
def test_each_text_in_a_secret_variable_is_a_secret(name: str, value: Scalar, found: set[str]) -> None:
    assert set(secrets(learned(DECLARED), {name: value})) == found


def test_a_default_is_as_secret_as_a_value() -> None:
    declared = replace(DECLARED, sensitive_variables={"logins": {"EXAMPLE-SECRET-1": "admin"}})
    assert set(secrets(learned(declared), {})) == {"EXAMPLE-SECRET-1", "admin"}


def test_a_variable_that_anybody_may_see_holds_no_secret() -> None:
    assert not set(secrets(learned(DECLARED), {"region": {"EXAMPLE-1": "eu"}}))

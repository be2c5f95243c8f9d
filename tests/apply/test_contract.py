"""Does the fake Terraform do what the real ones do? One stack, told in one way, with each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from support.fake_terraform import FakeTerraform
from support.site import Site, site

from tfreconcile.errors import ReconcileError, Stalled, Transient
from tfreconcile.plan.document import Kind
from tfreconcile.plan.parse import parse
from tfreconcile.plan.sources import read
from tfreconcile.terraform.engine import Engine
from tfreconcile.terraform.outcomes import Status
from tfreconcile.terraform.verbs import Terraform

EPHEMERAL = 'variable "word" {\n  type      = string\n  ephemeral = true\n}\n'
Make = Callable[[Site], Terraform]


@pytest.fixture(params=["fake", "terraform", "embedded"])
def make(request: pytest.FixtureRequest, engines: Mapping[str, Engine]) -> Make:
    """The fake, and the real door with each engine."""
    if request.param == "fake":
        return lambda there: FakeTerraform(there.workdir)
    return lambda there: Terraform(engines[request.param], there.workdir, timeout=60)


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path / "var") as made:
        yield made


def initialised(make: Make, there: Site) -> Terraform:
    terraform = make(there)
    terraform.init(lock=there.directory.init_lock)
    return terraform


def changes(terraform: Terraform, there: Site) -> list[tuple[str, Kind]]:
    plan = parse(terraform.show(there.desk.plan_file).read_bytes())
    return [(str(change.address), change.kind) for change in plan.changes]


def planned(terraform: Terraform, there: Site) -> bool:
    return terraform.plan(there.desk.plan_file, var_files=(there.variables,)).changes


def refusal(terraform: Terraform, there: Site) -> ReconcileError:
    with pytest.raises(ReconcileError) as caught:
        planned(terraform, there)
    assert not there.desk.plan_file.exists()
    return caught.value


def test_a_plan_without_init_says_that_init_is_required(make: Make, there: Site) -> None:
    error = refusal(make(there), there)
    assert (type(error), error.reason) == (Transient, "InitRequired")


def test_what_is_planned_is_applied_and_then_planned_no_more(make: Make, there: Site) -> None:
    terraform = initialised(make, there)
    assert planned(terraform, there)
    both = ["terraform_data.one", "terraform_data.two"]
    assert changes(terraform, there) == [(name, Kind.CREATE) for name in both]
    applied = terraform.apply(there.desk.plan_file, started=there.started.append)
    assert (applied.ok, applied.diagnostics, applied.errored_state) == (True, (), None)
    outcomes = {(one.address, one.action, one.status) for one in applied.outcomes}
    assert outcomes == {(name, "create", Status.APPLIED) for name in both}
    assert len(there.started) == 1
    assert not planned(terraform, there)
    assert changes(terraform, there) == [(name, Kind.NO_OP) for name in both]


def test_a_plan_file_holds_the_sources_that_it_was_made_of(make: Make, there: Site) -> None:
    terraform = initialised(make, there)
    planned(terraform, there)
    assert 'input = "v1"' in " ".join(read(there.desk.plan_file).everything().split())


def test_var_files_and_destroy_reach_the_plan(make: Make, there: Site) -> None:
    terraform = initialised(make, there)
    planned(terraform, there)
    assert terraform.apply(there.desk.plan_file, started=there.started.append).ok
    there.write(size="large")
    assert planned(terraform, there)
    assert changes(terraform, there) == [
        ("terraform_data.one", Kind.NO_OP),
        ("terraform_data.two", Kind.UPDATE),
    ]
    assert terraform.plan(there.desk.plan_file, var_files=(there.variables,), destroy=True).changes
    assert {kind for _, kind in changes(terraform, there)} == {Kind.DELETE}


def test_invalid_code_stalls_and_leaves_no_plan(make: Make, there: Site) -> None:
    terraform = initialised(make, there)
    planned(terraform, there)
    there.write('resource "terraform_data" "bad" {\n  no_such = 1\n}\n')
    error = refusal(terraform, there)
    assert (type(error), error.reason) == (Stalled, "InvalidConfiguration")


@pytest.mark.parametrize("handed_in", [True, False], ids=["handed-in", "missing"])
def test_an_ephemeral_variable_is_wanted_again_at_the_apply(make: Make, there: Site, handed_in: bool) -> None:
    terraform = initialised(make, there.write(EPHEMERAL, word="EXAMPLE-SECRET-word"))
    planned(terraform, there)
    variables = {"word": "EXAMPLE-SECRET-word"} if handed_in else {}
    applied = terraform.apply(there.desk.plan_file, started=there.started.append, variables=variables)
    assert (applied.ok, len(applied.outcomes)) == (handed_in, 2 if handed_in else 0)
    summaries = [one.summary for one in applied.diagnostics]
    assert summaries == ([] if handed_in else ["No value for required variable"])


def test_a_state_that_cannot_be_saved_stands_in_the_root_module(make: Make, there: Site) -> None:
    terraform = initialised(make, there)
    planned(terraform, there)
    assert terraform.apply(there.desk.plan_file, started=there.started.append).ok
    there.state.with_name("terraform.tfstate.backup").mkdir()
    planned(terraform, there.write(size="large"))
    applied = terraform.apply(there.desk.plan_file, started=there.started.append)
    assert (applied.ok, applied.errored_state) == (False, there.desk.tree / "errored.tfstate")
    assert "Failed to save state" in {one.summary for one in applied.diagnostics}
    assert [one.status for one in applied.outcomes] == [Status.APPLIED]

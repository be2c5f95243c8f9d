"""Is a plan applied once, and is what became of it told?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fake_terraform import FakeTerraform
from support.site import NET, Site, site

from tfreconcile.apply.execute import Execution, execute, rescued_states, state_rescued
from tfreconcile.errors import Stalled, Transient
from tfreconcile.terraform.outcomes import Status
from tfreconcile.terraform.process import Child

EPHEMERAL = 'variable "word" {\n  type      = string\n  ephemeral = true\n}\n'


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path / "var") as made:
        yield made


def ready(there: Site) -> FakeTerraform:
    """A Terraform that has planned the stack as it is written now."""
    terraform = FakeTerraform(there.workdir)
    terraform.init(lock=there.directory.init_lock)
    terraform.plan(there.desk.plan_file, var_files=(there.variables,))
    return terraform


def executed(there: Site, terraform: FakeTerraform, **ephemeral: str) -> Execution:
    return execute(
        terraform,
        there.desk.plan_file,
        ephemeral=ephemeral,
        started=there.started.append,
        here=there.desk,
        rescue=there.directory.rescued(NET),
    )


def test_an_apply_that_takes_effect_tells_each_resource_and_no_error(there: Site) -> None:
    done = executed(there, ready(there))
    assert (done.error, done.rescued, len(there.started)) == (None, None, 1)
    assert [(one.address, one.status) for one in done.outcomes] == [
        ("terraform_data.one", Status.APPLIED),
        ("terraform_data.two", Status.APPLIED),
    ]


@pytest.mark.parametrize("word", [{"word": "EXAMPLE-SECRET-word"}, {}], ids=["handed-in", "missing"])
def test_ephemeral_variables_are_handed_in_again(there: Site, word: dict[str, str]) -> None:
    there.write(EPHEMERAL, word="EXAMPLE-SECRET-word")
    done = executed(there, ready(there), **word)
    assert (done.error is None) is bool(word)


def test_a_failed_apply_is_an_answer_that_nothing_tries_again(there: Site) -> None:
    terraform = ready(there.write(EPHEMERAL, word="EXAMPLE-SECRET-word"))
    done = executed(there, terraform)
    assert isinstance(done.error, Stalled)
    assert (done.error.reason, done.outcomes) == ("ApplyFailed", ())
    assert done.error.message == "InvalidConfiguration: No value for required variable"
    assert terraform.calls.count("apply") == 1


def test_a_state_that_could_not_be_saved_is_moved_to_where_a_person_finds_it(there: Site) -> None:
    executed(there, ready(there))
    there.state.with_name("terraform.tfstate.backup").mkdir()
    done = executed(there, ready(there.write(size="large")))
    (kept,) = rescued_states(there.directory.rescued(NET))
    assert isinstance(done.error, Stalled)
    assert (done.error.reason, done.rescued) == ("StateNotSaved", kept)
    assert str(kept) in done.error.message
    assert "large" in kept.read_text()
    assert not (there.desk.tree / "errored.tfstate").exists()
    assert [one.status for one in done.outcomes] == [Status.APPLIED]


def test_what_the_listener_raises_goes_up(there: Site) -> None:
    def busy(_child: Child) -> None:
        raise Transient("DatabaseBusy", "later")

    with pytest.raises(Transient):
        execute(
            ready(there),
            there.desk.plan_file,
            ephemeral={},
            started=busy,
            here=there.desk,
            rescue=there.directory.rescued(NET),
        )
    assert not there.state.exists()


def test_no_state_waits_for_a_person_where_none_was_ever_rescued(tmp_path: Path) -> None:
    assert rescued_states(tmp_path / "none") == ()


def test_states_that_wait_are_named_in_order_and_other_files_are_not_states(tmp_path: Path) -> None:
    for name in ("b.tfstate", "a.tfstate", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in rescued_states(tmp_path)] == ["a.tfstate", "b.tfstate"]


def test_the_word_on_a_rescued_state_says_what_to_do(tmp_path: Path) -> None:
    said = state_rescued(tmp_path / "kept.tfstate").message
    assert all(part in said for part in (str(tmp_path / "kept.tfstate"), "terraform state push", "deleted"))

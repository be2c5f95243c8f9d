"""When does init run before a plan, and what is a plan handed on with?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fake_terraform import FakeTerraform
from support.site import Site, site

from tfreconcile.errors import Stalled, Transient
from tfreconcile.plan import produce
from tfreconcile.plan.document import Kind
from tfreconcile.source import installed

ALL = ["init", "plan", "show"]
LOCK = 'provider "example" {}\n'


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path / "var") as made:
        yield made


def calls(there: Site, *, init_key: str = "key", fresh: bool = False, forgets: int = 0) -> list[str]:
    """The verbs that one plan takes, each pass with a Terraform of its own."""
    terraform = FakeTerraform(there.workdir, forgets=forgets)
    produce.produce(terraform, there.order(init_key=init_key, fresh=fresh))
    return terraform.calls


def test_the_first_plan_initialises_and_the_next_does_not(there: Site) -> None:
    assert calls(there) == ALL
    assert calls(there) == ["plan", "show"]


def test_another_key_initialises_again(there: Site) -> None:
    calls(there)
    assert calls(there, init_key="another") == ALL
    assert calls(there, init_key="another") == ["plan", "show"]


def test_modules_that_can_change_by_themselves_are_always_fetched_anew(there: Site) -> None:
    assert calls(there, fresh=True) == ALL
    assert calls(there, fresh=True) == ALL


def test_a_plan_that_wants_init_gets_it_once_and_is_tried_once_more(there: Site) -> None:
    calls(there)
    assert calls(there, forgets=1) == ["plan", "init", "plan", "show"]


@pytest.mark.parametrize("forgets", [0, 1])
def test_a_plan_to_destroy_is_one_also_when_init_comes_in_between(there: Site, forgets: int) -> None:
    done = FakeTerraform(there.workdir)
    made = produce.produce(done, there.order())
    done.apply(made.file, started=there.started.append)
    order = replace(there.order(), destroy=True)
    plan = produce.produce(FakeTerraform(there.workdir, forgets=forgets), order).plan
    assert {change.kind for change in plan.changes} == {Kind.DELETE}


def test_a_plan_that_still_wants_init_fails(there: Site) -> None:
    calls(there)
    terraform = FakeTerraform(there.workdir, forgets=2)
    with pytest.raises(Transient) as caught:
        produce.produce(terraform, there.order())
    assert caught.value.reason == "InitRequired"
    assert terraform.calls == ["plan", "init", "plan"]


def test_any_other_failure_is_not_tried_again(there: Site) -> None:
    calls(there)
    terraform = FakeTerraform(there.write("no_such").workdir)
    with pytest.raises(Stalled):
        produce.produce(terraform, there.order())
    assert terraform.calls == ["plan"]


def test_nothing_of_an_earlier_init_is_left_when_init_runs_again(there: Site) -> None:
    calls(there)
    stale = there.workdir.data / "modules" / "stale.tf"
    stale.parent.mkdir()
    stale.touch()
    calls(there, init_key="another")
    assert not stale.exists()
    assert there.workdir.data.stat().st_mode & 0o777 == 0o700


def lock_of(there: Site) -> Path:
    return there.desk.tree / installed.LOCK_FILE


def next_pass(there: Site) -> None:
    """Another desk has no lock file unless Git has one."""
    lock_of(there).unlink(missing_ok=True)


def test_the_lock_file_of_an_init_is_brought_to_the_passes_after_it(there: Site) -> None:
    lock_of(there).write_text(LOCK)  # as init would have
    calls(there)
    next_pass(there)
    produced = produce.produce(FakeTerraform(there.workdir), there.order())
    assert lock_of(there).read_text() == LOCK
    assert produced.lock_digest == hashlib.sha256(LOCK.encode()).hexdigest()


def test_an_init_that_is_forgotten_starts_from_the_lock_file_that_is_known(there: Site) -> None:
    lock_of(there).write_text(LOCK)
    calls(there)
    next_pass(there)
    terraform = FakeTerraform(there.workdir, forgets=1)
    produce.produce(terraform, there.order())
    assert terraform.locks == [LOCK]


def test_a_lock_file_of_another_situation_is_not_brought(there: Site) -> None:
    lock_of(there).write_text(LOCK)
    calls(there)
    next_pass(there)
    terraform = FakeTerraform(there.workdir)
    assert produce.produce(terraform, there.order(init_key="another")).lock_digest == ""
    assert terraform.locks == [None]


def test_the_lock_file_in_git_wins(there: Site) -> None:
    lock_of(there).write_text(LOCK)
    calls(there)
    lock_of(there).write_text("# from Git\n")
    calls(there)
    assert lock_of(there).read_text() == "# from Git\n"


@pytest.mark.parametrize("damage", [b"", b"\xff\xfe"], ids=["empty", "not-ascii"])
def test_a_key_that_cannot_be_read_initialises_again(there: Site, damage: bytes) -> None:
    calls(there)
    (there.workdir.data / produce.INIT_KEY).write_bytes(damage)
    assert calls(there) == ALL


def test_a_plan_comes_with_its_file_its_sources_and_its_warnings(there: Site) -> None:
    terraform = FakeTerraform(there.workdir, warning="Deprecated attribute")
    produced = produce.produce(terraform, there.order())
    assert {change.kind for change in produced.plan.changes} == {Kind.CREATE}
    assert produced.file == there.desk.plan_file
    assert 'input = "v1"' in " ".join(produced.sources.everything().split())
    assert [one.summary for one in produced.warnings] == ["Deprecated attribute"]


PARTS = st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=4)


@given(one=PARTS, other=PARTS)
@settings(max_examples=60, deadline=None)
def test_an_init_key_is_the_same_exactly_for_the_same_parts(
    one: dict[str, str], other: dict[str, str]
) -> None:
    backwards = dict(reversed(one.items()))
    assert produce.init_key(one) == produce.init_key(backwards)
    assert (produce.init_key(one) == produce.init_key(other)) is (one == other)


@pytest.mark.parametrize(
    ("kind", "place", "workspace", "key"),
    [
        pytest.param("gcs", "{}", "default", b"k", id="kind"),
        pytest.param("s3", '{"bucket": "b"}', "default", b"k", id="settings"),
        pytest.param("s3", "{}", "other", b"k", id="workspace"),
        pytest.param("s3", "{}", "default", b"l", id="key"),
    ],
)
def test_a_backend_is_told_apart_by(kind: str, place: str, workspace: str, key: bytes) -> None:
    ours = produce.backend_identity(b"k", "s3", "{}", "default")
    assert produce.backend_identity(key, kind, place, workspace) != ours
    assert produce.backend_identity(b"k", "s3", "{}", "default") == ours


def test_the_identity_of_a_backend_tells_its_kind_and_none_of_its_settings() -> None:
    found = produce.backend_identity(b"k", "s3", '{"secret_key": "EXAMPLE-SECRET-key"}', "default")
    assert found.startswith("s3:")
    assert "EXAMPLE" not in found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"backend": {"type": "s3", "config": {"bucket": "b"}, "hash": 1}}', ("s3", {"bucket": "b"})),
        ('{"backend": null}', None),
        ('{"backend": {"type": 3}}', None),
        ("[]", None),
        ("{", None),
        (None, None),
    ],
)
def test_the_backend_that_init_prepared_is_read(tmp_path: Path, text: str | None, expected: object) -> None:
    if text is not None:
        (tmp_path / "terraform.tfstate").write_text(text)
    assert produce.initialised(tmp_path) == expected

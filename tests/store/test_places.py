"""Whose is a place that two stacks name?"""

from __future__ import annotations

from pathlib import Path

from support.remembered import KEY, NOON

from tfreconcile.source.model import InputsDigest, Revision, StackName
from tfreconcile.store import places, removals, stacks
from tfreconcile.store.database import Store, connect
from tfreconcile.store.records import StackRecord

ANA, BEN = StackName("ana"), StackName("ben")
HERE, THERE = "s3:1", "s3:2"


def seen(store: Store, *names: StackName) -> None:
    for name in names:
        stacks.seen(store, name, definition="d", revision=Revision("a"), inputs=InputsDigest("i"), now=NOON)


def test_the_first_who_claims_a_place_has_it(tmp_path: Path) -> None:
    store = connect(f"sqlite:///{tmp_path}/db", key=KEY)
    seen(store, ANA, BEN)
    assert [places.claim(store, name, HERE) for name in (BEN, ANA, BEN)] == [None, BEN, None]
    assert places.claim(store, ANA, THERE) is None
    assert places.owner(store, BEN, THERE) == ANA
    store.close()


def test_what_is_applied_is_kept_while_another_place_is_claimed(tmp_path: Path) -> None:
    store = connect(f"sqlite:///{tmp_path}/db", key=KEY)
    seen(store, ANA, BEN)
    stacks.save(store, StackRecord(name=ANA, definition="d", place=HERE))
    assert places.claim(store, ANA, THERE) is None
    assert [places.claim(store, BEN, place) for place in (HERE, THERE)] == [ANA, ANA]
    store.close()


def test_a_stack_that_left_git_keeps_no_place(tmp_path: Path) -> None:
    store = connect(f"sqlite:///{tmp_path}/db", key=KEY)
    seen(store, ANA, BEN)
    places.claim(store, ANA, HERE)
    removals.mark(store, {BEN}, NOON)
    assert places.claim(store, BEN, HERE) is None
    seen(store, ANA)
    found = stacks.get(store, ANA)
    assert found is not None
    assert found.claimed is None, "who took it over keeps it"
    store.close()

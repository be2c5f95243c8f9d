"""Which lines end a message as trailers?"""

from __future__ import annotations

import pytest

from tfreconcile.source import trailers

A, B = ("A", "1"), ("B", "2")


@pytest.mark.parametrize(
    ("message", "strict", "loose"),
    [
        ("Title\n\nA: 1\nB: 2\n", (A, B), (A, B)),
        ("Title\n\nprose\n\nA: 1\n\n\n", (A,), (A,)),
        ("Title\n\nA: 1\n \t\nB: 2", (B,), (B,)),
        ("Title\n\nA : 1\nA:1\n", (A, A), (A, A)),
        ("Title\n\nA:\n", (("A", ""),), (("A", ""),)),
        ("A: 1\n", (), ()),
        ("Title\nA: 1\n", (), ()),
        ("Title\n\nA: 1\n\nprose\n", (), ()),
        ("Title\n\nsome prose\nA: 1\n", (), (A,)),
        ("Title\n\nA: 1\n 2\n", (), (A,)),
        ("Title\n\nA: 1\n-----\n", (), (A,)),
        ("", (), ()),
        ("\n\n", (), ()),
    ],
    ids=[
        "two", "last", "blank", "blanks", "empty", "title", "first",
        "prose after", "prose beside", "folded", "line", "nothing", "lines",
    ],
)  # fmt: skip
def test_trailers_are_the_last_paragraph(
    message: str, strict: trailers.Trailers, loose: trailers.Trailers
) -> None:
    assert (trailers.strict(message), trailers.loose(message)) == (strict, loose)

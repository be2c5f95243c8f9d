"""Does progress come as plain lines to a file, as a board to a terminal, and not at all when nobody asks?"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from support.terminal import run_at_terminal

from tfreconcile.cli.progress import progress

TELLING = (
    "from tfreconcile.cli.progress import progress\n"
    "with progress() as tell:\n"
    "    tell('', 'fetching main')\n    tell('archive', 'planning')\n"
    "    tell('[red]x[/]', 'evil\\x1b[31m [bold]\\x9b2J')\n"
    "print('the answer')\n"
)


def _env() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}


def test_a_file_gets_one_plain_line_for_each_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-c", TELLING], env=_env(), capture_output=True, text=True, check=True
    )
    assert done.stdout == "the answer\n"
    assert done.stderr == "fetching main\narchive: planning\n[red]x[/]: evil [31m [bold] 2J\n"


def test_a_terminal_gets_a_board_that_goes_away() -> None:
    seen = run_at_terminal(sys.executable, "-c", TELLING, env=_env())
    assert seen.code == 0
    assert "archive" in seen.screen
    assert "planning" in seen.screen
    assert "[red]x[/]" in seen.screen, "what looks like markup is shown as it is"
    assert "\x1b[31m" not in seen.screen
    assert "\x1b[2K" in seen.screen, "the board is wiped off at the end"
    assert seen.screen.index("planning") < seen.screen.index("the answer")


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(quiet=True) as tell:
        tell("archive", "planning")
    assert capsys.readouterr() == ("", "")


def test_an_endless_sentence_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as tell:
        tell("archive", "x" * 10_000)
    (line,) = capsys.readouterr().err.splitlines()
    assert len(line) == 300
    assert line.endswith("…")

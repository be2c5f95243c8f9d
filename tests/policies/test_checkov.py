"""What is made of checkov's report, and of everything that may go wrong with it?"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from support.plans import JUNK
from support.policies import RULES, bench, program

from tfreconcile.errors import Stalled
from tfreconcile.policies import checkov
from tfreconcile.policies.verdicts import Json

RECORDED = Path(__file__).parent / "checkov"
"""Reports of checkov 3.3.30 over plans of this repository, without the code that they quote."""
FAKE = """#!/bin/sh
case "$*" in *"--framework=terraform_plan --output=json --soft-fail --skip-download"*) ;; *) exit 9 ;; esac
for word in "$@"; do case "$word" in --file=*/plan.json) test -s "${word#--file=}" || exit 8 ;; esac; done
env | grep -q EXAMPLE && exit 7
cat "%s"
"""


def _report(name: str) -> Json:
    document: Json = json.loads((RECORDED / f"{name}.json").read_text())
    return document


def test_a_failed_check_is_denied_with_its_resource() -> None:
    found = checkov.findings(_report("found"))
    assert len(found.denied) == 6
    public = next(one for one in found.denied if one.source == "checkov CKV_AWS_20")
    assert public.address == "aws_s3_bucket.b"
    assert "public READ access" in public.message


def test_a_plan_without_anything_to_check_passes() -> None:
    assert checkov.findings(_report("nothing")).denied == ()


def test_the_program_gets_the_plan_and_nothing_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXAMPLE_TOKEN", "EXAMPLE-SECRET-TOKEN")
    fake = program(tmp_path / "checkov", FAKE % (RECORDED / "found.json"))
    found = checkov.scan(fake, rules=RULES, bench=bench(tmp_path, "exposure_public_bucket"))
    assert len(found.denied) == 6


@pytest.mark.parametrize(
    ("script", "named"),
    [
        (f'cat "{RECORDED}/unreadable.json"', "could not read the plan"),
        ("exit 2", "crashed"),
        ("exit 0", "not JSON"),
        ("echo '[]'", "no report"),
        ("echo '{}'", "unknown form"),
        ('echo \'{"summary": {"parsing_errors": 0}, "results": {"failed_checks": [1]}}\'', "unknown form"),
        ("kill -11 $$", "signal 11"),
        ("sleep 30", "took longer than 1 s"),
    ],
)
def test_a_scan_that_gives_no_report_blocks(tmp_path: Path, script: str, named: str) -> None:
    fake = program(tmp_path / "checkov", f"#!/bin/sh\n{script}\n")
    quick = replace(RULES, timeout=timedelta(seconds=1))
    with pytest.raises(Stalled, match=named) as stalled:
        checkov.scan(fake, rules=quick, bench=bench(tmp_path))
    assert stalled.value.reason == "PolicyError"


def test_a_program_that_is_not_there_blocks(tmp_path: Path) -> None:
    with pytest.raises(Stalled, match="no program that can be run"):
        checkov.scan(tmp_path / "none", rules=RULES, bench=bench(tmp_path))


@given(JUNK)
@settings(max_examples=100, deadline=None)
def test_no_junk_passes_for_a_report(document: Json) -> None:
    with pytest.raises(Stalled):
        checkov.findings(document)

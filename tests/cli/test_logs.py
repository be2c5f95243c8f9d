"""What the log says is safe for a terminal, and names the event and the stack."""

from __future__ import annotations

import logging

import pytest

from tfreconcile.cli.logs import Events


def _said(capsys: pytest.CaptureFixture[str], **fields: object) -> list[str]:
    record = logging.makeLogRecord({"msg": "pass failed", "levelname": "ERROR", "levelno": 40, **fields})
    Events().handle(record)
    return capsys.readouterr().err.splitlines()


def test_an_event_is_one_line_with_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    assert _said(capsys, event="pass.bug", stack="app") == ["error: pass failed event=pass.bug stack=app"]


def test_a_traceback_follows_line_by_line_without_control_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = _said(capsys, stack="app", traceback="Traceback:\n  \x1b[31mred\nBoom")
    assert lines[0] == "error: pass failed stack=app"
    assert [lines[1], lines[-1]] == ["Traceback:", "Boom"]
    assert "\x1b" not in "".join(lines)

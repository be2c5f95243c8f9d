"""Whose name does an approval bear?"""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from tfreconcile.cli.person import NOBODY, person

ROOT = pwd.getpwuid(0).pw_name
OURS = pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture
def unset(tmp_path: Path) -> Path:
    """What the kernel says when nobody logged in, as in a container."""
    file = tmp_path / "loginuid"
    file.write_text(str(NOBODY))
    return file


def test_who_logged_in_counts_before_everything_that_can_be_said(tmp_path: Path) -> None:
    login = tmp_path / "loginuid"
    login.write_text("0")
    assert person({"SUDO_UID": "12345", "USER": "mallory"}, login) == ROOT


@pytest.mark.parametrize("content", [str(NOBODY), "", "nobody", "-"])
def test_without_a_login_the_real_user_counts(content: str, tmp_path: Path) -> None:
    login = tmp_path / "loginuid"
    login.write_text(content)
    assert person({"USER": "mallory", "LOGNAME": "mallory"}, login) == OURS


def test_a_kernel_without_audit_leads_to_the_real_user(tmp_path: Path) -> None:
    assert person({}, tmp_path / "missing") == OURS


def test_a_user_without_a_name_is_called_by_the_number(tmp_path: Path) -> None:
    login = tmp_path / "loginuid"
    login.write_text("3999999999")
    assert person({}, login) == "uid-3999999999"


def _as_user(uid: int, login: Path, sudo_uid: str) -> str:
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom tfreconcile.cli.person import person\n"
        "if os.getuid() != int(sys.argv[1]): os.setuid(int(sys.argv[1]))\n"
        "print(person({'SUDO_UID': sys.argv[3]}, Path(sys.argv[2])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(uid), str(login), sudo_uid],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_sudo_names_the_person_to_root_and_to_nobody_else(unset: Path) -> None:
    if os.getuid() == 0:
        assert _as_user(0, unset, "65533") == "uid-65533"
        assert _as_user(65532, unset, "0") == "uid-65532"
    else:
        assert _as_user(os.getuid(), unset, "0") == OURS


@pytest.mark.parametrize("claimed", ["", "root", "-1", "²", "1 "])
def test_a_sudo_uid_that_is_no_number_is_passed_over(claimed: str, unset: Path) -> None:
    assert person({"SUDO_UID": claimed}, unset) == OURS

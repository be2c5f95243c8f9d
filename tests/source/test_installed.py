"""What has init put on the disk?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tfreconcile.errors import Misconfigured, Stalled
from tfreconcile.source.installed import installed


def _data(tmp: Path, files: dict[str, str]) -> tuple[Path, Path]:
    """A data directory with one remote module of these files; and the root module."""
    data, root = tmp / "data", tmp / "root"
    home = data / "modules" / "vpc"
    home.mkdir(parents=True)
    root.mkdir()
    for name, text in files.items():
        (home / name).write_text(text)
    entries = [
        {"Key": "", "Source": "", "Dir": "."},
        {"Key": "local", "Source": "./local", "Dir": "local"},
        {"Key": "vpc", "Source": "acme/vpc/aws", "Version": "1.0.0", "Dir": str(home)},
    ]
    (data / "modules" / "modules.json").write_text(json.dumps({"Modules": entries}))
    return data, root


def test_a_remote_module_brings_what_its_code_does(tmp_path: Path) -> None:
    code = 'data "external" "e" {\n  program = ["sh"]\n}\nmodule "x" {\n  source = "evil/x/y"\n}\n'
    found = installed(*_data(tmp_path, {"main.tf": code, ".hidden.tf": "{{{", "README.md": "{{{"}))
    assert [(use.what, use.place.file) for use in found.programs] == [
        ("data.external.e", "module.vpc/main.tf")
    ]
    assert [use.what for use in found.modules] == ["evil/x/y"]


def test_providers_are_what_is_installed(tmp_path: Path) -> None:
    data, root = _data(tmp_path, {"main.tf": ""})
    (data / "providers/registry.example.com/acme/x/1.0.0/linux_amd64").mkdir(parents=True)
    assert [use.what for use in installed(data, root).providers] == ["registry.example.com/acme/x"]


def test_nothing_installed_brings_nothing(tmp_path: Path) -> None:
    assert installed(tmp_path, tmp_path).providers == ()


@pytest.mark.parametrize(
    "manifest", ["{", "[]", '{"Modules": 1}', '{"Modules": [1]}', '{"Modules": [{"Key": "x"}]}']
)
def test_a_manifest_that_cannot_be_read_is_refused(tmp_path: Path, manifest: str) -> None:
    data, root = _data(tmp_path, {})
    (data / "modules" / "modules.json").write_text(manifest)
    with pytest.raises(Stalled, match="ConfigurationForbidden"):
        installed(data, root)


def test_code_that_is_not_there_or_cannot_be_read_is_refused(tmp_path: Path) -> None:
    data, root = _data(tmp_path, {"main.tf": 'resource "a" {'})
    with pytest.raises(Misconfigured):
        installed(data, root)
    (data / "modules" / "vpc" / "main.tf").rename(data / "modules" / "vpc" / "main.tofu")
    with pytest.raises(Stalled, match=r"\.tofu"):
        installed(data, root)
    (data / "modules" / "vpc" / "main.tofu").unlink()
    (data / "modules" / "vpc").rmdir()
    with pytest.raises(Stalled, match="cannot be read"):
        installed(data, root)

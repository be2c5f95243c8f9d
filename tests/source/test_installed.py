"""What has init put on the disk?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tfreconcile.errors import Misconfigured, Stalled
from tfreconcile.source.installed import installed, require_known


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


def _manifest(data: Path, *entries: dict[str, str]) -> None:
    (data / "modules" / "modules.json").write_text(json.dumps({"Modules": entries}))


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
    with pytest.raises(Stalled, match="ConfigurationForbidden"):
        require_known(data, root, ())


def test_a_module_that_was_read_from_git_is_known(tmp_path: Path) -> None:
    data, root = _data(tmp_path, {})
    require_known(data, root, [root / "local"])


@pytest.mark.parametrize("directory", ["sub", "../other", "local/deeper", "/etc"])
def test_code_on_the_disk_that_was_not_read_from_git_is_refused(tmp_path: Path, directory: str) -> None:
    data, root = _data(tmp_path, {})
    _manifest(data, {"Key": "a.sub", "Source": '["./sub"][0]', "Dir": directory})
    with pytest.raises(Stalled, match=r"ConfigurationForbidden.*module\.a\.sub is a directory"):
        require_known(data, root, [root / "local"])


@pytest.mark.parametrize("source", ["FILE:///srv/x", "git::file:///srv/x", "/srv/x"])
def test_a_module_that_init_took_from_the_disk_is_refused(tmp_path: Path, source: str) -> None:
    data, root = _data(tmp_path, {})
    _manifest(data, {"Key": "x", "Source": source, "Dir": str(data / "modules" / "x")})
    with pytest.raises(Stalled, match=r"module\.x"):
        require_known(data, root, ())


def test_an_override_file_of_a_remote_module_has_the_last_word(tmp_path: Path) -> None:
    required = 'terraform {\n  required_providers {\n    ext = { source = "hashicorp/%s" }\n  }\n}\n'
    code = required % "null" + 'data "x" "x" {\n  provider = ext\n}\n'
    found = installed(*_data(tmp_path, {"z.tf": code, "override.tf": required % "external"}))
    assert [use.what for use in found.programs] == ["data.x.x"]


def test_a_provider_that_the_lock_file_names_is_installed(tmp_path: Path) -> None:
    data, root = _data(tmp_path, {})
    lock = root / ".terraform.lock.hcl"
    lock.write_text('provider "registry.example.com/acme/x" {\n  version = "1.0.0"\n}\n')
    assert [use.what for use in installed(data, root).providers] == ["registry.example.com/acme/x"]
    lock.write_text("provider {")
    with pytest.raises(Stalled, match="cannot be read"):
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

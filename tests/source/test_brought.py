"""What does Terraform code bring with it that could run?"""

from __future__ import annotations

import json
from pathlib import PurePosixPath

import pytest
from support.trees import tree_of

from tfreconcile.errors import Misconfigured, Place
from tfreconcile.gate.configuration import ConfigurationRules, refused
from tfreconcile.source import modules
from tfreconcile.source.brought import brought, reading_order
from tfreconcile.source.model import Brought, Use

DECLARED = """terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
    cloud = {
      source                = "registry.example.com/acme/cloud"
      configuration_aliases = [cloud.eu]
    }
    old = "~> 1.0"
  }
}
"""
REQUIRED = 'terraform {\n  required_providers {\n    %s = { source = "%s" }\n  }\n}\n'
LOCAL_EXEC = '  provisioner "local-exec" {\n    command = "x"\n  }\n'
RESOURCE = 'resource "null_resource" "a" {\n%s}\n'


def _of(*texts: str) -> Brought:
    return brought((f"{number}.tf", text.encode()) for number, text in enumerate(texts))


def _names(uses: tuple[Use, ...]) -> list[str]:
    return sorted(use.what for use in uses)


@pytest.mark.parametrize(
    ("code", "sources"),
    [
        (DECLARED, ["hashicorp/aws", "hashicorp/old", "registry.example.com/acme/cloud"]),
        ('resource "aws_sqs_queue" "q" {}', ["hashicorp/aws"]),
        ('data "google_project" "p" {}', ["hashicorp/google"]),
        ('ephemeral "vault_token" "t" {}', ["hashicorp/vault"]),
        ('action "aws_lambda_invoke" "x" {}', ["hashicorp/aws"]),
        ('provider "azurerm" {\n  features {}\n}', ["hashicorp/azurerm"]),
        ('resource "aws_x" "y" {\n  provider = other.eu\n}', ["hashicorp/other"]),
        ('import {\n  to = module.m.aws_x.y["k"]\n  id = "i"\n}', ["hashicorp/aws"]),
        ("removed {\n  from = google_x.y\n}", ["hashicorp/google"]),
        ('check "c" {\n  data "http" "h" {\n    url = "x"\n  }\n}', ["hashicorp/http"]),
        ('resource "terraform_data" "d" {}', []),
        ('data "terraform_remote_state" "s" {}', []),
        (REQUIRED % ("terraform", "evil/evil"), ["evil/evil"]),
        ("terraform {\n  required_providers {\n    terraform = {}\n  }\n}\n", []),
        (REQUIRED % ("aws", "evil/aws") + 'resource "aws_x" "y" {}', ["evil/aws"]),
    ],
)
def test_every_provider_is_found_with_its_source(code: str, sources: list[str]) -> None:
    assert _names(_of(code).providers) == sources


def test_a_declaration_in_another_file_of_the_module_counts() -> None:
    assert "registry.example.com/acme/cloud" in _names(_of('resource "cloud_x" "y" {}', DECLARED).providers)
    assert "hashicorp/cloud" not in _names(_of('resource "cloud_x" "y" {}', DECLARED).providers)


def test_places_are_those_of_the_text() -> None:
    (provisioner,) = _of(f"# a comment\n\n{RESOURCE % LOCAL_EXEC}").provisioners
    assert provisioner == Use(what="null_resource.a", place=Place("0.tf", 3, 10))


@pytest.mark.parametrize(
    ("code", "found"),
    [
        (RESOURCE % LOCAL_EXEC, ["null_resource.a"]),
        (RESOURCE % '  provisioner "file" {}\n  provisioner "x" {}\n', ["null_resource.a"]),
        (f"removed {{\n  from = aws_x.y\n{LOCAL_EXEC}}}\n", ["removed aws_x.y"]),
        (RESOURCE % "", []),
    ],
)
def test_provisioners_are_found_in_resources_and_in_removed_blocks(code: str, found: list[str]) -> None:
    assert _names(_of(code).provisioners) == found


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('data "external" "e" {\n  program = ["sh"]\n}', ["data.external.e"]),
        ('check "c" {\n  data "external" "e" {\n    program = ["sh"]\n  }\n}', ["data.external.e"]),
        (REQUIRED % ("x", "hashicorp/external") + 'data "x" "e" {}', ["data.x.e"]),
        ('data "aws_x" "e" {\n  provider = external\n}', ["data.aws_x.e"]),
        (
            REQUIRED % ("terraform", "hashicorp/external") + 'data "terraform_x" "e" {}',
            ["data.terraform_x.e"],
        ),
        ('data "http" "e" {\n  url = "x"\n}', []),
    ],
)
def test_programs_of_data_sources_are_found_under_any_name(code: str, found: list[str]) -> None:
    assert _names(_of(code).programs) == found


@pytest.mark.parametrize(
    "wish",
    [
        '{ source = ["hashicorp/external"][0] }',
        '{ ("source") = "hashicorp/external" }',
        '{ (key) = "hashicorp/external" }',
        'true ? { source = "hashicorp/external" } : {}',
        'merge({}, { source = "hashicorp/external" })',
        "{ source = true }",
        '{ source = "" }',
        '["hashicorp/external"]',
    ],
)
def test_a_wish_that_cannot_be_understood_is_allowed_by_no_pattern(wish: str) -> None:
    found = _of(f"terraform {{\n  required_providers {{\n    ext = {wish}\n  }}\n}}\n")
    for rules in (
        ConfigurationRules(providers=("*/*", "*/*/*", "*")),
        ConfigurationRules(external_data=False),
    ):
        assert len(refused(rules, found)) == 1, found.providers


def test_files_are_read_in_the_order_of_terraform() -> None:
    files = [("override.tf", REQUIRED % ("x", "b/b")), ("z.tf", REQUIRED % ("x", "a/a"))]
    assert _names(brought((name, text.encode()) for name, text in sorted(files, key=_order)).providers) == [
        "b/b"
    ]


def test_a_computed_source_of_a_module_is_allowed_by_no_pattern() -> None:
    found = _of('module "m" {\n  source = ["acme/x/aws"][0]\n}\n')
    assert len(refused(ConfigurationRules(modules=("**",)), found)) == 1


def _order(file: tuple[str, str]) -> tuple[bool, str]:
    return reading_order(file[0])


def test_remote_modules_are_found_and_local_ones_are_none() -> None:
    text = (
        'module "a" {\n  source = "./a"\n}\nmodule "b" {\n  source  = "acme/b/aws"\n  version = "1.0.0"\n}\n'
    )
    (module,) = _of(text).modules
    assert module == Use(what="acme/b/aws", place=Place("0.tf", 5, 13))


def test_json_syntax_is_read_too() -> None:
    document = {
        "terraform": {"required_providers": {"x": {"source": "evil/x"}}},
        "resource": {"null_resource": {"a": {"provisioner": [{"local-exec": {"command": "x"}}]}}},
        "data": {"external": {"e": {"program": ["sh"]}}},
        "module": {"m": {"source": "acme/m/aws"}},
    }
    found = brought([("main.tf.json", json.dumps(document).encode())])
    assert _names(found.providers) == ["evil/x", "hashicorp/external", "hashicorp/null"]
    assert _names(found.provisioners) == ["null_resource.a"]
    assert _names(found.programs) == ["data.external.e"]
    assert _names(found.modules) == ["acme/m/aws"]


def test_code_that_cannot_be_read_is_an_error_with_its_place() -> None:
    with pytest.raises(Misconfigured, match=r"0\.tf:1"):
        _of('resource "a" {')


def test_a_stack_brings_what_its_local_modules_bring_and_provider_binaries() -> None:
    tree = tree_of(
        {
            "app/main.tf": 'module "m" {\n  source = "../m"\n}\n',
            "app/terraform.d/plugins/x/y/z/1.0.0/linux_amd64/terraform-provider-z": b"\x7fELF",
            "m/main.tf": 'data "external" "e" {\n  program = ["sh"]\n}\n',
        }
    )
    found = modules.facts(tree, PurePosixPath("app")).brought
    assert [use.place.file for use in found.programs] == ["m/main.tf"]
    assert len(found.binaries) == 1

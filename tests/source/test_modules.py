from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.trees import tree_of

from tfreconcile.errors import Misconfigured
from tfreconcile.source.model import ModuleFacts
from tfreconcile.source.modules import facts
from tfreconcile.source.tree import EntryKind

ROOT = "stacks/pay"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def call(source: str, name: str = "m", extra: str = "") -> str:
    return f'module "{name}" {{\n  source = "{source}"\n{extra}\n}}\n'


def facts_of(files: dict[str, str], module: str = ROOT) -> ModuleFacts:
    return facts(tree_of(files), PurePosixPath(module))


def problems(files: dict[str, str], kinds: dict[str, EntryKind] | None = None) -> list[str]:
    with pytest.raises(Misconfigured) as caught:
        facts(tree_of(files, kinds=kinds), PurePosixPath(ROOT))
    return [str(problem) for problem in caught.value.problems]


def main(text: str) -> dict[str, str]:
    return {f"{ROOT}/main.tf": text}


def test_local_modules_are_followed_to_the_end_and_once() -> None:
    files = main(call("../../modules/a") + call("../../modules/b", "b"))
    files["modules/a/main.tf"] = call("../b")
    files["modules/b/main.tf.json"] = '{"module": {"c": {"source": "./c/"}}}'
    files["modules/b/c/main.tf"] = call("../../a")
    found = facts_of(files)
    assert list(map(str, found.local_modules)) == ["modules/a", "modules/b", "modules/b/c"]


def test_a_module_that_calls_itself_ends() -> None:
    assert facts_of(main(call("./"))).local_modules == ()


def test_a_module_may_be_the_root_of_the_repository() -> None:
    assert facts_of({"main.tf": call("./a"), "a/x.tf": ""}, ".").local_modules == (PurePosixPath("a"),)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("../../nowhere", "the module directory nowhere does not exist"),
        ("../../../../etc", "leaves the repository"),
        ("../../docs", "the module directory docs holds no .tf file"),
        ("/etc/terraform", "outside the repository"),
        ("file:///etc/terraform", "outside the repository"),
        ("~/x", "outside the repository"),
        ("./${var.x}", "is computed"),
        ("FILE:///etc/terraform", "outside the repository"),
        ("git::file:///srv/x.git", "outside the repository"),
        ("..\\\\x", "backslash"),
        ("../../.git/modules", ".git directory"),
    ],
)
def test_a_source_that_leads_nowhere_is_answered_with_its_place(source: str, said: str) -> None:
    (problem,) = problems({**main(call(source)), "docs/README.md": ""})
    assert problem.startswith(f"{ROOT}/main.tf:")
    assert said in problem


def test_the_place_of_a_bad_source_is_its_line_and_column() -> None:
    (problem,) = problems(main("\n" + call("../../nowhere")))
    assert problem.startswith(f"{ROOT}/main.tf:3:12: ")


def test_a_source_that_names_a_variable_is_computed() -> None:
    (problem,) = problems(main('module "m" {\n source = var.src\n}'))
    assert "'var.src' is computed" in problem


@pytest.mark.parametrize(
    "source", ['["./sub"][0]', 'true ? "./sub" : "x"', '{a="./sub"}.a', '("./sub")', "null"]
)
def test_a_source_that_is_an_expression_does_not_hide_a_module(source: str) -> None:
    (problem,) = problems({**main(f'module "m" {{\n source = {source}\n}}'), f"{ROOT}/sub/x.tf": ""})
    assert "is computed" in problem


@pytest.mark.parametrize(
    "source", ['["./sub"]', '"${[\\"./sub\\"][0]}"', "null", '"x/y/z", "source": "./sub"']
)
def test_a_source_in_json_that_is_no_text_does_not_hide_a_module(source: str) -> None:
    (problem,) = problems({f"{ROOT}/main.tf.json": f'{{"module": {{"m": {{"source": {source}}}}}}}'})
    assert "is computed" in problem


def test_an_override_of_a_module_needs_no_source() -> None:
    files = {**main(call("acme/vpc/aws")), f"{ROOT}/override.tf": 'module "m" {\n  count = 1\n}\n'}
    assert facts_of(files).unpinned == ("acme/vpc/aws",)


def test_a_file_without_terraform_is_no_module() -> None:
    (problem,) = problems({f"{ROOT}/stack.yaml": "", f"{ROOT}/.hidden.tf": "", f"{ROOT}/old.tf~": ""})
    assert "holds no .tf file" in problem


def test_the_faults_of_all_files_are_told_at_once() -> None:
    found = problems({f"{ROOT}/a.tf": "x {", f"{ROOT}/b.tf": "y {", f"{ROOT}/c.tf": ""})
    assert [problem.partition(": ")[0] for problem in found] == [f"{ROOT}/a.tf:1:3", f"{ROOT}/b.tf:1:3"]


@pytest.mark.parametrize("kind", [EntryKind.SYMLINK, EntryKind.SUBMODULE])
def test_a_link_in_place_of_a_module_is_refused(kind: EntryKind) -> None:
    (problem,) = problems({**main(call("../../modules/a")), "modules": "x"}, {"modules": kind})
    assert f"the module modules/a cannot be used: modules is a {kind}" in problem


def test_a_link_in_place_of_a_file_is_refused() -> None:
    files = {**main(""), f"{ROOT}/x.tf": "../y.tf"}
    (problem,) = problems(files, {f"{ROOT}/x.tf": EntryKind.SYMLINK})
    assert problem.startswith(f"{ROOT}/x.tf: is a symlink")


@pytest.mark.parametrize(
    ("text", "clouds"),
    [
        ('resource "null_resource" "x" {}', set()),
        ('resource "aws_s3_bucket" "x" {}', {"aws"}),
        ('resource "awscc_s3_bucket" "x" {}', {"aws"}),
        ('resource "google_project" "x" {}', {"gcp"}),
        ('provider "google-beta" {}', {"gcp"}),
        ('terraform {\n backend "s3" {\n }\n}', {"aws"}),
        ('terraform {\n backend "gcs" {\n }\n}', {"gcp"}),
        ('data "terraform_remote_state" "x" {\n backend = "s3"\n}', {"aws"}),
        ('data "terraform_remote_state" "x" {\n backend = "local"\n}', set()),
        (call("acme/vpc/aws"), {"aws", "gcp"}),
        (call("../../modules/a"), {"gcp"}),
    ],
)
def test_the_clouds_that_can_be_reached_are_known(text: str, clouds: set[str]) -> None:
    assert facts_of({**main(text), "modules/a/x.tf": 'provider "google" {}'}).clouds == clouds


@pytest.mark.parametrize(
    ("source", "version", "pinned"),
    [
        ("acme/vpc/aws", "1.2.3", True),
        ("acme/vpc/aws", "= 1.2.3", True),
        ("registry.example.com/acme/vpc/aws//sub", "1.2.3-rc1", True),
        ("local.example.com/acme/vpc/aws", "1.2.3", True),
        ("acme/vpc/aws", "~> 1.2", False),
        ("acme/vpc/aws", ">= 1.2.3, < 2", False),
        ("acme/vpc/aws", "", False),
        (f"git::https://example.com/vpc.git?ref={COMMIT}", "", True),
        (f"git::https://example.com/vpc.git//sub?depth=1&ref={COMMIT}", "", True),
        (f"github.com/acme/vpc?ref={COMMIT}", "", True),
        (f"git@github.com:acme/vpc.git?ref={COMMIT}", "", True),
        ("git::https://example.com/vpc.git?ref=v1.2.3", "", False),
        (f"git::https://example.com/vpc.git?ref={COMMIT[:12]}", "", False),
        (f"git::https://example.com/vpc.git?xref={COMMIT}", "", False),
        ("github.com/acme/vpc", "", False),
        (f"https://example.com/vpc.zip?ref={COMMIT}", "", False),
        ("s3::https://s3.example.com/vpc.zip", "", False),
        ("../../modules/a", "", True),
    ],
)
def test_a_source_that_can_change_without_a_commit_is_told(source: str, version: str, pinned: bool) -> None:
    extra = f'  version = "{version}"' if version else ""
    found = facts_of({**main(call(source, extra=extra)), "modules/a/x.tf": ""})
    assert found.unpinned == (() if pinned else (source,))


def test_the_backend_is_that_of_the_root_alone() -> None:
    found = facts_of({**main(call("./a")), f"{ROOT}/a/x.tf": 'terraform {\n backend "s3" {\n }\n}'})
    assert found.backend is None


@pytest.mark.parametrize("name", ["x.tofu", "x.tofu.json", "x_override.tofu"])
@pytest.mark.parametrize("module", [ROOT, "modules/a"])
def test_a_file_that_only_one_engine_reads_is_refused(name: str, module: str) -> None:
    files = {**main(call("../../modules/a")), "modules/a/x.tf": "", f"{module}/{name}": "{}"}
    (problem,) = problems(files)
    assert problem == f"{module}/{name}: this version reads .tf files only (rename it to .tf)"


def test_a_module_of_such_files_alone_is_told_to_rename_them_all() -> None:
    found = problems({f"{ROOT}/a.tofu": "", f"{ROOT}/b.tofu": ""})
    assert [problem.partition(": ")[0] for problem in found] == [f"{ROOT}/a.tofu", f"{ROOT}/b.tofu"]


@pytest.mark.parametrize("name", [".x.tofu", "x.tofu~", "#x.tofu#", "x.tofutest.hcl", "tofu", "x.tofu/y.md"])
def test_a_file_that_no_engine_loads_may_be_called_anything(name: str) -> None:
    assert facts_of({**main(""), f"{ROOT}/{name}": "{"}).local_modules == ()


SENSITIVE = 'variable "x" {{\n sensitive = true\n default = "{}"\n}}\n'


@pytest.mark.parametrize(
    ("name", "wins"),
    [
        ("override.tf", True),
        ("a_override.tf", True),
        ("a.b_override.tf", True),
        ("a.override.tf", False),
        ("a_override.b.tf", False),
        ("a_override.tf.tf", False),
        ("an-override.tf", False),
    ],
)
def test_an_override_file_is_known_by_the_end_of_its_name(name: str, wins: bool) -> None:
    files = {f"{ROOT}/{name}": SENSITIVE.format("override"), f"{ROOT}/z.tf": SENSITIVE.format("plain")}
    assert facts_of(files).sensitive_variables == {"x": "override" if wins else "plain"}


def test_an_override_file_may_be_json() -> None:
    override = '{"variable": {"x": {"sensitive": true, "default": "override"}}}'
    files = {f"{ROOT}/a.b_override.tf.json": override, f"{ROOT}/z.tf": SENSITIVE.format("plain")}
    assert facts_of(files).sensitive_variables == {"x": "override"}


S3 = 'terraform {\n backend "s3" {\n }\n}\n'
CLOUD = "terraform {\n cloud {\n }\n}\n"
KEPT = 'terraform {\n backend "local" {\n  path = "/srv/state"\n }\n}\n'
LOST = 'terraform {\n backend "local" {\n }\n}\n'


@pytest.mark.parametrize("name", ["z.tf", "a_override.tf", "a.b_override.tf"])
@pytest.mark.parametrize("other", [S3, KEPT, CLOUD], ids=["s3", "local", "cloud"])
def test_two_backends_are_refused_with_the_names_of_both_files(name: str, other: str) -> None:
    (problem,) = problems({**main(S3), f"{ROOT}/{name}": other})
    assert "declares 2 backends" in problem
    assert f"{ROOT}/main.tf" in problem
    assert f"{ROOT}/{name}" in problem
    assert "keep one backend or cloud block" in problem


def test_two_backends_in_one_file_are_refused_too() -> None:
    (problem,) = problems(main(S3 + KEPT))
    assert problem.startswith(f"{ROOT}/main.tf: the root module declares 2 backends")


@pytest.mark.parametrize("lost", ["a.tf", "z.tf", "a_override.tf"])
def test_state_that_would_be_lost_is_found_in_whichever_backend_it_is(lost: str) -> None:
    found = problems({**main(S3), f"{ROOT}/{lost}": LOST})
    assert any(told.startswith(f"{ROOT}/{lost}: ") and "throw-away" in told for told in found)


@pytest.mark.parametrize(
    "path",
    ["/proc/self/cwd/x", "/dev/shm/x", "/sys/x", "//proc/1/cwd/x", "/srv/../proc/x", "/./dev/x", "/proc"],
)
@pytest.mark.parametrize("key", ["path", "workspace_dir"])
def test_local_state_in_a_file_system_of_the_kernel_is_refused(key: str, path: str) -> None:
    keys = {"path": "/srv/state", key: path}
    body = "\n".join(f'{name} = "{value}"' for name, value in keys.items())
    (problem,) = problems(main(f'terraform {{\n backend "local" {{\n{body}\n }}\n}}'))
    assert f"{key} {path!r} would live in a throw-away directory" in problem


@pytest.mark.parametrize("path", ["/srv/proc/x", "/process/x", "/devices/x", "/proc/../srv/x"])
def test_local_state_elsewhere_is_kept(path: str) -> None:
    found = facts_of(main(f'terraform {{\n backend "local" {{\n  path = "{path}"\n }}\n}}'))
    assert found.backend is not None


@pytest.mark.parametrize("path", ["", 'path = "terraform.tfstate"', 'path = "${path.root}/x"'])
def test_local_state_that_would_be_lost_is_refused(path: str) -> None:
    (problem,) = problems(main(f'terraform {{\n backend "local" {{\n{path}\n }}\n}}'))
    assert "would live in a throw-away directory" in problem
    assert "use an absolute path" in problem


def test_local_state_at_an_absolute_path_is_kept() -> None:
    text = 'terraform {\n backend "local" {\n  path = "/srv/state"\n }\n}'
    assert facts_of(main(text)).backend == ("local", '{"path":"/srv/state"}')


def test_sensitive_variables_are_those_of_the_root() -> None:
    secret = 'variable "{}" {{\n sensitive = true\n default = "EXAMPLE-SECRET"\n}}\n'
    files = {**main(secret.format("a") + call("./m")), f"{ROOT}/m/x.tf": secret.format("b")}
    assert facts_of(files).sensitive_variables == {"a": "EXAMPLE-SECRET"}


BASE = 'terraform {\n required_version = ">= 1.5"\n}\n' + call("acme/vpc/aws", extra=' version = "1.0.0"')


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("# a remark\n" + BASE, True),
        (BASE + 'variable "x" {}\n', True),
        (BASE + 'resource "null_resource" "x" {}\n', False),
        (BASE + 'provider "aws" {\n version = "~> 2"\n}\n', False),
        (BASE.replace("1.5", "1.6"), False),
        (BASE.replace("1.0.0", "1.0.1"), False),
        (BASE.replace("acme/vpc", "evil/vpc"), False),
        (BASE.replace('"m"', '"n"'), False),
    ],
    ids=["remark", "variable", "provider", "provider-version", "core", "version", "source", "name"],
)
def test_the_key_of_init_changes_with_what_init_depends_on(other: str, same: bool) -> None:
    assert (facts_of(main(BASE)).init_key == facts_of(main(other)).init_key) is same


def test_the_key_of_init_sees_into_local_modules() -> None:
    files = main(call("./a"))
    one = facts_of({**files, f"{ROOT}/a/x.tf": ""})
    other = facts_of({**files, f"{ROOT}/a/x.tf": 'resource "aws_x" "y" {}'})
    assert one.init_key != other.init_key


def test_the_key_of_init_does_not_depend_on_where_the_module_is() -> None:
    files = {"a/main.tf": call("./m"), "a/m/x.tf": "", "b/c/main.tf": call("./m"), "b/c/m/x.tf": ""}
    assert facts_of(files, "a").init_key == facts_of(files, "b/c").init_key


calls = st.lists(st.sampled_from(["../a", "../b", "../c", "./"]), max_size=3)


@given(st.fixed_dictionaries({"a": calls, "b": calls, "c": calls}))
@settings(max_examples=60, deadline=None)
def test_whatever_calls_whatever_the_walk_ends_with_what_can_be_reached(graph: dict[str, list[str]]) -> None:
    files = {f"{name}/x.tf": "".join(map(call, to, "xyz")) for name, to in graph.items()}
    reached, ahead = {"a"}, ["a"]
    while ahead:
        here = ahead.pop()
        new = {to.removeprefix("../") for to in graph[here] if to != "./"} - reached
        reached |= new
        ahead += new
    found = facts_of(files, "a")
    assert set(map(str, found.local_modules)) == reached - {"a"}

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.repository import Repository
from support.trees import tree_of

from tfreconcile.errors import Misconfigured
from tfreconcile.source.folder import folder_tree
from tfreconcile.source.inputs import digest, wanted
from tfreconcile.source.model import Stack, StackName
from tfreconcile.source.tree import Entry, EntryKind, Tree

FILES = {
    "stacks/pay/stack.yaml": "module: ../../terraform/pay\n",
    "stacks/pay/prod.tfvars": "",
    "terraform/pay/main.tf": 'module "vpc" {\n  source = "../../modules/vpc"\n}\n',
    "terraform/pay/templates/user.tpl": "",
    "modules/vpc/main.tf": "",
    "modules/vpc/sub/policy.json": "{}",
    "shared/policies/a.rego": "",
    "unrelated/main.tf": "",
}


def stack(**changes: Any) -> Stack:
    pay = Stack(
        name=StackName("pay"),
        definition=PurePosixPath("stacks/pay/stack.yaml"),
        module=PurePosixPath("terraform/pay"),
        var_files=(PurePosixPath("stacks/pay/prod.tfvars"),),
        watch=("shared/policies/**",),
    )
    return replace(pay, **changes)


def problems(
    files: Mapping[str, str | bytes],
    asked: Stack | None = None,
    *,
    kinds: dict[str, EntryKind] | None = None,
    size: int | None = None,
) -> list[str]:
    with pytest.raises(Misconfigured) as caught:
        wanted(tree_of(files, kinds=kinds, size=size), asked or stack())
    found = list(map(str, caught.value.problems))
    assert all(problem.startswith("stacks/pay/stack.yaml: ") for problem in found)
    return found


def test_a_stack_is_its_definition_module_local_modules_variables_and_what_it_watches() -> None:
    found = wanted(tree_of(FILES), stack())
    assert set(map(str, found.files)) == set(FILES) - {"unrelated/main.tf"}
    assert found.module.local_modules == (PurePosixPath("modules/vpc"),)


def test_state_and_caches_that_somebody_committed_are_left_out() -> None:
    names = ("terraform.tfstate", "terraform.tfstate.backup", ".terraform/modules/x.tf", "errored.tfstate")
    committed = {f"terraform/pay/{name}": "" for name in names}
    plain = wanted(tree_of(FILES), stack())
    assert wanted(tree_of({**FILES, **committed}), stack()) == plain


def test_the_lock_file_and_odd_names_of_code_are_part_of_it() -> None:
    names = ("terraform/pay/.terraform.lock.hcl", "terraform/pay/my.tfstate.tf")
    found = wanted(tree_of({**FILES, **dict.fromkeys(names, "")}), stack())
    assert set(names) <= set(map(str, found.files))


@pytest.mark.parametrize(
    ("name", "content"),
    [(name, "# changed") for name in FILES if name.endswith((".tf", ".tfvars", ".tpl", ".rego", ".yaml"))]
    + [("terraform/pay/new.auto.tfvars", ""), ("modules/vpc/new.txt", ""), ("shared/policies/eu/b.rego", "")],
)
def test_the_digest_changes_with_every_input_and_with_nothing_else(name: str, content: str) -> None:
    before = wanted(tree_of(FILES), stack()).inputs
    files = {**FILES, name: FILES.get(name, "") + content}
    after = wanted(tree_of(files), stack()).inputs
    assert (after == before) is name.startswith("unrelated/")


def test_the_digest_sees_a_file_become_executable_or_move() -> None:
    before = wanted(tree_of(FILES), stack()).inputs
    script = {"terraform/pay/templates/user.tpl": EntryKind.EXECUTABLE}
    assert wanted(tree_of(FILES, kinds=script), stack()).inputs != before
    moved = {**FILES, "terraform/pay/templates/other.tpl": ""}
    del moved["terraform/pay/templates/user.tpl"]
    assert wanted(tree_of(moved), stack()).inputs != before


def test_the_digest_of_a_folder_stands_on_content(repository: Repository) -> None:
    repository.write(FILES)
    one = wanted(folder_tree(repository.path), stack())
    assert one == wanted(folder_tree(repository.path), stack())
    repository.write({"modules/vpc/main.tf": "# changed"})
    assert wanted(folder_tree(repository.path), stack()).inputs != one.inputs


@given(
    st.dictionaries(st.text("ab/", min_size=1).map(lambda t: t.strip("/") or "x"), st.binary(), max_size=4)
)
@settings(max_examples=60, deadline=None)
def test_a_digest_does_not_depend_on_the_order_of_files(files: dict[str, bytes]) -> None:
    tree = tree_of(files)
    paths = tuple(tree.entries)
    assert digest(tree, paths) == digest(tree, tuple(reversed(paths)))


def test_everything_that_is_missing_is_told_at_once() -> None:
    asked = stack(module=PurePosixPath("terraform/pya"), var_files=(PurePosixPath("x.tfvars"),))
    assert problems(FILES, asked) == [
        "stacks/pay/stack.yaml: the module directory terraform/pya does not exist in this commit"
        " (correct 'module')",
        "stacks/pay/stack.yaml: the variable file x.tfvars does not exist in this commit"
        " (correct 'var_files')",
    ]


@pytest.mark.parametrize("kind", [EntryKind.SYMLINK, EntryKind.SUBMODULE])
@pytest.mark.parametrize(
    "name",
    [
        "terraform",
        "stacks/pay/prod.tfvars",
        "terraform/pay/templates/user.tpl",
        "modules/vpc/sub/policy.json",
        "shared/policies/a.rego",
    ],
)
def test_a_link_anywhere_in_the_inputs_is_refused_by_name(kind: EntryKind, name: str) -> None:
    below = f"{name}/"
    files = {**{path: text for path, text in FILES.items() if not path.startswith(below)}, name: "x"}
    (problem,) = problems(files, kinds={name: kind})
    assert f"{name} is a {kind}" in problem
    assert "links and submodules are not followed" in problem


def test_a_link_elsewhere_in_the_repository_is_no_trouble() -> None:
    tree = tree_of(FILES, kinds={"unrelated/main.tf": EntryKind.SYMLINK})
    assert wanted(tree, stack()).inputs == wanted(tree_of(FILES), stack()).inputs


def test_a_name_that_is_no_text_is_refused_only_where_it_matters() -> None:
    assert wanted(tree_of({**FILES, "unrelated/\udcff": ""}), stack())
    (problem,) = problems({**FILES, "modules/vpc/\udcff": ""})
    assert "modules/vpc/\\udcff is a name that cannot be used" in problem


def test_a_file_that_is_too_large_is_refused_with_its_size() -> None:
    (first, *_) = problems(FILES, size=20_000_001)
    assert "has 20000001 bytes; at most 20000000" in first


def test_a_stack_that_is_too_large_is_refused_with_its_size() -> None:
    files = {f"terraform/pay/blob{number}": "" for number in range(12)}
    (problem,) = problems({**FILES, **files}, size=19_000_000)
    assert "bytes; at most 200000000" in problem


def test_a_stack_of_too_many_files_is_refused_with_their_number() -> None:
    main = PurePosixPath("terraform/pay/main.tf")
    paths = {PurePosixPath(f"terraform/pay/{number}"): _SMALL for number in range(20_001)}
    small = tree_of({str(main): "", "stacks/pay/stack.yaml": ""})
    tree = Tree(entries={**small.entries, **paths}, read=small.read)
    with pytest.raises(Misconfigured, match="reaches 20003 files; at most 20000"):
        wanted(tree, stack(var_files=()))


_SMALL = Entry(kind=EntryKind.FILE, oid="0" * 40, size=1)


@pytest.mark.parametrize(
    ("watch", "said"),
    [
        (("../**",), "leaves the repository"),
        (("/etc/**",), "is absolute"),
        ((".git/**",), ".git directory"),
        (("a" * 257,), "has 257 characters; at most 256"),
        (("a",) * 65, "has 65 globs; at most 64"),
    ],
)
def test_a_glob_that_leads_outside_or_is_too_much_is_refused(watch: tuple[str, ...], said: str) -> None:
    (problem,) = problems(FILES, stack(watch=watch))
    assert said in problem


@pytest.mark.parametrize(
    ("workspace", "directory", "kept"),
    [
        ("default", "", True),
        ("eu", "", False),
        ("eu", 'workspace_dir = "eu"', False),
        ("eu", 'workspace_dir = "/srv/workspaces"', True),
    ],
)
def test_local_state_of_a_workspace_is_never_lost(workspace: str, directory: str, kept: bool) -> None:
    backend = f'terraform {{\n backend "local" {{\n  path = "/srv/x"\n  {directory}\n }}\n}}\n'
    files = {**FILES, "terraform/pay/main.tf": backend}
    if kept:
        assert wanted(tree_of(files), stack(workspace=workspace))
        return
    (problem,) = problems(files, stack(workspace=workspace))
    assert "throw-away directory" in problem

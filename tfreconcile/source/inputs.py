"""Which files of a commit can change a stack's plan, and what is their digest?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import PurePosixPath
from typing import TypeAlias, TypeVar

from tfreconcile.errors import Misconfigured, Place, Problem
from tfreconcile.source import modules
from tfreconcile.source.model import InputsDigest, ModuleFacts, Stack, Wanted
from tfreconcile.source.tree import (
    REGULAR,
    ROOT,
    OutsideRepository,
    Tree,
    in_the_way,
    inside,
    is_directory,
    is_file,
    printable,
    under,
)
from tfreconcile.source.watch import watched

MAX_FILE = 20_000_000
MAX_TOTAL = 200_000_000
"""Bytes of one file, and of all files of a stack."""
MAX_FILES = 20_000
MAX_GLOBS = 64
MAX_GLOB = 256
"""Globs of a stack, and characters of one."""

_T = TypeVar("_T")
_Complaint: TypeAlias = tuple[str, str, str]
"""The key that says so ("" for none), what is wrong, and what to do."""

_CODE = (".tf", ".tf.json", ".tofu", ".tofu.json")


def wanted(tree: Tree, stack: Stack) -> Wanted:
    """Everything that a stack is at one commit: its files, their digest, the facts of its module.

    State files and ``.terraform`` directories that somebody committed are left out. Raises Misconfigured,
    naming the place in the stack's definition, when something is missing, a link, too large or outside.
    """
    _refuse(stack, tuple(_missing(tree, stack)))
    module = modules.facts(tree, stack.module)
    _refuse(stack, tuple(_lost_state(stack, module)))
    files = _closure(tree, stack, module)
    _refuse(stack, tuple(_unusable(tree, files)))
    return Wanted(stack=stack, inputs=digest(tree, files), files=files, module=module)


def digest(tree: Tree, files: tuple[PurePosixPath, ...]) -> InputsDigest:
    """SHA-256 over path, kind and blob id of each file; in a plain folder content stands for the blob id."""
    rows = [[str(path), tree.entries[path].kind, _identity(tree, path)] for path in sorted(files, key=str)]
    return InputsDigest(sha256(json.dumps(rows, separators=(",", ":")).encode()).hexdigest())


def _identity(tree: Tree, path: PurePosixPath) -> str:
    return tree.entries[path].oid or sha256(tree.read(path)).hexdigest()


def _refuse(stack: Stack, problems: tuple[_Complaint, ...]) -> None:
    file = Place(printable(stack.definition))
    if problems:
        raise Misconfigured(
            tuple(Problem(stack.places.get(key, file), what, hint) for key, what, hint in problems)
        )


def _missing(tree: Tree, stack: Stack) -> Iterator[_Complaint]:
    yield from _linked(tree, "module", stack.module)
    if not is_directory(tree, stack.module) and not in_the_way(tree, stack.module):
        what = f"the module directory {printable(stack.module)} does not exist in this commit"
        yield "module", what, "correct 'module'"
    for key, path in _numbered("var_files", stack.var_files):
        yield from _linked(tree, key, path)
        if not is_file(tree, path) and not in_the_way(tree, path):
            what = f"the variable file {printable(path)} does not exist in this commit"
            yield key, what, "correct 'var_files'"
    yield from _bad_globs(stack)


def _linked(tree: Tree, key: str, path: PurePosixPath) -> Iterator[_Complaint]:
    if link := in_the_way(tree, path):
        kind = tree.entries[link].kind
        yield key, f"{printable(path)} cannot be used: {printable(link)} is a {kind}", modules.LINK_HINT


def _numbered(key: str, values: tuple[_T, ...]) -> Iterator[tuple[str, _T]]:
    return ((f"{key}.{index}", value) for index, value in enumerate(values))


def _bad_globs(stack: Stack) -> Iterator[_Complaint]:
    if len(stack.watch) > MAX_GLOBS:
        yield "watch", f"'watch' has {len(stack.watch)} globs; at most {MAX_GLOBS}", "use '**' to join some"
    for key, glob in _numbered("watch", stack.watch):
        if len(glob) > MAX_GLOB:
            yield key, f"a glob of 'watch' has {len(glob)} characters; at most {MAX_GLOB}", "shorten it"
        try:
            inside(ROOT, glob)
        except OutsideRepository as e:
            yield key, f"'watch': {e}", "globs start at the root of the repository"


def _lost_state(stack: Stack, module: ModuleFacts) -> Iterator[_Complaint]:
    """The local backend keeps other workspaces in the working directory unless it is told where."""
    if not module.backend or module.backend[0] != "local" or stack.workspace == "default":
        return
    if not modules.is_absolute(module.backend, "workspace_dir"):
        what = f'backend "local" keeps the workspace {stack.workspace!r} in a throw-away directory'
        yield "", what, "give the backend block an absolute workspace_dir"


def _closure(tree: Tree, stack: Stack, module: ModuleFacts) -> tuple[PurePosixPath, ...]:
    directories = (stack.module, *module.local_modules)
    paths = {path for directory in directories for path in under(tree, directory)}
    paths |= {path for glob in stack.watch for path in watched(tree, glob)}
    paths |= {stack.definition, *stack.var_files}
    return tuple(sorted((path for path in paths if not _left_out(path)), key=str))


def _left_out(path: PurePosixPath) -> bool:
    is_state = ".tfstate" in path.name and not path.name.endswith(_CODE)
    return is_state or ".terraform" in path.parts


def _unusable(tree: Tree, files: tuple[PurePosixPath, ...]) -> Iterator[_Complaint]:
    if len(files) > MAX_FILES:
        what = f"the stack reaches {len(files)} files; at most {MAX_FILES}"
        yield "", what, "move its module, or narrow 'watch'"
        return
    for path in files:
        yield from _unusable_file(tree, path)
    total = sum(tree.entries[path].size for path in files if path in tree.entries)
    if total > MAX_TOTAL:
        what = f"the stack reaches {total} bytes; at most {MAX_TOTAL}"
        yield "", what, "move large files out of the repository"


def _unusable_file(tree: Tree, path: PurePosixPath) -> Iterator[_Complaint]:
    entry = tree.entries.get(path)
    if entry is None:
        yield "", f"{printable(path)} does not exist in this commit", "commit it"
    elif entry.kind not in REGULAR:
        yield "", f"{printable(path)} is a {entry.kind}", modules.LINK_HINT
    elif entry.size > MAX_FILE:
        what = f"{printable(path)} has {entry.size} bytes; at most {MAX_FILE}"
        yield "", what, "move it out of the repository"
    elif not _is_plain(path):
        what = f"{printable(path)} is a name that cannot be used"
        yield "", what, "use UTF-8, and neither '..' nor '.git' in it"


def _is_plain(path: PurePosixPath) -> bool:
    try:
        return inside(ROOT, str(path)) == path and bool(str(path).encode())
    except (OutsideRepository, UnicodeEncodeError):
        return False

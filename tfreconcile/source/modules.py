"""Which local modules does a root module reach, and what do they need from init and from the clouds?"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import PurePosixPath
from typing import TypeAlias

from tfreconcile.errors import Misconfigured, Place, Problem
from tfreconcile.source import origins
from tfreconcile.source.brought import brought, reading_order
from tfreconcile.source.hcl import Call, FileFacts, canonical, file_facts
from tfreconcile.source.model import Brought, ModuleFacts, Scalar, Use
from tfreconcile.source.tree import (
    REGULAR,
    OutsideRepository,
    Tree,
    directly_in,
    in_the_way,
    inside,
    is_directory,
    printable,
    under,
)

Module: TypeAlias = tuple[FileFacts, ...]
"""The files of one module directory, override files last."""

LINK_HINT = "put the files themselves there: links and submodules are not followed"

_SUFFIXES = (".tf", ".tf.json")
_OPENTOFU = (".tofu", ".tofu.json")
_LOCAL = ("./", "../", ".\\", "..\\")
_REGISTRY = re.compile(r"(?:[\w.-]+\.[\w.-]+(?::\d+)?/)?[\w-]+/[\w-]+/[\w-]+(?://.*)?")
_EXACT = re.compile(r"=?\s*v?\d+\.\d+\.\d+(?:[-+][\w.+-]+)?")
_GIT = re.compile(r"git::|git@|(?:github\.com|gitlab\.com|bitbucket\.org)/|.*\.git(?:[/?]|$)")
_COMMIT = re.compile(r"[?&]ref=[0-9a-f]{40}(?:&|$)")
_OF_THE_KERNEL = re.compile(r"/+(?:proc|dev|sys)(?:/|$)")
_CLOUDS = {"aws": ("aws", "s3"), "gcp": ("google", "gcs")}


def facts(tree: Tree, module: PurePosixPath) -> ModuleFacts:
    """Read a root module and every local module that it reaches.

    Raises Misconfigured with each problem of the first module that has any: invalid HCL, a local module
    that is missing, empty, computed or outside the repository, a link in the way, a .tofu file, a second
    backend, state that would be lost.
    """
    found = _reached(tree, module)
    calls = tuple(call for files in found.values() for file in files for call in file.calls)
    remote = tuple(call for call in calls if call.source and not _is_local(call))
    backend = _backend(found[module])
    return ModuleFacts(
        local_modules=tuple(sorted(path for path in found if path != module)),
        clouds=_clouds(found, remote, backend),
        backend=backend,
        init_key=_init_key(found, module),
        unpinned=tuple(sorted({call.source for call in remote if not _is_pinned(call)})),
        sensitive_variables=_sensitive(found[module]),
        ephemeral_variables=frozenset(name for file in found[module] for name in file.ephemeral),
        brought=_brought(tree, module, found),
    )


def _brought(tree: Tree, root: PurePosixPath, found: Iterable[PurePosixPath]) -> Brought:
    """Of all modules together; and files where init looks for providers, in front of any registry."""
    vendor = under(tree, root / "terraform.d" / "plugins")
    binaries = tuple(Use(what=printable(path), place=Place(printable(path))) for path in vendor)
    everything = Brought(binaries=binaries)
    for path in found:
        everything += brought([(printable(file), tree.read(file)) for file in _code(tree, path)])
    return everything


def _reached(tree: Tree, root: PurePosixPath) -> dict[PurePosixPath, Module]:
    found: dict[PurePosixPath, Module] = {}
    ahead: list[tuple[PurePosixPath, Place]] = [(root, Place(printable(root)))]
    while ahead:
        path, place = ahead.pop()
        if path in found:
            continue
        found[path] = _module(tree, path, place)
        ahead += _local_calls(path, found[path])
    return found


def _module(tree: Tree, path: PurePosixPath, place: Place) -> Module:
    if link := in_the_way(tree, path):
        what = (
            f"the module {printable(path)} cannot be used: {printable(link)} is a {tree.entries[link].kind}"
        )
        raise Misconfigured((Problem(place, what, LINK_HINT),))
    if not is_directory(tree, path):
        what = f"the module directory {printable(path)} does not exist in this commit"
        raise Misconfigured((Problem(place, what, "correct the path, or commit the directory"),))
    names = _code(tree, path)
    if not names:
        what = f"the module directory {printable(path)} holds no .tf file"
        raise Misconfigured((Problem(place, what, "correct the path, or commit the files"),))
    links = [name for name in names if tree.entries[name].kind not in REGULAR]
    if links:
        raise Misconfigured(
            tuple(Problem(Place(printable(n)), f"is a {tree.entries[n].kind}", LINK_HINT) for n in links)
        )
    return _all_files(tree, names)


def _all_files(tree: Tree, names: Iterable[PurePosixPath]) -> Module:
    """Every file, or every problem of every file."""
    files: list[FileFacts] = []
    problems: list[Problem] = []
    for name in names:
        try:
            files.append(file_facts(printable(name), tree.read(name)))
        except Misconfigured as e:
            problems += e.problems
    if problems:
        raise Misconfigured(tuple(problems))
    return tuple(files)


def _code(tree: Tree, module: PurePosixPath) -> list[PurePosixPath]:
    """The files that every engine loads; refuses those that OpenTofu loads and Terraform passes over."""
    loaded = [path for path in directly_in(tree, module) if not _is_hidden(path)]
    foreign = [path for path in loaded if path.name.endswith(_OPENTOFU)]
    if foreign:
        what, hint = "this version reads .tf files only", "rename it to .tf"
        raise Misconfigured(tuple(Problem(Place(printable(path)), what, hint) for path in foreign))
    return sorted((path for path in loaded if path.name.endswith(_SUFFIXES)), key=_order)


def _is_hidden(path: PurePosixPath) -> bool:
    """Do Terraform and OpenTofu pass over a file of this name? (their configs.IsIgnoredFile)"""
    name = path.name
    return name.startswith(".") or name.endswith("~") or (name.startswith("#") and name.endswith("#"))


def _order(path: PurePosixPath) -> tuple[bool, str]:
    return reading_order(path.name)


def _is_local(call: Call) -> bool:
    return call.source.startswith(_LOCAL)


def _local_calls(module: PurePosixPath, files: Module) -> list[tuple[PurePosixPath, Place]]:
    """Where a module's local calls lead; refuses the calls whose target cannot be known."""
    targets: list[tuple[PurePosixPath, Place]] = []
    problems: list[Problem] = []
    for call in (call for file in files for call in file.calls):
        try:
            _refuse(call)
            if _is_local(call):
                targets.append((inside(module, call.source), call.place))
        except OutsideRepository as e:
            problems.append(Problem(call.place, f"source of module {call.name!r}: {e}"))
    if problems:
        raise Misconfigured(tuple(problems))
    return targets


def _refuse(call: Call) -> None:
    if not origins.is_plain(call.source):
        raise OutsideRepository(f"{call.source!r} is computed; it must be a plain text, to know what is read")
    if origins.is_of_host(call.source):
        raise OutsideRepository(f"{call.source!r} is a path of the host, which is outside the repository")


def _is_pinned(call: Call) -> bool:
    """Is the same source always the same module? A version range is not."""
    if _REGISTRY.fullmatch(call.source) and not _GIT.match(call.source):
        return bool(_EXACT.fullmatch(call.version.strip()))
    return bool(_GIT.match(call.source) and _COMMIT.search(call.source))


def _backend(root: Module) -> tuple[str, str] | None:
    declared = [(file.name, backend) for file in root for backend in file.backends]
    problems = [problem for file, backend in declared for problem in _lost_state(file, backend)]
    if len(declared) > 1:
        files = ", ".join(dict.fromkeys(file for file, _ in declared))
        what = f"the root module declares {len(declared)} backends, in {files}; allowed: one"
        problems.append(Problem(Place(declared[-1][0]), what, "keep one backend or cloud block"))
    if problems:
        raise Misconfigured(tuple(problems))
    return declared[0][1] if declared else None


def _lost_state(file: str, backend: tuple[str, str]) -> Iterator[Problem]:
    if backend[0] != "local":
        return
    hint = "use an absolute path, or drop the block and the host's default is used"
    if not is_absolute(backend, "path"):
        what = 'backend "local" without an absolute path would live in a throw-away directory'
        yield Problem(Place(file), what, hint)
    for key in ("path", "workspace_dir"):
        path = str(json.loads(backend[1]).get(key))
        if _OF_THE_KERNEL.match(posixpath.normpath(path)):
            what = f'backend "local" with the {key} {path!r} would live in a throw-away directory'
            yield Problem(Place(file), what, "use a path on a disk, not below /proc, /dev or /sys")


def is_absolute(backend: tuple[str, str], key: str) -> bool:
    """Does a backend block set this key to an absolute path?"""
    return str(json.loads(backend[1]).get(key)).startswith("/")


def _clouds(
    found: Mapping[PurePosixPath, Module], remote: tuple[Call, ...], backend: tuple[str, str] | None
) -> frozenset[str]:
    if remote:
        return frozenset(_CLOUDS)
    names = {name for files in found.values() for file in files for name in file.providers}
    names |= {backend[0]} if backend else set()
    return frozenset(
        cloud
        for cloud, (provider, store) in _CLOUDS.items()
        if store in names or any(name.startswith(provider) for name in names)
    )


def _init_key(found: Mapping[PurePosixPath, Module], root: PurePosixPath) -> str:
    """The same for two root modules that init would prepare alike, wherever they are."""
    about = {
        posixpath.relpath(f"/{path}", f"/{root}"): [
            sorted(setting for file in files for setting in file.settings),
            sorted((call.name, call.source, call.version) for file in files for call in file.calls),
            sorted({name for file in files for name in file.providers}),
        ]
        for path, files in found.items()
    }
    return sha256(canonical(about).encode()).hexdigest()


def _sensitive(root: Module) -> dict[str, Scalar]:
    return {name: default for file in root for name, default in file.sensitive.items()}

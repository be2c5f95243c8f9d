"""What do the configuration sources inside a saved plan say that its JSON does not?"""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tfreconcile.errors import ReconcileError, Stalled
from tfreconcile.plan.canonical import canonical
from tfreconcile.plan.hcl import Block, blocks
from tfreconcile.plan.node import decode

MAX_FILES = 20_000
MAX_BYTES = 64 * 1024 * 1024
"""Unpacked. Configurations are text that people wrote; more than this is an attack or a mistake."""

_BAD_ARCHIVE = (
    OSError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    ValueError,
    RuntimeError,
)
_FOLDER = "tfconfig/"
_NATIVE = (".tf", ".tofu")
AS_JSON = (".tf.json", ".tofu.json")


@dataclass(frozen=True)
class Source:
    """One configuration file: the module's key ("" is the root), the file's name, its blocks."""

    module: str
    file: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Sources:
    """The configuration that a plan was made of. Empty when there is no plan file at hand."""

    files: tuple[Source, ...] = ()

    def blocks(self, kind: str, *labels: str) -> tuple[str, ...]:
        """The normalised text of every block with this header, of all modules, in a stable order.

        Text that could hold such a block (JSON syntax, a file that could not be split) counts too.
        """
        return self._texts((kind, *labels))

    def everything(self) -> str:
        """All blocks; the order of blocks and their files does not matter, the module does."""
        return "\n".join(self._texts(()))

    def words(self) -> Iterator[tuple[str, str]]:
        """Each block's type ("" when unknown) with its text."""
        for source in self.files:
            for block in source.blocks:
                yield (block.words[0] if block.words else "", block.text)

    def of_root(self) -> Sources:
        """The root module's part."""
        return Sources(tuple(source for source in self.files if source.module == ""))

    def _texts(self, words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(
            sorted(
                f"{_home(source)} {block.text}"
                for source in self.files
                for block in source.blocks
                if not words or block.may_be(words)
            )
        )


def read(plan_file: Path) -> Sources:
    """The sources in a saved plan file. A door to one file on disk.

    Raises Stalled("UnreadablePlan") when it is not a plan file, or holds more than the limits above.
    """
    try:
        with zipfile.ZipFile(plan_file) as archive:
            return sources(_members(archive))
    except _BAD_ARCHIVE as error:
        raise _unreadable(f"found {type(error).__name__}, expected a saved Terraform plan") from error


def sources(files: Mapping[str, bytes]) -> Sources:
    """Sources from the members of a plan file by their names; everything outside tfconfig/ is ignored."""
    found = (_source(name, content) for name, content in sorted(files.items()) if _is_configuration(name))
    return Sources(tuple(found))


def _members(archive: zipfile.ZipFile) -> dict[str, bytes]:
    wanted = [member for member in archive.infolist() if _is_configuration(member.filename)]
    if len(wanted) > MAX_FILES or sum(member.file_size for member in wanted) > MAX_BYTES:
        raise _unreadable(f"holds over {MAX_FILES} configuration files or {MAX_BYTES} bytes of them")
    return {member.filename: archive.read(member) for member in wanted}


def _is_configuration(name: str) -> bool:
    return name.startswith(_FOLDER) and name.endswith(_NATIVE + AS_JSON)


def _source(name: str, content: bytes) -> Source:
    path = PurePosixPath(name)
    folder = path.parts[1] if len(path.parts) > 2 else ""
    text = content.decode("utf-8", "surrogateescape")
    found = _json_blocks(text) if path.name.endswith(AS_JSON) else blocks(text)
    return Source(folder.removeprefix("m-"), path.name, tuple(found))


def _json_blocks(text: str) -> Iterable[Block]:
    """One block for each top-level member, since JSON nests labels in several ways.

    What we cannot read is kept as it is; so is a file with a member twice, which Terraform reads as two.
    """
    try:
        document = decode(text, unique=True)
    except ReconcileError:
        return (Block((), text),)
    if not isinstance(document, dict):
        return (Block((), canonical(document)),)
    return tuple(Block((key,), canonical({key: document[key]})) for key in sorted(document))


def _home(source: Source) -> str:
    """Whose block it is. Override files are merged in the order of their names, so theirs count."""
    stem = source.file.removesuffix(".json").rpartition(".")[0]
    overrides = stem == "override" or stem.endswith("_override")
    return f"[{source.module}]" + (f"[{source.file}]" if overrides else "")


def _unreadable(what: str) -> Stalled:
    return Stalled("UnreadablePlan", f"the plan file {what}: plan again")

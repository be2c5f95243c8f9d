"""What does a change depend on that plan JSON does not show among its attributes?

Plan JSON renders ``"echo ${var.pw}"`` as the list of its references (terraform-facts 5.3), so an edit of
a provisioner or a provider block can leave the JSON as it was. So can an edit of an attribute whose value
is known only after the apply.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from tfreconcile.plan.canonical import canonical
from tfreconcile.plan.document import Change, Configured, Json, Kind, Plan
from tfreconcile.plan.effect import any_true
from tfreconcile.plan.sources import Sources

_INDEX = re.compile(r'\["(?:[^"\\]|\\.)*"\]|\[\d+\]')
_VARIABLE = re.compile(r"var\.([^\W\d][\w-]*)")
_DYNAMIC = re.compile(r"\bdynamic\b")
_OUT_OF_SIGHT = frozenset({"local", "module", "each", "data", "ephemeral"})


@dataclass(frozen=True)
class HiddenInputs:
    """The hidden inputs of every change of one plan.

    ``given`` are values of ephemeral variables, which concern every change: write-only arguments take
    them and show nothing.
    """

    plan: Plan
    sources: Sources
    given: Mapping[str, str] = field(default_factory=dict)

    def of(self, change: Change) -> dict[str, Json]:
        """What concerns this change, as a JSON value; for digests only, it holds secrets in clear."""
        block = self._blocks.get((_INDEX.sub("", change.module), change.type, change.name))
        return {
            "provisioners": self._provisioners(change, block),
            "unknown": self._unknown(change, block) if block else None,
            "provider": self._provider(change, block),
            "write_only": self._out_of_sight() if block and _takes_write_only(change, block) else None,
            "ephemeral": self._ephemeral,
        }

    @cached_property
    def _blocks(self) -> dict[tuple[str, str, str], Configured]:
        return {(block.module, block.type, block.name): block for block in self.plan.configured}

    def _provisioners(self, change: Change, block: Configured | None) -> Json:
        if block is None:
            return self._of_removed_block(change)
        if not block.provisioners:
            return None
        texts = self.sources.blocks("resource", block.type, block.name)
        seen = self._referenced(block.provisioners, at_root=block.module == "")
        return [block.provisioners, list(texts), seen]

    def _unknown(self, change: Change, block: Configured) -> Json:
        """What the values will be made of that the block gives and the plan does not know yet."""
        texts = self.sources.blocks("resource", block.type, block.name)
        unknown = _unknown_names(change, block)
        given = [block.expressions[name] for name in sorted(unknown & block.expressions.keys())]
        # Plan JSON leaves dynamic blocks out, and with them all that they refer to.
        generated = any(_generates(text, name) for text in texts for name in unknown)
        if not texts or not (given or generated):
            return None
        nested = any(_DYNAMIC.search(text) for text in texts)
        seen = self._out_of_sight() if nested else self._referenced(given, at_root=block.module == "")
        return [list(texts), seen]

    def _of_removed_block(self, change: Change) -> Json:
        """A ``removed`` block may bring destroy-time provisioners; plan JSON does not mention it."""
        if change.kind is not Kind.DELETE:
            return None
        return [text for text in self.sources.blocks("removed") if "provisioner" in text]

    def _provider(self, change: Change, block: Configured | None) -> Json:
        key = block.provider_key if block else ""
        if isinstance(entry := self._providers.get(key), dict) and entry["configured"]:
            return entry
        # Left the code, or configured further up: any configuration of that provider may be the one.
        alike = (
            entry
            for name, entry in self._providers.items()
            if _text(self.plan.provider_config[name], "full_name") == change.provider
        )
        return list(alike)

    @cached_property
    def _providers(self) -> dict[str, Json]:
        return {key: self._provider_entry(entry) for key, entry in sorted(self.plan.provider_config.items())}

    def _provider_entry(self, entry: Json) -> Json:
        expressions = entry.get("expressions") if isinstance(entry, dict) else None
        hides = any(True for _ in references(expressions)) or _hides_text(expressions)
        texts = self.sources.blocks("provider", _text(entry, "name")) if hides else ()
        seen = self._referenced(expressions, at_root=_text(entry, "module_address") == "")
        return {
            "configured": bool(expressions),
            "digest": _condensed(canonical([entry, list(texts), seen])),
        }

    def _referenced(self, expressions: Json, *, at_root: bool) -> Json:
        """The values behind the references, or all there is where we cannot follow them."""
        found = sorted(set(references(expressions)))
        if any(_is_out_of_sight(reference, at_root=at_root) for reference in found):
            return self._out_of_sight()
        names = {match[1] for reference in found if (match := _VARIABLE.match(reference))}
        return self._values(names)

    def _out_of_sight(self) -> Json:
        return [self._everything, self._values(self.plan.variables)]

    def _values(self, names: Iterable[str]) -> dict[str, Json]:
        known = self.plan.variables
        return {name: known[name].value for name in sorted(names) if name in known}

    @cached_property
    def _everything(self) -> str:
        return _condensed(self.sources.everything())

    @cached_property
    def _ephemeral(self) -> Json:
        """By mark, or by source: Terraform 1.11 does not write the mark into plan JSON."""
        root = self.sources.of_root()
        names = (
            name
            for name, variable in self.plan.variables.items()
            if variable.ephemeral or any("ephemeral" in text for text in root.blocks("variable", name))
        )
        return [self._values(names), dict(self.given)]


def references(expressions: Json) -> Iterator[str]:
    """Every name that Terraform's JSON of expressions refers to, repeated as there."""
    if isinstance(expressions, list):
        for entry in expressions:
            yield from references(entry)
    if isinstance(expressions, dict):
        for name, entry in expressions.items():
            if name == "references" and isinstance(entry, list):
                yield from (reference for reference in entry if isinstance(reference, str))
            else:
                yield from references(entry)


def _unknown_names(change: Change, block: Configured) -> frozenset[str]:
    """The attributes that have, or hold, a value which is known only after the apply."""
    if change.kind is Kind.DELETE:
        return frozenset()
    mask = change.after_unknown
    if isinstance(mask, dict):
        return frozenset(name for name, part in mask.items() if any_true(part))
    return block.attributes if any_true(mask) else frozenset()


def _generates(text: str, name: str) -> bool:
    """Whether a dynamic block of this name is, or could be, in a block's text or its JSON."""
    header = rf"\bdynamic\b[^{{]*?\b{re.escape(name)}\b"
    member = rf'"dynamic"\s*:.*"{re.escape(name)}"\s*:'
    return "dynamic" in text and re.search(f"{header}|{member}", text, re.DOTALL) is not None


def _is_out_of_sight(reference: str, *, at_root: bool) -> bool:
    """Whether an edit elsewhere could change the value behind a reference, unseen by us.

    A managed resource is in sight: a change of it is a change of the plan by itself. A module's variable
    is not: its value is an expression of the caller.
    """
    first = reference.partition(".")[0]
    return first in _OUT_OF_SIGHT or (first == "var" and not at_root)


def _hides_text(expressions: Json) -> bool:
    """An expression without references that is not constant, as ``upper("x")``, is written ``{}``."""
    if isinstance(expressions, list):
        return any(_hides_text(entry) for entry in expressions)
    if not isinstance(expressions, dict) or "constant_value" in expressions:
        return False
    return not expressions or any(_hides_text(entry) for entry in expressions.values())


def _takes_write_only(change: Change, block: Configured) -> bool:
    """A write-only argument is given in the block, marked as a whole, and null in every plan."""
    after, marks = change.after, change.after_sensitive
    if not isinstance(after, dict) or not isinstance(marks, dict):
        return False
    return any(marks.get(name) is True and after.get(name, False) is None for name in block.attributes)


def _text(entry: Json, name: str) -> str:
    value = entry.get(name) if isinstance(entry, dict) else None
    return value if isinstance(value, str) else ""


def _condensed(text: str) -> str:
    """Long texts go into every digest as their SHA-256; the digest itself is keyed."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

"""Does a condition of a policy keep out strangers?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tfreconcile.classify.addresses import is_wide, network_of

_MOUNTED = "elasticfilesystem:accessedviamounttarget"
# Keys whose value names accounts, organisations, networks or single resources, so that a stranger cannot have
# it. aws:Referer, aws:UserAgent and aws:SecureTransport are none: everybody can; nor is aws:username, which
# every account gives as it likes.
_BOUNDING = frozenset(
    {
        *("aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths"),
        *("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner"),
        *("aws:sourceip", "aws:vpcsourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:userid"),
        *("kms:calleraccount", "s3:dataaccesspointaccount", "s3:dataaccesspointarn", _MOUNTED),
    }
)
_POSITIVE = frozenset(
    {
        *("stringequals", "stringequalsignorecase", "stringlike"),
        *("arnequals", "arnlike", "ipaddress", "bool"),
    }
)

TELLING = 8
"""Characters before the first wildcard that make a text name something: ``AROAEXAMPLE:*``, not ``o-*``."""


@dataclass(frozen=True)
class Condition:
    """An operator and a key, in small letters; ``values`` are alternatives (none of them, after a "not")."""

    operator: str
    key: str
    values: frozenset[str]

    def within(self, other: Condition) -> bool:
        """Does it let through no more than the other one?"""
        if (self.operator, self.key) != (other.operator, other.key) or not self.values:
            return False
        less, more = (other, self) if "not" in self.operator else (self, other)
        return less.values <= more.values

    @property
    def is_bounding(self) -> bool:
        """Can only somebody known meet it? A test that passes where the key is missing bounds nobody."""
        operator = self.operator.removeprefix("foranyvalue:")
        if self.key not in _BOUNDING or operator not in _POSITIVE:
            return False
        return bool(self.values) and all(self._names(value) for value in self.values)

    def _names(self, value: str) -> bool:
        if self.key.endswith("sourceip"):
            network = network_of(value)
            return network is not None and not is_wide(network)
        if self.operator == "bool":
            return self.key == _MOUNTED and value.lower() == "true"
        return is_telling(value)


def conditions(found: object) -> tuple[Condition, ...] | None:
    """The ``Condition`` of a statement; None when it is none that we understand."""
    if found is None:
        return ()
    if not isinstance(found, dict) or not all(isinstance(tests, dict) for tests in found.values()):
        return None
    return tuple(_listed(found))


def _listed(found: dict[str, dict[str, object]]) -> Iterator[Condition]:
    for operator, tests in found.items():
        for key, values in tests.items():
            listed = values if isinstance(values, list) else [values]
            yield Condition(operator.lower(), key.lower(), frozenset(_text(one) for one in listed))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_telling(value: str) -> bool:
    """Does the text name an account, a resource or an organisation, whatever its wildcards leave open?

    Of an ARN the account must be plain; where there is none, the name of the bucket: anybody can have one
    that begins like it.
    """
    parts = value.split(":", 5)
    if parts[0] == "arn":
        account, resource = parts[4:5], "".join(parts[5:6])
        return _is_plain("".join(account)) or (account == [""] and _is_plain(resource.partition("/")[0]))
    return _is_plain(value) or _is_begun(value, TELLING)


def _is_plain(text: str) -> bool:
    return bool(text) and not set(text) & {"*", "?"}


def _is_begun(text: str, length: int) -> bool:
    """Are there so many characters before the first wildcard?"""
    return len(text.partition("*")[0].partition("?")[0]) >= length

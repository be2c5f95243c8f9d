"""May this configuration run at all? Rules that hold before any code of a provider does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tfreconcile.errors import Problem
from tfreconcile.source import origins
from tfreconcile.source.brought import EXTERNAL
from tfreconcile.source.model import Brought, Use


@dataclass(frozen=True, kw_only=True)
class ConfigurationRules:
    """What code from Git may bring with it. ``None`` allows all; an empty tuple allows none."""

    providers: tuple[str, ...] | None = None
    """Patterns of provider sources: ``hashicorp/*``, ``registry.example.com/acme/*``."""
    modules: tuple[str, ...] | None = None
    """Patterns of remote module sources; local modules of the repository are always allowed."""
    provisioners: bool = True
    """May resources have provisioners?"""
    external_data: bool = True
    """May data sources run programs (``external``)?"""

    @property
    def are_set(self) -> bool:
        """Is anything forbidden?"""
        return self != ConfigurationRules()


DEFAULT_HOST = "registry.terraform.io"
"""Where Terraform looks for a provider or module whose source names no host."""
OPENTOFU_HOST = "registry.opentofu.org"
_BUILTIN = "terraform.io/builtin/"
_PLAIN_PROVIDER = re.compile(r"(?:[\w.*?:-]+/){0,2}[\w*?.-]+")
_REGISTRY_MODULE = re.compile(r"[\w*?-]+/[\w*?-]+/[\w*?-]+(?://.*)?")
_BACK = re.compile(r"(?:^|/|%2f)(?:\.|%2e){2}(?:/|%2f|$)", re.IGNORECASE)


def refused(rules: ConfigurationRules, found: Brought, *, host: str = DEFAULT_HOST) -> tuple[Problem, ...]:
    """A problem for each thing that the code brings and the rules do not allow, with its place.

    ``host`` is where sources without a host lead. What cannot be understood is refused.
    """
    return (
        *(
            _told(use, "the provider", "gate.configuration.providers")
            for use in _providers(rules, found, host)
        ),
        *(_told(use, "the module", "gate.configuration.modules") for use in _modules(rules, found, host)),
        *(
            _told(use, "the provider binary", "gate.configuration.providers")
            for use in _binaries(rules, found)
        ),
        *(
            _told(use, "a provisioner of", "gate.configuration.provisioners")
            for use in _provisioners(rules, found)
        ),
        *(
            _told(use, "the program of", "gate.configuration.external_data")
            for use in _programs(rules, found)
        ),
        *(
            _told(use, "the provider of programs", "gate.configuration.external_data")
            for use in _program_providers(rules, found)
        ),
    )


def _told(use: Use, what: str, key: str) -> Problem:
    return Problem(use.place, f"{what} {use.what} is not allowed by {key} of the host config")


def _providers(rules: ConfigurationRules, found: Brought, host: str) -> Iterator[Use]:
    if rules.providers is not None:
        yield from (use for use in found.providers if not _is_provider(use.what, rules.providers, host))


def _is_provider(source: str, patterns: Iterable[str], host: str) -> bool:
    whole = _whole(source, host)
    if whole.startswith(_BUILTIN):
        return True
    parts = whole.split("/")
    wanted = (_whole(pattern, host).split("/") for pattern in patterns)
    return bool(_PLAIN_PROVIDER.fullmatch(source)) and any(_fits(parts, pattern) for pattern in wanted)


def _whole(source: str, host: str) -> str:
    """A source with host and namespace; without regard to case, like Terraform."""
    parts = source.lower().split("/")
    namespaced = ["hashicorp", *parts] if len(parts) == 1 else parts
    return "/".join([host, *namespaced] if len(namespaced) == 2 else namespaced)


def _fits(parts: list[str], pattern: list[str]) -> bool:
    return len(parts) == len(pattern) and all(map(fnmatchcase, parts, pattern))


def _modules(rules: ConfigurationRules, found: Brought, host: str) -> Iterator[Use]:
    if rules.modules is not None:
        patterns = [_glob(_with_host(pattern, host)) for pattern in rules.modules]
        for use in found.modules:
            source = _with_host(use.what, host)
            unclear = _BACK.search(source) or not origins.is_plain(use.what)
            if unclear or not any(pattern.fullmatch(source) for pattern in patterns):
                yield use


def _with_host(source: str, host: str) -> str:
    return f"{host}/{source}" if _REGISTRY_MODULE.fullmatch(source) else source


def _glob(pattern: str) -> re.Pattern[str]:
    """``**`` stands for any text, ``*`` and ``?`` for one without a slash."""
    signs = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*|\*|\?)", pattern)
    return re.compile("".join(signs.get(part, re.escape(part)) for part in parts), re.DOTALL)


def _binaries(rules: ConfigurationRules, found: Brought) -> tuple[Use, ...]:
    """Any of them could stand in for an allowed provider."""
    return () if rules.providers is None else found.binaries


def _provisioners(rules: ConfigurationRules, found: Brought) -> tuple[Use, ...]:
    return () if rules.provisioners else found.provisioners


def _programs(rules: ConfigurationRules, found: Brought) -> tuple[Use, ...]:
    return () if rules.external_data else found.programs


def _program_providers(rules: ConfigurationRules, found: Brought) -> Iterator[Use]:
    """Whoever has the provider has its programs, by whichever name; what is unclear could be it."""
    for use in () if rules.external_data else found.providers:
        if use.what.rpartition("/")[2].lower() == EXTERNAL or not _PLAIN_PROVIDER.fullmatch(use.what):
            yield use

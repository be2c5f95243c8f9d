"""What may code from Git bring with it, before any of it runs?"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.errors import Place
from tfreconcile.gate.configuration import DEFAULT_HOST, OPENTOFU_HOST, ConfigurationRules, refused
from tfreconcile.source.model import Brought, Use

HERE = Place("main.tf", 3, 1)


def _uses(*whats: str) -> tuple[Use, ...]:
    return tuple(Use(what=what, place=HERE) for what in whats)


@pytest.mark.parametrize(
    ("source", "patterns", "allowed"),
    [
        ("hashicorp/aws", ("hashicorp/aws",), True),
        ("hashicorp/aws", ("hashicorp/*",), True),
        ("aws", ("hashicorp/*",), True),
        ("HashiCorp/AWS", ("hashicorp/*",), True),
        (f"{DEFAULT_HOST}/hashicorp/aws", ("hashicorp/*",), True),
        ("hashicorp/aws", (f"{DEFAULT_HOST}/hashicorp/*",), True),
        ("hashicorp/aws", ("*/*",), True),
        ("registry.example.com/hashicorp/aws", ("hashicorp/*",), False),
        ("registry.example.com/hashicorp/aws", ("*/*",), False),
        ("registry.example.com/acme/x", ("registry.example.com/acme/*",), True),
        (f"{OPENTOFU_HOST}/hashicorp/aws", ("hashicorp/*",), False),
        ("evil/aws", ("hashicorp/*",), False),
        ("hashicorp/aws", (), False),
        ("hashicorp/aws/extra/parts", ("hashicorp/*", "*/*", "*/*/*"), False),
        ("hashicorp/${var.x}", ("hashicorp/*",), False),
        ("terraform.io/builtin/terraform", (), True),
        ("", ("*/*",), False),
    ],
)
def test_a_provider_is_allowed_by_its_whole_source(
    source: str, patterns: tuple[str, ...], allowed: bool
) -> None:
    found = refused(ConfigurationRules(providers=patterns), Brought(providers=_uses(source)))
    assert (not found) is allowed, found


def test_a_source_without_a_host_is_that_of_the_engine() -> None:
    rules, found = ConfigurationRules(providers=("hashicorp/*",)), Brought(providers=_uses("hashicorp/aws"))
    explicit = Brought(providers=_uses(f"{OPENTOFU_HOST}/hashicorp/aws"))
    assert refused(rules, found, host=OPENTOFU_HOST) == refused(rules, explicit, host=OPENTOFU_HOST) == ()


@pytest.mark.parametrize(
    ("source", "allowed"),
    [
        ("hashicorp/aws", True),
        ("hashicorp/external", False),
        ("registry.terraform.io/hashicorp/External", False),
        ("acme/external", False),
        ("acme/external-dns", True),
        ('["hashicorp/aws"][0]', False),
    ],
)
def test_the_provider_of_programs_is_refused_with_its_data_sources(source: str, allowed: bool) -> None:
    found = Brought(providers=_uses(source))
    assert (not refused(ConfigurationRules(external_data=False), found)) is allowed
    assert not refused(ConfigurationRules(provisioners=False), found)


OURS = "git::https://git.example.com/**"


@pytest.mark.parametrize(
    ("source", "patterns", "allowed"),
    [
        ("git::https://git.example.com/acme/vpc.git?ref=v1", (OURS,), True),
        ("git::https://git.example.com/a/b//modules/x?ref=v1", (OURS,), True),
        ("git::https://git.example.com.evil.example/x", (OURS,), False),
        ("git::https://git.example.com@evil.example/x", (OURS,), False),
        ("git::https://git.example.com/acme/../evil/x", ("git::https://git.example.com/acme/**",), False),
        ("git::https://git.example.com/acme/%2E%2e/evil", ("git::https://git.example.com/acme/**",), False),
        ("https://git.example.com/x", (OURS,), False),
        ("git::ext::sh -c id", (OURS,), False),
        ("terraform-aws-modules/vpc/aws", ("terraform-aws-modules/*/aws",), True),
        (f"{DEFAULT_HOST}/terraform-aws-modules/vpc/aws", ("terraform-aws-modules/*/aws",), True),
        ("registry.example.com/terraform-aws-modules/vpc/aws", ("terraform-aws-modules/*/aws",), False),
        ("terraform-aws-modules/vpc/aws//modules/x", ("terraform-aws-modules/vpc/aws",), False),
        ("terraform-aws-modules/vpc/aws", (), False),
    ],
)
def test_a_remote_module_is_allowed_by_its_whole_source(
    source: str, patterns: tuple[str, ...], allowed: bool
) -> None:
    found = refused(ConfigurationRules(modules=patterns), Brought(modules=_uses(source)))
    assert (not found) is allowed, found


def test_a_double_star_crosses_slashes_and_a_single_one_does_not() -> None:
    found = Brought(modules=_uses("git::https://git.example.com/a/b"))
    assert refused(ConfigurationRules(modules=("git::https://git.example.com/*",)), found)


EVERYTHING = Brought(
    providers=_uses("evil/x"),
    modules=_uses("evil/x/y"),
    provisioners=_uses("null_resource.a"),
    programs=_uses("data.external.b"),
    binaries=_uses("terraform.d/plugins/x"),
)


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        (ConfigurationRules(), []),
        (ConfigurationRules(providers=()), ["evil/x", "terraform.d/plugins/x"]),
        (ConfigurationRules(modules=()), ["evil/x/y"]),
        (ConfigurationRules(provisioners=False), ["null_resource.a"]),
        (ConfigurationRules(external_data=False), ["data.external.b"]),
    ],
    ids=["no rules", "providers", "modules", "provisioners", "external data"],
)
def test_each_rule_speaks_of_its_own_and_names_place_and_key(
    rules: ConfigurationRules, named: list[str]
) -> None:
    sentences = [str(problem) for problem in refused(rules, EVERYTHING)]
    assert len(sentences) == len(named)
    for sentence, what in zip(sentences, named, strict=True):
        assert sentence.startswith("main.tf:3:1: ")
        assert f"{what} is not allowed by gate.configuration." in sentence
    assert rules.are_set is bool(named)


@given(st.text(max_size=30), st.lists(st.sampled_from(["hashicorp/aws", "acme/x"]), max_size=2))
@settings(max_examples=100, deadline=None)
def test_only_what_is_listed_is_allowed(source: str, listed: list[str]) -> None:
    rules = ConfigurationRules(providers=tuple(listed), modules=tuple(listed))
    found = refused(rules, Brought(providers=_uses(source), modules=_uses(source)))
    assert len(found) == 2 or source.lower().removeprefix(f"{DEFAULT_HOST}/") in listed

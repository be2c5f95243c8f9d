"""What does the gate section of a host config say, and what is said about a wrong one?"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tfreconcile.classify import unattended
from tfreconcile.classify.model import HazardKind, Unattended
from tfreconcile.errors import Misconfigured, Place
from tfreconcile.gate.configuration import ConfigurationRules
from tfreconcile.gate.model import Act, HazardRules, Window
from tfreconcile.gate.policy import StackWindow
from tfreconcile.policies.model import PolicyRules
from tfreconcile.settings.host import parse
from tfreconcile.settings.model import Settings
from tfreconcile.source.model import GateWish

FILE = "/etc/tfreconcile/config.yaml"
SOURCE = "source: {url: x}\nsigners: allowed_signers\n"
COMMIT = "a" * 40
GATE = """\
gate:
  groups: {dba: [ana@example.com, "*@dba.example.com"], lead: [bo]}
  approvals:
    four_eyes: true
    signed: false
    approvers: ["group:lead", "*@example.com"]
    hazards: {stateful: {required: 2, approvers: ["group:dba"], signed: true}, cost: {required: 3}}
    stacks:
      "payments-*": {required: 2, approvers: ["group:dba"], four_eyes: true, signed: true, ttl: 4h}
      orders: {}
  windows:
    - deny: "0 18 * * FRI"
      duration: 62h
      timezone: Europe/Berlin
      stacks: ["*-prod"]
      actions: [plan]
      why: weekend
    - {allow: "0 9 * * MON-FRI", duration: 8h}
  working_hours: [{cron: "0 8 * * *", duration: 10h, timezone: Asia/Kolkata, stacks: [a, "b-?"]}]
  scale_factor: 3
  unattended: {authors: ["*[bot]*"], trailers: []}
  policy:
    rego: [policies, /srv/more.rego]
    git: ["policies/**/*.rego"]
    data: [settings.yaml]
    namespaces: [main, team.rules]
    engine: /usr/bin/opa
    checkov: /opt/checkov/bin/checkov
    timeout: 1m
    memory_mb: 256
  configuration: {providers: ["hashicorp/*"], modules: [], provisioners: deny, external_data: deny}
"""


def _parsed(text: str) -> Settings:
    return parse(f"{SOURCE}{text}".encode(), FILE)


def test_rules_of_approvals_hold_patterns_where_groups_were_named() -> None:
    approvals = _parsed(GATE).floor.policy.approvals
    dba = ("ana@example.com", "*@dba.example.com")
    assert approvals.approvers == (("bo", "*@example.com"),)
    assert (approvals.four_eyes, approvals.signed) == (True, False)
    assert approvals.hazards == {HazardKind.STATEFUL: HazardRules(required=2, approvers=(dba,), signed=True)}
    assert _parsed(GATE).floor.groups == {"dba": dba, "lead": ("bo",)}
    assert _parsed(GATE).unused_hazards == ("cost",)


def test_rules_for_some_stacks_keep_the_places_of_the_host_config() -> None:
    payments, orders = _parsed(GATE).floor.stacks
    assert (payments.stacks, orders.stacks) == ("payments-*", "orders")
    places = payments.asks.places
    assert places["gate.approvals.required"] == Place(FILE, 11, 32)
    assert set(places) >= {f"gate.approvals.{key}" for key in ("ttl", "four_eyes", "signed", "approvers")}
    asked = GateWish(
        required=2,
        ttl=timedelta(hours=4),
        approvers=("ana@example.com", "*@dba.example.com"),
        four_eyes=True,
        signed=True,
        places=places,
    )
    assert payments.asks == asked
    assert orders.asks == GateWish()


def test_windows_and_working_hours_keep_the_stacks_that_they_speak_of() -> None:
    floor = _parsed(GATE).floor
    weekend = Window(
        allow=False,
        cron="0 18 * * FRI",
        duration=timedelta(hours=62),
        timezone="Europe/Berlin",
        acts=frozenset({Act.PLAN}),
        why="weekend",
    )
    by_day = Window(allow=True, cron="0 9 * * MON-FRI", duration=timedelta(hours=8))
    assert floor.windows == (StackWindow(window=weekend, stacks=("*-prod",)), StackWindow(window=by_day))
    assert by_day.acts == {Act.APPLY, Act.HEAL}
    (hours,) = floor.working_hours
    assert (hours.window.timezone, hours.stacks) == ("Asia/Kolkata", ("a", "b-?"))
    assert floor.policy.windows == ()


def test_what_the_hazards_go_by_is_read() -> None:
    policy = _parsed(GATE).floor.policy
    assert policy.scale_factor == 3
    assert policy.unattended == Unattended(authors=("*[bot]*",))
    assert _parsed("").floor.policy.unattended == unattended.WELL_KNOWN
    one = _parsed("gate: {unattended: {trailers: ['Assisted-by: *']}}").floor.policy.unattended
    assert one == Unattended(authors=unattended.WELL_KNOWN.authors, trailers=("Assisted-by: *",))


def test_policies_and_rules_for_code_are_read_with_paths_from_the_directory_of_the_config() -> None:
    read = _parsed(GATE)
    assert read.policies == PolicyRules(
        rego=(Path("/etc/tfreconcile/policies"), Path("/srv/more.rego")),
        git=("policies/**/*.rego",),
        data=(Path("/etc/tfreconcile/settings.yaml"),),
        namespaces=("main", "team.rules"),
        engine="/usr/bin/opa",
        checkov=Path("/opt/checkov/bin/checkov"),
        timeout=timedelta(minutes=1),
        memory=256 << 20,
    )
    assert read.configuration == ConfigurationRules(
        providers=("hashicorp/*",), modules=(), provisioners=False, external_data=False
    )
    assert (_parsed("").policies, _parsed("").configuration) == (PolicyRules(), ConfigurationRules())


def test_signed_commits_are_asked_for_from_one_commit_on() -> None:
    text = f"source: {{url: x, verify: history, verify_since: {COMMIT}}}\nsigners: s\n"
    source = parse(text.encode(), FILE).source
    assert (source.verify, source.verify_since) == ("history", COMMIT)
    assert (_parsed("").source.verify, _parsed("").source.verify_since) == ("none", None)


APPROVALS = {
    "a quorum that nobody can be": (
        "approvals: {hazards: {iam: {required: 2, approvers: [ana, ANA]}}}",
        "gate.approvals.hazards.iam: 2 must say yes and 1 person could: nothing could ever be approved",
    ),
    "a quorum of one group for another": (
        "{groups: {a: [ana, bo], b: [carl]}, "
        "approvals: {approvers: ['group:a'], hazards: {iam: {approvers: ['group:b']}}}}",
        "gate.approvals.hazards.iam: 1 must say yes and 0 people could",
    ),
    "a quorum that a pattern keeps out": (
        "approvals: {approvers: ['*@a.example'], hazards: {iam: {approvers: [ana@b.example]}}}",
        "gate.approvals.hazards.iam: 1 must say yes and 0 people could",
    ),
    "too few for some stacks": (
        "approvals: {approvers: [ana, bo], stacks: {'a-*': {required: 3}}}",
        "gate.approvals.stacks.a-*: 3 must say yes and 2 people could",
    ),
    "too few for a hazard of some stacks": (
        "approvals: {hazards: {iam: {required: 2}}, stacks: {a: {approvers: [ana]}}}",
        "gate.approvals.stacks.a: iam: 2 must say yes and 1 person could",
    ),
    "a group that does not exist": (
        "{groups: {dba: [ana]}, approvals: {approvers: ['*', 'group:dbas']}}",
        "gate.approvals.approvers.1: the host config has no group 'dbas'; it has: dba (correct the name, or",
    ),
    "a group that does not exist for a hazard": (
        "approvals: {hazards: {iam: {approvers: ['*', 'group:x']}}}",
        "gate.approvals.hazards.iam.approvers.1: the host config has no group 'x'; it has: none",
    ),
    "a group in a group": (
        "groups: {a: ['group:b']}",
        "gate.groups.a.0: found 'group:b'; allowed: a name, or a pattern such as *@example.com",
    ),
    "an empty group": ("groups: {a: []}", "gate.groups.a: found 0 entries; allowed: at least 1"),
    "a group with a capital": (
        "groups: {A: [ana]}",
        "gate.groups.A: found 'A'; allowed: lower-case letters, digits",
    ),
    "rules for some that need fewer": (
        "approvals: {required: 2, stacks: {a: {required: 1}}}",
        f"gate.approvals.stacks.a.required: 1 is weaker than 2 set at {FILE}:3:30; allowed: 2 or more",
    ),
    "rules for some that last longer": (
        "approvals: {stacks: {a: {ttl: 2d}}}",
        "gate.approvals.stacks.a.ttl: 2d is weaker than 1d (built-in default); allowed: up to 1d",
    ),
    "rules for a hazard that switch signatures off": (
        "approvals: {signed: true, hazards: {iam: {signed: false}}}",
        f"gate.approvals.hazards.iam.signed: false is weaker than true set at {FILE}:3:28; allowed: true",
    ),
    "rules for some that switch four eyes off": (
        "approvals: {four_eyes: true, stacks: {a: {four_eyes: false}}}",
        f"gate.approvals.stacks.a.four_eyes: false is weaker than true set at {FILE}:3:31",
    ),
    "an unknown rule for a hazard": (
        "approvals: {hazards: {iam: {ttl: 1h}}}",
        "gate.approvals.hazards.iam.ttl: there is no such key; allowed: required, signed, approvers",
    ),
    "a hazard that there is not": (
        "approvals: {hazards: {destory: {required: 2}}}",
        "gate.approvals.hazards.destory: found 'destory'; allowed: action, backend-moved",
    ),
    "a stack that cannot be": (
        "approvals: {stacks: {Pay: {required: 2}}}",
        "gate.approvals.stacks.Pay: found 'Pay'; allowed: the name of a stack, or a pattern",
    ),
}
OTHERS = {
    "a factor that shrinks": ("scale_factor: 0.5", "gate.scale_factor: found 0.5 (a number); allowed: 1"),
    "a trailer without a key": (
        "unattended: {trailers: [claude]}",
        "gate.unattended.trailers.0: found 'claude'; allowed: a pattern such as Assisted-by: *",
    ),
    "an engine that is a relative path": (
        "policy: {engine: bin/opa}",
        "gate.policy.engine: found 'bin/opa'; allowed: auto, regorus, or the absolute path of an opa",
    ),
    "a glob that leaves": ("policy: {git: [../x]}", "gate.policy.git.0: found '../x'; allowed: a glob from"),
    "a policy at home": ("policy: {rego: [~/x]}", "gate.policy.rego.0: found '~/x'; allowed: a path,"),
    "a package that cannot be": (
        "policy: {namespaces: [a-b]}",
        "gate.policy.namespaces.0: found 'a-b'; allowed: the name of a Rego package",
    ),
    "no package": (
        "policy: {namespaces: []}",
        "gate.policy.namespaces: found 0 entries; allowed: at least 1",
    ),
    "an evaluation for ever": (
        "policy: {timeout: 11m}",
        "gate.policy.timeout: found '11m'; allowed: 1s to 10m",
    ),
    "no memory": (
        "policy: {memory_mb: 1}",
        "gate.policy.memory_mb: found 1 (a number); allowed: 128 or more",
    ),
    "a provider without a namespace": (
        "configuration: {providers: [aws]}",
        "gate.configuration.providers.0: found 'aws'; allowed: the source of a provider",
    ),
    "provisioners by yes": (
        "configuration: {provisioners: yes}",
        "gate.configuration.provisioners: found 'yes'; allowed: allow, deny",
    ),
}


@pytest.mark.parametrize(("gate", "says"), [*APPROVALS.values(), *OTHERS.values()], ids=[*APPROVALS, *OTHERS])
def test_a_wrong_gate_is_refused_with_its_place(gate: str, says: str) -> None:
    inner = gate if gate.startswith("{") else f"{{{gate}}}"
    with pytest.raises(Misconfigured) as refused:
        _parsed(f"gate: {inner}\n")
    (problem,) = refused.value.problems
    assert problem.place.line == 3
    assert problem.place.column > 7
    assert f"{problem.what} ({problem.hint})".startswith(says)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("source: {url: x, verify: head}", "1:26: source.verify: head needs signers"),
        (
            f"source: {{url: x, verify: head, verify_since: {COMMIT}}}\nsigners: s",
            "1:46: source.verify_since: verify is head, which looks at no history",
        ),
        (
            "source: {url: x, verify_since: abc}",
            "1:32: source.verify_since: found 'abc'; allowed: a full commit",
        ),
        ("source: {url: x}\ngate: {approvals: {signed: true}}", "2:28: gate.approvals.signed: true needs"),
        (
            "source: {url: x}\ngate: {approvals: {hazards: {iam: {signed: true}}}}",
            "2:44: gate.approvals.hazards.iam.signed: true needs signers: nothing could ever be",
        ),
        (
            "source: {url: x}\ngate: {approvals: {stacks: {a: {signed: true}}}}",
            "2:41: gate.approvals.stacks.a.signed: true needs signers",
        ),
    ],
)
def test_signatures_need_signers(text: str, says: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        parse(text.encode(), FILE)
    assert str(refused.value).startswith(f"{FILE}:{says}")
    assert len(refused.value.problems) == 1


def test_all_that_does_not_fit_together_is_told_at_once() -> None:
    text = """\
source: {url: x, path: ../y, verify: history}
gate:
  approvals:
    required: 2
    approvers: [ana, "group:x"]
    hazards: {iam: {required: 1, signed: true}}
"""
    with pytest.raises(Misconfigured) as refused:
        parse(text.encode(), FILE)
    assert [(at.place.line, at.what.partition(":")[0]) for at in refused.value.problems] == [
        (1, "source.path"),
        (1, "source.verify"),
        (4, "gate.approvals"),
        (5, "gate.approvals.approvers.1"),
        (6, "gate.approvals.hazards.iam"),
        (6, "gate.approvals.hazards.iam.required"),
        (6, "gate.approvals.hazards.iam.signed"),
    ]


def test_what_is_never_allowed_needs_nobody() -> None:
    approvals = "approvals: {hazards: {iam: {required: 2, approvers: [ana]}}}"
    assert _parsed(f"gate: {{hazards: {{iam: never}}, {approvals}}}").floor

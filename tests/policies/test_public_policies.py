"""Do policies in the style of conftest run here unchanged, on real plans, with the verdicts one expects?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from support.policies import RULES, bench

from tfreconcile.policies import rego
from tfreconcile.policies.model import Findings
from tfreconcile.policies.verdicts import Json

PUBLIC = Path(__file__).parent / "public"
CLASSES: Mapping[str, Json] = {"allowed": {"db_classes": ["db.t3.large"]}}
SAME_CLASS: Mapping[str, Json] = {"allowed": {"db_classes": ["db.t3.micro", "db.t2.micro"]}}
EXCEPTED: Mapping[str, Json] = {"exceptions": {"unprotected": True}}
US = "is in us-east-1"


def _judged(tmp: Path, plan: str, *names: str, data: Mapping[str, Json]) -> Findings:
    files = rego.load(tuple(PUBLIC / f"{name}.rego" for name in names))
    return rego.evaluate(files, data, rules=RULES, bench=bench(tmp, plan))


@pytest.mark.parametrize(
    ("policy", "plan", "denied"),
    [
        ("tags_required", "create", ["cr-a lacks the tags", "cr-b lacks the tags"]),
        ("tags_required", "exposure_public_bucket", ["aws_s3_bucket.b lacks"]),
        ("tags_required", "destroy_all", []),
        ("tags_required", "no_changes", []),
        ("no_public_bucket", "exposure_public_bucket", ["acl public-read is public"]),
        ("no_public_bucket", "create", []),
        ("no_public_bucket", "stateful_delete", []),
        ("open_ssh", "exposure_open_ssh", ["aws_security_group.g opens port 22"]),
        ("open_ssh", "exposure_public_bucket", []),
        ("region", "create", [US]),
        ("region", "delete_module_removed", []),
        ("modules_walk", "create", ["cr-a does not begin", "cr-b does not begin"]),
        ("modules_walk", "destroy_all", []),
        ("score", "stateful_delete", ["the blast radius is 100, the limit 30"]),
        ("score", "destroy_all", []),
        ("score", "create", []),
        ("protection", "protection_removed_rds", ["aws_db_instance.d can be deleted"]),
        ("protection", "create", []),
    ],
)
def test_a_policy_says_of_a_real_plan_what_one_expects(
    policy: str, plan: str, denied: list[str], tmp_path: Path
) -> None:
    found = _judged(tmp_path, plan, policy, data={})
    assert len(found.denied) == len(denied), found.denied
    for one, wanted in zip(sorted(found.denied, key=lambda it: it.message), denied, strict=True):
        assert wanted in one.message


def test_a_library_is_found_and_the_policy_document_is_read(tmp_path: Path) -> None:
    found = _judged(tmp_path, "iam_widened", "iam", "lib_iam", data={})
    (one,) = found.denied
    assert (one.source, one.message) == ("main.deny_admin", "aws_iam_role_policy.p allows everything")


@pytest.mark.parametrize(("data", "count"), [(CLASSES, 1), (SAME_CLASS, 0)], ids=["another", "allowed"])
def test_data_says_which_instance_classes_are_allowed(
    data: Mapping[str, Json], count: int, tmp_path: Path
) -> None:
    found = _judged(tmp_path, "protection_removed_rds", "instance_types", data=data)
    assert len(found.denied) == count, found.denied


def test_an_exception_from_data_lets_one_rule_through_and_says_so(tmp_path: Path) -> None:
    found = _judged(tmp_path, "protection_removed_rds", "protection", data=EXCEPTED)
    assert (found.denied, [one.source for one in found.excepted]) == ((), ["main.deny_unprotected"])


def test_a_smaller_blast_radius_only_warns(tmp_path: Path) -> None:
    (one,) = _judged(tmp_path, "destroy_all", "score", data={}).warned
    assert one.message == "the blast radius is 10"


def test_a_violation_names_its_resource(tmp_path: Path) -> None:
    (one,) = _judged(tmp_path, "exposure_open_ssh", "open_ssh", data={}).denied
    assert one.address == "aws_security_group.g"


def test_policies_of_both_syntaxes_stand_in_one_directory(tmp_path: Path) -> None:
    names = [Path(file.name).stem for file in rego.load((PUBLIC,))]
    assert len(names) == 10
    assert "tags_required_test" not in names

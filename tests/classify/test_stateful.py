"""Which types hold data."""

from __future__ import annotations

import pytest

from tfreconcile.classify.stateful import STATEFUL_TYPES, is_stateful


@pytest.mark.parametrize(
    "type_",
    [
        "aws_s3_bucket",
        "aws_dynamodb_table",
        "aws_db_instance",
        "aws_fsx_lustre_file_system",
        "google_sql_database_instance",
        "azurerm_postgresql_flexible_server",
        "kubernetes_persistent_volume_claim_v1",
        "acme_object_bucket",
    ],
)
def test_what_holds_data_is_stateful(type_: str) -> None:
    assert is_stateful(type_)


@pytest.mark.parametrize(
    "type_",
    [
        "aws_sqs_queue",
        "aws_ssm_parameter",
        "aws_route_table",
        "aws_s3_bucket_versioning",
        "aws_s3_bucket_policy",
        "aws_volume_attachment",
        "aws_security_group",
        "terraform_data",
        "",
    ],
)
def test_what_the_code_makes_again_is_not(type_: str) -> None:
    assert not is_stateful(type_)


def test_a_host_adds_patterns_of_its_own() -> None:
    assert is_stateful("aws_sqs_queue", frozenset({"aws_sqs_*"}))
    assert is_stateful("aws_instance", frozenset({"aws_instance"}))
    assert not is_stateful("aws_instance", frozenset({"aws_sqs_*"}))


def test_the_catalogue_holds_patterns_that_match_whole_types() -> None:
    assert all(pattern.strip("*") and " " not in pattern for pattern in STATEFUL_TYPES)

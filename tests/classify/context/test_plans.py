"""Which hazards do whole plans have by what they do to values, and which have none?

Most of the plans are from a real Terraform, AWS provider and moto (tools/hazard_plans.py); index.json beside
them says which are written by hand, where moto cannot make them.
"""

from __future__ import annotations

import json
import tomllib

import pytest
from support.judged import assessed
from support.plans import PLANS, plan

from tfreconcile.classify.model import HazardKind

BY_VALUES = frozenset({HazardKind.PROTECTION_REMOVED, HazardKind.EXPOSURE, HazardKind.IAM, HazardKind.SCALE})
CASES = (
    # a fixture, whose resource has its name; the kinds of hazard and the types that have them
    ("access_key_created", "iam aws_iam_access_key"),
    ("admin_attached", "iam aws_iam_role_policy_attachment"),
    ("admin_attached_exclusively", "iam aws_iam_role_policy_attachments_exclusive"),
    ("admin_detached", ""),
    ("balancer_public", "exposure aws_lb"),
    ("balancer_unprotected", "protection-removed aws_lb"),
    ("boundary_set", ""),
    ("boundary_swapped", "iam aws_iam_role"),
    ("boundary_taken_off", "iam aws_iam_role"),
    ("bucket_acl_private", ""),
    ("bucket_acl_public", "exposure aws_s3_bucket_acl"),
    ("bucket_created_force_destroy", ""),
    ("bucket_encryption_deleted", "protection-removed aws_s3_bucket_server_side_encryption_configuration"),
    ("bucket_force_destroy_on", "protection-removed aws_s3_bucket"),
    ("bucket_grant_narrowed", ""),
    ("bucket_grant_widened", "exposure aws_s3_bucket"),
    ("bucket_policy_deny_added", ""),
    ("bucket_policy_deny_hollowed", "exposure aws_s3_bucket_policy"),
    ("bucket_policy_deny_removed", "exposure aws_s3_bucket_policy"),
    ("bucket_policy_deny_strengthened", ""),
    ("bucket_policy_for_endpoint", ""),
    ("bucket_policy_lower_case", "exposure aws_s3_bucket_policy"),
    ("bucket_policy_narrowed", ""),
    ("bucket_policy_public", "exposure aws_s3_bucket_policy"),
    ("bucket_policy_tls_only", ""),
    ("bucket_policy_unknown", "exposure aws_s3_bucket_policy"),
    ("bucket_versioning_created", ""),
    ("bucket_versioning_deleted", "protection-removed aws_s3_bucket_versioning"),
    ("bucket_versioning_enabled", ""),
    ("bucket_versioning_suspended", "protection-removed aws_s3_bucket_versioning"),
    ("capacity_unknown", "scale aws_autoscaling_group"),
    ("cluster_closed", ""),
    ("cluster_opened", "exposure aws_eks_cluster"),
    ("cluster_public", "exposure aws_eks_cluster"),
    ("database_class_grows", "scale aws_db_instance"),
    ("database_no_longer_serverless", "scale aws_db_instance"),
    ("drift_closed_by_hand", "exposure aws_security_group"),
    ("drift_opened_by_hand", ""),
    ("dynamodb_pitr_off", "protection-removed aws_dynamodb_table"),
    ("dynamodb_pitr_on", ""),
    ("dynamodb_protection_off", "protection-removed aws_dynamodb_table"),
    ("dynamodb_tags_only", ""),
    ("ecr_policy_organisation", ""),
    ("ecr_tags_mutable", "protection-removed aws_ecr_repository"),
    ("function_concurrency_off", "scale aws_lambda_function"),
    ("function_for_anybody", "exposure aws_lambda_permission"),
    ("function_for_one_rule", ""),
    ("function_source_added", ""),
    ("function_source_dropped", "exposure aws_lambda_permission"),
    ("function_url_open", "exposure aws_lambda_function_url"),
    ("function_url_signed", ""),
    ("google_account_key", "iam google_service_account_key"),
    ("google_bucket_for_a_person", ""),
    ("google_bucket_for_everybody", "exposure google_storage_bucket_iam_member"),
    ("google_bucket_labels", ""),
    ("google_bucket_prevention_lifted", "exposure google_storage_bucket"),
    ("google_bucket_retention_shortened", "protection-removed google_storage_bucket"),
    ("google_bucket_versions_block_gone", "protection-removed google_storage_bucket"),
    ("google_bucket_versions_off", "protection-removed google_storage_bucket"),
    ("google_cluster_networks_given", ""),
    ("google_cluster_networks_removed", "exposure google_container_cluster"),
    ("google_disk_grows_a_little", ""),
    ("google_firewall_denies", ""),
    ("google_firewall_disabled", ""),
    ("google_firewall_egress", ""),
    ("google_firewall_enabled", "exposure google_compute_firewall"),
    ("google_firewall_opened", "exposure google_compute_firewall"),
    ("google_firewall_ports_narrowed", ""),
    ("google_firewall_tags_given", ""),
    ("google_firewall_tags_removed", "exposure google_compute_firewall"),
    ("google_machine_shrinks", "scale google_compute_instance"),
    ("google_policy_owner", "iam google_project_iam_policy"),
    ("google_project_editor", "iam google_project_iam_member"),
    ("google_project_viewer", ""),
    ("google_sql_backups_lengthened", ""),
    ("google_sql_backups_off", "protection-removed google_sql_database_instance"),
    ("google_sql_backups_shortened", "protection-removed google_sql_database_instance"),
    ("google_sql_created_private", ""),
    ("google_sql_halves", "exposure google_sql_database_instance"),
    ("google_sql_network_of_office", ""),
    ("google_sql_network_opened", "exposure google_sql_database_instance"),
    ("google_sql_protection_off", "protection-removed google_sql_database_instance"),
    ("google_sql_public_address", "exposure google_sql_database_instance"),
    ("google_sql_tier_grows", "scale google_sql_database_instance"),
    ("google_sql_tls_by_certificate", ""),
    ("google_sql_tls_optional", "protection-removed google_sql_database_instance"),
    ("group_grows", "scale aws_autoscaling_group"),
    ("group_one_more", ""),
    ("group_to_zero", "scale aws_autoscaling_group"),
    ("instance_grows", "scale aws_instance"),
    ("instance_one_size_up", ""),
    ("instance_protection_off", "protection-removed aws_instance"),
    ("key_grant_for_another_account", "iam aws_kms_grant"),
    ("key_policy_public", "exposure aws_kms_key"),
    ("kms_rotation_off", "protection-removed aws_kms_key"),
    ("kms_window_shortened", "protection-removed aws_kms_key"),
    ("list_of_networks_opened", "exposure aws_ec2_managed_prefix_list"),
    ("log_retention_no_longer_forever", "protection-removed aws_cloudwatch_log_group"),
    ("log_retention_shortened", "protection-removed aws_cloudwatch_log_group"),
    ("log_retention_to_forever", ""),
    ("login_profile", "iam aws_iam_user_login_profile"),
    ("nacl_denied", ""),
    ("nacl_opened", "exposure aws_network_acl_rule"),
    ("oidc_client_added", "iam aws_iam_openid_connect_provider"),
    ("oidc_client_removed", ""),
    ("policy_broken", "exposure aws_sqs_queue_policy"),
    ("policy_deny_added", ""),
    ("policy_deny_removed", "iam aws_iam_policy"),
    ("policy_describes", ""),
    ("policy_not_action", "iam aws_iam_policy"),
    ("policy_pass_any_role", "iam aws_iam_policy"),
    ("policy_reordered", ""),
    ("policy_secret", "iam aws_iam_policy"),
    ("policy_unknown", "iam aws_iam_policy"),
    ("public_block_created", ""),
    ("public_block_deleted", "exposure aws_s3_bucket_public_access_block"),
    ("public_block_loosened", "exposure aws_s3_bucket_public_access_block"),
    ("queue_policy_for_topic", ""),
    ("queue_policy_public", "exposure aws_sqs_queue_policy"),
    ("queue_renamed", ""),
    ("rds_backups_lengthened", ""),
    ("rds_backups_shortened", "protection-removed aws_db_instance"),
    ("rds_created_unprotected", ""),
    ("rds_private", ""),
    ("rds_protection_off", "protection-removed aws_db_instance"),
    ("rds_protection_on", ""),
    ("rds_public", "exposure aws_db_instance"),
    ("reader_attached", ""),
    ("reader_attached_exclusively", ""),
    ("retention_unknown", "protection-removed aws_db_instance"),
    ("role_policy_denied", ""),
    ("role_policy_narrowed", ""),
    ("role_policy_of_one_table", ""),
    ("role_policy_widened", "iam aws_iam_role_policy"),
    ("rule_moved_to_another_group", "exposure aws_security_group_rule"),
    ("saml_metadata_changed", "iam aws_iam_saml_provider"),
    ("secret_policy_public", "exposure aws_secretsmanager_secret_policy"),
    ("secret_window_shortened", "protection-removed aws_secretsmanager_secret"),
    ("service_to_zero", "scale aws_ecs_service"),
    ("sg_cidr_unknown", "exposure aws_security_group_rule"),
    ("sg_created_dynamic", "exposure aws_security_group"),
    ("sg_created_without_rules", ""),
    ("sg_egress_open", ""),
    ("sg_every_second_block", "exposure aws_security_group"),
    ("sg_fewer_blocks", ""),
    ("sg_half_opened", "exposure aws_security_group"),
    ("sg_inline_narrowed", ""),
    ("sg_inline_opened", "exposure aws_security_group"),
    ("sg_port_added", "exposure aws_security_group"),
    ("sg_ports_narrowed", ""),
    ("sg_ports_staggered", "exposure aws_security_group"),
    ("sg_private_networks", ""),
    ("sg_rule_created_open", "exposure aws_security_group_rule"),
    ("sg_rule_created_private", ""),
    ("sg_rule_deleted", ""),
    ("sg_rule_from_group", ""),
    ("sg_tags_only", ""),
    ("storage_grows", "scale aws_db_instance"),
    ("stream_shards_shrink", "scale aws_kinesis_stream"),
    ("table_capacity_doubles", ""),
    ("table_capacity_grows", "scale aws_dynamodb_table"),
    ("table_index_dropped", ""),
    ("table_index_shrinks", "scale aws_dynamodb_table"),
    ("topic_policy_public", "exposure aws_sns_topic_policy"),
    ("trail_off", "protection-removed aws_cloudtrail"),
    ("trust_external_id_dropped", "iam aws_iam_role"),
    ("trust_of_a_service", ""),
    ("trust_of_web_identity", "iam aws_iam_role"),
    ("trust_other_account", "iam aws_iam_role"),
    ("trust_taken_back", ""),
    ("user_in_admin_group", "iam aws_iam_user_group_membership"),
    ("user_in_readers_group", ""),
    ("user_without_keys", ""),
    ("volume_unencrypted", "protection-removed aws_ebs_volume"),
    ("vpc_egress_rule", ""),
    ("vpc_ingress_rule_ipv6", "exposure aws_vpc_security_group_ingress_rule"),
    ("warehouse_public", "exposure aws_redshift_cluster"),
)
FOLDER = PLANS / "hazards"


@pytest.mark.parametrize(("name", "expected"), CASES, ids=[name for name, _ in CASES])
def test_a_plan_has_just_the_hazards_that_were_made(name: str, expected: str) -> None:
    wanted = {
        (kind, f"{type_}.{name}")
        for one in filter(None, expected.split("; "))
        for kind, type_ in [one.split()]
    }
    found = [
        hazard
        for item in assessed(plan(f"hazards/{name}")).changes
        for hazard in item.hazards
        if hazard.kind in BY_VALUES
    ]
    assert {(str(hazard.kind), str(hazard.address)) for hazard in found} == wanted
    assert len(found) == len(wanted), "one hazard of a kind says it all"
    assert all(hazard.detail.startswith(f"{hazard.address}: ") for hazard in found)


def test_every_fixture_stands_in_the_table_and_says_where_it_comes_from() -> None:
    names = sorted(path.stem for path in FOLDER.glob("*.json") if path.stem != "index")
    assert [name for name, _ in CASES] == names
    index = json.loads((FOLDER / "index.json").read_text("utf-8"))
    assert sorted(index) == names
    real = {name for name, entry in index.items() if entry["origin"] != "hand-written"}
    assert real == set(tomllib.loads((FOLDER / "cases.toml").read_text("utf-8")))
    assert len(real) >= 80


def test_a_third_of_the_cases_are_false_alarms_that_must_not_sound() -> None:
    assert sum(not expected for _, expected in CASES) * 3 >= len(CASES) >= 80


def test_every_kind_is_found_somewhere() -> None:
    assert {one.split()[0] for _, row in CASES for one in filter(None, row.split("; "))} == set(BY_VALUES)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "rds_backups_shortened",
            "aws_db_instance.rds_backups_shortened: backup_retention_period 14 → 1: older backups are "
            "deleted at once, and 0 switches them off",
        ),
        (
            "sg_inline_opened",
            "aws_security_group.sg_inline_opened: ingress.0.cidr_blocks lets in 0.0.0.0/0 (tcp, port 22): "
            "anybody on the internet could try to get in",
        ),
        (
            "policy_unknown",
            "aws_iam_policy.policy_unknown: policy is known only after apply, and may allow anything: who "
            "has it could do far more than one thing",
        ),
        (
            "group_to_zero",
            "aws_autoscaling_group.group_to_zero: desired_capacity 2 → 0 (nothing would be left): the number "
            "of machines at work",
        ),
        (
            "policy_secret",
            "aws_iam_policy.policy_secret: policy (sensitive): who has it could do far more than one thing",
        ),
    ],
)
def test_a_hazard_says_what_moves_how_and_why_that_matters(name: str, sentence: str) -> None:
    (hazard,) = (one for item in assessed(plan(f"hazards/{name}")).changes for one in item.hazards)
    assert hazard.detail == sentence

"""Is each error of the catalogue told apart? The texts are those of Terraform, providers and backends."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.errors import Place
from tfreconcile.terraform.diagnostics import Diagnostic, Severity
from tfreconcile.terraform.reasons import MOVE, Reason
from tfreconcile.terraform.rules import reason_of

LOCK = "Lock Info:\n  ID:        e38c33e0\n  Path:      terraform.tfstate"
HERE = Place("main.tf", 3, 1)
PROVIDER = 'provider["registry.terraform.io/hashicorp/aws"]'


def said(summary: str, detail: str = "", address: str = "", place: Place | None = None) -> Diagnostic:
    return Diagnostic(severity=Severity.ERROR, summary=summary, detail=detail, address=address, place=place)


CATALOGUE = [
    (Reason.STATE_WRITE_FAILED, said("Failed to save state", "Error saving state: AccessDenied")),
    (Reason.STATE_WRITE_FAILED, said("Failed to persist state to backend", "status code: 403")),
    (
        Reason.STATE_DAMAGED,
        said("Error refreshing state: 2 problems", "- Unsupported state file format: bad"),
    ),
    (
        Reason.STATE_DAMAGED,
        said("Failed to load state", 'The state file does not have a "version" attribute'),
    ),
    (
        Reason.STATE_LOCKED,
        said("Error acquiring the state lock", f"resource temporarily unavailable\n{LOCK}"),
    ),
    (
        Reason.STATE_LOCKED,
        said("Error acquiring the state lock", f"PutItem, ConditionalCheckFailedException\n{LOCK}"),
    ),
    (Reason.STATE_LOCKED, said("Error acquiring the state lock", "Workspace is already locked: default")),
    (Reason.STATE_LOCKED, said("Error acquiring the state lock", "a word of a backend we do not know")),
    (Reason.ACCESS_DENIED, said("Error acquiring the state lock", "PutItem: AccessDeniedException: no")),
    (Reason.NETWORK_ERROR, said("Error acquiring the state lock", "dial tcp: connection refused")),
    (Reason.STATE_LOCK_KEPT, said("Error releasing the state lock", "AccessDenied")),
    (Reason.STALE_PLAN, said("Saved plan is stale", "The given plan file can no longer be applied")),
    (Reason.STALE_PLAN, said("Saved plan does not match the given state")),
    (Reason.STALE_PLAN, said("Cannot apply incomplete plan")),
    (
        Reason.STALE_PLAN,
        said(
            "Failed to read plan from plan file",
            "plan file was created by Terraform 1.11.4, but this is 1.15.5; plan files cannot be transferred "
            "between different Terraform versions.",
        ),
    ),
    (Reason.INIT_REQUIRED, said("Inconsistent dependency lock file")),
    (Reason.INIT_REQUIRED, said("Module not installed", place=HERE)),
    (Reason.INIT_REQUIRED, said("Module source has changed", place=HERE)),
    (Reason.INIT_REQUIRED, said('Backend initialization required, please run "terraform init"')),
    (
        Reason.INIT_REQUIRED,
        said("Required plugins are not installed", "does not match any of the checksums recorded"),
    ),
    (Reason.BACKEND_MOVED, said("Backend configuration changed", "use -reconfigure")),
    (Reason.VERSION_MISMATCH, said("Unsupported Terraform Core version", place=HERE)),
    (Reason.INVALID_CONFIGURATION, said("Unclosed configuration block", place=HERE)),
    (Reason.INVALID_CONFIGURATION, said("An error of a later Terraform", place=HERE)),
    (Reason.INVALID_CONFIGURATION, said("Cycle: terraform_data.b, terraform_data.a")),
    (Reason.INVALID_CONFIGURATION, said("Failed to read variables file")),
    (Reason.INVALID_CONFIGURATION, said("Invalid use of ephemeral value", "", "terraform_data.t", HERE)),
    (Reason.INVALID_CONFIGURATION, said("Invalid AWS Region: mars", "", PROVIDER, HERE)),
    (
        Reason.INVALID_CONFIGURATION,
        said("expected delay_seconds to be in the range (0 - 900), got 901", "", "aws_sqs_queue.a", HERE),
    ),
    (Reason.POLICY_IN_CONFIGURATION, said("Resource precondition failed", place=HERE)),
    (Reason.POLICY_IN_CONFIGURATION, said("Instance cannot be destroyed", place=HERE)),
    (Reason.PROVISIONER_FAILED, said("local-exec provisioner error", "connection refused", "a.b", HERE)),
    (
        Reason.PROVIDER_UNAVAILABLE,
        said("Failed to query available provider packages", "not found in any of the search locations"),
    ),
    (
        Reason.NETWORK_ERROR,
        said("Failed to query available provider packages", "could not connect to the registry"),
    ),
    (
        Reason.PROVIDER_UNAVAILABLE,
        said("Failed to install provider", "does not match any of the checksums from the lock file"),
    ),
    (Reason.PLUGIN_CRASHED, said("Failed to install provider", "open x: text file busy")),
    (Reason.PLUGIN_CRASHED, said("Plugin did not respond", "The plugin encountered an error", "a.b")),
    (Reason.PLUGIN_CRASHED, said("Request cancelled", "The plugin.(*GRPCProvider) request was cancelled")),
    (Reason.MODULE_UNAVAILABLE, said("Failed to download module", "git exited with 128", "", HERE)),
    (Reason.THROTTLED, said("error reading SQS Queue: Throttling: Rate exceeded, status code: 400")),
    (Reason.THROTTLED, said("Error", "https response error StatusCode: 429")),
    (Reason.SERVER_ERROR, said("error creating: ServiceUnavailable, status code: 503", "", "a.b", HERE)),
    (
        Reason.NETWORK_ERROR,
        said("RequestError: send request failed", "dial tcp: no such host", PROVIDER, HERE),
    ),
    (
        Reason.CREDENTIALS_INVALID,
        said("error validating credentials: InvalidClientTokenId, status code: 403"),
    ),
    (Reason.CREDENTIALS_INVALID, said("No valid credential sources found", "", "", None)),
    (Reason.CREDENTIALS_INVALID, said("something about a login", "", PROVIDER, HERE)),
    (Reason.ACCESS_DENIED, said("error creating: AccessDenied: no, status code: 403", "", "a.b", HERE)),
    (Reason.ALREADY_EXISTS, said("ParameterAlreadyExists: it does", "", "aws_ssm_parameter.a", HERE)),
    (Reason.NOT_FOUND, said("Cannot import non-existent remote object")),
    (Reason.NOT_FOUND, said("Failed to get existing workspaces", 'S3 bucket "x" does not exist.')),
    (Reason.TERRAFORM_FAILED, said("a sentence nobody has seen", "", "a.b", HERE)),
]


@pytest.mark.parametrize(
    ("reason", "diagnostic"),
    [pytest.param(reason, one, id=f"{reason}-{one.summary[:30]}") for reason, one in CATALOGUE],
)
def test_an_error_is_known_by_its_words(reason: Reason, diagnostic: Diagnostic) -> None:
    assert reason_of(diagnostic) is reason


def test_every_reason_has_a_next_move() -> None:
    assert set(MOVE) == set(Reason)


@given(st.text(), st.text(), st.sampled_from(["", "a.b", PROVIDER]), st.sampled_from([None, HERE]))
@settings(max_examples=200, deadline=None)
def test_every_error_has_a_reason(summary: str, detail: str, address: str, place: Place | None) -> None:
    assert reason_of(said(summary, detail, address, place)) in MOVE

"""What kind of failure is a diagnostic? A table, since every failure exits 1."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tfreconcile.terraform.diagnostics import Diagnostic
from tfreconcile.terraform.reasons import Reason

DEADLINE_PASSED = "The deadline passed"
TOLD_TO_STOP = "Told to stop"
TOO_MUCH_OUTPUT = "Terraform printed too much"
"""Summaries of diagnostics that the door itself makes: Terraform does not say why it was ended."""


@dataclass(frozen=True)
class Rule:
    """``pattern`` is searched in summary and detail; ``^`` is the start of the summary."""

    reason: Reason
    pattern: re.Pattern[str]


def _rule(reason: Reason, *alternatives: str) -> Rule:
    return Rule(reason, re.compile("|".join(alternatives)))


def _anchored(reason: Reason, *beginnings: str) -> Rule:
    return _rule(reason, *(f"^{beginning}" for beginning in beginnings))


_UNREACHABLE = (
    r"connection (?:refused|reset)",
    r"no such host",
    r"i/o timeout",
    r"TLS handshake timeout",
    r"context deadline exceeded",
    r"\bEOF\b",
    r"RequestError: send request failed",
    r"request send failed",
    r"could not connect to",
    r"network is unreachable",
)
_PROVISIONER = r"(?:local-exec|remote-exec|file) provisioner error"
_HELD = (
    r"ConditionalCheckFailed",
    r"PreconditionFailed",
    r"StatusCode: 412",
    r"already locked",
    r"temporarily unavailable",
    r"Lock Info:",
)

SPOKEN: Final[tuple[Rule, ...]] = (
    _anchored(Reason.TIMED_OUT, DEADLINE_PASSED),
    _anchored(Reason.STOPPED, TOLD_TO_STOP),
    _anchored(Reason.OUTPUT_TOO_LARGE, TOO_MUCH_OUTPUT),
    _anchored(
        Reason.STATE_WRITE_FAILED,
        r"Failed to save state",
        r"Failed to persist state to backend",
        r"Failed to write state",
    ),
    _rule(
        Reason.STATE_DAMAGED,
        r"Unsupported state file format",
        r'does not have a "version" attribute',
        r"uses format version",
    ),
    _anchored(Reason.STATE_LOCKED, rf"Error acquiring the state lock[\s\S]*?(?:{'|'.join(_HELD)})"),
    _anchored(Reason.STATE_LOCK_KEPT, r"Error releasing the state lock"),
    _anchored(
        Reason.STALE_PLAN,
        r"Saved plan is stale",
        r"Saved plan does not match the given state",
        r"Cannot apply incomplete plan",
        r"[\s\S]*plan files cannot be transferred between different",
    ),
    _anchored(Reason.BACKEND_MOVED, r"Backend configuration changed", r"Backend type changed"),
    _anchored(
        Reason.INIT_REQUIRED,
        r"Inconsistent dependency lock file",
        r"Module (?:not installed|source has changed)",
        r"Backend initialization required",
        r"Required plugins are not installed",
        r"(?!Failed to install provider)[\s\S]*does not match any of the checksums",
    ),
    _rule(
        Reason.VERSION_MISMATCH,
        r"^Unsupported Terraform Core version",
        r"^Unsupported OpenTofu Core version",
        r"state snapshot was created by Terraform v\S+, which is newer",
    ),
    _anchored(Reason.PROVISIONER_FAILED, _PROVISIONER),
    _anchored(
        Reason.POLICY_IN_CONFIGURATION,
        r"Resource (?:pre|post)condition failed",
        r"Module output value precondition failed",
        r"Instance cannot be destroyed",
    ),
    _rule(
        Reason.PLUGIN_CRASHED,
        r"^Plugin did not respond",
        r"^Request cancelled",
        r"^Failed to instantiate provider",
        r"text file busy",
        r"Reattachment process not found",
    ),
)
"""What can be told from the words of Terraform itself, asked first."""

CONFIGURATION: Final = _rule(
    Reason.INVALID_CONFIGURATION,
    r"^Cycle: ",
    r"^Failed to read variables file",
    r"^Unreadable module directory",
    r"^No configuration files",
    r"^No value for required variable",
    r"^Value for undeclared variable",
    r"^Unclosed configuration block",
    r"^(?:Unsupported|Missing required) (?:argument|attribute|block type)",
    r"^Reference to undeclared ",
    r"^Invalid (?:function argument|value for|for_each argument|count argument|use of ephemeral value)",
    r"^Invalid (?:resource type|data source|provider configuration|reference|template|expression)",
    r"^Incorrect attribute value type",
    r"^Invalid AWS Region",
    r"^Terraform encountered problems during initialisation",
)

ANSWERED: Final[tuple[Rule, ...]] = (
    _rule(
        Reason.THROTTLED,
        r"Throttling(?:Exception)?",
        r"TooManyRequests",
        r"RequestLimitExceeded",
        r"Rate exceeded",
        r"SlowDown",
        r"ProvisionedThroughputExceeded",
        r"[sS]tatus ?[cC]ode: 429",
    ),
    _rule(
        Reason.CREDENTIALS_INVALID,
        r"NoCredentialProviders",
        r"[nN]o valid credential sources",
        r"ExpiredToken",
        r"InvalidClientTokenId",
        r"UnrecognizedClientException",
        r"SignatureDoesNotMatch",
        r"could not find default credentials",
    ),
    _rule(
        Reason.ACCESS_DENIED,
        r"AccessDenied",
        r"UnauthorizedOperation",
        r"[sS]tatus ?[cC]ode: 403",
        r"\bForbidden\b",
        r"Error 403",
    ),
    _rule(
        Reason.SERVER_ERROR,
        r"[sS]tatus ?[cC]ode: 5\d\d",
        r"ServiceUnavailable",
        r"InternalError",
        r"InternalFailure",
    ),
    _rule(Reason.NETWORK_ERROR, *_UNREACHABLE),
    _anchored(
        Reason.PROVIDER_UNAVAILABLE,
        r"Failed to query available provider packages",
        r"Failed to install provider",
        r"Provider dependency changes detected",
    ),
    _anchored(
        Reason.MODULE_UNAVAILABLE, r"Failed to download module", r"Error accessing remote module registry"
    ),
    _rule(Reason.ALREADY_EXISTS, r"AlreadyExists", r"BucketAlready", r"already exists", r"AlreadyOwnedByYou"),
    _rule(
        Reason.NOT_FOUND,
        r"NotFound",
        r"Cannot import non-existent remote object",
        r"^(?:Failed to get existing workspaces|Error (?:loading|refreshing) state)[\s\S]*does not exist",
        r"NoSuchBucket",
    ),
    _rule(
        Reason.INVALID_CONFIGURATION,
        r"^expected \S+ to be ",
        r"conflicts with",
        r"ValidationE(?:rror|xception)",
        r"InvalidParameter",
        r"Malformed",
    ),
)
"""What a cloud, a registry or a backend answered."""


def quotes_output(diagnostic: Diagnostic) -> bool:
    """Does the detail quote a command and what it printed? Either may hold a secret that the apply made.

    Asked of the summary alone: output that reads like another failure must not be shown for it.
    """
    return re.match(_PROVISIONER, diagnostic.summary) is not None


def reason_of(diagnostic: Diagnostic) -> Reason:
    """The reason of one error.

    Terraform's own words come first, then the configuration (a place but no resource: providers name the
    resource), then the answers from outside. An error of a provider's configuration that nothing else
    explains is one of credentials. Unknown is TerraformFailed, which is tried again.
    """
    text = diagnostic.text
    for rule in SPOKEN:
        if rule.pattern.search(text):
            return rule.reason
    fetching = re.match(r"Failed to|Error ", diagnostic.summary)
    if CONFIGURATION.pattern.search(text) or (diagnostic.place and not diagnostic.address and not fetching):
        return Reason.INVALID_CONFIGURATION
    for rule in ANSWERED:
        if rule.pattern.search(text):
            return rule.reason
    if diagnostic.address.startswith("provider["):
        return Reason.CREDENTIALS_INVALID
    lock = diagnostic.summary.startswith("Error acquiring the state lock")
    return Reason.STATE_LOCKED if lock else Reason.TERRAFORM_FAILED

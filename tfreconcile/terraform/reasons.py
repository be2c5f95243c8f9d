"""Why can Terraform fail, and what is the next move after each?"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from tfreconcile.errors import ReconcileError, Stalled, Transient, Waiting


class Reason(StrEnum):
    """Why Terraform failed, the worst first: of several errors the first in this order is told."""

    STATE_WRITE_FAILED = "StateWriteFailed"
    STATE_DAMAGED = "StateDamaged"
    STOPPED = "Stopped"
    TIMED_OUT = "TimedOut"
    OUTPUT_TOO_LARGE = "OutputTooLarge"
    STALE_PLAN = "StalePlan"
    INIT_REQUIRED = "InitRequired"
    BACKEND_MOVED = "BackendMoved"
    VERSION_MISMATCH = "VersionMismatch"
    INVALID_CONFIGURATION = "InvalidConfiguration"
    POLICY_IN_CONFIGURATION = "PolicyInConfiguration"
    PROVIDER_UNAVAILABLE = "ProviderUnavailable"
    PROVISIONER_FAILED = "ProvisionerFailed"
    ALREADY_EXISTS = "AlreadyExists"
    CREDENTIALS_INVALID = "CredentialsInvalid"
    ACCESS_DENIED = "AccessDenied"
    NOT_FOUND = "NotFound"
    MODULE_UNAVAILABLE = "ModuleUnavailable"
    PLUGIN_CRASHED = "PluginCrashed"
    STATE_LOCKED = "StateLocked"
    STATE_LOCK_KEPT = "StateLockKept"
    THROTTLED = "Throttled"
    SERVER_ERROR = "ServerError"
    NETWORK_ERROR = "NetworkError"
    TERRAFORM_FAILED = "TerraformFailed"


MOVE: Final[Mapping[Reason, type[ReconcileError]]] = {
    Reason.STATE_WRITE_FAILED: Stalled,
    Reason.STATE_DAMAGED: Stalled,
    Reason.STOPPED: Waiting,
    Reason.TIMED_OUT: Transient,
    Reason.OUTPUT_TOO_LARGE: Stalled,
    Reason.STALE_PLAN: Transient,
    Reason.INIT_REQUIRED: Transient,
    Reason.BACKEND_MOVED: Stalled,
    Reason.VERSION_MISMATCH: Stalled,
    Reason.INVALID_CONFIGURATION: Stalled,
    Reason.POLICY_IN_CONFIGURATION: Stalled,
    Reason.PROVIDER_UNAVAILABLE: Stalled,
    Reason.PROVISIONER_FAILED: Stalled,
    Reason.ALREADY_EXISTS: Stalled,
    Reason.CREDENTIALS_INVALID: Stalled,
    Reason.ACCESS_DENIED: Stalled,
    Reason.NOT_FOUND: Stalled,
    Reason.MODULE_UNAVAILABLE: Transient,
    Reason.PLUGIN_CRASHED: Transient,
    Reason.STATE_LOCKED: Transient,
    Reason.STATE_LOCK_KEPT: Transient,
    Reason.THROTTLED: Transient,
    Reason.SERVER_ERROR: Transient,
    Reason.NETWORK_ERROR: Transient,
    Reason.TERRAFORM_FAILED: Transient,
}
"""The next move after each."""

"""Which Google Cloud project do our credentials reach, and which would the provider take by default?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tfreconcile.cloud import child

TIMEOUT = 30.0
"""Seconds for one question, its attempts included."""

DEFAULTS = ("GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT")
"""Where the google provider looks for a project that its configuration does not name, in its order."""


@dataclass(frozen=True, kw_only=True)
class GcpProject:
    """A project that the credentials may see. ``state`` is ACTIVE or DELETE_REQUESTED."""

    project_id: str
    number: str
    state: str


def project(env: Mapping[str, str], project_id: str, timeout: float = TIMEOUT) -> GcpProject:
    """The project with this id or number, seen with the credentials in ``env``.

    CLOUDRESOURCEMANAGER_ENDPOINT in ``env`` replaces the address of the API. Raises as
    :func:`tfreconcile.cloud.child.ask` does: AccessDenied also for a project that does not exist, and
    GcpSupportMissing without the extra ``gcp``.
    """
    found = child.ask("gcp", "project", (project_id,), env, timeout=timeout)
    return GcpProject(project_id=found["project_id"], number=found["number"], state=found["state"])


def default_project(env: Mapping[str, str]) -> str | None:
    """What a google provider without a ``project`` of its own would act on, as far as ``env`` says."""
    return next((env[name] for name in DEFAULTS if env.get(name)), None)

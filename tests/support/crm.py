"""A fake Cloud Resource Manager (v3, REST) over real HTTP: projects by id and number, and its errors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from support.web import Asked, Reply, Web, serving

ENDPOINT = "CLOUDRESOURCEMANAGER_ENDPOINT"

_STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
_STATUS |= {429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}


@dataclass
class ResourceManager:
    """Projects (id -> number and state), and statuses that the next requests get instead of an answer."""

    projects: dict[str, tuple[str, str]] = field(default_factory=dict)
    failing: list[int] = field(default_factory=list)
    web: Web | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What points the product at this fake."""
        return {ENDPOINT: self.web.url if self.web else ""}

    def answer(self, asked: Asked) -> Reply:
        """As the API: a project that does not exist and one that is hidden are both a 403."""
        if self.failing:
            return _error(self.failing.pop(0), "try later")
        named = re.match(r"^/v3/projects/([^/?:]+)(\?|$)", asked.path)
        for project_id, (number, state) in self.projects.items():
            if named and named[1] in (project_id, number):
                return _json(200, {"name": f"projects/{number}", "projectId": project_id, "state": state})
        return _error(403, f"The caller does not have permission on {asked.path}")


@contextmanager
def running() -> Iterator[ResourceManager]:
    """A fake with one project, ``acme-prod`` (123456789012), in state ACTIVE."""
    fake = ResourceManager({"acme-prod": ("123456789012", "ACTIVE")})
    with serving(fake.answer) as web:
        fake.web = web
        yield fake


def _error(code: int, message: str) -> Reply:
    return _json(code, {"error": {"code": code, "message": message, "status": _STATUS.get(code, "")}})


def _json(status: int, document: object) -> Reply:
    return Reply(status, json.dumps(document).encode(), {"Content-Type": "application/json"})

"""What may a host config say about the gate?"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from tfreconcile.classify.model import PLANNED_HAZARDS, HazardKind
from tfreconcile.settings.policy import ConfigurationSection, PolicySection
from tfreconcile.settings.windows import StackPattern, WindowSection, WorkingHoursSection
from tfreconcile.source.contract import GROUP_PATTERN, Person, TimeToLive
from tfreconcile.source.document import Section
from tfreconcile.source.model import Strictness
from tfreconcile.source.shapes import OneOf, Text

Hazard = Annotated[str, OneOf(tuple(sorted({str(kind) for kind in HazardKind} | PLANNED_HAZARDS)))]
GroupName = Annotated[
    str, Text(GROUP_PATTERN, "lower-case letters, digits, inner _ and -, 1 to 63 characters")
]
Member = Annotated[
    str, Text(r"(?![Gg][Rr][Oo][Uu][Pp]:)\S(.{0,198}\S)?", "a name, or a pattern such as *@example.com")
]
Approvers = Annotated[list[Person], Field(min_length=1, max_length=100)]
ResourceType = Annotated[str, Text("[a-z0-9_*?]{1,100}", "a resource type, or a pattern such as aws_efs_*")]
AuthorPattern = Annotated[str, Text(r"\S(.{0,198}\S)?", "a pattern of names or e-mail addresses")]
TrailerPattern = Annotated[
    str, Text(r"[A-Za-z0-9*?-]{1,60}: ?\S(.{0,198}\S)?", "a pattern such as Assisted-by: *")
]


class HazardApprovalsSection(Section):
    """What approvals must be for one kind of hazard, beyond what they must be anyway."""

    required: int = Field(default=1, ge=1, le=20)
    """How many people must approve."""
    signed: bool = False
    """Whether only signed words count."""
    approvers: Approvers | None = None
    """Names, patterns or groups: whoever approves must also match one of them."""


class StackApprovalsSection(Section):
    """What approvals must be for stacks whose name fits, beyond what they must be anyway."""

    required: int | None = Field(default=None, ge=1, le=20)
    """How many people must approve."""
    ttl: TimeToLive | None = None
    """How long an approval lasts, 1s to 365d."""
    four_eyes: bool | None = None
    """Whether nobody may approve who wrote or committed what is to be applied."""
    signed: bool | None = None
    """Whether only signed words count."""
    approvers: Approvers | None = None
    """Names, patterns or groups: whoever approves must also match one of them."""


class ApprovalsSection(Section):
    """Who must say yes, how many of them, and for how long a yes lasts."""

    required: int = Field(default=1, ge=1, le=20)
    """How many people must approve."""
    ttl: TimeToLive = timedelta(hours=24)
    """How long an approval lasts, 1s to 365d."""
    four_eyes: bool = False
    """Whether nobody may approve who wrote or committed what is to be applied."""
    signed: bool = False
    """Whether only signed words count."""
    approvers: Approvers = Field(default=["*"])
    """Names, patterns or groups: whoever approves must match one of them."""
    hazards: dict[Hazard, HazardApprovalsSection] = Field(default={})
    """By kind of hazard, what approvals must be beyond that."""
    stacks: dict[StackPattern, StackApprovalsSection] = Field(default={}, max_length=100)
    """By name or pattern of stacks, what approvals must be beyond that; all that fit add up."""


class UnattendedSection(Section):
    """How a change that no person wrote is told; each list replaces the built-in one."""

    authors: list[AuthorPattern] | None = Field(default=None, max_length=500)
    """Patterns over name, e-mail and `name <e-mail>` of author and committer."""
    trailers: list[TrailerPattern] | None = Field(default=None, max_length=500)
    """Patterns over the `Key: value` lines at the end of a commit message."""


class GateSection(Section):
    """The floor: no stack can be less strict."""

    hazards: dict[Hazard, Strictness] = Field(default={})
    """What each kind of hazard asks for; those left out keep their built-in default."""
    apply: Strictness = "auto"
    """What changes that Git asks for need."""
    drift: Literal["heal", "approve", "report"] = "heal"
    """What is done about changes that the world made."""
    prune: Strictness = "approve"
    """What resources that left the code need."""
    max_destroys: int = Field(default=10, ge=0, le=100_000)
    """More deletions than this in one plan are a blast-radius hazard."""
    max_destroy_percent: int = Field(default=50, ge=0, le=100)
    """A larger part of a stack's resources deleted by one plan is a blast-radius hazard; in percent."""
    groups: dict[GroupName, Annotated[list[Member], Field(min_length=1, max_length=500)]] = Field(
        default={}, max_length=100
    )
    """By name, lists of names or patterns that group:NAME stands for wherever approvers are listed."""
    approvals: ApprovalsSection = ApprovalsSection()
    """Who must say yes."""
    windows: list[WindowSection] = Field(default=[], max_length=100)
    """When something may not happen, or when alone it may."""
    working_hours: list[WorkingHoursSection] = Field(default=[], max_length=100)
    """When somebody is at hand; outside of all of them a change is an off-hours hazard; default: always."""
    stateful: list[ResourceType] = Field(default=[], max_length=500)
    """Patterns of resource types that hold data, beside the built-in catalogue."""
    scale_factor: float = Field(default=2.0, ge=1, le=1000)
    """A capacity that grows or shrinks by more than this factor is a scale hazard."""
    unattended: UnattendedSection = UnattendedSection()
    """How a change that no person wrote is told."""
    policy: PolicySection = PolicySection()
    """Policy as code that every plan is held to."""
    configuration: ConfigurationSection = ConfigurationSection()
    """What code from Git may bring with it."""

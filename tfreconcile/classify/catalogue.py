"""Which kinds of hazard are there, each in one sentence?"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tfreconcile.classify.model import HazardKind

HAZARDS: Mapping[HazardKind, str] = MappingProxyType(
    {
        HazardKind.DESTROY: "A resource is destroyed, or the leftover of an earlier replacement is.",
        HazardKind.REPLACE: "A resource is destroyed and created again, or the other way round.",
        HazardKind.FORGET: "A resource leaves the state and lives on, managed by nobody.",
        HazardKind.STATEFUL: "Something that holds data is destroyed, replaced, or was deleted outside.",
        HazardKind.EMPTY_STATE: "The state is empty or all of it looks deleted: all would be made again.",
        HazardKind.BLAST_RADIUS: "More resources go than the limits by count and by share allow.",
        HazardKind.BACKEND_MOVED: "The state is kept elsewhere than at the last apply.",
        HazardKind.ACTION: "A Terraform action runs: an effect that no later plan can show or undo.",
        HazardKind.UNKNOWN_ACTION: "The plan says a word that this version does not know.",
        HazardKind.PROTECTION_REMOVED: "Something that guards data or a resource is switched off, shortened "
        "or taken away.",
        HazardKind.EXPOSURE: "Something becomes reachable, readable or usable by everybody, or by far more "
        "than before.",
        HazardKind.IAM: "Somebody gets wide rights, a new way in, or keys that do not end.",
        HazardKind.SCALE: "A capacity grows or shrinks by more than the host's factor, or goes to nothing.",
        HazardKind.POLICY: "A policy of the host denies the plan, or could not be asked.",
        HazardKind.POLICY_WARNING: "A policy of the host warns of the plan.",
        HazardKind.UNATTENDED_AUTHOR: "A commit that no person wrote asks for the change.",
        HazardKind.OFF_HOURS: "The change would be made when nobody is at hand.",
        HazardKind.WINDOW_OVERRIDE: "The change would be made although a window is closed.",
        HazardKind.STACK_REMOVED: "The stack left Git, and all that it holds would be destroyed.",
        HazardKind.RENAMED: "The stack seems to have another name now, and its resources would be left "
        "behind or made twice.",
    }
)
"""What each requires is policy, and lives in the gate."""

"""What did one look of ``doctor`` find, and how bad is it?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Finding(StrEnum):
    """How bad it is: ``wrong`` stops passes, ``warning`` does not."""

    GOOD = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True)
class Told:
    """What one look found; ``remedy`` is what to do about it."""

    subject: str
    finding: Finding
    what: str
    remedy: str = ""

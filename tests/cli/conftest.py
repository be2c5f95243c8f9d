"""What do tests of the command line start from?"""

from __future__ import annotations

from support.operator import operator

__all__ = ["operator"]

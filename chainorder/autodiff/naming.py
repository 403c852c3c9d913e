"""Names of segments for readers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

SHOWN = 3
"""Operations that are named."""


def telling(names: Iterable[str]) -> str:
    """The most frequent operations, with how often they occur."""
    counts = Counter(names)
    shown = [f"{count} {name}" if count > 1 else name for name, count in counts.most_common(SHOWN)]
    return ", ".join(shown) + (", …" if len(counts) > SHOWN else "")

"""What is no spec, though it is YAML or JSON: what a folder of specs may hold beside them."""

from __future__ import annotations

import difflib
from itertools import islice
from typing import Any

from chainorder.reading.tokens import LIST, MAPPING

KINDS = dict.fromkeys(("dims", "layers", "elementals", "edges", "chains"), LIST) | {"vertices": MAPPING}
"""The keys that make a chain, a graph or a file of some, and what stands under them; a spec that is broken
has one, or nearly so."""

LOOKED_AT = 1000
"""Keys, or items of a list, that are looked at."""

NEAR = 0.8
"""How much of a key and one of these is equal where one may be meant for the other."""


def foreign(data: Any) -> bool:
    """Whether data are no spec, not even a broken one."""
    if isinstance(data, list):
        return all(foreign(item) for item in data[:LOOKED_AT] if isinstance(item, (dict, list)))
    if not isinstance(data, dict) or not data.keys().isdisjoint(KINDS):
        return result(data)
    return result(data) or not any(map(_of_a_spec, islice(data, LOOKED_AT)))


def result(data: Any) -> bool:
    """Whether data are what this program writes: plans, comparisons and other reports, rows of a batch."""
    if isinstance(data, list):
        return bool(data) and all(map(result, data))
    return isinstance(data, dict) and (
        ("schema" in data and ("chain" in data or "graph" in data)) or data.keys() == {"source", "error"}
    )


def _of_a_spec(key: Any) -> bool:
    return isinstance(key, str) and bool(difflib.get_close_matches(key.lower(), KINDS, 1, NEAR))

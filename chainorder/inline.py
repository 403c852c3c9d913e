"""Inline dims: what a command line takes instead of a spec file."""

from __future__ import annotations

import re
from pathlib import Path

from chainorder.chain import Chain
from chainorder.errors import SpecError

MAX_DIGITS = 100
"""Digits of a size that is read without asking the schema; it has the same limit."""


def looks_like_dims(text: str) -> bool:
    """Whether a command line's word is inline dims rather than a file: one of its entries is a number."""
    return any(re.fullmatch(r"\s*[-+]?[0-9]+\s*", entry) for entry in text.split(","))


def parse_dims(text: str) -> Chain:
    """The dense chain of inline dims, input first: ``1000,100,10,1``.

    Raises
    ------
    SpecError
        Without file, line and column.
    """
    entries = [entry.strip() for entry in text.split(",")]
    # The common case needs no schema, and so no time for importing one.
    if all(entry.isascii() and entry.isdigit() and len(entry) < MAX_DIGITS for entry in entries):
        sizes = [int(entry) for entry in entries]
        if len(sizes) > 1 and min(sizes) > 0:
            return Chain.from_dims(sizes)
    from chainorder.spec import from_data
    from chainorder.spec.tokens import plain_value

    try:
        values = [entry and plain_value(entry) for entry in entries]
    except ValueError:
        raise SpecError("a size has more digits than are read", key="dims") from None
    chain = from_data({"dims": values}, Path())
    assert isinstance(chain, Chain)
    return chain

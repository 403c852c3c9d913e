"""Inline dims: what a command line takes instead of a spec file."""

from __future__ import annotations

import re

from chainorder.errors import SpecError
from chainorder.problems.chain import Chain
from chainorder.reading.numerals import TooLongError, as_number
from chainorder.structures.fragments import MOST

_LIKE_A_NUMBER = re.compile(r"\s*[-+]?\.?[0-9][0-9_.]*(e[-+]?[0-9]+)?\s*", re.IGNORECASE)


def looks_like_dims(text: str) -> bool:
    """Whether a command line's word is inline dims rather than a file: one of its entries is a number."""
    return any(_LIKE_A_NUMBER.fullmatch(entry) for entry in text.split(","))


def parse_dims(text: str) -> Chain:
    """The dense chain of inline dims, input first: ``1000,100,10,1`` or ``1e3,100,10,1``.

    Raises
    ------
    SpecError
        Without file, line and column.
    """
    entries = [entry.strip() for entry in text.split(",")]
    try:
        values = [as_number(entry) for entry in entries]
    except TooLongError as error:
        raise SpecError(str(error), key="dims") from None
    # The common case needs no schema, and so no time for importing one.
    sizes = [value for value in values if isinstance(value, int) and 0 < value <= MOST]
    if len(sizes) == len(entries) > 1:
        return Chain.from_dims(sizes)
    from chainorder.reading.tokens import plain_value  # start-up does without

    return Chain.from_spec({"dims": [entry and plain_value(entry) for entry in entries]})

"""Whole numbers that users give: sizes and costs, checked and exact."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chainorder.errors import ChainError
from chainorder.structures.fragments import MOST


def as_sizes(sizes: Sequence[int] | npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A column of sizes: int64, or Python ints where int64 would overflow; checked to be at least 1."""
    if isinstance(sizes, np.ndarray) and sizes.dtype.kind in "iu" and sizes.ndim == 1:
        fits = not len(sizes) or int(sizes.max()) < 2**63
        column: npt.NDArray[Any] = sizes.astype(np.int64 if fits else object)
    else:
        if not isinstance(sizes, Iterable):
            raise ChainError(f"the sizes are {sizes!r}; give a list of them, input first")
        values = list(sizes)
        if not set(map(type, values)) <= {int}:
            values = [whole(value, f"dims[{place}]", "a size") for place, value in enumerate(values)]
        greatest = max(values, default=0)
        if greatest > MOST:
            whole(greatest, f"dims[{values.index(greatest)}]", "a size")
        fits = greatest < 2**63
        column = np.array(values, np.int64 if fits else object)
    if len(column) and column.min() < 1:
        place = int(np.argmax(column < 1))
        raise ChainError(f"dims[{place}] is {column[place]}; a size is a whole number of at least 1")
    column.flags.writeable = False
    return column


def whole(value: Any, key: str, what: str, *, least: int = 1) -> int:
    """The value as an int if it is a whole number (of NumPy too; no boolean) from `least` to 10^100."""
    number = isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool_))
    if number and abs(int(value)) > MOST:
        raise ChainError(f"{key} has more than 100 digits; {what} is at most 10^100")
    if number and value >= least:
        return int(value)
    raise ChainError(f"{key} is {value!r}; {what} is a whole number of at least {least}")

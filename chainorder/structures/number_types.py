"""The types of numbers that NumPy, SciPy and LAPACK calculate with, and how others become one of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chainorder.errors import StructureError

Array = npt.NDArray[Any]

DTYPES = ("float64", "float32", "complex128", "complex64")
"""Types whose products are timed; the first is that of numbers of which nothing is said."""

EXACT = 2**53
"""Whole numbers up to this are exact in double precision."""


def native(values: Array) -> Array:
    """Numbers in the byte order of the machine; half precision, which SciPy does not know, as double.

    Raises
    ------
    StructureError
        If they are no numbers.
    """
    if values.dtype.kind not in "fciub":
        raise StructureError(f"the matrix holds {values.dtype}; a Jacobian is numeric")
    kind = np.dtype(np.float64) if values.dtype.itemsize == 2 and values.dtype.kind == "f" else values.dtype
    return values.astype(kind.newbyteorder("="), copy=False)


def as_floats(values: Array) -> Array:
    """The same; whole numbers and truth values in double precision, too.

    Raises
    ------
    StructureError
        If they are no numbers, or a whole number is not exact in double precision.
    """
    known = native(values)
    if known.dtype.kind in "fc":
        return known
    if known.dtype.itemsize == 8:
        large = known > EXACT if known.dtype.kind == "u" else (known > EXACT) | (known < -EXACT)
        for number in known[large].tolist():
            if int(float(number)) != number:
                rounded = f"would be rounded to {float(number):.0f} in double precision"
                raise StructureError(f"the matrix holds {number}, which {rounded}; make it a float")
    return known.astype(np.float64)

"""The inner loops of `chainorder.costs.reachability`: by NumPy, or compiled once Numba is loaded."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from chainorder.structures.index_sets import IntArray
from chainorder.structures.pattern import Bits
from chainorder.system.compiling import compiled, loaded

WORD = 64
"""Bits of a machine word."""

LANES = np.uint64(0x0101010101010101)
"""The lowest bit of each byte."""

OCTET = 255
"""How many bits may be added up in a byte."""


def gather_bits(starts: IntArray, columns: IntArray, bits: Bits, gathered: Bits) -> None:
    """Of each row, all bits of its columns."""
    for row in range(len(gathered)):
        found = np.uint64(0)
        for place in range(starts[row], starts[row + 1]):
            found |= bits[columns[place]]
        gathered[row] = found


def gather(starts: IntArray, columns: IntArray, bits: Bits) -> Bits:
    """Of each row of compressed rows, all bits of its columns."""
    loops = fast() if loaded() else None
    gathered = np.zeros(len(starts) - 1, np.uint64)
    if loops is not None:
        loops["gather_bits"](starts, columns, bits, gathered)
        return gathered
    filled = np.flatnonzero(np.diff(starts))
    if len(filled):
        gathered[filled] = np.bitwise_or.reduceat(bits[columns], starts[filled])
    return gathered


def count(bits: Bits) -> IntArray:
    """How often each bit is set: in the lanes of one byte each, which hold the sums of 255 words."""
    counts = np.zeros(WORD, np.int64)
    for shift in range(8) if len(bits) else ():
        lanes = (bits >> np.uint64(shift)) & LANES
        sums = np.add.reduceat(lanes, np.arange(0, len(bits), OCTET)).astype("<u8", copy=False)
        counts[shift::8] = sums.view(np.uint8).reshape(-1, 8).sum(axis=0, dtype=np.int64)
    return counts


def count_weighted(bits: Bits, weights: IntArray) -> IntArray:
    """The weights of the words that have each bit, added up: digit by digit of these."""
    digits = range(int(weights.max(initial=0)).bit_length())
    sums = (count(bits[(weights >> digit) & 1 == 1]) << digit for digit in digits)
    return sum(sums, np.zeros(WORD, np.int64))


@cache
def fast() -> dict[str, Callable[..., Any]] | None:
    """The loops compiled; None without Numba."""
    return compiled(__name__, globals(), (gather_bits,))

"""Random chains of every kind of structure: the cases that solvers and executor are held against."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from chainorder import Chain
from chainorder.generate import random_chain

MIXES = {
    "dense": ("dense",),
    "network": ("dense", "diagonal"),
    "closed forms": ("dense", "diagonal", "identity", "banded"),
    "symbolic": ("diagonal", "identity", "banded"),
    "sparse": ("sparse",),
    "all": ("dense", "diagonal", "identity", "banded", "sparse"),
}
SIZES = (1, 2, 3, 7, 20)
"""Greatest sizes: small ones give many ones, ties and equal neighbours."""


def random_chains(mix: str, count: int, seed: int, longest: int = 9) -> Iterator[Chain]:
    generator = np.random.default_rng([seed, len(mix)])
    for _ in range(count):
        length = int(generator.integers(1, longest, endpoint=True))
        sizes = (1, int(generator.choice(SIZES)))
        yield random_chain(generator, length, sizes=sizes, structures=MIXES[mix])

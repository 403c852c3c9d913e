"""Random chains of every kind of structure: the cases that solvers and executor are held against."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from chainorder import Chain
from chainorder.problems.random_chains import Ranges, random_chain

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
COSTS = (1, 5, 100)
"""Greatest costs of tangents and adjoints, for the same reason."""


def random_chains(
    mix: str, count: int, seed: int, longest: int = 9, matrix_free: float = 0.0
) -> Iterator[Chain]:
    """Chains of a mix of structures; with `matrix_free`, some with tapes near a memory limit."""
    generator = np.random.default_rng([seed, len(mix)])
    for _ in range(count):
        length = int(generator.integers(1, longest, endpoint=True))
        cost = int(generator.choice(COSTS))
        ranges = Ranges(
            sizes=(1, int(generator.choice(SIZES))),
            structures=MIXES[mix],
            matrix_free=matrix_free,
            tangent=(0, cost),
            adjoint=(0, cost),
            tape=(0, 10),
            overhead=(0, int(generator.choice([0, 30]))),
            one_sided=0.2,
        )
        chain = random_chain(generator, length, ranges)
        if matrix_free and generator.random() < 0.5:
            chain = chain.within(int(generator.integers(0, 10, endpoint=True)))
        yield chain

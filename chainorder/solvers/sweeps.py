"""The two sweeps that everybody uses: the baselines of every report."""

from __future__ import annotations

import numpy as np

from chainorder.bracketing import Products
from chainorder.chain import Chain
from chainorder.plan import Plan


def forward(chain: Chain) -> Plan:
    """Multiply from the input on: F'_q · (… · (F'_2 · F'_1)); what forward mode does. No claim."""
    j = np.arange(2, len(chain) + 1)
    return Plan.of(chain, Products(j, j - 1, np.ones_like(j)), solver="forward", why="asked for")


def reverse(chain: Chain) -> Plan:
    """Multiply from the output on: ((F'_q · F'_{q−1}) · …) · F'_1; what reverse mode does. No claim."""
    i = np.arange(len(chain) - 1, 0, -1)
    return Plan.of(chain, Products(np.full_like(i, len(chain)), i, i), solver="reverse", why="asked for")

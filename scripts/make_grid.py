"""Make data/grid: the bus and branch matrices of the IEEE 118-bus case, from pandapower.

pip install '.[bench]' && python scripts/make_grid.py
"""

from __future__ import annotations

from pathlib import Path

from scipy.io import mmwrite
from sparse_cases import grid_matrices

FOLDER = Path(__file__).parent.parent / "data" / "grid"


def main() -> None:
    """Write both matrices."""
    FOLDER.mkdir(exist_ok=True)
    buses, branches = grid_matrices("case118")
    for name, matrix in (("buses", buses), ("branches", branches)):
        comment = "IEEE 118-bus case, DC power flow in per unit, by pandapower; reference bus removed"
        mmwrite(FOLDER / f"{name}.mtx", matrix, comment=comment, precision=10)


if __name__ == "__main__":
    main()

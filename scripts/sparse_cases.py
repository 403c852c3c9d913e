"""Sparse chains of real size: power grids, heat and advection, multigrid, and random ones."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import scipy.sparse as sp

from chainorder import Chain, Solve


@dataclass(frozen=True, eq=False)
class Inverse:
    """Stands for the inverse of a matrix: it is factorised within the time that is measured."""

    matrix: Any

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.matrix.shape

    def solve(self) -> Solve:
        """The link of a chain."""
        return Solve(self.matrix)


@dataclass(frozen=True, eq=False)
class Case:
    """A chain of matrices, input first.

    Attributes
    ----------
    name
        For the table.
    matrices
        NumPy arrays, SciPy sparse arrays and inverses.
    narrow
        Whether there is a waist or a selection inside, of which a sweep makes use on one side only. (At an
        end, a selection is what a sweep begins with.)
    """

    name: str
    matrices: tuple[Any, ...]
    narrow: bool = False


def chain_of(matrices: tuple[Any, ...]) -> Chain:
    """The chain of matrices and inverses; each is factorised once."""
    solve = cache(Inverse.solve)
    return Chain.from_matrices([solve(each) if isinstance(each, Inverse) else each for each in matrices])


def laplacian(side: int) -> Any:
    """The five-point stencil on a square grid."""
    line = sp.diags_array([-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(side, side))
    eye = sp.eye_array(side)
    return (sp.kron(line, eye) + sp.kron(eye, line)).tocsr()


def heat_step(side: int, speed: float = 0.2) -> Any:
    """One explicit Euler step of heat conduction."""
    return (sp.eye_array(side * side) - speed * laplacian(side)).tocsr()


def advection_step(side: int, speed: float = 0.3) -> Any:
    """One upwind step of advection to the right and upwards."""
    line = sp.diags_array([1.0, -1.0], offsets=[0, -1], shape=(side, side))
    eye = sp.eye_array(side)
    return (sp.eye_array(side * side) - speed * (sp.kron(line, eye) + sp.kron(eye, line))).tocsr()


def sources(side: int, count: int, seed: int = 0) -> Any:
    """Columns with one entry each: parameters that act at a point of the grid."""
    places = np.random.default_rng(seed).choice(side * side, count, replace=False)
    return sp.csr_array((np.ones(count), (places, np.arange(count))), shape=(side * side, count))


def modes(side: int, count: int, seed: int = 0) -> Any:
    """Dense columns: parameters that act everywhere."""
    return np.random.default_rng(seed).standard_normal((side * side, count))


def sensors(side: int, count: int, seed: int = 1) -> Any:
    """Rows with one entry each: where the state is measured."""
    return sources(side, count, seed).T.tocsr()


def rows_of_identity(chosen: Any, size: int) -> Any:
    """A selection as a matrix."""
    count = len(chosen)
    return sp.csr_array((np.ones(count), (np.arange(count), chosen)), shape=(count, size))


def random_sparse(rows: int, columns: int, degree: float, seed: int) -> Any:
    """About `degree` entries in a row."""
    return sp.random_array((rows, columns), density=min(1, degree / columns), rng=seed, format="csr")


def graph(size: int, degree: int, seed: int, power: float) -> Any:
    """A random directed graph of Pareto-distributed degrees."""
    generator = np.random.default_rng(seed)
    weights = generator.pareto(power, size) + 1
    rows, columns = (generator.choice(size, size * degree, p=weights / weights.sum()) for _ in range(2))
    matrix = sp.csr_array((generator.standard_normal(size * degree), (rows, columns)), shape=(size, size))
    matrix.sum_duplicates()
    return matrix


def grid_matrices(name: str) -> tuple[Any, Any]:
    """The bus matrix without the reference bus, and the branch matrix of a case of pandapower."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandapower
        import pandapower.networks

        net = getattr(pandapower.networks, name)()
        pandapower.rundcpp(net)
    inner = net._ppc["internal"]
    kept = np.setdiff1d(np.arange(inner["Bbus"].shape[0]), inner["ref"])
    buses = sp.csr_array(inner["Bbus"])[kept][:, kept].tocsr()
    branches = sp.csr_array(inner["Bf"])[:, kept].tocsr()
    return buses, branches


def power_grids(quick: bool) -> Iterator[Case]:
    """PTDF chains: selected lines · branch matrix · inverse bus matrix."""
    for name in ("case118",) if quick else ("case118", "case2869pegase", "case9241pegase"):
        buses, branches = grid_matrices(name)
        lines = branches.shape[0]
        few = rows_of_identity(np.linspace(0, lines - 1, 5).astype(int), lines)
        yield Case(f"{name}: PTDF of 5 lines", (Inverse(buses), branches, few))
        if lines < 10_000:
            yield Case(f"{name}: PTDF of all lines", (Inverse(buses), branches))


def steppers(quick: bool) -> Iterator[Case]:
    """Time steps in two dimensions, with few parameters and few sensors."""
    for side in (16,) if quick else (64, 256):
        steps = 10 if quick else 50
        heat, advection = heat_step(side), advection_step(side)
        few = modes(side, 5), sensors(side, 3)
        yield Case(f"heat {side}², {steps} steps, 5 → 3", (few[0], *[heat] * steps, few[1]))
        many = modes(side, 40), sensors(side, 60)
        yield Case(f"heat {side}², {steps} steps, 40 → 60", (many[0], *[heat] * steps, many[1]))
        points = sources(side, 30), sensors(side, 30)
        title = f"advection {side}², {steps} steps, 30 points → 30"
        yield Case(title, (points[0], *[advection] * steps, points[1]))
        implicit = Inverse((sp.eye_array(side * side) + 0.5 * laplacian(side)).tocsr())
        title = f"implicit heat {side}², 10 steps, 20 → 3"
        yield Case(title, (modes(side, 20), *[implicit] * 10, few[1]))
    side = 12 if quick else 64
    yield Case(f"heat {side}², 20 steps, all of it", (heat_step(side),) * 20)


def multigrid(quick: bool) -> Iterator[Case]:
    """Restriction · operator · prolongation."""
    import pyamg

    side = 30 if quick else 700
    poisson = pyamg.gallery.poisson((side, side), format="csr")
    fine, coarse = pyamg.ruge_stuben_solver(poisson, max_levels=3).levels[:2]
    triple = tuple(map(sp.csr_array, (fine.P, fine.A, fine.R)))
    yield Case(f"pyamg Poisson {side}²: R A P", triple)
    twice = tuple(map(sp.csr_array, (coarse.P, fine.P, fine.A, fine.R, coarse.R)))
    yield Case(f"pyamg Poisson {side}²: R R A P P", twice)
    bar = pyamg.gallery.load_example("unit_square" if quick else "bar")
    matrix = sp.csr_array(bar["A"])
    yield Case("pyamg example, fourth power", (matrix,) * 4)


def random_chains(quick: bool) -> Iterator[Case]:
    """Random sparse matrices, square and with waists."""
    n = 500 if quick else 20_000
    yield Case(f"4 × {n:,}², 5 a row", tuple(random_sparse(n, n, 5, seed) for seed in range(4)))
    m = 200 if quick else 5_000
    yield Case(f"10 × {m:,}², 3 a row", tuple(random_sparse(m, m, 3, seed) for seed in range(10)))
    waist = (
        random_sparse(n, 500, 1, 1),
        random_sparse(n, n, 8, 2),
        random_sparse(50, n, 400, 3),
        random_sparse(n, 50, 3, 4),
        random_sparse(n, n, 8, 5),
        random_sparse(500, n, 40, 6),
    )
    yield Case(f"{n:,}² with a waist of 50", waist, narrow=True)
    chosen = rows_of_identity(np.random.default_rng(7).choice(n, 40, replace=False), n)
    wide = [random_sparse(n, n, 8, seed) for seed in range(8, 14)]
    ends = random_sparse(n, 500, 3, 1), random_sparse(500, n, 120, 6)
    selected = (ends[0], *wide[:3], chosen, chosen.T.tocsr(), *wide[3:], ends[1])
    yield Case(f"{n:,}² with a selection of 40", selected, narrow=True)
    yield Case(f"{n:,}, Pareto degrees", tuple(graph(n, 4, seed, 1.8) for seed in range(4)))


FAMILIES = {
    "grids": power_grids,
    "steppers": steppers,
    "multigrid": multigrid,
    "random": random_chains,
}

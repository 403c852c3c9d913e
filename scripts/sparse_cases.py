"""Sparse chains of real size: power grids, heat and advection steppers, multigrid triples, random graphs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp


@dataclass(frozen=True)
class Case:
    """A chain of matrices, input first.

    Attributes
    ----------
    name
        For the table.
    matrices
        NumPy arrays and SciPy sparse arrays.
    narrow
        Whether it has a waist, a selection or a narrow end inside which an order other than a sweep can meet.
    """

    name: str
    matrices: tuple[Any, ...]
    narrow: bool = False


def laplacian(side: int) -> Any:
    """The five-point stencil on a square grid."""
    line = sp.diags_array([-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(side, side))
    eye = sp.eye_array(side)
    return (sp.kron(line, eye) + sp.kron(eye, line)).tocsr()


def heat_step(side: int, speed: float = 0.2) -> Any:
    """One explicit Euler step of heat conduction."""
    return (sp.eye_array(side * side) - speed * laplacian(side)).tocsr()


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


def graph(size: int, degree: int, seed: int, power: float | None = None) -> Any:
    """A random directed graph; with `power`, of Pareto-distributed degrees."""
    generator = np.random.default_rng(seed)
    weights = np.ones(size) if power is None else generator.pareto(power, size) + 1
    rows, columns = (generator.choice(size, size * degree, p=weights / weights.sum()) for _ in range(2))
    matrix = sp.csr_array((generator.standard_normal(size * degree), (rows, columns)), shape=(size, size))
    matrix.sum_duplicates()
    return matrix


def random_cases() -> Iterator[Case]:
    """Chains over a grid of shapes and densities."""
    generator = np.random.default_rng(5)

    def sparse(rows: int, columns: int, degree: float) -> Any:
        return sp.random_array((rows, columns), density=min(1, degree / columns), rng=generator, format="csr")

    yield Case("4 × 20,000², 5 a row", tuple(sparse(20_000, 20_000, 5) for _ in range(4)))
    yield Case("10 × 5,000², 3 a row", tuple(sparse(5_000, 5_000, 3) for _ in range(10)))
    waist = [sparse(20_000, 500, 1), sparse(20_000, 20_000, 8), sparse(50, 20_000, 400)]
    waist += [sparse(20_000, 50, 3), sparse(20_000, 20_000, 8), sparse(500, 20_000, 40)]
    yield Case("20,000² with a waist of 50", tuple(waist), narrow=True)
    yield Case("graphs of 20,000, Pareto degrees", tuple(graph(20_000, 3, seed, 1.8) for seed in range(4)))


def steppers() -> Iterator[Case]:
    """Explicit 2-D heat conduction."""
    for side, steps in ((64, 50), (256, 50)):
        step = heat_step(side)
        yield Case(f"heat {side}², {steps} steps, 5 → 3", (modes(side, 5), *[step] * steps, sensors(side, 3)))
        yield Case(
            f"heat {side}², {steps} steps, 5 points → 3",
            (sources(side, 5), *[step] * steps, sensors(side, 3)),
        )
        yield Case(
            f"heat {side}², {steps} steps, 200 → 3", (modes(side, 200), *[step] * steps, sensors(side, 3))
        )
    yield Case("heat 64², 20 steps, whole", (heat_step(64),) * 20)


def multigrid() -> Iterator[Case]:
    """Restriction · operator · prolongation, on two levels."""
    import pyamg

    for side in (200, 500):
        levels = pyamg.ruge_stuben_solver(
            pyamg.gallery.poisson((side, side), format="csr"), max_levels=3
        ).levels
        fine, coarse = levels[0], levels[1]
        triple = (fine.P, fine.A, fine.R)
        yield Case(f"pyamg Poisson {side}²: R A P", tuple(map(sp.csr_array, triple)))
        both = (coarse.P, fine.P, fine.A, fine.R, coarse.R)
        yield Case(f"pyamg Poisson {side}²: two levels", tuple(map(sp.csr_array, both)))

"""Functions of several kinds whose Jacobians are sparse, and how fast these are in JAX.

Part of `bench_autodiff.py`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from kinds.fields import reaction, roe_step, shallow_water
from kinds.mechanics import reprojection
from kinds.networks import tokens
from kinds.solving import power_flow, rosenbrock
from tables import write_seconds

import chainorder.jax
from chainorder.autodiff.choice import Mode
from chainorder.jax.api import choice_of
from chainorder.report.model import Report
from chainorder.report.numbers import Cell

ROUNDS = 35


@dataclass(frozen=True)
class Sparse:
    """A function, and where to differentiate it: with respect to all of its arguments.

    Attributes
    ----------
    possible
        Seconds that were possible by hand, or by colours and asdex, when this began: on another machine.
    """

    name: str
    function: Callable[..., Any]
    point: tuple[Any, ...]
    possible: float

    @property
    def argnums(self) -> int | tuple[int, ...]:
        """The numbers of the arguments."""
        return 0 if len(self.point) == 1 else tuple(range(len(self.point)))


def workloads(quick: bool) -> Iterator[Sparse]:
    """All of them; small ones with `quick`."""
    part = 8 if quick else 1

    def point(*shape: int) -> Any:
        return jnp.asarray(np.random.default_rng(1).uniform(1, 2, shape))

    grid = 16 // (2 if quick else 1)
    buses = 118 // part
    yield Sparse(f"shallow water 3 × {grid} × {grid}", shallow_water, (point(3, grid, grid),), 0.4e-3)
    euler = point(3, 120 // part).at[2].add(5)
    yield Sparse(f"Roe step, {120 // part} cells", roe_step, (euler,), 0.85e-3)
    yield Sparse(
        f"power flow, {buses} buses", power_flow(buses, 186 // part), (point(buses), point(buses)), 0.76e-3
    )
    yield Sparse(
        f"reaction–diffusion {800 // part}, 3 parameters", reaction, (point(800 // part), point(3)), 0.25e-3
    )
    yield Sparse(f"{32 // part} tokens of 16", tokens(16), (point(32 // part, 16),), 0.42e-3)
    yield Sparse(
        f"softmax of {40 // part} rows of 20",
        lambda x: jax.nn.softmax(x, -1),
        (point(40 // part, 20),),
        0.39e-3,
    )
    yield Sparse(
        f"{{y: {800 // part}, total}}",
        lambda x: {"y": jnp.sin(x) * x, "total": x.sum()},
        (point(800 // part),),
        0.29e-3,
    )
    scene = {"points": point(100 // part, 3) + 2, "camera": point(6) / 10}
    yield Sparse(f"reprojection of {100 // part} points", reprojection, (scene,), 0.05e-3)
    yield Sparse(
        f"Hessian of Rosenbrock, {600 // part}", jax.grad(rosenbrock), (point(600 // part),), 0.12e-3
    )


COLUMNS = (
    "function", "jacfwd", "jacrev", "dense", "× better mode", "bcoo", "× better mode", "possible",
    "asdex bcoo", "chosen", "trace, find, plan", "compile jacrev", "asdex finds",
)  # fmt: skip


def report(quick: bool, only: str) -> Report:
    """The table."""
    return Report(
        "Sparse Jacobians in JAX",
        COLUMNS,
        [_row(each, quick) for each in workloads(quick) if only in each.name],
    )


def _row(work: Sparse, quick: bool) -> tuple[Cell, ...]:
    function, point, argnums = work.function, work.point, work.argnums
    started = time.perf_counter()
    choice = choice_of(function, point, argnums=argnums)
    planned = time.perf_counter() - started
    lowered = jax.jit(jax.jacrev(function, argnums)).lower(*point)
    started = time.perf_counter()
    lowered.compile()
    compiled = time.perf_counter() - started
    ways = {
        "jacfwd": jax.jit(jax.jacfwd(function, argnums)),
        "jacrev": jax.jit(jax.jacrev(function, argnums)),
        "dense": chainorder.jax.jacobian(function, argnums),
        "bcoo": chainorder.jax.jacobian(function, argnums, output="bcoo"),
    }
    found = None
    if find_spec("asdex") and len(jax.tree.leaves((point, jax.eval_shape(function, *point)))) == 2:
        import asdex

        started = time.perf_counter()
        asdex.jacobian_sparsity(function, *point)
        found = time.perf_counter() - started
        ways["asdex"] = jax.jit(asdex.jacobian(function, *point, output_format="bcoo"))
    for mine, theirs in zip(
        *(jax.tree.leaves(ways[name](*point)) for name in ("dense", "jacrev")), strict=True
    ):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-9 * float(np.abs(theirs).max()))
    seconds = _seconds(ways, point, quick)
    better = min(seconds["jacfwd"], seconds["jacrev"])
    times = {name: write_seconds(each) for name, each in seconds.items()}
    ratios = {name: f"{better / seconds[name]:.1f}" for name in ("dense", "bcoo")}
    colours = choice.mode is Mode.COLOURS
    return (
        *(work.name, times["jacfwd"], times["jacrev"], times["dense"], ratios["dense"]),
        *(times["bcoo"], ratios["bcoo"], write_seconds(work.possible), times.get("asdex")),
        str(choice.colouring) if colours else choice.mode.value,
        write_seconds(planned),
        write_seconds(compiled),
        None if found is None else write_seconds(found),
    )


def _seconds(ways: dict[str, Callable[..., Any]], point: tuple[Any, ...], quick: bool) -> dict[str, float]:
    """The median time of a call of each, in turns, after one that warms up."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        jax.block_until_ready(way(*point))
    for _ in range(1 if quick else ROUNDS):
        for name, way in ways.items():
            started = time.perf_counter()
            jax.block_until_ready(way(*point))
            times[name].append(time.perf_counter() - started)
    return {name: statistics.median(each) for name, each in times.items()}

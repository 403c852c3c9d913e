"""How fast drop-in Jacobians are beside the frameworks' own forward and reverse modes.

Every function is differentiated in float64 on the CPU by `jacobian` of chainorder, by the framework's jacfwd
and jacrev, by the same elementals multiplied in reverse order without planning, and by asdex where its
sparsity applies. In JAX all of them are compiled. Figures are medians of rounds; in a round each is called
some times in a row.

    python scripts/bench_autodiff.py [--quick] [--markdown] [--framework jax|torch]
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import click
import jax
import jax.numpy as jnp
import numpy as np
from bench_planners import show, write_seconds

import chainorder.jax
from chainorder.autodiff.choice import Mode
from chainorder.report.model import Cell, Report

jax.config.update("jax_enable_x64", True)

ROUNDS, LONGEST_BLOCK, BLOCK_SECONDS = 5, 20, 0.2


@dataclass(frozen=True)
class Workload:
    """A function, where to differentiate it, and how many times faster than the framework it has to be."""

    name: str
    function: Any
    point: Any
    least: float


def weights(sizes: list[int], seed: int) -> list[np.ndarray]:
    """Matrices of a random network, outputs × inputs."""
    generator = np.random.default_rng(seed)
    return [generator.normal(size=(m, n)) / np.sqrt(n) for n, m in pairwise(sizes)]


def random_widths(seed: int, longest: int) -> list[int]:
    """Thirteen widths from 1 to the longest."""
    return np.random.default_rng(seed).integers(1, longest, 13, endpoint=True).tolist()


def network(sizes: list[int], seed: int = 0) -> Callable[[Any], Any]:
    """Dense layers with tanh between them."""
    matrices = [jnp.asarray(matrix) for matrix in weights(sizes, seed)]

    def function(x: Any) -> Any:
        for matrix in matrices[:-1]:
            x = jnp.tanh(matrix @ x)
        return matrices[-1] @ x

    return function


def pipeline(wide: int, depth: int) -> list[Callable[[Any], Any]]:
    """Three stages: a heavy one from wide to 8, a small one, a light one from 8 to wide."""
    heavy = network([wide] * depth + [8])
    light = network([8, wide // 4, wide], 1)
    return [heavy, lambda h: jnp.sin(h) * jnp.sum(h**2), light]


def residual(width: int, waist: int) -> Callable[[Any], Any]:
    """Residual blocks, a narrow layer, residual blocks."""
    blocks = [weights([width, 2 * width, width], seed) for seed in range(4)]
    down, up = weights([width, waist, width], 9)

    def block(x: Any, pair: Any) -> Any:
        return x + pair[1] @ jax.nn.gelu(pair[0] @ x)

    def function(x: Any) -> Any:
        for pair in blocks[:2]:
            x = block(x, pair)
        x = up @ jnp.tanh(down @ x)
        for pair in blocks[2:]:
            x = block(x, pair)
        return x

    return function


def attention(tokens: int, width: int) -> Callable[[Any], Any]:
    """One block: attention and a perceptron with residual connections and normalisation."""
    q, k, v, o = (weights([width, width], seed)[0] for seed in range(4))
    first, second = weights([width, 4 * width, width], 4)

    def norm(x: Any) -> Any:
        return (x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + 1e-6)

    def function(x: Any) -> Any:
        h = norm(x)
        scores = jax.nn.softmax((h @ q) @ (h @ k).T / np.sqrt(width))
        x = x + (scores @ (h @ v)) @ o
        return x + jax.nn.gelu(norm(x) @ first.T) @ second.T

    assert tokens > 0
    return function


def stepper(steps: int, sensors: int | None) -> Callable[[Any], Any]:
    """A nonlinear diffusion by `lax.scan`, and three sensors or the whole state."""

    def step(u: Any, _: None) -> tuple[Any, None]:
        flux = jnp.roll(u, 1) - 2 * u + jnp.roll(u, -1)
        return u + 0.1 * flux / (1 + u**2), None

    def function(u: Any) -> Any:
        u, _ = jax.lax.scan(step, u, None, length=steps)
        return u if sensors is None else u[:: len(u) // sensors][:sensors]

    return function


def point(*shape: int) -> Any:
    return jnp.asarray(np.random.default_rng(1).normal(size=shape))


def jax_workloads(quick: bool) -> Iterator[Workload]:
    """All workloads; small ones with `quick`."""
    part = 20 if quick else 1
    sizes = [max(1, size // part) for size in (1000, 1, 1000, 1, 1000)]
    yield Workload("-".join(map(str, sizes)), network(sizes), point(sizes[0]), 4)
    sizes = [size // part for size in (2000, 1000, 200, 20, 200, 1000, 2000)]
    yield Workload("autoencoder " + "-".join(map(str, sizes)), network(sizes), point(sizes[0]), 20)
    for seed in range(3):
        sizes = random_widths(seed, 1500 // part)
        yield Workload(f"12 random layers, seed {seed}", network(sizes), point(sizes[0]), 8)
    yield Workload(
        "pipeline, heavy stage to a waist of 8", pipeline(1000 // part, 6), point(1000 // part), 10
    )
    yield Workload("perceptron 784-512-256-128-10", network([784, 512, 256, 128, 10]), point(784), 0.95)
    yield Workload("residual network, waist 16", residual(500 // part, 16), point(500 // part), 0.95)
    yield Workload("residual network, no waist", residual(500 // part, 500 // part), point(500 // part), 0.95)
    tokens, width = (4, 8) if quick else (24, 32)
    yield Workload("attention block", attention(tokens, width), point(tokens, width), 0.95)
    yield Workload("scan stepper, 3 sensors", stepper(100, 3), point(1000 // part), 0.95)
    yield Workload("scan stepper, full state", stepper(100, None), point(500 // part), 0.95)
    yield Workload("square chain, 8 × 500²", network([500 // part] * 9), point(500 // part), 0.95)
    yield Workload("square chain, 2 × 1000²", network([1000 // part] * 3), point(1000 // part), 0.95)
    yield Workload("element-wise", lambda x: jnp.sin(x) * jnp.exp(-x), point(2000 // part), 0.95)


def measure(calls: dict[str, Callable[[], Any]]) -> dict[str, list[float]]:
    """Seconds by round: the median of a block of calls in a row, after one that warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            first = timed(call)
            block = [timed(call) for _ in range(max(1, min(LONGEST_BLOCK, int(BLOCK_SECONDS / first))))]
            seconds[name].append(statistics.median(block))
    return seconds


def timed(call: Callable[[], Any]) -> float:
    """Its wall time in seconds."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def jax_row(workload: Workload) -> tuple[Cell, ...]:
    """One workload in JAX: every way compiled, checked against jacrev, and timed."""
    function, x = workload.function, workload.point
    whole = chainorder.jax.api.composed(function)
    ways = {
        "chainorder": chainorder.jax.jacobian(function),
        "jacfwd": jax.jit(jax.jacfwd(whole)),
        "jacrev": jax.jit(jax.jacrev(whole)),
        "unplanned": chainorder.jax.jacobian(function, solver="reverse"),
    }
    expected = ways["jacrev"](x)
    error = float(jnp.abs(ways["chainorder"](x) - expected).max() / jnp.abs(expected).max())
    calls = {name: (lambda way=way: jax.block_until_ready(way(x))) for name, way in ways.items()}
    seconds = measure(calls)
    choice = chainorder.jax.api.choice_of(function, (x,))
    ratio = paired_ratio(seconds)
    times = [write_seconds(statistics.median(seconds[name])) for name in ways]
    predicted = min(choice.factor(mode) for mode in choice.times if mode is not Mode.PLAN)
    row = (
        *times,
        choice.mode.value,
        predicted,
        ratio,
        workload.least,
        ratio >= workload.least,
        f"{error:.0e}",
    )
    return workload.name, *row


def paired_ratio(seconds: dict[str, list[float]]) -> float:
    """The better mode's time over ours: the median of the ratios of the rounds, which share their noise."""
    better = min(("jacfwd", "jacrev"), key=lambda name: statistics.median(seconds[name]))
    pairs = zip(seconds[better], seconds["chainorder"], strict=True)
    return statistics.median(theirs / ours for theirs, ours in pairs)


@click.command()
@click.option("--quick", is_flag=True, help="Small sizes, some seconds.")
@click.option("--markdown", is_flag=True, help="Print Markdown, with what it ran on.")
@click.option("-k", "only", default="", help="Workloads whose names contain this.")
def main(quick: bool, markdown: bool, only: str) -> None:
    """Print the table."""
    rows = []
    for each in jax_workloads(quick):
        if only in each.name:
            rows.append(jax_row(each))
            click.echo(str(rows[-1]), err=True)
    columns = (
        "workload",
        "chainorder",
        "jacfwd",
        "jacrev",
        "unplanned",
        "chosen",
        "predicted",
        "× better mode",
        "at least",
        "met",
        "error",
    )
    show([Report("JAX", columns, rows)], markdown, ("numpy", "jax"))


if __name__ == "__main__":
    main()

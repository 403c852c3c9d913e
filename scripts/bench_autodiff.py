"""How fast drop-in Jacobians are beside the frameworks' own forward and reverse modes.

Every function is differentiated in float64 on the CPU by `jacobian` of chainorder, by the framework's jacfwd
and jacrev, by the same elementals multiplied in reverse order without planning, and in JAX by asdex (sparsity
and colouring) where there is sparsity, if it is installed. In JAX all of them are compiled.
Figures are medians over rounds of the median of a block of calls in a row; the ratio is the median of the
ratios of the rounds, which share their noise.

    python scripts/bench_autodiff.py [--quick] [--markdown] [--framework jax|torch|sparse] [-k NAME]
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import click
import jax
import jax.numpy as jnp
import numpy as np
import sparse_workloads
import torch
from tables import show, write_seconds

import chainorder.jax
import chainorder.torch
from chainorder.autodiff.choice import Choice, Mode
from chainorder.autodiff.task import composed
from chainorder.report.model import Report
from chainorder.report.numbers import Cell

ROUNDS, LONGEST_BLOCK, BLOCK_SECONDS = 5, 20, 0.2

WORST_RATIO = 0.95
"""What a workload without a waist has to reach."""


@dataclass(frozen=True)
class Framework:
    """What the workloads need of a framework."""

    name: str
    array: Callable[[Any], Any]
    tanh: Callable[[Any], Any]
    sin: Callable[[Any], Any]
    gelu: Callable[[Any], Any]
    softmax: Callable[[Any], Any]

    def network(self, sizes: list[int], seed: int = 0) -> Callable[[Any], Any]:
        """Dense layers with tanh between them."""
        matrices = [self.array(matrix) for matrix in weights(sizes, seed)]

        def function(x: Any) -> Any:
            for matrix in matrices[:-1]:
                x = self.tanh(matrix @ x)
            return matrices[-1] @ x

        return function

    def pipeline(self, wide: int, depth: int) -> list[Callable[[Any], Any]]:
        """Three stages: a heavy one from wide to 8, a small one, a light one from 8 to wide."""
        heavy = self.network([wide] * depth + [8])
        light = self.network([8, wide // 4, wide], 1)
        return [heavy, lambda h: self.sin(h) * (h**2).sum(), light]

    def residual(self, width: int, waist: int) -> Callable[[Any], Any]:
        """Residual blocks, a narrow layer, residual blocks."""
        blocks = [[self.array(m) for m in weights([width, 2 * width, width], seed)] for seed in range(4)]
        down, up = (self.array(matrix) for matrix in weights([width, waist, width], 9))

        def block(x: Any, pair: Any) -> Any:
            return x + pair[1] @ self.gelu(pair[0] @ x)

        def function(x: Any) -> Any:
            for pair in blocks[:2]:
                x = block(x, pair)
            x = up @ self.tanh(down @ x)
            for pair in blocks[2:]:
                x = block(x, pair)
            return x

        return function

    def branches(self, width: int, narrow: tuple[int, int]) -> Callable[[Any], Any]:
        """Dense layers, two narrow values beside each other, and dense layers again."""
        first, last = self.network([width] * 4), self.network([width] * 4)
        pairs = [[self.array(m) for m in weights([width, size, width], size)] for size in narrow]

        def function(x: Any) -> Any:
            x = first(x)
            (a, b), (c, d) = pairs
            return last(self.tanh(b @ self.tanh(a @ x)) * self.sin(d @ self.tanh(c @ x)))

        return function

    def attention(self, width: int) -> Callable[[Any], Any]:
        """One block: attention and a perceptron, with residual connections and normalisation."""
        q, k, v, o = (self.array(weights([width, width], seed)[0]) for seed in range(4))
        first, second = (self.array(matrix) for matrix in weights([width, 4 * width, width], 4))

        def norm(x: Any) -> Any:
            centred = x - x.mean(-1)[..., None]
            return centred / ((centred**2).mean(-1)[..., None] + 1e-6) ** 0.5

        def function(x: Any) -> Any:
            h = norm(x)
            scores = self.softmax((h @ q) @ (h @ k).T / width**0.5)
            x = x + (scores @ (h @ v)) @ o
            return x + self.gelu(norm(x) @ first.T) @ second.T

        return function


JAX = Framework("jax", jnp.asarray, jnp.tanh, jnp.sin, jax.nn.gelu, jax.nn.softmax)
TORCH = Framework(
    "torch",
    torch.as_tensor,
    torch.tanh,
    torch.sin,
    torch.nn.functional.gelu,
    lambda x: torch.softmax(x, -1),
)


@dataclass(frozen=True)
class Workload:
    """A function, where to differentiate it, and how many times faster than the framework it has to be."""

    name: str
    function: Any
    point: Any
    least: float
    sparse: bool = False


def weights(sizes: list[int], seed: int) -> list[np.ndarray]:
    """Matrices of a random network, outputs × inputs."""
    generator = np.random.default_rng(seed)
    return [generator.normal(size=(m, n)) / np.sqrt(n) for n, m in pairwise(sizes)]


def random_widths(seed: int, longest: int) -> list[int]:
    """Thirteen widths from 1 to the longest."""
    return np.random.default_rng(seed).integers(1, longest, 13, endpoint=True).tolist()


def stepper(steps: int, sensors: int | None) -> Callable[[Any], Any]:
    """A nonlinear diffusion by `lax.scan`, and three sensors or the whole state."""

    def step(u: Any, _: None) -> tuple[Any, None]:
        flux = jnp.roll(u, 1) - 2 * u + jnp.roll(u, -1)
        return u + 0.1 * flux / (1 + u**2), None

    def function(u: Any) -> Any:
        u, _ = jax.lax.scan(step, u, None, length=steps)
        return u if sensors is None else u[:: len(u) // sensors][:sensors]

    return function


def workloads(framework: Framework, quick: bool) -> Iterator[Workload]:
    """All workloads; small ones with `quick`."""
    part = 20 if quick else 1

    def point(*shape: int) -> Any:
        return framework.array(np.random.default_rng(1).normal(size=shape))

    def network(name: str, sizes: list[int], least: float) -> Workload:
        return Workload(name, framework.network(sizes), point(sizes[0]), least)

    outer = [max(1, size // part) for size in (1000, 1, 1000, 1, 1000)]
    yield network("-".join(map(str, outer)), outer, 4 if framework is JAX else 3)
    narrow = [size // part for size in (2000, 1000, 200, 20, 200, 1000, 2000)]
    yield network("autoencoder " + "-".join(map(str, narrow)), narrow, 20)
    for seed in range(3):
        yield network(f"12 random layers, seed {seed}", random_widths(seed, 1500 // part), 8)
    wide = 1000 // part
    yield Workload("pipeline with a waist of 8", framework.pipeline(wide, 6), point(wide), 10)
    yield network("perceptron 784-512-256-128-10", [784, 512, 256, 128, 10], WORST_RATIO)
    width = 500 // part
    yield Workload("residual network, waist 16", framework.residual(width, 16), point(width), WORST_RATIO)
    yield Workload("residual network, no waist", framework.residual(width, width), point(width), WORST_RATIO)
    yield Workload("two branches of 3 and 4", framework.branches(width, (3, 4)), point(width), WORST_RATIO)
    tokens, features = (4, 8) if quick else (24, 32)
    block = framework.attention(features)
    yield Workload("attention block", block, point(tokens, features), WORST_RATIO)
    if framework is JAX:
        steps = 5 if quick else 100
        yield Workload("scan stepper, 3 sensors", stepper(steps, 3), point(wide), WORST_RATIO, True)
        yield Workload("scan stepper, full state", stepper(steps, None), point(width), WORST_RATIO, True)
    yield network("square chain, 8 × 500²", [width] * 9, WORST_RATIO)
    yield network("square chain, 2 × 1000²", [wide] * 3, WORST_RATIO)
    diagonal = point(2000 // part)
    yield Workload(
        "element-wise", lambda x: framework.sin(x) * framework.tanh(x), diagonal, WORST_RATIO, True
    )


def measure(calls: dict[str, Callable[[], Any]], quick: bool) -> dict[str, list[float]]:
    """Seconds by round: the median of a block of calls in a row, after one that warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    longest = 1 if quick else LONGEST_BLOCK
    for _ in range(1 if quick else ROUNDS):
        for name, call in calls.items():
            first = timed(call)
            block = [timed(call) for _ in range(max(1, min(longest, int(BLOCK_SECONDS / first))))]
            seconds[name].append(statistics.median(block))
    return seconds


def timed(call: Callable[[], Any]) -> float:
    """Its wall time in seconds."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def paired_ratio(seconds: dict[str, list[float]]) -> float:
    """The better mode's time over ours: the median of the ratios of the rounds."""
    better = min(("jacfwd", "jacrev"), key=lambda name: statistics.median(seconds[name]))
    pairs = zip(seconds[better], seconds["chainorder"], strict=True)
    return statistics.median(theirs / ours for theirs, ours in pairs)


def jax_ways(workload: Workload) -> tuple[dict[str, Callable[[Any], Any]], Choice]:
    """Every way in JAX, compiled."""
    function, x = workload.function, workload.point
    whole = composed(function)
    ways = {
        "chainorder": chainorder.jax.jacobian(function),
        "jacfwd": jax.jit(jax.jacfwd(whole)),
        "jacrev": jax.jit(jax.jacrev(whole)),
        "unplanned": chainorder.jax.jacobian(function, solver="reverse"),
    }
    if workload.sparse and find_spec("asdex"):
        import asdex

        ways["asdex"] = jax.jit(asdex.jacobian(whole, x, output_format="dense"))
    return ways, chainorder.jax.api.choice_of(function, (x,))


def torch_ways(workload: Workload) -> tuple[dict[str, Callable[[Any], Any]], Choice]:
    """Every way in PyTorch."""
    function, x = workload.function, workload.point
    whole = composed(function)
    ways = {
        "chainorder": chainorder.torch.jacobian(function),
        "jacfwd": torch.func.jacfwd(whole),
        "jacrev": torch.func.jacrev(whole),
        "unplanned": chainorder.torch.jacobian(function, solver="reverse"),
    }
    return ways, chainorder.torch.api.choice_of(function, (x,))


COLUMNS = (
    "workload",
    "chainorder",
    "jacfwd",
    "jacrev",
    "unplanned",
    "asdex",
    "chosen",
    "predicted",
    "× better mode",
    "at least",
    "met",
    "difference",
)


def row(framework: Framework, workload: Workload, quick: bool) -> tuple[Cell, ...]:
    """One workload: every way checked against jacrev, and timed."""
    ways, choice = (jax_ways if framework is JAX else torch_ways)(workload)
    x = workload.point
    expected = np.asarray(ways["jacrev"](x))
    error = np.abs(np.asarray(ways["chainorder"](x)) - expected).max() / np.abs(expected).max()
    calls = {name: (lambda way=way: jax.block_until_ready(way(x))) for name, way in ways.items()}
    seconds = measure(calls, quick)
    ratio = paired_ratio(seconds)
    ordered = ("chainorder", "jacfwd", "jacrev", "unplanned", "asdex")
    times = [write_seconds(statistics.median(seconds[name])) if name in seconds else None for name in ordered]
    predicted = min(choice.factor(mode) for mode in choice.times if mode is not Mode.PLAN)
    facts = (choice.mode.value, predicted, ratio, workload.least, ratio >= workload.least, f"{error:.0e}")
    return (workload.name, *times, *facts)


def tracing_report(quick: bool, only: str) -> Report:
    """What tracing and planning take, beside compiling the reverse mode of the same function."""
    rows: list[tuple[Cell, ...]] = []
    for each in (each for each in workloads(JAX, quick) if only in each.name):
        whole = composed(each.function)
        plan_seconds, compile_seconds = [], []
        for _ in range(1 if quick else 3):
            fresh = jax.jit(chainorder.jax.jacobian(lambda x, f=whole: f(x)))
            plan_seconds.append(timed(lambda jitted=fresh, x=each.point: jitted.trace(x)))
            lowered = jax.jit(jax.jacrev(lambda x, f=whole: f(x))).lower(each.point)
            compile_seconds.append(timed(lowered.compile))
        ours, theirs = statistics.median(plan_seconds), statistics.median(compile_seconds)
        rows.append((each.name, write_seconds(ours), write_seconds(theirs), ours / theirs, ours < theirs / 2))
    columns = ("workload", "trace and plan", "compile jacrev", "ratio", "below a half")
    return Report("JAX: tracing and planning beside compiling", columns, rows)


@click.command()
@click.option("--quick", is_flag=True, help="Small sizes, some seconds.")
@click.option("--markdown", is_flag=True, help="Print Markdown, with what it ran on.")
@click.option(
    "--framework",
    "name",
    type=click.Choice(["jax", "torch", "sparse"]),
    help="Only this; sparse functions in JAX.",
)
@click.option("-k", "only", default="", help="Only workloads whose names contain this.")
def main(quick: bool, markdown: bool, name: str | None, only: str) -> None:
    """Print the tables."""
    jax.config.update("jax_enable_x64", True)
    reports = []
    for framework in (JAX, TORCH):
        if name in (None, framework.name):
            rows = []
            for each in workloads(framework, quick):
                if only in each.name:
                    rows.append(row(framework, each, quick))
                    click.echo(" ".join(str(cell) for cell in rows[-1]), err=True)
            reports.append(Report(f"Jacobians in {framework.name}", COLUMNS, rows))
    if name in (None, "jax"):
        reports.append(tracing_report(quick, only))
    if name in (None, "sparse"):
        reports.append(sparse_workloads.report(quick, only))
    show(reports, markdown, ("numpy", "jax", "torch"))


if __name__ == "__main__":
    main()

"""Functions of JAX whose products stand in an unfortunate order: as they are, reassociated, and by hand.

python scripts/bench_reassociation.py --markdown
"""

from __future__ import annotations

import os

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import click
import jax
import jax.numpy as jnp
import numpy as np
from tables import show

from chainorder.jax import reassociate
from chainorder.report.model import Report

RNG = np.random.default_rng(0)


def array(*shape: int) -> Any:
    return jnp.asarray(RNG.normal(size=shape) / shape[-1], jnp.float32)


SQUARE, VECTOR, LOW, WIDE = array(800, 800), array(800), array(2000, 8), array(2000, 50)
BATCH = array(32, 100, 100)

ROWS: dict[str, tuple[Callable[..., Any], Callable[..., Any], tuple[Any, ...]]] = {
    "A @ B @ C @ x, 800": (lambda a, x: a @ a @ a @ x, lambda a, x: a @ (a @ (a @ x)), (SQUARE, VECTOR)),
    "low rank, U @ Uᵀ @ X, 2000 × 8": (lambda u, x: u @ u.T @ x, lambda u, x: u @ (u.T @ x), (LOW, WIDE)),
    "linear layers 784-10-784-10, 500 samples": (
        lambda x, a, b: x @ (a @ b @ a),
        lambda x, a, b: x @ (a @ (b @ a)),
        (array(500, 784), array(784, 10), array(10, 784)),
    ),
    "batch of 32, A @ A @ x, 100": (
        jax.vmap(lambda a, x: a @ a @ x),
        jax.vmap(lambda a, x: a @ (a @ x)),
        (BATCH, array(32, 100)),
    ),
    "in best order already": (lambda a, x: a @ (a @ x), lambda a, x: a @ (a @ x), (SQUARE, VECTOR)),
}


def milliseconds(functions: list[Callable[..., Any]], args: tuple[Any, ...], rounds: int) -> list[float]:
    """Medians of compiled functions, taken in random turns: each finds the caches that another one leaves."""
    times: list[list[float]] = [[] for _ in functions]
    for function in functions:
        jax.block_until_ready(function(*args))
    for _ in range(rounds):
        for number in RNG.permutation(len(functions)):
            start = time.perf_counter()
            jax.block_until_ready(functions[number](*args))
            times[number].append(1e3 * (time.perf_counter() - start))
    return [median(taken) for taken in times]


@click.command()
@click.option("--rounds", default=100)
@click.option("--markdown", is_flag=True)
def main(rounds: int, markdown: bool) -> None:
    """Print the table."""
    rows = []
    for name, (function, by_hand, args) in ROWS.items():
        functions = [jax.jit(each) for each in (function, reassociate(function), by_hand)]
        own, ours, hand = milliseconds(functions, args, rounds)
        rows.append((name, f"{own:.3g}", f"{ours:.3g}", f"{hand:.3g}", f"{own / ours:.1f}"))
    columns = ("products", "as written, ms", "reassociate, ms", "by hand, ms", "times as fast")
    show([Report("Products in JAX, compiled, float32", columns, rows)], markdown, ("jax", "numpy"))


if __name__ == "__main__":
    main()

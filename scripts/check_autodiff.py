"""Hold drop-in Jacobians against the frameworks' own, on random compositions, to 1e-10 relative in float64.

python scripts/check_autodiff.py [--functions N] [--seed S]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import jax
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from chainorder.jax import jacobian
from tests.jax_compositions import random_composition

TOLERANCE = 1e-10
SMALLEST = 1e-5
"""A largest entry below it is compared as if it were this: rounding may stand where there is zero."""

jax.config.update("jax_enable_x64", True)


def disagreements(seed: int) -> Iterator[tuple[str, float]]:
    """The largest relative differences from `jax.jacrev` for one function: chosen way, and best plan."""
    function, point = random_composition(seed)
    theirs = np.asarray(jax.jit(jax.jacrev(function))(point))
    scale = max(float(np.abs(theirs).max(initial=0)), SMALLEST)
    for way, solver in (("chosen way", None), ("best plan", "dynamic")):
        ours = np.asarray(jacobian(function, solver=solver)(point))
        same = ours.shape == theirs.shape and ours.dtype == theirs.dtype
        yield way, float(np.abs(ours - theirs).max(initial=0)) / scale if same else np.inf


@click.command()
@click.option("--functions", default=200, show_default=True, help="How many.")
@click.option("--seed", default=1000, show_default=True, help="The first seed.")
def main(functions: int, seed: int) -> None:
    """Check random functions, each by the chosen way and by the best plan."""
    started = time.perf_counter()
    worst: dict[str, float] = {}
    for number in range(seed, seed + functions):
        for way, error in disagreements(number):
            if not error <= TOLERANCE:
                raise click.ClickException(f"seed {number}, {way}: relative difference {error:.2e}")
            worst[way] = max(worst.get(way, 0.0), error)
    seconds = time.perf_counter() - started
    for way, error in worst.items():
        click.echo(f"{functions} functions, {way}: at most {error:.1e} relative difference")
    click.echo(f"{seconds:.0f} s")


if __name__ == "__main__":
    main()

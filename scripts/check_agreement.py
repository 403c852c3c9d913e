"""Hold every solver against exhaustive search, and every execution against its plan, on many random chains.

    python scripts/check_agreement.py --chains 6000 --matrix-free 6000

The tests run a sample of this.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

import click

from chainorder import Chain, InfeasibleError, Plan, execute, plan

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.chains import MIXES, random_chains  # the same chains as the tests
from tests.oracle import all_totals


def check(chain: Chain, seed: int) -> Counter[str]:
    """Plan and run one chain in every way; what was compared, by name."""
    optimum = plan(chain, solver="exhaustive").fma
    done: Counter[str] = Counter(exhaustive=1)
    for solver in ("hu-shing", "dynamic", "auto", "contraction", "forward", "reverse"):
        if solver == "hu-shing" and not chain.dense:
            continue
        answer = plan(chain, solver=solver)
        bound = answer.lower_bound or 0
        if not (answer.fma == optimum if answer.optimal else bound <= optimum <= answer.fma):
            raise click.ClickException(f"{solver}: {answer.fma}, optimum {optimum}: {chain.to_spec()}")
        answer.validate()
        if Plan.from_json(answer.to_json()) != answer:
            raise click.ClickException(f"{solver}: a saved plan comes back changed: {chain.to_spec()}")
        run = execute(answer, seed=seed)
        if not run.passed:
            raise click.ClickException(f"{solver}: {run.fma} fma counted, {run.checks}: {chain.to_spec()}")
        done[solver] += 1
    return done


def check_matrix_free(chain: Chain) -> Counter[str]:
    """Hold the dynamic program against an independent search over all operation trees."""
    totals = all_totals(chain)
    try:
        answer = plan(chain, solver="dynamic")
    except InfeasibleError:
        if totals:
            raise click.ClickException(f"said to be infeasible: {chain.to_spec()}") from None
        return Counter({"infeasible": 1})
    if not totals or answer.fma != min(totals):
        raise click.ClickException(f"dynamic gives {answer.fma}: {chain.to_spec()}")
    return Counter({"matrix-free": 1})


@click.command()
@click.option(
    "--matrix-free", default=6000, show_default=True, help="Further ones, matrix-free, of up to 7 elementals."
)
@click.option("--chains", default=6000, show_default=True, help="Random chains over all mixes.")
@click.option("--seed", default=0, show_default=True)
def main(matrix_free: int, chains: int, seed: int) -> None:
    """Check agreement and print what was compared."""
    started = time.perf_counter()
    total: Counter[str] = Counter()
    for mix in MIXES:
        for number, chain in enumerate(random_chains(mix, chains // len(MIXES), seed)):
            total += check(chain, number)
        for chain in random_chains(mix, -(-matrix_free // len(MIXES)), seed, longest=7, matrix_free=0.7):
            total += check_matrix_free(chain)
    counts = ", ".join(f"{solver} {count:,}" for solver, count in total.items())
    click.echo(f"agreed, validated, saved, run and counted: {counts} ({time.perf_counter() - started:.0f} s)")


if __name__ == "__main__":
    main()

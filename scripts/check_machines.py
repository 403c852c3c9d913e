"""Hold the planners for several machines against published optima, all or a sample of them.

The reference instances are those of `../shared/reference` (or $CHAINORDER_REFERENCE): 6,000 chains of lengths
1 to 6, each on 1 to `length` machines. For each, `exact` has to prove the exact value and stand up to
validation, and `list-scheduling` must not be worse than the published dynamic program, nor its bound above
the optimum.

    python scripts/check_machines.py [--every 100] [--seconds 600]
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from chainorder import Chain, Elemental, plan

REFERENCE = Path(os.environ.get("CHAINORDER_REFERENCE", Path(__file__).parents[2] / "shared" / "reference"))


@dataclass(frozen=True)
class Published:
    """A chain, and what is published of its makespan on 1, 2, … machines."""

    chain: Chain
    dynamic_program: list[int]
    exact: list[int]


def published(every: int = 1, folder: Path = REFERENCE) -> Iterator[Published]:
    """Every so many-th reference chain."""
    with gzip.open(folder / "scheduled_chains.csv.gz", "rt") as file:
        for number, row in enumerate(csv.DictReader(file)):
            if number % every:
                continue
            sizes, costs = ([int(text) for text in row[key].split()] for key in ("dims", "edges"))
            elementals = [
                Elemental(inputs, outputs, tangent=cost, adjoint=cost, tape=cost)
                for (inputs, outputs), cost in zip(pairwise(sizes), costs, strict=True)
            ]
            values = ([int(text) for text in row[key].split()] for key in ("published_dp", "exact"))
            yield Published(Chain(elementals, f"{row['length']}-{row['id']}"), *values)


def faults(case: Published, machines: int) -> Iterator[str]:
    """What is wrong about one chain on some machines."""
    value, other = case.exact[machines - 1], case.dynamic_program[machines - 1]
    best = plan(case.chain, solver="exact", machines=machines, objective="makespan")
    best.validate()
    if (best.makespan, best.lower_bound, best.optimal) != (value, value, True):
        yield f"exact says {best.makespan} (bound {best.lower_bound}); it is {value}"
    quick = plan(case.chain, solver="list-scheduling", machines=machines)
    quick.validate()
    if not (quick.lower_bound or 0) <= value <= quick.makespan <= other:
        yield f"list-scheduling: {quick.lower_bound} ≤ {value} ≤ {quick.makespan} ≤ {other} does not hold"


def main() -> None:
    """Check, and say how far it came."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--every", type=int, default=1, help="take every so many-th chain")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    arguments = parser.parse_args()
    started, checked, wrong = time.perf_counter(), 0, 0
    for case in published(arguments.every):
        for machines in range(1, len(case.chain) + 1):
            for fault in faults(case, machines):
                wrong += 1
                print(f"{case.chain.name} on {machines} machines: {fault}")
            checked += 1
        if time.perf_counter() - started > arguments.seconds:
            print(f"stopped at chain {case.chain.name}")
            break
    seconds = time.perf_counter() - started
    print(f"{checked:,} schedules checked in {seconds:,.0f} s, {wrong} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

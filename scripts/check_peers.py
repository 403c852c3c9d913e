"""Hold drop-in Jacobians against the frameworks' own on every operator that the frameworks test themselves.

python scripts/check_peers.py [torch|jax] [--every N] [--samples N] [-k NAME] [--dtype float32]

Each operator is differentiated alone and between two linear maps that make its argument a narrow waist, by
the way that is chosen and by the best plan. The table counts what came of it; the exit status is 1 if a
value is wrong, or ours fails where the framework does not.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).parent.parent))

from chainorder.report.model import Report
from scripts.peers.comparing import FAULTS, Case, Outcome, Verdict, quietly
from scripts.tables import show, tell

DTYPES = ("float64", "float32")


def outcomes(framework: Any, case: Case) -> Iterator[tuple[str, Outcome]]:
    """What came of an operator, alone and in a waist."""
    yield from framework.PEER.compare(case)
    for way, outcome in framework.PEER.compare(framework.PEER.waist(case)):
        yield f"{way}, waist", outcome


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(["torch", "jax"]))
@click.option("--every", default=1, show_default=True, help="Only every so many operators.")
@click.option("--samples", default=2, show_default=True, help="Samples of an operator's arguments.")
@click.option("-k", "part", default="", help="Only operators with this in their names.")
@click.option("--dtype", "dtypes", multiple=True, type=click.Choice(DTYPES), default=DTYPES)
@click.option("--verbose", is_flag=True, help="What came of each, and why.")
def main(
    names: tuple[str, ...], every: int, samples: int, part: str, dtypes: tuple[str, ...], verbose: bool
) -> None:
    """Check the operators of PyTorch, of JAX, or of both."""
    rows, faulty, started = [], False, time.perf_counter()
    for name in names or ("torch", "jax"):
        framework = import_module(f"scripts.peers.{name}_operators")
        chosen = {key: value for key, value in framework.operators().items() if part in key}
        for dtype in dtypes:
            counts: Counter[Verdict] = Counter()
            for place, (key, operator) in enumerate(list(chosen.items())[::every]):
                if not place % 50:
                    tell(f"{name} {dtype}: {place} operators, {time.perf_counter() - started:.0f} s")
                for case in framework.cases(key, operator, dtype, samples):
                    for way, outcome in outcomes(framework, case):
                        counts[outcome.verdict] += 1
                        if verbose or outcome.verdict in FAULTS:
                            tell(f"{case.name}, {dtype}, {way}: {outcome}")
            rows.append((name, dtype, *(counts[verdict] for verdict in Verdict)))
            faulty |= any(counts[fault] for fault in FAULTS)
    columns = ("framework", "dtype", *(verdict.value for verdict in Verdict))
    show([Report("operators", columns, rows)], False, [*names])
    sys.exit(faulty)


if __name__ == "__main__":
    with quietly():
        main()

"""Hold bounds, safe eliminations and found orders of vertices against all orders of small random graphs.

    python scripts/check_orders.py --graphs 2400

The tests run a sample of this.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.order_checks import check_graph  # the same checks as the tests


@click.command()
@click.option("--graphs", default=2400, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(graphs: int, seed: int) -> None:
    """Check and print what was compared."""
    started = time.perf_counter()
    generator = random.Random(seed)
    counts: Counter[str] = Counter()
    for _ in range(graphs):
        counts.update(check_graph(generator))
    seconds = time.perf_counter() - started
    click.echo(f"no bound above the optimum, no reduction without it: {graphs} graphs ({seconds:.0f} s)")
    for what, count in sorted(counts.items()):
        click.echo(f"  {count:,} {what}")


if __name__ == "__main__":
    main()

"""``chainorder generate``: random chains."""

from __future__ import annotations

from typing import Any

import click

from chainorder.cli.completion import FileName
from chainorder.cli.helping import Command
from chainorder.cli.options import force_option, range_option
from chainorder.cli.values import Memory, Names, Real, Whole
from chainorder.cli.writing import counted_elsewhere, emit, output_file, protect
from chainorder.structures.catalogue import STRUCTURES


@click.command(cls=Command)
@click.argument("count", type=Whole(1))
@range_option("--length", "8", "Elementals of a chain.")
@range_option("--sizes", "1:100", "Sizes between elementals.")
@click.option(
    "--structure",
    "structures",
    multiple=True,
    default=("dense",),
    show_default=True,
    type=Names(tuple(STRUCTURES)),
    metavar="NAME",
    help=f"Several may be given, or one again to make it likelier: {', '.join(STRUCTURES)}.",
)
@click.option(
    "--matrix-free",
    default=0.0,
    show_default=True,
    type=Real(0, 1),
    metavar="SHARE",
    help="Share without a matrix.",
)
@range_option("--tangent", "1:1000", "fma of a tangent.")
@range_option("--adjoint", "1:1000", "fma of an adjoint.")
@range_option("--tape", "0:0", "Entries of a tape.")
@range_option("--overhead", "0:0", "fma added to each call.")
@click.option("--memory", type=Memory(), metavar="ENTRIES", help="For a tape: 100000, 100k or 800kB.")
@click.option(
    "--seed", default=0, show_default=True, type=Whole(0), metavar="NUMBER", help="Same seed, same chains."
)
@click.option("-o", "--output", type=FileName(), metavar="FILE", help="Write to a file, best a .jsonl.")
@force_option
def generate(
    count: int,
    length: tuple[int, int],
    memory: int | None,
    seed: int,
    output: str | None,
    force: bool,
    **ranges: Any,
) -> None:
    """Make COUNT random chains, as JSON Lines.

    Ranges are LEAST:GREATEST, both included, or one number.
    """
    import json

    from chainorder.problems.random_chains import Ranges, is_generated, random_chains

    file = output_file(output)
    protect(file, (), force=force or (file is not None and is_generated(file.path)))
    chains = random_chains(seed, count, length, Ranges(**ranges))
    lines = (json.dumps(chain.within(memory).to_spec()) + "\n" for chain in chains)
    emit(counted_elsewhere(lines, "chains", count, shown=file is None), file)

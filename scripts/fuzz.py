"""Try chainorder with what nobody would write: random specs, files, command lines; and see that it holds.

    python scripts/fuzz.py --seconds 1800 --seed 0

Kinds of cases, and what holds of them, stand in `scripts/fuzzing/kinds.py`. Whatever is found is made as
small as can be and kept in a folder that `--replay` takes.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parent.parent))

from scripts.fuzzing.cases import Fault, read, shown
from scripts.fuzzing.kinds import KINDS, TESTING
from scripts.fuzzing.parent import WALL_SECONDS, Tally, fuzz, replay

EPILOG = "\b\nKinds:\n" + "\n".join(f"  {name}: {kind.about}" for name, kind in KINDS.items())


def chosen_kinds(text: str) -> list[str]:
    """Names of kinds, separated by commas; all of them if there is none."""
    names = text.split(",") if text else list(KINDS)
    if unknown := [name for name in names if name not in KINDS | TESTING]:
        raise click.BadParameter(f"{unknown[0]!r} is no kind; the known ones are {', '.join(KINDS)}")
    return names


@click.command(epilog=EPILOG)
@click.option(
    "--seconds", type=click.FloatRange(0), help="How long; by default a minute, unless --cases is given."
)
@click.option("--cases", type=click.IntRange(1), help="How many instead: equal seeds then give equal cases.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0))
@click.option("--kinds", default="", help="Some kinds only, separated by commas.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1), help="Processes.")
@click.option(
    "--keep", default="fuzz-cases", show_default=True, type=click.Path(path_type=Path), help="For faults."
)
@click.option("--wall", default=WALL_SECONDS, show_default=True, help="Seconds that a case may take.")
@click.option(
    "--replay", "again", type=click.Path(exists=True, path_type=Path), help="Try one kept case again."
)
def main(
    seconds: float | None,
    cases: int | None,
    seed: int,
    kinds: str,
    workers: int,
    keep: Path,
    wall: float,
    again: Path | None,
) -> None:
    """Run random cases and report faults; the exit status is 1 if there are any."""
    if again is not None:
        _replay(again, wall)
    if seconds is None:
        seconds = float("inf") if cases else 60.0
    started = time.monotonic()
    last = [started]

    def tell(tally: Tally, found: Fault | None) -> None:
        if found is not None:
            case = tally.faults[found.signature][1]
            click.echo(f"fault: {found}\n  again: python scripts/fuzz.py --replay {case}", err=True)
        elif time.monotonic() - last[0] > 10:
            last[0] = time.monotonic()
            click.echo(f"{last[0] - started:,.0f} s: {_counts(tally)}", err=True)

    limit = float("inf") if cases is None else cases
    names = chosen_kinds(kinds)
    tally = fuzz(
        names, seed, seconds=seconds, cases=limit, workers=workers, keep=keep, tell=tell, wall_seconds=wall
    )
    for kind in names:
        click.echo(f"{kind:>10} {tally.cases[kind]:>9,} cases {tally.commands[kind]:>9,} commands")
    for signature, times in tally.seen.most_common():
        _, case = tally.faults.get(signature, (None, "always beside another, no case of its own"))
        click.echo(f"fault, {times:,} times: {': '.join(signature)}  ({case})")
    spent = time.monotonic() - started
    click.echo(f"{_counts(tally)} in {spent:,.0f} s, seed {seed}")
    sys.exit(1 if tally.seen else 0)


def _counts(tally: Tally) -> str:
    return f"{tally.cases.total():,} cases, {len(tally.seen):,} faults"


def _replay(folder: Path, wall: float) -> None:
    case = read(folder)
    click.echo(f"in {folder / 'files'}: {shown(case)}")
    faults = replay(case, wall)
    for found in faults:
        click.echo(f"fault: {found}\n{found.detail}")
    click.echo(f"{len(faults)} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()

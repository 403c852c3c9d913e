"""Keep what the commands show on narrow and wide screens: every command on every spec of data/.

    python scripts/screens.py            # name what is no longer so
    python scripts/screens.py --update   # write it anew; then look at the differences

What a machine measures is made steady: times, and errors of floating point numbers.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from contextlib import ExitStack, chdir, contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import click
from click.testing import CliRunner

from chainorder.cli import COMMANDS, cli
from chainorder.costs.machine import Machine
from chainorder.costs.profiles import read_profile
from chainorder.execution.checks import Check
from chainorder.report import progress

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "tests" / "screens"
WIDTHS = (60, 80, 120)
SPECS = sorted(path.stem for path in (ROOT / "data").glob("*.yaml"))
PROFILE = "tests/saved/profile.json"

CALLS = [
    *(f"{command} data/{spec}.yaml" for command in ("plan", "compare", "run --compare") for spec in SPECS),
    "plan 1000,100,10,1",
    "plan data/autoencoder.yaml --sort memory --exact",
    "plan data/mnist.yaml --objective seconds --sort time",
    "plan data/coupled.yaml --machines 4",
    "compare data/coupled.yaml --machines 2",
    "compare data/coupled.yaml --machines 1,2,4",
    "compare data/simulator.yaml --memory-sweep",
    "compare --hessian data/hessian.yaml",
    "run --hessian data/hessian.yaml",
    "batch data --sort savings",
    "solvers",
    f"calibrate --show --profile {PROFILE}",
    "--help",
    *(f"{command} --help" for command in COMMANDS),
]
"""Command lines, each of which is a file of screens."""


def file_of(call: str) -> Path:
    """The file that keeps the screens of a command line."""
    words = call.replace(PROFILE, "shipped").replace("data/", "").replace(".yaml", "")
    return FOLDER / (re.sub(r"[^a-z0-9]+", "-", words).strip("-") + ".txt")


def screens(call: str) -> str:
    """What a command line shows on screens of all widths."""
    return "\n".join(f"$ COLUMNS={width} chainorder {call}\n{screen(call, width)}" for width in WIDTHS)


def screen(call: str, width: int) -> str:
    """What a command line shows on a screen of some width."""
    variables = {"COLUMNS": str(width), "NO_COLOR": "1", "CHAINORDER_PROFILE": PROFILE}
    with chdir(ROOT), steady():
        done = CliRunner(env=variables).invoke(
            cli, call.split(), prog_name="chainorder", catch_exceptions=False
        )
    return done.stdout


@contextmanager
def steady() -> Iterator[None]:
    """Let every operation and every look at the clock take a millisecond, and every check err by the same."""
    from chainorder.comparison.hessian import HessianProblem

    execution: Any = import_module("chainorder.execution.execute")
    execute, executed = execution.execute, HessianProblem.executed
    here = read_profile(ROOT / PROFILE).machine

    def executing(*arguments: Any, **options: Any) -> Any:
        run = execute(*arguments, **options)
        records = tuple(replace(each, seconds=1e-3) for each in run.records)
        return replace(run, seconds=1e-3 * len(records), records=records, checks=_erring(run.checks))

    def executing_all(*arguments: Any, **options: Any) -> Any:
        found = executed(*arguments, **options)
        return replace(found, checks=_erring(found.checks))

    ticks = itertools.count()
    with ExitStack() as patches:
        patches.enter_context(patch.object(progress, "clock", lambda: 1e-3 * next(ticks)))
        patches.enter_context(patch.object(execution, "execute", executing))
        patches.enter_context(patch.object(HessianProblem, "executed", executing_all))
        patches.enter_context(patch.object(Machine, "here", lambda: here))
        yield


def _erring(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    return tuple(replace(check, error=check.tolerance / 1e6) for check in checks)


@click.command()
@click.option("--update", is_flag=True, help="Write them anew.")
def main(update: bool) -> None:
    """Compare what is kept with what is shown."""
    kept = {file_of(call): call for call in CALLS}
    for file, call in kept.items():
        text = screens(call)
        if not file.exists() or file.read_text() != text:
            click.echo(file.relative_to(ROOT))
            if update:
                file.parent.mkdir(exist_ok=True)
                file.write_text(text)
    for file in set(FOLDER.glob("*.txt")) - kept.keys():
        click.echo(f"{file.relative_to(ROOT)}: of no command line")
        if update:
            file.unlink()


if __name__ == "__main__":
    main()

"""Hold the start-up of the command line against that of NumPy: processor time, medians, taken in turns.

    python scripts/check_startup.py --runs 20

Byte code is made first, as an installation does.
"""

from __future__ import annotations

import compileall
import os
import statistics
import subprocess
import sys
from pathlib import Path

import click

import chainorder

NUMPY = ("-c", "import numpy")
LIMITS = {("-m", "chainorder", "--help"): 1.5, ("-m", "chainorder", "plan", "1000,100,10,1"): 2.0}
"""How many times as long as importing NumPy a command may take."""


def seconds(arguments: tuple[str, ...]) -> float:
    """Processor time of a Python process."""
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise click.ClickException(f"{' '.join(arguments)} ends with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


@click.command()
@click.option("--runs", default=20, show_default=True, type=click.IntRange(1), help="Of each command.")
@click.option("--lenient", is_flag=True, help="Only tell.")
def main(runs: int, lenient: bool) -> None:
    """Time the commands."""
    compileall.compile_dir(Path(chainorder.__file__).parent, quiet=2)
    calls = (NUMPY, *LIMITS)
    times = [[seconds(call) for call in calls] for _ in range(runs + 1)][1:]  # the first fills caches
    numpy, *others = map(statistics.median, zip(*times, strict=True))
    click.echo(f"import numpy: {numpy * 1000:.0f} ms")
    slow = False
    for (call, limit), median in zip(LIMITS.items(), others, strict=True):
        slow |= median > limit * numpy
        ratio = f"{median / numpy:.2f} times that, at most {limit}"
        click.echo(f"{' '.join(call[1:])}: {median * 1000:.0f} ms, {ratio}")
    sys.exit(1 if slow and not lenient else 0)


if __name__ == "__main__":
    main()

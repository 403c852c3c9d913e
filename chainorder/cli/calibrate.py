"""``chainorder calibrate``: how fast this machine is."""

from __future__ import annotations

import os
from pathlib import Path

import click

from chainorder.cli.options import force_option, format_names, profile_option
from chainorder.cli.writing import Destination, protect
from chainorder.errors import OutputError, ProfileError
from chainorder.system.output import Output, reason


@click.command()
@click.option("--quick", is_flag=True, help="Fewer and smaller products: some seconds, less exact.")
@click.option("--show", is_flag=True, help="Measure nothing; show the profile that holds.")
@profile_option
@click.option("--format", "format_name", type=format_names, help="How to write the table.")
@click.option("-o", "--output", metavar="FILE", help="Keep the profile there, not in the cache folder.")
@force_option
def calibrate(quick: bool, show: bool, format_name: str | None, output: str | None, force: bool) -> None:
    """Measure what operations take on this machine, and keep that for --objective seconds.

    Takes less than a minute. The profile is kept in the user's cache folder, under the processor, the
    library of dense products and its threads, and holds for every later call there. --profile, or
    CHAINORDER_PROFILE, names another one.
    """
    from chainorder.costs.profiles import current, source
    from chainorder.report.profiles import profile_report

    to = Destination.of(format_name, None, force=force)
    if show:
        if quick or output is not None:
            raise click.UsageError("--show measures nothing; leave --quick and -o out.")
        to.write([profile_report(current(), file=str(source()))])
        return
    from chainorder.costs.machine import Machine
    from chainorder.execution.calibration import calibrate as measure
    from chainorder.report.progress import barred

    file = _kept_at() if output is None else Output.at(output)
    protect(file, (), force=force or _is_profile(file.path))
    here = Machine.here()
    name = f"the profile of {here.processor}, {here.threads} thread{'s' * (here.threads > 1)}"
    made = measure(name, quick=quick, watch=lambda cases: barred(cases, "calibrating"))
    file.write_text([made.to_json()])
    to.write([profile_report(made, file=file.name)])


def _kept_at() -> Output:
    """The file in the cache folder, which is made if it is not there."""
    from chainorder.costs.profiles import kept_at

    file = kept_at()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = reason(error).partition(";")[0]
        raise OutputError(os.fspath(file.parent), f"{why}; keep the profile elsewhere with -o FILE") from None
    return Output.at(file)


def _is_profile(file: Path) -> bool:
    """Whether a file holds a profile, which a new one may replace."""
    from chainorder.costs.profiles import read_profile

    try:
        read_profile(file)
    except ProfileError:
        return False
    return True

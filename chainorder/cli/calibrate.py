"""``chainorder calibrate``: how fast this machine is."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from chainorder.cli.helping import Command
from chainorder.cli.options import dtype_option, force_option, format_option, profile_option, screen_options
from chainorder.cli.writing import Destination, Look, protect
from chainorder.errors import OutputError, ProfileError
from chainorder.structures.number_types import DTYPES
from chainorder.system.output import Output, reason

NAME = "the profile of {processor}, {threads}"


@click.command(cls=Command)
@click.option("--quick", is_flag=True, help="Fewer and smaller products: some seconds, less exact.")
@click.option("--show", is_flag=True, help="Measure nothing; show the profile that holds.")
@click.option("--name", default=NAME, help="What reports call the profile.")
@dtype_option
@profile_option
@format_option()
@click.option("-o", "--output", metavar="FILE", help="Keep the profile there, not in the cache folder.")
@force_option
@screen_options
def calibrate(
    quick: bool,
    show: bool,
    name: str,
    dtype: str | None,
    format_name: str | None,
    output: str | None,
    force: bool,
    screen: Look,
) -> None:
    """Measure this machine, for --objective seconds.

    Takes a minute at most: float64, float32, complex128 and complex64, or --dtype, on one thread and on all.
    The profiles are kept in the user's cache folder, under the processor, the library of dense products and
    its threads, and hold for every later call there; -o FILE keeps that of the threads in use. --profile, or
    CHAINORDER_PROFILE, names another one.
    """
    from chainorder.costs.profile import profiles_json
    from chainorder.costs.profiles import current, source
    from chainorder.report.profiles import profile_report

    to = Destination.of(format_name, None, force=force, screen=screen)
    if show:
        if quick or output is not None:
            raise click.UsageError("--show measures nothing; leave --quick and -o out.")
        to.write([profile_report(current(dtype), file=str(source()))])
        return
    from chainorder.costs.machine import Machine
    from chainorder.execution.calibration import calibrate as measure
    from chainorder.system.phases import counted

    here = Machine.here()
    counts = sorted({1, here.threads}) if output is None else [here.threads]
    files = {count: _kept_at(count) if output is None else Output.at(output) for count in counts}
    for file in files.values():
        protect(file, (), force=force or _is_profile(file.path))
    made = measure(
        name.replace("{processor}", here.processor),
        quick=quick,
        dtypes=DTYPES if dtype is None else (dtype,),
        threads=counts,
        watch=lambda jobs: counted(jobs, "calibrating", len(jobs)),
    )
    for count, file in files.items():
        file.write([profiles_json([each for each in made if each.machine.threads == count])])
    shown = next(each for each in made if each.machine.threads == here.threads)
    others = [f"{each.dtype} on {each.machine.words_of_threads}" for each in made if each is not shown]
    notes = [f"measured, too: {', '.join(others)}"] * bool(others)
    to.write([profile_report(shown, file=files[here.threads].name, notes=notes)])


def _kept_at(threads: int) -> Output:
    """The file in the cache folder, which is made if it is not there."""
    from chainorder.costs.machine import Machine
    from chainorder.costs.profiles import kept_at

    file = kept_at(replace(Machine.here(), threads=threads))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = reason(error).partition(";")[0]
        raise OutputError(os.fspath(file.parent), f"{why}; keep the profile elsewhere with -o FILE") from None
    return Output.at(file)


def _is_profile(file: Path) -> bool:
    """Whether a file holds a profile, which a new one may replace."""
    from chainorder.costs.profiles import read_profiles

    try:
        read_profiles(file)
    except ProfileError:
        return False
    return True

"""The command line: reads arguments, calls the library, writes reports.

A new command is a file here and a line below.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

import click

from chainorder import __version__
from chainorder.cli.batch import batch
from chainorder.cli.compare import compare
from chainorder.cli.generate import generate
from chainorder.cli.plan import plan_command
from chainorder.cli.run import run
from chainorder.cli.schema import schema
from chainorder.cli.writing import ReaderGoneError
from chainorder.errors import ChainorderError, SpecError
from chainorder.reading.wording import without_breaks
from chainorder.system.installation import refuse_strangers
from chainorder.system.signals import Interrupted, interrupted_by_signals

INTERRUPTED = 130

SAID = {signal.SIGINT: "interrupted"}
"""What is said of a signal, if it is not just its name."""

EPILOG = """\b
A CHAIN is a spec of chains or graphs (YAML, JSON, JSON Lines, GraphML; packed, as .yaml.gz, or not; - is
standard input), a saved plan, or inline sizes: 1000,100,10,1. Whole numbers may be written 1_000 or 1e3.
Exit status: 0 done, 1 a check failed, 2 wrong input or call, 130 interrupted, 143 ended by SIGTERM.
Shell completion: eval "$(_CHAINORDER_COMPLETE=bash_source chainorder)"  (zsh_source, fish_source)"""


def main() -> None:
    """Run the command line; every expected error is one line on stderr."""
    _fill_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without arrows still gets its table
    try:
        with interrupted_by_signals():
            _run()
    except Interrupted as interrupted:
        _end(interrupted.signal)


def _fill_streams() -> None:
    """Let streams that are closed lead nowhere: a file that is opened later would take their place."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest that is free
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: PTH123, SIM115 -- until the end


def _run() -> None:
    try:
        refuse_strangers()  # here, too: the other project's __init__.py may have taken the place of ours
        cli.main(prog_name="chainorder", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except SpecError as error:
        click.echo("\n".join(error.lines("error: ")), err=True)
        sys.exit(2)
    except ChainorderError as error:
        click.echo(f"error: {without_breaks(str(error))}", err=True)
        sys.exit(2)
    except (MemoryError, RecursionError) as error:
        click.echo(f"error: too large or too deep for this machine ({type(error).__name__})", err=True)
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(INTERRUPTED)
    except (BrokenPipeError, ReaderGoneError):
        # What Python flushes at exit must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        click.echo(f"error: cannot write: {error.strerror or error}; write elsewhere", err=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(2)


def _end(number: signal.Signals) -> NoReturn:
    """End at once: workers end with this process, and nobody waits for what they are at."""
    click.echo(SAID.get(number, f"ended by {number.name}"), err=True)
    with suppress(OSError):
        sys.stdout.flush()
    os._exit(128 + number)


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def cli() -> None:
    """Plan the order in which to multiply a Jacobian chain, run it, and check it."""


for command in (plan_command, compare, run, batch, generate, schema):
    cli.add_command(command)

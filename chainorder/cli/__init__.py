"""The command line: reads arguments, calls the library, writes reports.

A new command is a file here and a line below.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click

from chainorder import __version__
from chainorder.errors import ChainorderError, SpecError
from chainorder.reading.wording import without_breaks
from chainorder.report.screen import columns
from chainorder.system.installation import refuse_strangers
from chainorder.system.output import ReaderGoneError
from chainorder.system.signals import Interrupted, interrupted_by_signals

INTERRUPTED = 130

SAID = {signal.SIGINT: "interrupted"}
"""What is said of a signal, if it is not just its name."""

EPILOG = """\
A CHAIN is a spec (YAML, JSON, JSON Lines, GraphML; - is standard input), a saved plan, or sizes:
1000,100,10,1. Exit status: 0 done, 1 a check failed, 2 wrong input or call. Completion, also zsh_source and
fish_source:

\b
eval "$(_CHAINORDER_COMPLETE=bash_source chainorder)"
"""

COMPLETES = "_CHAINORDER_COMPLETE"
"""Environment variable by which shells ask for completions."""

READABLE = 100
"""Columns of a help text at most."""


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
        if COMPLETES in os.environ:
            import_module("chainorder.cli.completion")  # tells click of shells
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


COMMANDS = {
    "plan": ("plan_command", "Print the best order of each CHAIN and what it costs."),
    "compare": ("compare", "Show what forward, reverse and the best order cost, side by side."),
    "run": ("run", "Multiply each CHAIN in the best order, and check the result."),
    "batch": ("batch", "Plan every chain of files, folders and patterns."),
    "generate": ("generate", "Make COUNT random chains, as JSON Lines."),
    "calibrate": ("calibrate", "Measure this machine, for --objective seconds."),
    "solvers": ("solvers", "Show all solvers: what each takes, and what it claims."),
    "man": ("man", "Print the manual page; `chainorder man | man -l -` shows it."),
    "schema": ("schema", "Print the JSON Schema of specs."),
}
"""By the names of commands, which are those of their modules: the function, and what it does."""


class Commands(Mapping[str, click.Command]):
    """The commands by name; the module of one is imported when it is looked at."""

    def __getitem__(self, name: str) -> click.Command:
        function, _ = COMMANDS[name]
        command: click.Command = getattr(import_module(f"chainorder.cli.{name}"), function)
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class Program(click.Group):
    """The group of all commands, which can say what they do without importing them."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """A context whose help texts, and those of commands, are as wide as the screen."""
        extra.setdefault("terminal_width", min(READABLE, columns()))
        if not extra.get("resilient_parsing"):  # what only completes is told of no faults
            extra.setdefault("default_map", self._defaults())
        return super().make_context(info_name, args, parent, **extra)

    def _defaults(self) -> Mapping[str, Any] | None:
        from chainorder.cli.defaults import find_defaults

        try:
            return find_defaults(self, Path.cwd())
        except OSError:  # the folder is gone
            return None

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command, showing its progress."""
        from chainorder.report.progress import shown

        with shown():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, what) for name, (_, what) in COMMANDS.items()])


@click.group(
    cls=Program,
    commands=Commands(),
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__)
def cli() -> None:
    """Plan the order in which to multiply a Jacobian chain, run it, and check it."""

"""The command line: reads arguments, calls the library, writes reports."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from chainorder import __version__
from chainorder.chain import Chain
from chainorder.errors import ChainorderError, ExecutionError, PlanError, SolverError
from chainorder.inline import looks_like_dims, parse_dims
from chainorder.plan import Plan
from chainorder.solvers import all_solvers, plan
from chainorder.solvers.given import plan_in_order

if TYPE_CHECKING:
    from chainorder.report.model import Report

Command = TypeVar("Command", bound=Callable[..., Any])

FORMAT_NAMES = ("table", "json", "jsonl", "csv", "markdown")
INTERRUPTED = 130

EPILOG = """\b
A CHAIN is a spec file (YAML, JSON, JSON Lines) or inline sizes, input first: 1000,100,10,1
Exit status: 0 done, 1 a check failed, 2 wrong input or call.
Shell completion: eval "$(_CHAINORDER_COMPLETE=bash_source chainorder)"  (zsh_source, fish_source)"""


def main() -> None:
    """Run the command line; every expected error is one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without arrows still gets its table
    try:
        cli.main(prog_name="chainorder", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except ChainorderError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    except (MemoryError, RecursionError) as error:
        click.echo(f"error: too large or too deep for this machine ({type(error).__name__})", err=True)
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader (head, less) has gone; what Python flushes at exit must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        click.echo(f"error: cannot write: {error.strerror or error}; write elsewhere", err=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(2)


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def cli() -> None:
    """Plan the order in which to multiply a Jacobian chain, run it, and check it."""


def _options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, in the given order."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _solver_help() -> str:
    return "; ".join(f"{solver.name}: {solver.summary}" for solver in all_solvers())


def number_range(text: str) -> tuple[int, int]:
    """A range of whole numbers, ``LEAST:GREATEST``, or one number."""
    least, _, greatest = text.partition(":")
    try:
        return int(least), int(greatest or least)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no range; write it as 1:100") from None


def range_option(name: str, default: str, what: str) -> Callable[[Command], Command]:
    """An option that takes a range."""
    return click.option(
        name, default=default, show_default=True, type=number_range, metavar="RANGE", help=what
    )


chain_argument = click.argument("chain")
solver_option = click.option(
    "--solver", default="auto", show_default=True, metavar="NAME", help=_solver_help()
)
order_option = click.option("--order", metavar="TEXT", help='Cost your own order instead, as "(F3 F2) F1".')
memory_option = click.option(
    "--memory",
    type=click.IntRange(0),
    metavar="ENTRIES",
    help="Entries that the tape of one elemental may take.",
)
verbose_option = click.option(
    "-v", "--verbose", is_flag=True, help="Say why this solver; show all operations."
)
output_options: Callable[[Command], Command] = _options(
    click.option(
        "--format",
        "format_name",
        type=click.Choice(FORMAT_NAMES),
        help="How to write the report; by default table, or what the ending of -o stands for.",
    ),
    click.option(
        "-o",
        "--output",
        metavar="FILE",
        help="Write to a file; its ending (.txt .json .jsonl .csv .md) picks the format.",
    ),
)


@cli.command("plan")
@chain_argument
@solver_option
@order_option
@memory_option
@verbose_option
@output_options
def plan_command(
    chain: str,
    solver: str,
    order: str | None,
    memory: int | None,
    verbose: bool,
    format_name: str | None,
    output: str | None,
) -> None:
    """Print the best order of a CHAIN and what it costs; -o plan.json saves it for `run`."""
    from chainorder.report.builders import plan_report

    chosen = _choose_format(format_name, output)
    plans = [_plan(each, solver, order) for each in read_chains(chain, memory)]
    reports = [plan_report(each, verbose=verbose) for each in plans]
    _write(reports, chosen, output)


@cli.command()
@chain_argument
@solver_option
@memory_option
@click.option("--memory-sweep", is_flag=True, help="Show the costs at every memory limit that matters.")
@verbose_option
@output_options
def compare(
    chain: str,
    solver: str,
    memory: int | None,
    memory_sweep: bool,
    verbose: bool,
    format_name: str | None,
    output: str | None,
) -> None:
    """Show what forward, reverse and the best order of a CHAIN cost, side by side.

    Matrix-free chains are compared with pure tangents (forward), pure adjoints (reverse) and with multiplying
    accumulated Jacobians only (preaccumulation).
    """
    from chainorder.comparison import compare as compare_orders
    from chainorder.comparison import sweep_memory
    from chainorder.report.builders import comparison_report, sweep_report

    chosen = _choose_format(format_name, output)
    chains = read_chains(chain, memory)
    if memory_sweep:
        reports = [sweep_report(each, sweep_memory(each, solver=solver)) for each in chains]
    else:
        comparisons = [compare_orders(each, solver=solver) for each in chains]
        reports = [comparison_report(each, verbose=verbose) for each in comparisons]
    _write(reports, chosen, output)


@cli.command()
@chain_argument
@solver_option
@order_option
@memory_option
@click.option("--compare", "all_orders", is_flag=True, help="Run forward and reverse too, beside the best.")
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Seed of everything random: weights, Jacobians, probes.",
)
@click.option(
    "--tolerance", type=click.FloatRange(0), help="Largest relative error that passes; by default 1e-9."
)
@click.option("--no-verify", is_flag=True, help="Do not check the result.")
@click.option("--format", "format_name", type=click.Choice(FORMAT_NAMES), help="How to write the report.")
@click.option(
    "-o",
    "--output",
    multiple=True,
    metavar="FILE",
    help="J.npz keeps the Jacobian; any other ending keeps the report. May be given twice.",
)
def run(
    chain: str,
    solver: str,
    order: str | None,
    memory: int | None,
    all_orders: bool,
    seed: int,
    tolerance: float | None,
    no_verify: bool,
    format_name: str | None,
    output: tuple[str, ...],
) -> None:
    """Multiply a CHAIN in the best order and check the result; a CHAIN may also be a saved plan."""
    from chainorder import execute
    from chainorder.comparison import baselines
    from chainorder.execution.run import check_memory
    from chainorder.execution.save import save_matrix
    from chainorder.report.builders import execution_report

    kept = [name for name in output if name.lower().endswith(".npz")]
    reported = [name for name in output if name not in kept]
    if len(reported) > 1 or len(kept) > 1:
        raise ChainorderError(
            f"-o {' -o '.join(output)}: one report and one .npz at most; run again for more"
        )
    report_file = reported[0] if reported else None
    chosen = _choose_format(format_name, report_file)
    for name in kept:
        _check_folder(name)
    reports, passed = [], True
    plans = read_plans(chain, solver, order, memory)
    if kept and len(plans) > 1:
        raise ExecutionError(f"{chain} holds {len(plans)} chains but {kept[0]} keeps one Jacobian; run one")
    for best in plans:
        executions, skipped = [], []
        for label in (*(baselines(best.chain) if all_orders else ()), ""):
            try:
                each = plan(best.chain, solver=label) if label else best
                check_memory(each)
            except (ExecutionError, SolverError) as error:
                if not label:
                    raise
                skipped.append(f"{label} skipped: {error}")
                continue
            done = execute(each, seed=seed, verify=not no_verify, tolerance=tolerance)
            executions.append((label or ("best" if all_orders else best.solver), done))
        for name in kept:
            save_matrix(executions[-1][1].jacobian, name)
        reports.append(execution_report(executions, skipped))
        passed = passed and all(execution.passed for _, execution in executions)
    _write(reports, chosen, report_file)
    sys.exit(0 if passed else 1)


@cli.command()
@click.argument("paths", nargs=-1, required=True)
@solver_option
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that plan."
)
@output_options
def batch(
    paths: tuple[str, ...], solver: str, workers: int, format_name: str | None, output: str | None
) -> None:
    """Plan every chain of files, folders and patterns; a broken one becomes an error row.

    A folder means its .yaml, .yml, .json and .jsonl files, recursively.
    """
    from chainorder.batch import find_files, plan_items, read_items
    from chainorder.report.progress import counted
    from chainorder.report.stream import open_stream
    from chainorder.solvers import find_solver

    chosen = _choose_format(format_name, output)
    find_solver(solver)
    files = find_files(paths, output)
    failed = 0
    with open_stream(chosen, output) as stream:
        for item in counted(plan_items(read_items(files), solver=solver, workers=workers), "chains planned"):
            stream.write(item)
            failed += isinstance(item.outcome, str)
    if failed:
        click.echo(f"{failed} of {stream.written} chains have errors", err=True)
        sys.exit(1)


@cli.command()
@click.argument("count", type=click.IntRange(1))
@range_option("--length", "8", "Elementals of a chain.")
@range_option("--sizes", "1:100", "Sizes between elementals.")
@click.option(
    "--structure",
    "structures",
    multiple=True,
    default=("dense",),
    show_default=True,
    type=click.Choice(("dense", "diagonal", "identity", "banded", "sparse")),
    help="Structures to draw from; give several, or one twice to make it likelier.",
)
@click.option(
    "--matrix-free",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Share without a matrix.",
)
@range_option("--tangent", "1:1000", "fma of a tangent.")
@range_option("--adjoint", "1:1000", "fma of an adjoint.")
@range_option("--tape", "0:0", "Entries of a tape.")
@range_option("--overhead", "0:0", "fma added to each call.")
@click.option("--memory", type=click.IntRange(0), metavar="ENTRIES", help="The chains' limit for a tape.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Same seed, same chains.")
@click.option("-o", "--output", metavar="FILE", help="Write to a file, best one that ends in .jsonl.")
def generate(
    count: int, length: tuple[int, int], memory: int | None, seed: int, output: str | None, **ranges: Any
) -> None:
    """Make COUNT random chains as JSON Lines; ranges are LEAST:GREATEST, both included, or one number."""
    import json

    from chainorder.generate import Ranges, random_chains

    if output is not None:
        _check_folder(output)
    chains = random_chains(seed, count, length, Ranges(**ranges))
    lines = (json.dumps(chain.within(memory).to_spec()) + "\n" for chain in chains)
    _emit("".join(lines), output)


@cli.command()
@click.option("-o", "--output", metavar="FILE", help="Write it to a file.")
def schema(output: str | None) -> None:
    """Print the JSON Schema of specs: the one they are validated with."""
    import json

    from chainorder.spec import SCHEMA

    _emit(json.dumps(SCHEMA, indent=2, ensure_ascii=False) + "\n", output)


def read_chains(text: str, memory: int | None) -> list[Chain]:
    """The chains that a CHAIN argument stands for; nameless ones are named after their file."""
    chains = _read_chains(text)
    return chains if memory is None else [each.within(memory) for each in chains]


def _read_chains(text: str) -> list[Chain]:
    if looks_like_dims(text) and not _is_file(text):
        return [parse_dims(text)]
    from chainorder.spec import load

    chains = load(text)
    stem = Path(text).stem
    names = [stem if len(chains) == 1 else f"{stem}#{index}" for index in range(len(chains))]
    return [each if each.name else each.named(name) for each, name in zip(chains, names, strict=True)]


def read_plans(text: str, solver: str, order: str | None, memory: int | None) -> list[Plan]:
    """The plans of a saved-plan file, validated; else plans for the chains that the argument stands for."""
    from chainorder.plan_json import read_saved

    saved = read_saved(Path(text)) if text.endswith(".json") and _is_file(text) else None
    if saved is not None:
        if order is not None or solver != "auto" or memory is not None:
            raise ChainorderError(f"{text} is a saved plan; --order, --solver and --memory are for chains")
        for each in saved:
            _check_saved(each, text)
        return saved
    return [_plan(each, solver, order) for each in read_chains(text, memory)]


def _check_saved(saved: Plan, file: str) -> None:
    """Recheck a saved plan from scratch, and plan again what it says is optimal."""
    try:
        saved.validate()
    except PlanError as error:
        raise PlanError(f"{file}: {error}; plan it again") from None
    if saved.optimal and (again := plan(saved.chain)).fma < saved.fma:
        raise PlanError(f"{file}: says {saved.fma} fma are optimal, but {again.fma} suffice; plan it again")


def _is_file(text: str) -> bool:
    return os.path.isfile(text)  # noqa: PTH113 -- pathlib raises where the text is too long for a name


def _plan(chain: Chain, solver: str, order: str | None) -> Plan:
    return plan(chain, solver=solver) if order is None else plan_in_order(chain, order)


def _choose_format(name: str | None, output: str | None) -> str:
    """Which format to write; fails before any work if the file could not be written."""
    if output is None:
        return name or "table"
    from chainorder.report.formats import format_of

    _check_folder(output)
    return name or format_of(output)


def _check_folder(output: str) -> None:
    path = Path(output)
    if not path.parent.is_dir():
        raise ChainorderError(f"{output}: there is no folder {path.parent}; make it, or write elsewhere")
    if path.is_dir() or (path.exists() and not os.access(path, os.W_OK)):
        raise ChainorderError(f"{output}: is a folder or not writable; write elsewhere")


def _write(reports: Sequence[Report], format_name: str, output: str | None) -> None:
    from chainorder.report.formats import FORMATS

    _emit(FORMATS[format_name].render(reports), output)


def _emit(text: str, output: str | None) -> None:
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        Path(output).write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise ChainorderError(f"{output}: cannot be written ({error.strerror}); write elsewhere") from None

"""What shells complete: chains and folders of them, solvers, files; and how they are told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click
from click.shell_completion import BashComplete, CompletionItem, ZshComplete, add_completion_class

SPECS = (".yaml", ".yml", ".json", ".jsonl", ".graphml")
"""What the names of specs and of saved plans end with; packed ones then with .gz."""


class ChainFile(click.ParamType):  # type: ignore[type-arg]  # no generic at run time before click 8.2
    """A CHAIN: any text; specs, saved plans and folders are completed."""

    name = "chain"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return [CompletionItem(name) for name in sorted(_specs(incomplete))]


def _specs(begun: str) -> Iterator[str]:
    """The specs, and the folders with a slash, whose names begin so."""
    folder, start = os.path.split(begun)
    try:
        entries = list(os.scandir(Path(folder or ".").expanduser()))
    except OSError:
        return
    for entry in entries:
        if not entry.name.startswith(start) or entry.name.startswith(".") > start.startswith("."):
            continue
        name = os.path.join(folder, entry.name)  # noqa: PTH118 -- as it was typed
        if entry.is_dir():
            yield f"{name}/"
        elif Path(entry.name.removesuffix(".gz")).suffix in SPECS:
            yield name


class FileName(click.ParamType):  # type: ignore[type-arg]  # no generic at run time before click 8.2
    """The name of a file, which need not be there."""

    name = "file"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return [CompletionItem(incomplete, type="file")]


class SolverName(click.ParamType):  # type: ignore[type-arg]  # no generic at run time before click 8.2
    """The name of a solver, which is looked up when the kind of problem is known."""

    name = "name"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from chainorder.solvers import all_solvers
        from chainorder.solvers.registry import KINDS

        known = {each.name: each.summary for kind in reversed(KINDS) for each in all_solvers(kind)}
        return [CompletionItem(name, help=known[name]) for name in known if name.startswith(incomplete)]


class _Bash(BashComplete):
    """A folder is followed by what is in it, not by a space; spaces in names are kept."""

    source_template = BashComplete.source_template.replace(
        "COMPREPLY+=($value)", 'COMPREPLY+=("$value"); [[ $value == */ ]] && compopt -o nospace'
    )


class _Zsh(ZshComplete):
    """The same."""

    source_template = ZshComplete.source_template.replace(
        'completions+=("$key")',
        'if [[ $key == */ ]]; then compadd -U -V folders -S "" -- "$key"; else completions+=("$key"); fi',
    )


add_completion_class(_Bash)
add_completion_class(_Zsh)

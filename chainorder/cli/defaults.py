"""Defaults of options: ``chainorder.toml``, or ``[tool.chainorder]`` in ``pyproject.toml``.

The nearest one counts, in the working folder or above it. A key is an option, without its dashes; a table of
the name of a command holds for that command alone.

    machines = 4        # --machines 4, for every command that has it
    no-legend = true

    [compare]
    exact = true
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from chainorder.errors import ChainorderError
from chainorder.reading.wording import nearest

FILES = ("chainorder.toml", "pyproject.toml")

OWN = re.compile(r"""tool["']?\s*\.\s*["']?chainorder|^\s*\[\s*tool\s*\]""", re.MULTILINE)
"""What a file of others has that says something of chainorder; parsing it takes as long as planning."""


class Defaults(Mapping[str, Mapping[str, Any]]):
    """For each command its defaults by parameter; commands are looked at when they are called.

    Parameters
    ----------
    program
        All commands.
    file
        Where they stand.
    stated
        What it says.
    """

    def __init__(self, program: click.Group, file: Path, stated: Mapping[str, Any]) -> None:
        self._commands = program.commands
        self._file, self._stated = file, stated

    def __iter__(self) -> Iterator[str]:
        return iter(self._commands)

    def __len__(self) -> int:
        return len(self._commands)

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        known = _options(self._commands[name])
        shared = {key: value for key, value in self._stated.items() if not isinstance(value, dict)}
        tables = {key: value for key, value in self._stated.items() if isinstance(value, dict)}
        own = tables.get(name, {})
        everywhere = [key for each in self._commands.values() for key in _options(each)] if shared else []
        self._check(tables, self._commands, "a command")
        self._check(own, known, f"an option of {name}")
        self._check(shared, everywhere, "an option of a command")
        stated = {key: value for key, value in shared.items() if key in known} | own
        return {known[key]: value for key, value in stated.items()}

    def _check(self, keys: Iterable[str], known: Iterable[str], what: str) -> None:
        for key in keys:
            if key not in set(known):
                raise ChainorderError(f"{self._file}: {key} is not {what}; {nearest(key, known)}")


def _options(command: click.Command) -> dict[str, str]:
    """Parameters by what an option is called in a file."""
    return {
        name.lstrip("-"): each.name or ""
        for each in command.params
        if isinstance(each, click.Option)
        for name in each.opts
        if name.startswith("--")
    }


def find_defaults(program: click.Group, folder: Path) -> Mapping[str, Any] | None:
    """The defaults that hold in a folder; None if there are none.

    Raises
    ------
    ChainorderError
        If their file cannot be read.
    """
    for place in (folder, *folder.parents):
        for file in (place / name for name in FILES):
            if file.is_file() and (stated := _read(file)) is not None:
                return Defaults(program, file, stated)
    return None


def _read(file: Path) -> dict[str, Any] | None:
    """What a file says of chainorder; None if it is silent."""
    try:
        text = file.read_text(encoding="utf-8")
        if file.name == FILES[1] and not OWN.search(text):
            return None
        import tomllib  # not where there is nothing to read

        found = tomllib.loads(text)
    except (OSError, ValueError) as error:
        if file.name == FILES[1]:  # of other tools, too: they will complain
            return None
        raise ChainorderError(f"{file}: {error}; write it as TOML") from None
    own = found if file.name == FILES[0] else found.get("tool", {}).get("chainorder")
    return own if isinstance(own, dict) else None

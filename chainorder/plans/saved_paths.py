"""Where the matrices of a saved plan are: paths in its file are relative to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SAVED_IN = "saved_in"
"""The key of the folder that paths of matrices are relative to, for a plan that is moved without them."""

PATHS = ("matrix", "solve")
"""Keys of a spec whose values are paths."""


def folder_of(item: dict[str, Any], folder: Path) -> Path:
    """What the paths of a saved plan are relative to: its own folder, else that which it was moved from.

    The latter only if none of its matrices was moved with it: where one is missing beside others, an old one
    must not be taken in silence.
    """
    before = item.get(SAVED_IN)
    paths = [entry[key] for entry, key in _places(item) if not os.path.isabs(entry[key])]  # noqa: PTH117
    if isinstance(before, str) and not any(_held(folder, paths)) and all(_held(Path(before), paths)):
        return Path(before)
    return folder


def _held(folder: Path, paths: list[str]) -> Iterator[bool]:
    return (os.path.exists(folder / path) for path in paths)  # noqa: PTH110 -- pathlib raises where a name is too long


def relocated(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The data of a report that is to be saved in a folder: with paths of matrices relative to it.

    A path stays absolute if nothing but the root of the file system is above both, or the way between them
    leads through links.
    """
    folder = folder.absolute()
    for plan in (data, *data.get("plans", ()), *(run.get("plan", {}) for run in data.get("runs", ()))):
        for entry, key in _places(plan):
            if (path := _relative(entry[key], folder)) is not None:
                entry[key], plan[SAVED_IN] = path, str(folder)
    return data


def _relative(name: str, folder: Path) -> str | None:
    try:
        common = Path(os.path.commonpath([name, folder]))
    except ValueError:  # relative already, or on another drive
        return None
    path = Path(os.path.relpath(name, folder))
    if common == common.parent or not (folder / path).exists() or not Path(name).samefile(folder / path):
        return None
    return path.as_posix()


def _places(data: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Where a plan states paths: items of its spec, and keys in them."""
    for problem in (data.get(key) for key in ("chain", "graph")):
        spec = problem.get("spec") if isinstance(problem, dict) else None
        lists = [spec.get(key) for key in ("elementals", "edges")] if isinstance(spec, dict) else []
        for item in (item for each in lists if isinstance(each, list) for item in each):
            yield from (
                (item, key) for key in PATHS if isinstance(item, dict) and isinstance(item.get(key), str)
            )

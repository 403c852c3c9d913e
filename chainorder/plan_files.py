"""Saved plans in files: where their matrices are, and what else such files hold."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from chainorder.errors import PlanError, SpecError
from chainorder.plan import Plan
from chainorder.plan_json import from_plan_data

if TYPE_CHECKING:
    from chainorder.graph.plan import GraphPlan
    from chainorder.spec.files import Source

AnyPlan: TypeAlias = "Plan | GraphPlan"

SAVED_IN = "saved_in"
"""The key of the folder that paths of matrices are relative to, for a plan that is moved without them."""

PATHS = ("matrix", "solve")
"""Keys of a spec whose values are paths."""


def read_saved(source: Source) -> list[AnyPlan] | None:
    """The plans of a source, if it holds a plan or a list of plans; None if it holds something else.

    Paths of matrices are relative to the file; where they are not there, to the folder that it was saved in.

    Raises
    ------
    PlanError, SpecError
        If it looks like a plan but is none.
    """
    from chainorder.spec.files import read_text

    if source.path is not None and not (source.kind == ".json" and source.path.is_file()):
        return None
    try:
        text = read_text(source)
        data: Any = json.loads(text) if '"operations"' in text else None
    except SpecError as error:
        raise error.within(source.name) from None
    except (ValueError, RecursionError):
        return None  # no plan; whether it is a spec is for others to say
    items = data if isinstance(data, list) else [data]
    if not items or not all(isinstance(item, dict) and "operations" in item for item in items):
        return None
    try:
        return [_saved(item, _folder_of(item, source.folder)) for item in items]
    except SpecError as error:
        raise error.within(source.name) from None
    except PlanError as error:
        raise PlanError(f"{source.name}: {error}") from None


def _saved(item: dict[str, Any], folder: Path) -> AnyPlan:
    if "graph" not in item:
        return from_plan_data(item, folder)
    from chainorder.graph.plan_json import from_plan_data as from_graph_plan_data

    return from_graph_plan_data(item, folder)


def _folder_of(item: dict[str, Any], folder: Path) -> Path:
    """What the paths of a saved plan are relative to: its own folder, else that which it was moved from."""
    before = item.get(SAVED_IN)
    paths = [entry[key] for entry, key in _places(item)]
    if not isinstance(before, str) or all((folder / path).exists() for path in paths):
        return folder
    return Path(before) if all((Path(before) / path).exists() for path in paths) else folder


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

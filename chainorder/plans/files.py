"""Plans in files, be they for chains or for graphs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainorder.errors import PlanError, SpecError
from chainorder.plans.chain_plan import Plan
from chainorder.plans.saved_paths import folder_of
from chainorder.problems.graph import Graph
from chainorder.reading.files import Source, read_text

if TYPE_CHECKING:
    from chainorder.plans.graph_plan import GraphPlan


def read_saved(path: str | Path | Source) -> list[Plan | GraphPlan] | None:
    """The plans of a file, if it holds a plan, a list of plans or one on each line; None if it holds others.

    Paths of matrices are relative to the file; where they are not there, to the folder that it was saved in.

    Raises
    ------
    PlanError, SpecError
        If it looks like a plan but is none.
    """
    source = path if isinstance(path, Source) else Source.of(path)
    if source.path is not None and not (source.kind in (".json", ".jsonl") and source.path.is_file()):
        return None
    try:
        text = read_text(source)
        if '"operations"' not in text:
            return None
        lines = [line for line in text.split("\n") if line.strip()] if source.kind == ".jsonl" else []
        data: Any = list(map(json.loads, lines)) or json.loads(text)
    except SpecError as error:
        raise error.within(source.name) from None
    except (ValueError, RecursionError):
        return None  # no plan; whether it is a spec is for others to say
    items = data if isinstance(data, list) else [data]
    if not items or not all(isinstance(item, dict) and "operations" in item for item in items):
        return None
    try:
        return [saved_plan(item, folder_of(item, source.folder)) for item in items]
    except SpecError as error:
        raise error.within(source.name) from None
    except PlanError as error:
        raise PlanError(f"{source.name}: {error}") from None


def saved_plan(item: dict[str, Any], folder: Path) -> Plan | GraphPlan:
    """The plan of plain data; paths of matrices are relative to a folder."""
    if Graph.kind not in item:
        return Plan.from_data(item, folder)
    from chainorder.plans.graph_plan import GraphPlan  # brings elimination with it: chains start up without

    return GraphPlan.from_data(item, folder)

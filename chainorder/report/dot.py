"""Plans as drawings for Graphviz, and as GraphML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainorder.errors import ChainorderError
from chainorder.report.model import GRAPH, NOTHING_TO_DRAW, Report


def render_dot(reports: Sequence[Report]) -> str:
    """Graphviz text of one plan."""
    from chainorder.plans.drawing import to_dot

    return to_dot(_graph(reports))


def render_graphml(reports: Sequence[Report]) -> str:
    """GraphML text of one plan."""
    from chainorder.plans.drawing import to_graphml

    return to_graphml(_graph(reports))


def _graph(reports: Sequence[Report]) -> Any:
    if len(reports) != 1 or reports[0].graph is None:
        raise ChainorderError(NOTHING_TO_DRAW[GRAPH])
    return reports[0].graph()

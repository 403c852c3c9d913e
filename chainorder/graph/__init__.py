"""Computational graphs: the branching case of the chain.

A `Graph` becomes a `LineGraph` (`line`), operations on it have costs (`costs`), orders of elimination are
found (`solvers`) and proved (`bounds`), written down (`plan`) and run (`execution`). Networks with
parameters are graphs (`parameters`, `sampled`), and backpropagation is one order of theirs
(`backpropagation`).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainorder.graph.comparison import GraphComparison
    from chainorder.graph.execution import GraphExecution
    from chainorder.graph.graph import Edge, Graph
    from chainorder.graph.parameters import ParameterNetwork
    from chainorder.graph.plan import GraphPlan

__all__ = ["Edge", "Graph", "GraphComparison", "GraphExecution", "GraphPlan", "ParameterNetwork"]

_HOMES = {
    "Edge": "graph",
    "Graph": "graph",
    "GraphComparison": "comparison",
    "GraphExecution": "execution",
    "GraphPlan": "plan",
    "ParameterNetwork": "parameters",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'chainorder.graph' has no attribute {name!r}")
    return getattr(import_module(f"chainorder.graph.{_HOMES[name]}"), name)

"""Reports of what is to be multiplied, before there is a plan."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from chainorder.plans.chain_operations import SHOWN
from chainorder.report import common
from chainorder.report.model import Report
from chainorder.report.pictures import pictures

if TYPE_CHECKING:
    from chainorder.problems.chain import Chain
    from chainorder.problems.graph import Graph

COSTS = ("tangent", "adjoint", "tape")


def chain_report(chain: Chain) -> Report:
    """The elementals, input first; equal neighbours once."""
    rows, number = [], 1
    for kind, inputs, outputs, count in islice(chain.elementals.runs(), SHOWN):
        last = number + count - 1
        name = f"F{number}" if count == 1 else f"F{number}–F{last}"
        costs = (getattr(kind, key) for key in COSTS)
        shape = f"{outputs:,} × {inputs:,}"
        rows.append((name, kind.name or "", shape, kind.structure.name, *costs))
        number = last + 1
    left = len(chain) - number + 1
    notes = [f"… and {left:,} more elementals"] * bool(left) + common.limit_note(chain)
    columns = ("elemental", "name", "shape", "structure", *COSTS)
    return Report(chain.title, columns, rows, tuple(notes), chain.to_data, pictures=partial(pictures, chain))


def graph_report(graph: Graph) -> Report:
    """The edges."""
    rows = []
    for edge in graph.edges[:SHOWN]:
        shape = f"{graph.vertices[edge.target]:,} × {graph.vertices[edge.source]:,}"
        costs = (getattr(edge, key) for key in COSTS)
        rows.append((f"{edge.source} → {edge.target}", shape, edge.structure.name, *costs))
    left = len(graph.edges) - len(rows)
    notes = [f"… and {left:,} more edges"] * bool(left) + common.limit_note(graph)
    columns = ("edge", "shape", "structure", *COSTS)
    return Report(graph.title, columns, rows, tuple(notes), graph.to_data, pictures=partial(pictures, graph))

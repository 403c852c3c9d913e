"""What came of running a graph's plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainorder.execution.checks import Check
from chainorder.execution.graph_program import Key
from chainorder.execution.operand import Array
from chainorder.execution.operations import OperationRecord
from chainorder.execution.provenance import Printed, Provenance
from chainorder.plans.graph_operations import GraphOperation
from chainorder.plans.graph_plan import GraphPlan
from chainorder.problems.graph import Graph


@dataclass(frozen=True, eq=False, repr=False)
class GraphExecution(Printed):
    """What came of running a plan for a graph.

    Attributes
    ----------
    plan
        The plan.
    blocks
        ∂output/∂input by (input, output), each of shape (size of output, size of input); none where no path
        leads from one to the other.
    fma, adds
        Counted over all operations.
    seconds
        Wall time of all operations, without making Jacobians and checking.
    peak_memory
        The most stored entries live at once.
    records
        One for each operation.
    checks
        Every comparison that was made.
    provenance
        Where the elemental Jacobians came from; `source` is that in a word.
    """

    plan: GraphPlan
    blocks: Mapping[Key, Any]
    fma: int
    adds: int
    seconds: float
    peak_memory: int
    records: tuple[OperationRecord[GraphOperation], ...]
    checks: tuple[Check, ...] = ()
    provenance: Provenance = Provenance()

    @property
    def title(self) -> str:
        """The graph in a line."""
        return self.plan.graph.title

    @property
    def jacobian(self) -> Any:
        """All blocks as one matrix, outputs × inputs, in the order of the graph's vertices."""
        return assemble(self.plan.graph, self.blocks)

    @property
    def passed(self) -> bool:
        """Whether every check passed and the counts are those of the plan."""
        plan = self.plan
        counted = (self.fma, self.adds, self.peak_memory) == (plan.fma, plan.adds, plan.peak_memory)
        return counted and all(check.passed for check in self.checks)


def assemble(graph: Graph, blocks: Mapping[Key, Any]) -> Any:
    """Blocks as one matrix: dense if they all are, else SciPy sparse."""
    if all(isinstance(block, np.ndarray) for block in blocks.values()):
        kind = np.result_type(*(block.dtype for block in blocks.values()))
        matrix: Array = np.zeros((graph.rows, graph.columns), kind)
        rows, columns = offsets(graph, graph.outputs), offsets(graph, graph.inputs)
        for (source, target), block in blocks.items():
            matrix[rows[target], columns[source]] = block
        return matrix
    from scipy.sparse import block_array, csr_array

    grid = [
        [
            blocks.get((source, target), csr_array((graph.vertices[target], graph.vertices[source])))
            for source in graph.inputs
        ]
        for target in graph.outputs
    ]
    return block_array(grid, format="csr")


def offsets(graph: Graph, names: Sequence[str]) -> dict[str, slice]:
    """Where each of some vertices lies when their values stand one after the other."""
    ends = np.cumsum([graph.vertices[name] for name in names]).tolist()
    return {name: slice(end - graph.vertices[name], end) for name, end in zip(names, ends, strict=True)}

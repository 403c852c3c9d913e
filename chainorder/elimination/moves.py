"""What operations on a line graph cost, and which are possible."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from chainorder.costs.fma import FMA
from chainorder.costs.model import CostModel
from chainorder.costs.steps import Step
from chainorder.elimination.line_graph import Arcs, LineGraph
from chainorder.errors import InfeasibleError
from chainorder.problems.elementals import Elemental
from chainorder.problems.graph import Graph

ACCUMULATIONS = (Step.ACCUMULATE_TANGENT, Step.ACCUMULATE_ADJOINT)


@dataclass(frozen=True, slots=True)
class Move:
    """An operation on a line graph: an accumulation of a (b is None), or the elimination of a face (a, b).

    The face is eliminated by a product, by tangents of b, or by adjoints of a.
    """

    step: Step
    a: int
    b: int | None = None


@dataclass(frozen=True, eq=False)
class Costs:
    """Costs of moves; None for what is not possible."""

    arcs: Arcs

    def of(self, move: Move) -> int | None:
        """What a move costs, if its operands are at hand."""
        match move.step:
            case Step.ACCUMULATE_TANGENT | Step.ACCUMULATE_ADJOINT:
                return self.evaluated(move.a, move.step, self.arcs[move.a].pattern)
            case Step.MULTIPLY | Step.TANGENT | Step.ADJOINT:
                assert move.b is not None
                left, right = self.arcs[move.b].pattern, self.arcs[move.a].pattern
                result, cost = self.arcs.patterns.product(left, right)
                if move.step is Step.MULTIPLY:
                    return cost
                return self.evaluated(move.b if move.step is Step.TANGENT else move.a, move.step, result)
            case Step.REUSE:
                raise AssertionError("only chains reuse products")
            case _:
                assert_never(move.step)

    def fma(self, move: Move) -> int:
        """The fma of a move that is possible, whatever the model is."""
        arcs, memory = self.arcs, self.arcs.graph.memory
        if move.b is None:
            result, through = arcs[move.a].pattern, move.a
        else:
            factors = arcs[move.b].pattern, arcs[move.a].pattern
            if move.step is Step.MULTIPLY:
                return arcs.patterns.fma(*factors)
            result, _ = arcs.patterns.product(*factors)
            through = move.b if move.step is Step.TANGENT else move.a
        kind = self.model(through)
        assert kind is not None
        cost = FMA.evaluation(kind, move.step, arcs.patterns[result], memory)
        assert cost is not None
        return cost

    def accumulation(self, a: int) -> tuple[int, Step] | None:
        """The cheaper way to accumulate an edge; None if there is none."""
        ways = [(cost, step) for step in ACCUMULATIONS if (cost := self.of(Move(step, a))) is not None]
        return min(ways, default=None)

    def eliminations(self, line: LineGraph, a: int, b: int) -> Iterator[tuple[int, tuple[int, ...], Move]]:
        """The ways to eliminate a face: cost, the arcs that have to be accumulated first, and the move."""
        for step, operands in ((Step.MULTIPLY, (a, b)), (Step.TANGENT, (a,)), (Step.ADJOINT, (b,))):
            move = Move(step, a, b)
            cost = self.of(move)
            if cost is None:
                continue
            missing = tuple(arc for arc in operands if arc not in line.accumulated)
            first = [self.accumulation(arc) for arc in missing]
            if None not in first:
                yield cost + sum(way[0] for way in first if way is not None), missing, move

    def model(self, a: int) -> Elemental | None:
        """The elemental whose models an arc has; None of a product or sum."""
        edge = self.arcs[a].edge
        return None if edge is None else self.arcs.graph.elementals[edge]

    def evaluated(self, a: int, step: Step, result: int) -> int | None:
        """What evaluating a model of an arc costs for a result of that pattern; None if there is none."""
        edge = self.arcs[a].edge
        return None if edge is None else self.arcs.evaluation(edge, step, result)


def feasible_arcs(graph: Graph, model: CostModel = FMA) -> Arcs:
    """The arcs of a graph, priced by a model.

    Raises
    ------
    InfeasibleError
        If the memory admits no plan: an edge can neither be accumulated nor passed by its model.
    SolverError
        If the model does not know what an edge costs.
    """
    for edge, elemental in zip(graph.edges, graph.elementals, strict=True):
        usable = elemental.explicit or elemental.tangent is not None
        if not usable and elemental.adjoint_within(graph.memory) is None:
            raise InfeasibleError(
                f"{edge.source} → {edge.target} has only adjoints and its tape of {elemental.tape:,} entries "
                f"exceeds the memory of {graph.memory:,}; give it more"
            )
    for place, edge in enumerate(graph.edges):
        model.check_known(graph.elementals[place], f"{edge.source} → {edge.target}", graph.memory)
    return Arcs(graph, model)

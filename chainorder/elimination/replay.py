"""A graph while it is eliminated: what each operation uses and yields."""

from __future__ import annotations

from chainorder.costs.steps import How, Instruction, Step
from chainorder.elimination.line_graph import Arcs, LineGraph, Sum
from chainorder.elimination.moves import Costs, Move
from chainorder.problems.graph import Graph


class Replay:
    """Operations carried out on the line graph, one after the other.

    Attributes
    ----------
    line
        The line graph as it stands.
    live, peak
        Stored entries of accumulated Jacobians: during the last move, and the most so far.
    """

    def __init__(self, graph: Graph, arcs: Arcs | None = None) -> None:
        self.graph = graph
        self.line = LineGraph.of(graph, arcs)
        self.costs = Costs(self.line.arcs)
        self.names = list(graph.vertices)
        self.live = self.peak = self.line.entries
        self._numbers = {arc: arc for arc in self.line.before}
        self._arcs = dict(self._numbers)
        self._next = len(graph.edges)

    def arc(self, number: int) -> int | None:
        """The arc of a plan's number; None if it is not there."""
        return self._arcs.get(number)

    def number(self, arc: int) -> int:
        """A plan's number of an arc."""
        return self._numbers[arc]

    def instructions(self, move: Move, number: int) -> list[Instruction[int]]:
        """Carry out a move, which is an operation of that number from 0; what it does, by arcs."""
        result, sums = self.run(move)
        how, operands, through = _meaning(move)
        arcs = self.line.arcs
        gone = tuple(self.line.gone)
        first = Instruction(how, operands, through, result, (), number, arcs.patterns[arcs[result].pattern])
        added = [
            Instruction(
                How.ADD, (each.first, each.second), None, each.result, (each.first, each.second), number
            )
            for each in sums
        ]
        *before, last = first, *added
        return [*before, last._replace(freed=last.freed + gone)]

    def run(self, move: Move) -> tuple[int, list[Sum]]:
        """Carry out a move: the arc that it yields, and the sums that follow."""
        before = self.line.entries
        self.line.gone.clear()
        if move.b is None:
            result = move.a
            sums = self.line.accumulate(result)
        else:
            result, sums = self.line.eliminate(move.a, move.b)
            self._name(result, self._next)
        self._next += 1
        for each in sums:
            self._name(each.result, min(self._numbers[each.first], self._numbers[each.second]))
        self.live = max(before + self.line.arcs.entries(result), self.line.entries)
        self.peak = max(self.peak, self.live)
        return result, sums

    def _name(self, arc: int, number: int) -> None:
        self._numbers[arc] = number
        self._arcs[number] = arc

    def vertices(self, move: Move) -> tuple[str, ...]:
        """Names of the vertices of a move."""
        arcs = self.line.arcs
        places = [arcs[move.a].source, arcs[move.a].target]
        if move.b is not None:
            places.append(arcs[move.b].target)
        return tuple(self.names[place] for place in places)


def _meaning(move: Move) -> tuple[How, tuple[int, ...], int | None]:
    """How the result of a move is made, of which arcs, and through which edge."""
    match move:
        case Move(Step.ACCUMULATE_TANGENT, a):
            return How.TANGENTS, (), a
        case Move(Step.ACCUMULATE_ADJOINT, a):
            return How.ADJOINTS, (), a
        case Move(Step.TANGENT, a, int(b)):
            return How.TANGENTS, (a,), b
        case Move(Step.ADJOINT, a, int(b)):
            return How.ADJOINTS, (b,), a
        case Move(Step.MULTIPLY, a, int(b)):
            return How.MULTIPLY, (b, a), None
        case _:
            raise AssertionError(f"graphs know no {move.step.action} of one arc")

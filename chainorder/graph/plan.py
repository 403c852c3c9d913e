"""Plans for graphs: faces in the order in which they are eliminated, what it costs, and what is proved."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainorder.claims import Claims, excess
from chainorder.errors import PlanError
from chainorder.graph.costs import Costs, Move
from chainorder.graph.graph import Graph
from chainorder.graph.line import Arcs, LineGraph, Sum
from chainorder.plan import SHOWN
from chainorder.steps import Action, Step

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True, slots=True)
class GraphOperation:
    """One step of a plan for a graph.

    Attributes
    ----------
    action, mode
        As of a chain's operation.
    vertices
        The names (i, j, k) of the face i → j → k that is eliminated; (i, j) of an accumulation.
    arcs
        Which Jacobians between them: edges by their place, then the result of operation n (from 0) as the
        number of edges + n. A result that is added to another takes over the smaller number.
    fma, adds
        Fused multiply–adds, and additions where the result joins another.
    start
        When it starts, in fma from the start of the plan.
    """

    action: Action
    mode: str | None
    vertices: tuple[str, ...]
    arcs: tuple[int, ...]
    fma: int
    adds: int = 0
    machine: int = 0
    start: int = 0

    @property
    def step(self) -> Step:
        """Action and mode as one."""
        return Step.of(str(self.action), self.mode)

    @property
    def result(self) -> str:
        """How texts name what it computes: ``∂y/∂x``."""
        return partial(self.vertices[-1], self.vertices[0])

    @property
    def formula(self) -> str:
        """What it computes, in words."""
        if self.action is Action.ACCUMULATE:
            return f"accumulated by {self.mode}s"
        i, j, k = self.vertices
        product = f"{partial(k, j)} · {partial(j, i)}"
        added = ", added" if self.adds else ""
        return product + ("" if self.action is Action.MULTIPLY else f" by {self.action}s") + added


def partial(target: str, source: str) -> str:
    """How texts name the Jacobian between two vertices."""
    return f"∂{target}/∂{source}"


class Replay:
    """Operations carried out on the line graph, one after the other.

    Attributes
    ----------
    line
        The line graph as it stands.
    peak
        The most stored entries of accumulated Jacobians so far.
    """

    def __init__(self, graph: Graph, arcs: Arcs | None = None) -> None:
        self.graph = graph
        self.line = LineGraph.of(graph, arcs)
        self.costs = Costs(self.line.arcs)
        self.names = list(graph.vertices)
        self.peak = self.line.entries
        self._numbers = {arc: arc for arc in self.line.before}
        self._arcs = dict(self._numbers)
        self._next = len(graph.edges)

    def arc(self, number: int) -> int | None:
        """The arc of a plan's number; None if it is not there."""
        return self._arcs.get(number)

    def number(self, arc: int) -> int:
        """A plan's number of an arc."""
        return self._numbers[arc]

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
        self.peak = max(self.peak, before + self.line.arcs.entries(result), self.line.entries)
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


@dataclass(frozen=True)
class GraphPlan(Claims):
    """An order in which to compute the Jacobian of a graph. Immutable; prints itself; saves itself.

    Attributes
    ----------
    graph
        What it is a plan for.
    solver
        The registered name of the solver that made it.
    model
        ``vertex`` if whole vertices are eliminated one after the other, else ``face``.
    optimal
        Whether no sequence of face eliminations costs less, by proof.
    lower_bound
        What every sequence of face eliminations costs at least; None if no bound is known.
    operations
        In an executable order.
    peak_memory
        The most stored entries of Jacobians live at once, run in that order.
    why
        Why this solver, and what is proved, in a sentence.
    vertex_bound
        What every order of whole vertices costs at least; None if no more is known of them than of faces.
    machines
        Machines that it was made for; the makespan, and what bounds it, count if there are several.
    """

    graph: Graph
    solver: str
    model: str
    optimal: bool
    lower_bound: int | None
    operations: tuple[GraphOperation, ...]
    peak_memory: int
    objective: str = "fma"
    why: str = ""
    vertex_bound: int | None = None
    machines: int = 1

    @classmethod
    def of(
        cls,
        graph: Graph,
        moves: Iterable[Move],
        *,
        solver: str,
        model: str = "face",
        lower_bound: int | None = None,
        why: str = "",
        arcs: Arcs | None = None,
        vertex_bound: int | None = None,
    ) -> GraphPlan:
        """The plan that carries out the moves; prices them. One that costs what a bound says is optimal.

        Raises
        ------
        PlanError
            If a move is not possible.
        """
        replay = Replay(graph, arcs)
        operations: list[GraphOperation] = []
        start = 0
        for move in moves:
            cost = replay.costs.of(move)
            if cost is None:
                raise PlanError(f"{' → '.join(replay.vertices(move))} has no such model within the memory")
            vertices = replay.vertices(move)
            numbers = tuple(replay.number(arc) for arc in (move.a, move.b) if arc is not None)
            _, sums = replay.run(move)
            adds = sum(each.adds for each in sums)
            operations.append(
                GraphOperation(move.step.action, move.step.mode, vertices, numbers, cost, adds, start=start)
            )
            start += cost
        return cls.priced(
            graph,
            operations,
            replay.peak,
            solver=solver,
            model=model,
            lower_bound=lower_bound,
            why=why,
            vertex_bound=vertex_bound,
        )

    @classmethod
    def priced(
        cls,
        graph: Graph,
        operations: Sequence[GraphOperation],
        peak: int,
        *,
        solver: str,
        model: str,
        lower_bound: int | None = None,
        why: str = "",
        vertex_bound: int | None = None,
    ) -> GraphPlan:
        """The plan of operations that are priced already; one that costs what a bound says is optimal."""
        cost = operations[-1].start + operations[-1].fma if operations else 0
        bound = None if lower_bound is None else min(lower_bound, cost)
        known = [each for each in (vertex_bound, bound) if each is not None]
        return cls(
            graph,
            solver,
            model,
            bound == cost,
            bound,
            tuple(operations),
            peak,
            why=why,
            vertex_bound=None if vertex_bound is None else max(known),
        )

    @property
    def name(self) -> str | None:
        """The graph's name."""
        return self.graph.name

    @property
    def fma(self) -> int:
        """Fused multiply–adds of all operations."""
        return sum(operation.fma for operation in self.operations)

    @property
    def claim(self) -> str:
        """What is proved of it, in words: of all sequences of faces, or else of orders of whole vertices."""
        if self.optimal or self.model != "vertex" or self.vertex_bound is None:
            return super().claim
        if self.cost == self.vertex_bound:
            return "optimal among vertex orders"
        if self.vertex_bound == 0:
            return "heuristic"
        return f"heuristic, {excess(self.cost, self.vertex_bound)} the best vertex order"

    @property
    def adds(self) -> int:
        """Additions where parallel Jacobians join."""
        return sum(operation.adds for operation in self.operations)

    @property
    def makespan(self) -> int:
        """When the last operation ends."""
        return max((operation.start + operation.fma for operation in self.operations), default=0)

    @property
    def cost(self) -> int:
        """What was minimised: its fma, on several machines its makespan."""
        return self.makespan if self.objective == "makespan" else self.fma

    @property
    def order(self) -> str:
        """The inner vertices in the order in which their last face is eliminated."""
        last = {
            operation.vertices[1]: None
            for operation in reversed(self.operations)
            if len(operation.vertices) == 3
        }
        return shlex.join(reversed(last))

    def validate(self) -> None:
        """Recheck everything from scratch, slowly and obviously; raises `PlanError`."""
        from chainorder.graph.validation import validate

        validate(self)

    def to_json(self, *, indent: int | None = None) -> str:
        """The plan as JSON, with its graph."""
        from chainorder.graph.plan_json import dumps

        return dumps(self, indent=indent)

    @classmethod
    def from_json(cls, text: str) -> GraphPlan:
        """The plan that `to_json` saved; raises `PlanError` or `SpecError` for anything else."""
        from chainorder.graph.plan_json import loads

        return loads(text)

    def to_networkx(self) -> nx.DiGraph[str]:
        """The operations as a graph: nodes are Jacobians, edges lead from operands to results."""
        from chainorder.graph.exchange import plan_to_networkx

        return plan_to_networkx(self)

    def to_dot(self) -> str:
        """The operations as a drawing for Graphviz."""
        from chainorder.graph.exchange import to_dot

        return to_dot(self.to_networkx())

    def __str__(self) -> str:
        when = f" in {self.makespan:,} on {self.machines} machines" if self.machines > 1 else ""
        lines = [
            self.graph.title,
            f"{self.fma:,} fma{when}, {self.adds:,} additions, peak memory {self.peak_memory:,} entries, "
            f"{self.solver} ({self.claim})",
        ]
        lines += (f"  {o.result} = {o.formula}  {o.fma:,} fma" for o in self.operations[:SHOWN])
        if len(self.operations) > SHOWN:
            lines.append(f"  … and {len(self.operations) - SHOWN:,} more operations")
        return "\n".join(lines)

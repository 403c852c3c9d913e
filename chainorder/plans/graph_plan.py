"""Plans for graphs: faces in the order in which they are eliminated, what it costs, and what is proved."""

from __future__ import annotations

import operator
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from chainorder.costs.fma import FMA
from chainorder.costs.model import CostModel
from chainorder.costs.prediction import Prediction
from chainorder.elimination.line_graph import Arcs
from chainorder.elimination.moves import Move
from chainorder.elimination.replay import Replay
from chainorder.errors import PlanError
from chainorder.plans.base import BasePlan, excess, gap_between
from chainorder.plans.drawing import plan_to_networkx, to_dot
from chainorder.plans.graph_json import read
from chainorder.plans.graph_operations import GraphOperation, GraphOperations
from chainorder.plans.saved import STATED, attributes
from chainorder.problems.graph import Graph

if TYPE_CHECKING:
    import networkx as nx

    from chainorder.costs.profile import Profile


@dataclass(frozen=True, repr=False)
class GraphPlan(BasePlan):
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
    objective
        ``fma``, ``makespan`` on several machines, or ``seconds``: what the bounds are of.
    predicted
        The time it takes by the profile of a machine; None if none was asked for.
    """

    kind: ClassVar[str] = Graph.kind
    derived: ClassVar[tuple[str, ...]] = ("fma", "flops", "adds", "makespan", "machines", "order")

    graph: Graph
    solver: str
    model: str
    optimal: bool
    lower_bound: int | None
    operations: GraphOperations
    peak_memory: int
    objective: str = "fma"
    why: str = ""
    vertex_bound: int | None = None
    predicted: Prediction | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "operations", GraphOperations.of(self.operations))

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

        It is by seconds if that is what the arcs are priced in.

        Raises
        ------
        PlanError
            If a move is not possible.
        """
        replay = Replay(graph, arcs)
        operations: list[GraphOperation] = []
        costs: list[int] = []
        clock = 0
        for move in moves:
            cost = replay.costs.of(move)
            if cost is None:
                raise PlanError(f"{' → '.join(replay.vertices(move))} has no such model within the memory")
            vertices, fma = replay.vertices(move), replay.costs.fma(move)
            numbers = tuple(replay.number(arc) for arc in (move.a, move.b) if arc is not None)
            _, sums = replay.run(move)
            adds = sum(each.adds for each in sums)
            operations.append(
                GraphOperation(move.step.action, move.step.mode, vertices, numbers, fma, adds, start=clock)
            )
            costs.append(cost + sum(each.cost for each in sums))
            clock += costs[-1]
        return cls.priced(
            graph,
            GraphOperations.of(operations),
            costs,
            replay.peak,
            replay.line.arcs.model.profile,
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
        operations: GraphOperations,
        costs: Sequence[int],
        peak: int,
        profile: Profile | None,
        *,
        solver: str,
        model: str,
        lower_bound: int | None = None,
        why: str = "",
        vertex_bound: int | None = None,
    ) -> GraphPlan:
        """The plan of operations that are priced already: in fma, or in picoseconds by a profile."""
        cost = sum(costs)
        bound = None if lower_bound is None else min(lower_bound, cost)
        known = [each for each in (vertex_bound, bound) if each is not None]
        return cls(
            graph,
            solver,
            model,
            bound == cost,
            bound,
            operations,
            peak,
            objective="fma" if profile is None else "seconds",
            why=why,
            vertex_bound=None if vertex_bound is None else max(known),
            predicted=None if profile is None else Prediction(tuple(costs), profile),
        )

    @property
    def problem(self) -> Graph:
        """The graph."""
        return self.graph

    @property
    def fma(self) -> int:
        """Fused multiply–adds of all operations."""
        return sum(self.operations.fma)

    @property
    def claim(self) -> str:
        """What is proved of it, in words: of all sequences of faces, or else of orders of whole vertices."""
        if self.optimal or self.model != "vertex" or self.vertex_bound is None:
            return super().claim
        if self.cost == self.vertex_bound:
            return f"optimal among vertex orders{self.in_model}"
        gap = gap_between(self.cost, self.vertex_bound)
        return "heuristic" if gap is None else f"heuristic, {excess(gap)} the best vertex order"

    @property
    def priced_by(self) -> CostModel:
        """What its cost and its bounds are counted in."""
        if self.times is None or self.predicted is None:
            return FMA
        from chainorder.costs.seconds import Seconds  # who plans by fma needs no model of time

        return Seconds(self.predicted.profile)

    @property
    def adds(self) -> int:
        """Additions where parallel Jacobians meet."""
        return sum(self.operations.adds)

    @property
    def durations(self) -> Sequence[int]:
        """How long each operation takes, in the unit of the plan."""
        return self.operations.fma if self.times is None else self.times

    @property
    def makespan(self) -> int:
        """When the last operation ends, in the unit of the plan."""
        return max(map(operator.add, self.operations.start, self.durations), default=0)

    @property
    def order(self) -> str:
        """The inner vertices in the order in which their last face is eliminated."""
        last = {names[1]: None for names in reversed(self.operations.vertices) if len(names) == 3}
        return shlex.join(reversed(last))

    def called(self, operation: GraphOperation) -> str:
        """What people call the result of an operation."""
        return operation.result

    def validate(self) -> None:
        """Recheck everything from scratch, slowly and obviously; raises `PlanError`."""
        from chainorder.plans.graph_validation import validate  # seldom wanted: start-up does without

        validate(self.graph, self.operations, self, self.vertex_bound if self.model == "vertex" else None)

    def _attributes(self) -> dict[str, Any]:
        costs = ("adds", "makespan", "machines", "peak_memory", "order")
        of_vertices = () if self.vertex_bound is None else ("vertex_bound", "claim")
        return attributes(self, "model", *STATED, *costs, *of_vertices) | self._prediction()

    @classmethod
    def _read(cls, data: Any, folder: Path) -> dict[str, Any]:
        return read(data, folder)

    def to_networkx(self) -> nx.DiGraph[str]:
        """The operations as a graph: nodes are Jacobians, edges lead from operands to results."""
        return plan_to_networkx(self.graph, self.operations, self.fma)

    def to_dot(self) -> str:
        """The operations as a drawing for Graphviz."""
        return to_dot(self.to_networkx())

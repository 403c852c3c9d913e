"""The slow, obvious check of a graph's plan: operations possible, costs recounted, every path taken once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chainorder.costs.seconds import Seconds
from chainorder.costs.steps import Action, Step
from chainorder.elimination.line_graph import PRIME, Arcs, Sum
from chainorder.elimination.moves import Move
from chainorder.elimination.replay import Replay
from chainorder.elimination.vertex_orders import Sweep, VertexGraph, order_cost
from chainorder.errors import ChainorderError, PlanError
from chainorder.plans.base import BasePlan
from chainorder.plans.chain_validation import recounted_fma
from chainorder.plans.graph_operations import GraphOperation
from chainorder.problems.graph import Graph
from chainorder.structures.colouring import column_colours, row_colours


class Timetable:
    """When machines are busy and results are there."""

    def __init__(self, machines: int) -> None:
        self.made: dict[int, int] = {}
        self._machines = machines
        self._clock = 0
        self._busy: dict[int, list[tuple[int, int, str]]] = {}

    def enter(self, operation: GraphOperation, lasts: int, operands: list[int], here: str) -> None:
        """Note when an operation runs, unless its operands, by their arcs, are not there yet."""
        if self._machines == 1:
            _expect(here, "start", operation.start, self._clock)
            _expect(here, "machine", operation.machine, 0)
            self._clock += lasts
        if not 0 <= operation.machine < self._machines:
            raise PlanError(f"{here}: machine is {operation.machine}; there are {self._machines}, from 0 on")
        ready = max((self.made.get(arc, 0) for arc in operands), default=0)
        if operation.start < ready:
            raise PlanError(f"{here}: start is {operation.start}; its operands are there at {ready}")
        end = operation.start + lasts
        self._busy.setdefault(operation.machine, []).append((operation.start, end, here))

    def join(self, each: Sum) -> None:
        """A sum is there when both are."""
        self.made[each.result] = max(self.made.get(each.first, 0), self.made.get(each.second, 0))

    def check(self) -> None:
        """Raise `PlanError` if a machine does two things at once."""
        for machine, spans in self._busy.items():
            clock = 0
            for start, end, here in sorted(spans):
                if start < clock:
                    raise PlanError(f"{here}: start is {start}; machine {machine} is busy until {clock}")
                clock = end


def validate(
    graph: Graph, operations: Sequence[GraphOperation], plan: BasePlan, vertex_bound: int | None
) -> None:
    """Recheck operands, costs, additions, memory, times, starts, and that every path is taken once.

    Raises
    ------
    PlanError
        Names the first operation that is wrong.
    """
    if plan.objective == "seconds" and plan.predicted is None:
        raise PlanError("plan: the objective is seconds, but no prediction is stated; plan it again")
    arcs = Arcs(graph) if plan.predicted is None else Arcs(graph, Seconds(plan.predicted.profile))
    times = None if plan.predicted is None else plan.predicted.times
    replay = Replay(graph, arcs)
    timetable = Timetable(plan.machines)
    for number, (operation, lasts) in enumerate(zip(operations, plan.durations, strict=True), 1):
        here = f"operation {number} ({operation.action} {' → '.join(operation.vertices)})"
        move = find_move(replay, operation, here)
        _expect(here, "fma", operation.fma, _recount(replay, move, here))
        cost = replay.costs.of(move)
        result, sums = replay.run(move)
        if times is not None:
            taken = sum(each.cost for each in sums) + (0 if cost is None else cost)
            _expect(here, "its time in picoseconds", times[number - 1], taken)
        operands = [arc for arc in (move.a, move.b) if arc is not None]
        if plan.times is not None:  # sums end the operation that they follow
            made = {result, *(each.result for each in sums)}
            operands += {arc for each in sums for arc in (each.first, each.second)} - made
        timetable.enter(operation, lasts, operands, here)
        timetable.made[result] = operation.start + lasts
        for each in sums:
            timetable.join(each)
        _expect(here, "adds", operation.adds, sum(each.adds for each in sums))
    line = replay.line
    if any(True for _ in line.faces()) or set(line.before) != line.accumulated:
        raise PlanError("the plan ends before the Jacobian is there")
    _check_paths(line.arcs, list(line.before))
    _expect("plan", "peak_memory", plan.peak_memory, replay.peak)
    _expect("plan", "fma", plan.fma, sum(operation.fma for operation in operations))
    timetable.check()
    _check_claims(plan, vertex_bound)
    _check_bound(Arcs(graph) if plan.times is None else arcs, plan.lower_bound)


def _check_claims(plan: BasePlan, vertex_bound: int | None) -> None:
    """Whether the bounds, and what follows from them, agree with the cost."""
    if plan.lower_bound is not None and plan.lower_bound > plan.cost:
        raise PlanError(f"plan: the lower bound {plan.lower_bound} is above the cost {plan.cost}")
    if vertex_bound is not None and vertex_bound > plan.cost:
        raise PlanError(f"plan: the bound {vertex_bound} of vertex orders is above the cost {plan.cost}")
    if plan.optimal and plan.lower_bound != plan.cost:
        raise PlanError(f"plan: says it is optimal, but its bound is {plan.lower_bound}")


MARKOWITZ = 200
"""Inner vertices up to which a bound is held against Markowitz's rule, whose costs are all looked up again
at every step."""


def _check_bound(arcs: Arcs, lower_bound: int | None) -> None:
    """A bound is not proved again, but the simple rules must not get below it."""
    graph = arcs.graph
    for rule, sweep in (("forward", Sweep.FORWARD), ("reverse", Sweep.REVERSE), ("markowitz", Sweep.BEST)):
        if lower_bound is None:
            return
        try:
            state = VertexGraph.of(arcs, sweep)
            cost = order_cost(state, _order(graph, rule, state))
        except ChainorderError:
            continue  # a rule that this graph does not admit, or of which patterns are too large to list
        if cost < lower_bound:
            raise PlanError(f"plan: the lower bound is {lower_bound}, but {rule} takes {cost}")


def _order(graph: Graph, rule: str, state: VertexGraph) -> Iterator[int]:
    """The inner vertices by their places, in the order of a rule, while a state is eliminated in it."""
    names = list(graph.vertices)
    left = [names.index(name) for name in graph.inner]
    if rule == "reverse":
        left.reverse()
    while left:
        by_cost = rule == "markowitz" and len(graph.inner) <= MARKOWITZ
        best = min(left, key=lambda vertex: state.elimination(vertex).cost) if by_cost else left[0]
        left.remove(best)
        yield best


def find_move(replay: Replay, operation: GraphOperation, here: str) -> Move:
    """The move that an operation stands for; raises `PlanError` if its face or edge is not there."""
    arcs = [replay.arc(number) for number in operation.arcs]
    accumulates = operation.action is Action.ACCUMULATE
    if len(arcs) != (1 if accumulates else 2):
        raise PlanError(f"{here}: names {len(arcs)} Jacobians; an accumulation has one, all others two")
    line = replay.line
    known = [arc for arc in arcs if arc is not None and arc in line.before]
    if len(known) != len(arcs):
        raise PlanError(f"{here}: a Jacobian is not there: never made, or used before")
    move = Move(operation.step, known[0], None if accumulates else known[1])
    if replay.vertices(move) != operation.vertices:
        raise PlanError(f"{here}: its Jacobians are between {' → '.join(replay.vertices(move))}")
    if move.b is not None and move.b not in line.after[move.a]:
        raise PlanError(f"{here}: there is no such face")
    return move


def _recount(replay: Replay, move: Move, here: str) -> int:
    """The cost of a move from the patterns themselves."""
    arcs, accumulated = replay.line.arcs, replay.line.accumulated
    first = arcs.patterns[arcs[move.a].pattern]
    if move.b is None:
        if move.a in accumulated:
            raise PlanError(f"{here}: it is accumulated already")
        return _evaluations(replay, move.a, move.step, first, here)
    second = arcs.patterns[arcs[move.b].pattern]
    needed = {Step.MULTIPLY: (move.a, move.b), Step.TANGENT: (move.a,), Step.ADJOINT: (move.b,)}[move.step]
    if not accumulated.issuperset(needed):
        raise PlanError(f"{here}: an operand is not accumulated")
    if move.step is Step.MULTIPLY:
        return recounted_fma(second, first)
    model = move.b if move.step is Step.TANGENT else move.a
    return _evaluations(replay, model, move.step, second @ first, here)


def _evaluations(replay: Replay, arc: int, step: Step, result: object, here: str) -> int:
    kind = replay.costs.model(arc)
    cost = None if kind is None else kind.tangent if step.by_tangents else kind.adjoint
    if kind is None or cost is None:
        raise PlanError(f"{here}: there is no such model")
    memory = replay.graph.memory
    if not step.by_tangents and memory is not None and kind.tape > memory:
        raise PlanError(f"{here}: a tape of {kind.tape} exceeds the memory of {memory}")
    colours = column_colours if step.by_tangents else row_colours
    return colours(result) * cost + kind.overhead  # type: ignore[arg-type]


def _check_paths(arcs: Arcs, left: list[int]) -> None:
    """Whether what is left is the sum over all paths of the products along them, at random elementals."""
    edges = range(len(arcs.graph.edges))
    wanted: dict[tuple[int, int], int] = {}
    names = list(arcs.graph.vertices)
    for name in arcs.graph.inputs:
        values = {names.index(name): 1}
        for vertex in (name, *arcs.graph.inner):
            at = names.index(vertex)
            for edge in edges:
                if arcs[edge].source == at and at in values:
                    target = arcs[edge].target
                    values[target] = (values.get(target, 0) + values[at] * arcs.value(edge)) % PRIME
        ends = map(names.index, arcs.graph.outputs)
        wanted |= {(names.index(name), end): values[end] for end in ends if end in values}
    found = {(arcs[a].source, arcs[a].target): arcs.value(a) for a in left}
    if len(found) != len(left) or found != wanted:
        raise PlanError("the plan does not add up to the Jacobian: a path is missing or taken twice")


def _expect(here: str, name: str, stated: int, right: int) -> None:
    if stated != right:
        raise PlanError(f"{here}: {name} is stated as {stated}; recounted it is {right}")

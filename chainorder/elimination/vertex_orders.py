"""Vertex elimination: all faces of a vertex at once, in an order of the inner vertices.

Eliminating j multiplies every in-edge with every out-edge, and adds the products to the edges that are
there (A. Griewank & A. Walther, *Evaluating Derivatives*, 2008, chapters 9 and 10). The graph after
eliminating a set of vertices does not depend on the order within the set. Matrix-free edges are accumulated
when that pays, else passed by tangents or adjoints; one that a product is added to is accumulated for that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from itertools import product

from chainorder.costs.steps import Step
from chainorder.elimination.line_graph import Arcs
from chainorder.elimination.moves import Costs, Move
from chainorder.elimination.replay import Replay
from chainorder.errors import SolverError
from chainorder.problems.graph import Graph

MAX_CHOICES = 12
"""Matrix-free edges on one side of a vertex up to which all choices are tried."""


class Sweep(Enum):
    """Which models an elimination uses: the cheapest, or only tangents or adjoints wherever they are."""

    BEST = "best"
    FORWARD = "forward"
    REVERSE = "reverse"


@dataclass(frozen=True, slots=True)
class Link:
    """An edge between two vertices as it stands: the number of its pattern, and the elemental that it is."""

    pattern: int
    accumulated: bool
    edge: int | None


@dataclass(frozen=True, slots=True)
class Elimination:
    """What eliminating a vertex takes.

    Attributes
    ----------
    cost
        Of all its operations.
    accumulations
        Pairs of ends and the step; −1 stands for the vertex itself.
    faces
        (i, k) and the step, in order.
    """

    cost: int
    accumulations: tuple[tuple[tuple[int, int], Step], ...]
    faces: tuple[tuple[int, int, Step], ...]


def _cost(elimination: Elimination) -> int:
    return elimination.cost


def _added(parts: list[Elimination | None]) -> Elimination | None:
    """All parts together; None if one is not possible."""
    there = [part for part in parts if part is not None]
    if len(there) < len(parts):
        return None
    return Elimination(
        sum(part.cost for part in there),
        tuple(step for part in there for step in part.accumulations),
        tuple(face for part in there for face in part.faces),
    )


@dataclass(eq=False)
class VertexGraph:
    """A graph while vertices are eliminated; vertices by their places.

    Attributes
    ----------
    costs
        What operations cost.
    into, out
        Links by target and source, and by source and target.
    sweep
        Which models are used.
    """

    costs: Costs
    into: dict[int, dict[int, Link]]
    out: dict[int, dict[int, Link]]
    sweep: Sweep = Sweep.BEST
    _faces: dict[tuple[Link, Link], tuple[int | None, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, arcs: Arcs, sweep: Sweep = Sweep.BEST) -> VertexGraph:
        """The graph before any elimination."""
        graph = arcs.graph
        vertices = range(len(graph.vertices))
        into: dict[int, dict[int, Link]] = {vertex: {} for vertex in vertices}
        out: dict[int, dict[int, Link]] = {vertex: {} for vertex in vertices}
        for number, elemental in enumerate(graph.elementals):
            arc = arcs[number]
            edge = number if elemental.modelled else None
            link = Link(arc.pattern, bool(elemental.explicit), edge)
            into[arc.target][arc.source] = out[arc.source][arc.target] = link
        return cls(Costs(arcs), into, out, sweep)

    def copy(self) -> VertexGraph:
        """An independent copy."""
        into = {vertex: dict(links) for vertex, links in self.into.items()}
        out = {vertex: dict(links) for vertex, links in self.out.items()}
        return VertexGraph(self.costs, into, out, self.sweep, self._faces)

    def elimination(self, j: int) -> Elimination:
        """The cheapest way to eliminate a vertex.

        Raises
        ------
        SolverError
            If a sweep needs a model that is not there, or there are too many choices.
        """
        ins, outs = list(self.into[j].items()), list(self.out[j].items())
        best: Elimination | None = None
        for chosen in self._choices(ins, outs):
            found = self._eliminated(ins, outs, chosen)
            if found is not None and (best is None or found.cost < best.cost):
                best = found
        if best is None:
            name = list(self.costs.arcs.graph.vertices)[j]
            if self.sweep is Sweep.BEST:
                raise SolverError(f"{name!r} cannot be eliminated as a whole with its models; use face")
            wanted = "tangents" if self.sweep is Sweep.FORWARD else "adjoints"
            raise SolverError(f"a {self.sweep.value} sweep needs {wanted} at {name!r} that are not there")
        added = self._added_to(j)
        sums = self._sums_at(j) if self.costs.arcs.model.sums else 0
        if not (added or sums):
            return best
        return Elimination(
            best.cost + sums + sum(cost for cost, _, _ in added),
            best.accumulations + tuple((ends, step) for _, ends, step in added),
            best.faces,
        )

    def eliminate(self, j: int) -> Elimination:
        """Eliminate a vertex."""
        done = self.elimination(j)
        ins, outs = self.into.pop(j), self.out.pop(j)
        patterns = self.costs.arcs.patterns
        for i in ins:
            del self.out[i][j]
        for k in outs:
            del self.into[k][j]
        for (i, a), (k, b) in product(ins.items(), outs.items()):
            pattern, _ = patterns.product(b.pattern, a.pattern)
            there = self.out[i].get(k)
            if there is not None:
                pattern = patterns.sum(pattern, there.pattern).pattern
            self.out[i][k] = self.into[k][i] = Link(pattern, True, None)
        return done

    def finish(self) -> Elimination:
        """What remains when all inner vertices are eliminated: edges from inputs to outputs to accumulate.

        Raises
        ------
        SolverError
            If a sweep needs a model that is not there.
        """
        ends = [(i, k) for i, links in self.out.items() for k in links]
        ways = [(*self._accumulation_of(i, k), (i, k)) for i, k in ends if not self.out[i][k].accumulated]
        cost = sum(cost for cost, _, _ in ways)
        return Elimination(cost, tuple((pair, step) for _, step, pair in ways), ())

    def _choices(
        self, ins: list[tuple[int, Link]], outs: list[tuple[int, Link]]
    ) -> Iterator[tuple[bool, dict[int, bool]]]:
        """Which in-edges (True) or out-edges are accumulated, on the side with fewer to choose for."""
        if self.sweep is not Sweep.BEST:
            forward = self.sweep is Sweep.FORWARD
            side = ins if forward else outs
            yield forward, {vertex: True for vertex, _ in side}
            return
        open_ins = [vertex for vertex, link in ins if not link.accumulated]
        open_outs = [vertex for vertex, link in outs if not link.accumulated]
        on_ins = len(open_ins) <= len(open_outs)
        chosen = open_ins if on_ins else open_outs
        if len(chosen) > MAX_CHOICES:
            yield True, {vertex: True for vertex, _ in ins}
            yield False, {vertex: True for vertex, _ in outs}
            return
        links = ins if on_ins else outs
        known = {vertex: True for vertex, link in links if link.accumulated}
        for flags in product((False, True), repeat=len(chosen)):
            yield on_ins, known | dict(zip(chosen, flags, strict=True))

    def _eliminated(
        self,
        ins: list[tuple[int, Link]],
        outs: list[tuple[int, Link]],
        chosen: tuple[bool, dict[int, bool]],
    ) -> Elimination | None:
        """The cheapest elimination where one side is decided: the other side's edges are independent."""
        on_ins, decided = chosen
        side, other = (ins, outs) if on_ins else (outs, ins)
        parts = [self._at_hand(vertex, link, decided[vertex], on_ins) for vertex, link in side]
        for vertex, link in other:
            flags = (True,) if link.accumulated else (False, True) if self.sweep is Sweep.BEST else (False,)
            ways = [self._passed(vertex, link, flag, side, decided, on_ins) for flag in flags]
            parts.append(min((way for way in ways if way is not None), key=_cost, default=None))
        return _added(parts)

    def _at_hand(self, vertex: int, link: Link, accumulated: bool, is_in: bool) -> Elimination | None:
        """What having an edge accumulated (or not) takes."""
        if link.accumulated or not accumulated:
            return Elimination(0, (), ())
        way = self._accumulation(link)
        ends = (vertex, -1) if is_in else (-1, vertex)
        return None if way is None else Elimination(way[0], ((ends, way[1]),), ())

    def _passed(
        self,
        vertex: int,
        link: Link,
        accumulated: bool,
        side: list[tuple[int, Link]],
        decided: dict[int, bool],
        on_ins: bool,
    ) -> Elimination | None:
        """What all faces of an edge with those of the decided side take, if it is accumulated or not."""
        parts = [self._at_hand(vertex, link, accumulated, not on_ins)]
        for partner, partner_link in side:
            if on_ins:
                ends, face = (partner, vertex), (partner_link, link, decided[partner], accumulated)
            else:
                ends, face = (vertex, partner), (link, partner_link, accumulated, decided[partner])
            found = self._face(*face)
            parts.append(None if found is None else Elimination(found[0], (), ((*ends, found[1]),)))
        return _added(parts)

    def _face(self, a: Link, b: Link, first: bool, second: bool) -> tuple[int, Step] | None:
        """The cheapest way to eliminate a face whose Jacobians are accumulated or not."""
        multiplied, by_tangents, by_adjoints = self._ways(a, b)
        ways = []
        if first and second and multiplied is not None:
            ways.append((multiplied, Step.MULTIPLY))
        if first and by_tangents is not None and self.sweep is not Sweep.REVERSE:
            ways.append((by_tangents, Step.TANGENT))
        if second and by_adjoints is not None and self.sweep is not Sweep.FORWARD:
            ways.append((by_adjoints, Step.ADJOINT))
        return min(ways, default=None)

    def _ways(self, a: Link, b: Link) -> tuple[int | None, ...]:
        pair = a, b
        if pair not in self._faces:
            result, multiplied = self.costs.arcs.patterns.product(b.pattern, a.pattern)
            by_tangents = None if b.edge is None else self.costs.evaluated(b.edge, Step.TANGENT, result)
            by_adjoints = None if a.edge is None else self.costs.evaluated(a.edge, Step.ADJOINT, result)
            self._faces[pair] = multiplied, by_tangents, by_adjoints
        return self._faces[pair]

    def _accumulation(self, link: Link) -> tuple[int, Step] | None:
        assert link.edge is not None
        match self.sweep:
            case Sweep.BEST:
                return self.costs.accumulation(link.edge)
            case Sweep.FORWARD | Sweep.REVERSE:
                forward = self.sweep is Sweep.FORWARD
                step = Step.ACCUMULATE_TANGENT if forward else Step.ACCUMULATE_ADJOINT
                cost = self.costs.of(Move(step, link.edge))
                return None if cost is None else (cost, step)

    def _added_to(self, j: int) -> list[tuple[int, tuple[int, int], Step]]:
        """Edges that products are added to, and that have to be accumulated for that: cost, ends, step."""
        found = []
        for i, k in product(self.into[j], self.out[j]):
            there = self.out[i].get(k)
            if there is not None and not there.accumulated:
                cost, step = self._accumulation_of(i, k)
                found.append((cost, (i, k), step))
        return found

    def _sums_at(self, j: int) -> int:
        """What adding products to edges that are there costs."""
        patterns, cost = self.costs.arcs.patterns, 0
        for (i, a), (k, b) in product(self.into[j].items(), self.out[j].items()):
            there = self.out[i].get(k)
            if there is not None:
                made, _ = patterns.product(b.pattern, a.pattern)
                cost += patterns.sum(made, there.pattern).cost
        return cost

    def _accumulation_of(self, i: int, k: int) -> tuple[int, Step]:
        """How to accumulate an edge that stays, or that something is added to."""
        way = self._accumulation(self.out[i][k])
        if way is None:
            names = list(self.costs.arcs.graph.vertices)
            raise SolverError(f"{names[i]} → {names[k]} cannot be accumulated in this sweep")
        return way


def order_cost(graph: VertexGraph, order: Iterable[int]) -> int:
    """What eliminating in an order costs. Uses up the graph."""
    return sum(graph.eliminate(j).cost for j in order) + graph.finish().cost


def moves_of(
    graph: Graph, order: Iterable[int], sweep: Sweep = Sweep.BEST, arcs: Arcs | None = None
) -> list[Move]:
    """The moves on the line graph of an elimination in an order of the inner vertices."""
    replay = Replay(graph, arcs)
    vertices = VertexGraph.of(replay.line.arcs, sweep)
    moves: list[Move] = []

    def run(step: Step, *ends: tuple[int, int]) -> None:
        move = Move(step, *(replay.line.between(*pair) for pair in ends))
        replay.run(move)
        moves.append(move)

    for j in order:
        done = vertices.eliminate(j)
        for (i, k), step in done.accumulations:
            run(step, (j if i == -1 else i, j if k == -1 else k))
        for i, k, step in done.faces:
            run(step, (i, j), (j, k))
    for ends, step in vertices.finish().accumulations:
        run(step, ends)
    return moves

"""The order picture of a plan of a chain: elementals as wide as sizes, operations as large as their costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

from chainorder.costs.steps import Action, source_of
from chainorder.pictures.long_order import long_chain, long_order
from chainorder.pictures.scene import LETTER, LINE, Area, Axis, Box, Mark, Path, Scene, Text
from chainorder.pictures.words import actions_of, order_caption, waist
from chainorder.plans.chain_operations import Operation
from chainorder.plans.chain_plan import Plan
from chainorder.plans.names import Names
from chainorder.problems.chain import Chain
from chainorder.reading.magnitudes import short

MOST = 48
"""Elementals that are drawn one by one."""

FUNNEL, TREE, LEVEL = 0.13, 0.36, 0.13
"""Heights by the width: of the widest elemental, of the tree at most, of one of its levels at most."""

SIZES = "Heights of elementals go by the square roots of their sizes; output left."

LEAST = 0.004
"""The least that is drawn of a size or of a cost, by the width."""


def order(plan: Plan, *, dearest: int | None = None) -> Scene:
    """A plan as a tree above its chain, output first as in its bracketing.

    Each inner size is done away with by one operation, which stands above it: a square whose area is its
    fma. Chains of more than `MOST` elementals are summed up.

    Parameters
    ----------
    dearest
        The fma of the largest square that there may be, where pictures are to be compared.
    """
    if len(plan.chain) > MOST:
        return long_order(plan)
    nodes = _nodes(plan)
    if dearest is None:
        dearest = max((each.operation.fma for each in nodes), default=0)
    drawing = _Drawing(plan.chain, nodes, dearest)
    length = len(plan.chain)
    marks = (*drawing.funnel(), *drawing.sizes(), *drawing.lines(), *drawing.squares())
    x, y = Axis(0, length), Axis(-length * (FUNNEL + 3.2 * LINE), drawing.top)
    caption = f"{order_caption(plan)} The area of a square is its fma. {SIZES}"
    return Scene(plan.chain.title, marks, x, y, caption, None, actions_of(plan))


def elementals(chain: Chain) -> Scene:
    """The elementals of a chain, without a plan."""
    if len(chain) > MOST:
        return long_chain(chain)
    drawing = _Drawing(chain, [], 0)
    x, y = Axis(0, len(chain)), Axis(-len(chain) * (FUNNEL + 3.2 * LINE), 0)
    return Scene(chain.title, (*drawing.funnel(), *drawing.sizes()), x, y, SIZES, None)


@dataclass(frozen=True)
class _Node:
    """An operation in the tree: where it stands, in elementals from the left and in levels, and on what."""

    operation: Operation
    x: float
    level: int
    below: tuple[tuple[float, int], ...]


def _nodes(plan: Plan) -> list[_Node]:
    """The operations of a plan, operands before results."""
    length = len(plan.chain)
    places = {(number, number): (length - number + 0.5, 0) for number in range(1, length + 1)}
    nodes = []
    for each in plan.operations:
        match each:
            case Operation(action=Action.ACCUMULATE):
                x, operands = length - each.i + 0.5, [(each.i, each.i)]
            case Operation(action=Action.REUSE):
                x, operands = length - (each.j + each.i - 1) / 2, [source_of(each.j, each.split, each.i)]
            case _:
                x, operands = float(length - each.split), [(each.j, each.split + 1), (each.split, each.i)]
        below = tuple(places[operand] for operand in operands)
        node = _Node(each, x, 1 + max(level for _, level in below), below)
        places[each.j, each.i] = x, node.level
        nodes.append(node)
    return nodes


class _Drawing:
    """The marks of an order picture; one unit is the room of an elemental."""

    def __init__(self, chain: Chain, nodes: list[_Node], dearest: int) -> None:
        self.chain, self.nodes, self.names = chain, nodes, Names(chain)
        self.unit = float(len(chain))
        depth = max((node.level for node in nodes), default=1)
        self.level = min(TREE / depth, LEVEL) * self.unit
        beside = 0.45 if any(node.operation.k is None for node in nodes) else 0.9
        self._most = min(beside, 1.6 * self.level)
        self._dearest = dearest
        ends = (self.level * node.level + self._side(node) / 2 for node in nodes)
        self.top = max(ends, default=0.0) + 1.6 * LINE * self.unit

    def _side(self, node: _Node) -> float:
        share = node.operation.fma / self._dearest if self._dearest else 0.0
        return max(LEAST * self.unit, self._most * sqrt(share))

    def _half(self, number: int) -> float:
        """Half the height of the chain behind elemental `number`."""
        sizes = self.chain.sizes
        return self.unit * max(LEAST, FUNNEL * sqrt(int(sizes[number]) / int(sizes.max()))) / 2

    def funnel(self) -> Iterator[Mark]:
        """The elementals, and their names below if there is room for all of them, else their numbers."""
        middle, below = -FUNNEL * self.unit / 2, -(FUNNEL + 0.8 * LINE) * self.unit
        numbers = range(1, len(self.chain) + 1)
        names = self.names.labels
        shown = next((each for each in (names, [f"F{n}" for n in numbers]) if self._fit(each)), [])
        for number, name in zip(numbers, names, strict=True):
            left = self.unit - number
            out, into = self._half(number), self._half(number - 1)
            corners = [(left + 0.02, middle - out), (left + 0.02, middle + out)]
            corners += [(left + 0.98, middle + into), (left + 0.98, middle - into)]
            outputs, inputs = self.chain.sizes[number], self.chain.sizes[number - 1]
            tip = f"{name}: {outputs:,} × {inputs:,}, {self.chain.kind_of(number).structure.name}"
            yield Area([corners], "elemental", tip)
        yield from (Text(self.unit - n + 0.5, below, s, kind="strong") for n, s in enumerate(shown, 1))

    def sizes(self) -> Iterator[Mark]:
        """The sizes between the elementals, if there is room for all; the waist stands out."""
        below = -(FUNNEL + 2.2 * LINE) * self.unit
        narrow, sizes = waist(self.chain), [short(size) for size in self.chain.sizes.tolist()]
        fit, anchors = self._fit(sizes), {0: "end", len(self.chain): "start"}
        for number, size in enumerate(sizes):
            x = self.unit - number
            if number == narrow:
                yield Path([(x, below + LINE * self.unit / 2), (x, -FUNNEL * self.unit / 2)], "limit")
                yield Text(x, below, f"waist {size}" if fit else size, kind="strong")
            elif fit or number in anchors:
                yield Text(x, below, size, anchors.get(number, "middle"), "faint")

    def _fit(self, texts: Sequence[str], room: float = 0.95) -> bool:
        """Whether every one of some texts is within a room, by default that of an elemental."""
        return LETTER * self.unit * max(map(len, texts), default=0) <= room

    def lines(self) -> Iterator[Mark]:
        """From the operations to their operands."""
        for node in self.nodes:
            y = self.level * node.level
            kind = "limit" if node.operation.action is Action.REUSE else "line"
            for x, level in node.below:
                end = self.level * level if level else self._edge(x)
                yield Path([(node.x, y), (x, y), (x, end)], kind)

    def _edge(self, x: float) -> float:
        """The upper edge of the elemental in whose middle x is."""
        number = int(self.unit - x + 0.5)
        return (self._half(number) + self._half(number - 1)) / 2 - FUNNEL * self.unit / 2

    def squares(self) -> Iterator[Mark]:
        """The operations, and their fma, if there is room for all, else that of the dearest."""
        costs = [node.operation.fma for node in self.nodes]
        whole = sum(costs)
        fit = self._fit([short(fma) for fma in costs], 0.6)
        for node in self.nodes:
            o, side, y = node.operation, self._side(node), self.level * node.level
            share = f", {o.fma / whole:.0%} of all" if whole else ""
            tip = f"{self.names.node(o.j, o.i)} = {self.names.formula(o)}: {o.fma:,} fma{share}"
            yield Box(node.x - side / 2, y - side / 2, side, side, str(o.action), tip=tip)
            if o.fma and (fit or o.fma == max(costs)):
                anchor, beside = ("end", -0.007) if node.x > self.unit - 0.6 else ("start", 0.007)
                above = y + side / 2 + 0.6 * LINE * self.unit
                yield Text(node.x + beside * self.unit, above, short(o.fma), anchor)

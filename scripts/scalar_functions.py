"""Computational graphs of scalar functions, traced from plain formulas: every operation is a vertex.

The kinds are those that AlphaGrad learns orders for; the functions are written here, with made-up constants.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import reduce
from itertools import pairwise
from operator import add

from chainorder import Edge, Graph


class Value:
    """A number in the course of a computation: constants are no part of the graph."""

    def __init__(self, tape: Tape, *operands: Value | float) -> None:
        self.tape = tape
        self.place = tape.count
        tape.count += 1
        tape.edges |= {(each.place, self.place) for each in operands if isinstance(each, Value)}

    def _with(self, *others: Value | float) -> Value:
        return Value(self.tape, self, *others)

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _with

    def of(self) -> Value:
        """Any function of it alone: its sine, its square root."""
        return Value(self.tape, self)


class Tape:
    """What was computed from what."""

    def __init__(self) -> None:
        self.count = 0
        self.edges: set[tuple[int, int]] = set()

    def inputs(self, count: int) -> list[Value]:
        """Values that are given."""
        return [Value(self) for _ in range(count)]

    def graph(self, name: str, outputs: Sequence[Value]) -> Graph:
        """The graph of all that leads to the outputs; one that others are computed from is copied."""
        used = {source for source, _ in self.edges}
        needed = [(each.of() if each.place in used else each).place for each in outputs]
        reached = set(needed)
        for source, target in sorted(self.edges, key=lambda edge: -edge[1]):
            if target in reached:
                reached.add(source)
        edges = [Edge(f"v{a}", f"v{b}") for a, b in sorted(self.edges) if b in reached]
        return Graph({f"v{place}": 1 for place in sorted(reached)}, edges, name)


def robot_arm(joints: int = 6) -> Graph:
    """Position and orientation of an arm's end, from its angles: a product of Denavit–Hartenberg matrices."""
    tape = Tape()
    total: list[list[Value]] = []
    for angle in tape.inputs(joints):
        sine, cosine = angle.of(), angle.of()
        rows = [
            [cosine, sine * 0.3, sine * 0.7, cosine * 0.5],
            [sine, cosine * 0.3, cosine * 0.7, sine * 0.5],
        ]
        if not total:
            total = [*rows, [sine * 0.1, cosine * 0.1, sine * 0.2, cosine * 0.2]]
            continue
        total = [
            [reduce(add, (row[0] * rows[0][k], row[1] * rows[1][k], row[2] * 0.6)) for k in range(3)]
            + [reduce(add, (row[0] * rows[0][3], row[1] * rows[1][3], row[2] * 0.4, row[3]))]
            for row in total
        ]
    ends = [total[0][3], total[1][3], total[2][3]]
    angles = [(total[2][1] / total[2][2]).of(), (total[2][0]).of(), (total[1][0] / total[0][0]).of()]
    return tape.graph("robot arm", [*ends, *angles])


def black_scholes() -> Graph:
    """The price of an option and its first derivatives, from spot, strike, rate, volatility and time."""
    tape = Tape()
    spot, strike, rate, volatility, time = tape.inputs(5)
    root = time.of()
    spread = volatility * root
    square = volatility * volatility * 0.5
    first = ((spot / strike).of() + (rate + square) * time) / spread
    second = first - spread
    normal_first, normal_second = (first * 0.7).of() + 1.0, (second * 0.7).of() + 1.0
    density = (first * first * 0.5).of()
    discount = (rate * time).of()
    owed = strike * discount
    price = spot * normal_first - owed * normal_second
    gamma = density / (spot * spread)
    vega = spot * density * root
    theta = (spot * density * volatility) / (root * 2.0) + rate * owed * normal_second
    rho = owed * time * normal_second
    vanna = density * second / volatility
    return tape.graph("Black-Scholes", [price, normal_first, gamma, vega, theta, rho, vanna])


def perceptron(sizes: Sequence[int] = (8, 8, 8)) -> Graph:
    """Layers with all weights constant, rational activations, and a normalised output."""
    tape = Tape()
    values = tape.inputs(sizes[0])
    for _, width in pairwise(sizes):
        sums = [reduce(add, (value * 0.5 for value in values)) for _ in range(width)]
        values = [each / (each * each + 1.0) for each in sums]
    norm = reduce(add, values)
    return tape.graph("perceptron", [value / norm for value in values])


def encoder(length: int = 3, width: int = 2) -> Graph:
    """Attention of a few tokens to each other, a sum with what came in, a normalisation and a layer."""
    tape = Tape()
    tokens = [tape.inputs(width) for _ in range(length)]

    def mapped(token: list[Value]) -> list[Value]:
        return [reduce(add, (value * 0.5 for value in token)) for _ in range(width)]

    queries, keys, values = (list(map(mapped, tokens)) for _ in range(3))
    found = []
    for token, query in zip(tokens, queries, strict=True):
        scores = [reduce(add, (q * k for q, k in zip(query, key, strict=True))).of() for key in keys]
        norm = reduce(add, scores)
        shares = [score / norm for score in scores]
        mixed = [
            reduce(add, (share * value[at] for share, value in zip(shares, values, strict=True))) + token[at]
            for at in range(width)
        ]
        mean = reduce(add, mixed)
        found += mapped([(each - mean).of() for each in mixed])
    return tape.graph("encoder", found)


def random_code(operations: int, seed: int = 0, ends: int = 8) -> Graph:
    """Operations on one or two of the latest values each."""
    generator = random.Random(seed)
    tape = Tape()
    values = tape.inputs(ends)
    for _ in range(operations):
        first, second = (generator.choice(values[-4 * ends :]) for _ in range(2))
        values.append(first.of() if generator.random() < 0.3 else first * second)
    return tape.graph(f"random {operations}", values[-ends:])


FUNCTIONS: dict[str, Callable[[], Graph]] = {
    "robot arm": robot_arm,
    "Black-Scholes": black_scholes,
    "perceptron": perceptron,
    "encoder": encoder,
    "random 100": lambda: random_code(100),
    "random 200": lambda: random_code(200),
    "random 300": lambda: random_code(300),
}
"""What orders are looked for."""

"""The inner loops of Hu & Shing's algorithm: plain functions on flat columns.

They run as they are on lists of exact Python ints, and compiled by Numba, if that is installed, on int64. The
algorithm is told in `chainorder.solvers.chains.hu_shing`; nothing here recurses, and there is no float.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any, NamedTuple

from chainorder.system.compiling import Columns, compiled

Ints = Any
"""A flat column: an int64 array when compiled, else a list."""

NONE = -1


class Polygon(NamedTuple):
    """A polygon with corners 0 … n, of which 0 and n are the same, lightest one.

    Arcs are numbered in the order in which the sweep finds them, so what lies below an arc comes before it.

    Attributes
    ----------
    w
        The weight of each corner.
    prefix
        Of each corner, the sum of the products of the sides before it.
    u, v
        The ends of an arc, u < v.
    numerator, denominator
        The support weight of an arc and of those condensed into it.
    child, sibling
        Links of the pairing heaps: the first of the arcs melded below an arc, the next one beside it.
    absorbed, next_absorbed
        Links of the lists of arcs condensed into an arc.
    starting, ending
        For a corner, the outermost arc present that starts or ends there: the side of a polygon next to it.
    under_start, under_end
        The arc that `starting` or `ending` falls back to when an arc goes.
    corners
        The stack of the sweep.
    roof, bases, heaps
        The stack of the arcs that have none above them yet: each with what it takes from the sum of the
        sides, and the heap of the arcs in and below it that pay so far.
    """

    w: Ints
    prefix: Ints
    u: Ints
    v: Ints
    numerator: Ints
    denominator: Ints
    child: Ints
    sibling: Ints
    absorbed: Ints
    next_absorbed: Ints
    starting: Ints
    ending: Ints
    under_start: Ints
    under_end: Ints
    corners: Ints
    roof: Ints
    bases: Ints
    heaps: Ints

    @classmethod
    def of(cls, weights: Ints, prefix: Ints, columns: Columns) -> Polygon:
        """Room for the arcs of a polygon with these weights: there are fewer of them than corners."""
        rooms = (columns.zeros(len(weights)) for _ in cls._fields[2:])
        return cls(weights, prefix, *rooms)


def precedes(a: int, b: int, c: int, d: int) -> bool:
    """Whether a / b < c / d, of a, c ≥ 0 and b, d > 0."""
    return a * d < c * b


def precedes_by_division(a: int, b: int, c: int, d: int) -> bool:
    """The same by Euclid's algorithm on both at once: no number grows, where products would overflow."""
    while True:
        whole, other = a // b, c // d
        if whole != other:
            return whole < other
        a, c = a - whole * b, c - other * d
        if a == 0 or c == 0:
            return c != 0
        a, b, c, d = d, c, b, a


def settle(p: Polygon) -> int:
    """Find the potential h-arcs, each after those below it, and decide which of them stay.

    Returns
    -------
    int
        How many arcs there are; the last is the root, round the whole polygon.
    """
    w, corners = p.w, p.corners
    last = len(w) - 1
    arcs = opened = 0
    corners[0] = top = 0
    for corner in range(last + 1):
        p.starting[corner] = p.ending[corner] = NONE
    for corner in range(1, last):
        weight = w[corner]
        while w[corners[top]] > weight:
            top -= 1
            if top > 0:
                opened = raise_arc(p, arcs, corners[top], corner, opened)
                arcs += 1
        top += 1
        corners[top] = corner
    raise_arc(p, arcs, 0, last, opened)
    return arcs + 1


def raise_arc(p: Polygon, arc: int, u: int, v: int, opened: int) -> int:
    """Put an arc over those below it, and see which of these still pay; how many are then open."""
    w, numerators, denominators = p.w, p.numerator, p.denominator
    product = w[u] * w[v]
    base = denominator = p.prefix[v] - p.prefix[u] - product
    heap = NONE
    while opened > 0 and p.u[p.roof[opened - 1]] >= u:
        opened -= 1
        denominator -= p.bases[opened]
        heap = p.heaps[opened] if heap == NONE else meld(p, heap, p.heaps[opened])

    weight = min(w[u], w[v])
    while heap != NONE and numerators[heap] >= weight * denominators[heap]:
        denominator += denominators[heap]
        heap = take_top(p, heap)
    numerator = weight * (denominator + product - weight * w[neighbour(p, u, v)])
    absorbed = NONE
    while heap != NONE and not precedes(numerators[heap], denominators[heap], numerator, denominator):
        numerator += numerators[heap]
        denominator += denominators[heap]
        p.next_absorbed[heap] = absorbed
        absorbed, heap = heap, take_top(p, heap)

    p.u[arc], p.v[arc] = u, v
    p.child[arc], p.sibling[arc] = NONE, NONE
    p.absorbed[arc], p.next_absorbed[arc] = absorbed, NONE
    numerators[arc], denominators[arc] = numerator, denominator
    p.under_start[arc], p.under_end[arc] = p.starting[u], p.ending[v]
    p.starting[u] = p.ending[v] = arc
    p.roof[opened], p.bases[opened] = arc, base
    p.heaps[opened] = arc if heap == NONE else meld(p, heap, arc)
    return opened + 1


def neighbour(p: Polygon, u: int, v: int) -> int:
    """The corner next to the lighter end of an arc, in the polygon below it."""
    if p.w[u] <= p.w[v]:
        arc = p.starting[u]
        return u + 1 if arc == NONE else p.v[arc]
    arc = p.ending[v]
    return v - 1 if arc == NONE else p.u[arc]


def meld(p: Polygon, a: int, b: int) -> int:
    """One heap of two: the arc of greatest support weight on top."""
    if precedes(p.numerator[a], p.denominator[a], p.numerator[b], p.denominator[b]):
        a, b = b, a
    p.sibling[b] = p.child[a]
    p.child[a] = b
    return a


def take_top(p: Polygon, heap: int) -> int:
    """Take the top arc off its heap and off its corners; the heap that is left."""
    p.starting[p.u[heap]] = p.under_start[heap]
    p.ending[p.v[heap]] = p.under_end[heap]
    sibling = p.sibling
    pairs, rest = NONE, p.child[heap]
    while rest != NONE:  # melded in pairs, which are linked from the last to the first
        a, b = rest, sibling[rest]
        rest = NONE if b == NONE else sibling[b]
        pair = a if b == NONE else meld(p, a, b)
        sibling[pair] = pairs
        pairs = pair
    merged = NONE
    while pairs != NONE:
        pair, pairs = pairs, sibling[pairs]
        merged = pair if merged == NONE else meld(p, merged, pair)
    return merged


def mark_present(p: Polygon, arcs: int, stays: Ints) -> None:
    """Mark the arcs of the heap under the root, and those that were condensed into them."""
    stack, top = p.corners, 0  # the sweep is over: its stack is free
    stack[0] = p.heaps[0]
    p.sibling[stack[0]] = NONE  # on top of a heap it is left over from earlier ones
    while top >= 0:
        arc = stack[top]
        top -= 1
        stays[arc] = 1
        for other in (p.child[arc], p.sibling[arc]):
            if other != NONE:
                top += 1
                stack[top] = other
    for arc in range(arcs - 1, -1, -1):  # what is condensed into an arc comes before it
        condensed = p.absorbed[arc] if stays[arc] == 1 else NONE
        while condensed != NONE:
            stays[condensed] = 1
            condensed = p.next_absorbed[condensed]


def cut_fans(p: Polygon, arcs: int, stays: Ints, first: Ints, middle: Ints, last: Ints) -> None:
    """Cut every polygon below an arc that stays into the fan from its lighter end: corners of triangles."""
    w, reach = p.w, p.starting  # the far end of the outermost arc so far, or of the side
    for corner in range(len(w)):
        reach[corner] = corner + 1
    triangle = 0
    for arc in range(arcs):
        if stays[arc] == 1:
            u, v = p.u[arc], p.v[arc]
            light = w[u] <= w[v]
            a, b = u, reach[u]
            while b != v:
                c = reach[b]
                first[triangle], middle[triangle], last[triangle] = u if light else a, b, c if light else v
                triangle += 1
                a, b = b, c
            reach[u] = v


def triangulate(p: Polygon, stays: Ints, first: Ints, middle: Ints, last: Ints) -> None:
    """An optimal triangulation: the corners of its triangles, in columns.

    The last triangle, (0, n − 1, n), is flat: its ends are the same corner.
    """
    arcs = settle(p)
    mark_present(p, arcs, stays)
    cut_fans(p, arcs, stays, first, middle, last)


@cache
def fast() -> Callable[..., None] | None:
    """`triangulate` compiled, if it can be."""
    comparing = FunctionType(precedes_by_division.__code__, globals(), "precedes")
    loops = (comparing, meld, take_top, neighbour, raise_arc, settle, mark_present, cut_fans, triangulate)
    found = compiled(__name__, globals(), loops)
    return None if found is None else found["triangulate"]

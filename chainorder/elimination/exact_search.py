"""The exact search for the cheapest order: depth first over sets, bounded by what groups still cost at least.

The graph after eliminating a set does not depend on the order within it, and neither does what remains of a
group (`cuts`) when some of its members are gone. These tables of disjoint groups add up to a bound that never
falls by more than an elimination costs (R. Korf & A. Felner, *Disjoint pattern database heuristics*, 2002).
Sets are remembered with what they took.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

from chainorder.elimination import exact_kernel
from chainorder.elimination.cuts import SMALL, Cuts
from chainorder.elimination.exact_kernel import LIMIT, STATES, THERE, Tree
from chainorder.elimination.order_graph import OrderGraph
from chainorder.elimination.order_kernel import NEVER
from chainorder.elimination.order_search import order_state
from chainorder.system.compiling import SAFE, Columns

MAX_UNITS = 62
"""Units that a set in an int64 holds."""

SLOTS, FEW_SLOTS = 1_048_573, 65_521
"""Sets that are remembered, compiled and not; primes."""


class ExactSearch:
    """All orders that cost less than a limit.

    Parameters
    ----------
    cuts
        Of the graph, whose units are single vertices with exact prices, 62 at the most.
    groups
        Disjoint groups of its vertices.
    limit
        What a known order costs.
    fast
        Whether to compile the loops, if Numba is there and no cost can overflow.

    Attributes
    ----------
    done
        Whether there is nothing left to search: no order costs less than `limit` then.
    """

    def __init__(
        self, cuts: Cuts, groups: Sequence[frozenset[int]], limit: int, *, fast: bool | None = None
    ) -> None:
        graph = cuts.graph
        wanted = len(graph.units) > SMALL if fast is None else fast
        compiled = exact_kernel.fast() if wanted and graph.most < SAFE else None
        columns = Columns(compiled is not None)
        self.compiled = compiled is not None
        self._explore = compiled["explore"] if compiled else exact_kernel.explore
        self._orders = order_state(columns, graph, range(len(graph.units)), 0)
        for unit in range(len(graph.units)):
            self._orders.place[unit] = THERE
        self._tree = _tree(columns, graph, groups, [cuts.rests(group) for group in groups])
        tree = self._tree
        tree.at[LIMIT] = limit
        price = compiled["price_of"] if compiled else exact_kernel.price_of
        for unit in range(len(graph.units)):
            tree.price[unit] = price(self._orders, unit)
        (compiled["list_children"] if compiled else exact_kernel.list_children)(self._orders, tree, 0)
        self._known = limit
        self.done = not graph.units

    @property
    def limit(self) -> int:
        """What the best order that is known costs."""
        return int(self._tree.at[LIMIT])

    @property
    def order(self) -> list[int] | None:
        """The units in a better order than was known at first; None if none is found."""
        return [int(unit) for unit in self._tree.best] if self.limit < self._known else None

    @property
    def states(self) -> int:
        """Sets that were reached so far."""
        return int(self._tree.at[STATES])

    def advance(self, states: int) -> None:
        """Search some states on."""
        if not self.done:
            self.done = self._explore(self._orders, self._tree, states)

    def tighten(self, limit: int) -> None:
        """Ask for less: a better order is known from elsewhere."""
        if limit < self.limit:
            self._tree.at[LIMIT] = self._known = limit


def _tree(
    columns: Columns, graph: OrderGraph, groups: Sequence[frozenset[int]], rests: Iterable[list[int]]
) -> Tree:
    of, zeros = columns.of, columns.zeros
    size = len(graph.units)
    owner, bit = [-1] * size, [0] * size
    for number, group in enumerate(groups):
        for at, vertex in enumerate(sorted(group)):
            owner[graph.unit_of[vertex]], bit[graph.unit_of[vertex]] = number, at
    tables = list(rests)
    least = zeros(size + 1)
    if size:
        least[0] = sum(table[0] for table in tables)
    slots = SLOTS if columns.fast else FEW_SLOTS
    return Tree(
        at=of((0, NEVER, 0)),
        owner=of(owner),
        bit=of(bit),
        first=of(accumulate((len(table) for table in tables), initial=0)),
        rest=of(rest for table in tables for rest in table),
        gone=zeros(len(tables) + 1),
        done=zeros(size + 1),
        cost=zeros(size + 1),
        least=least,
        price=zeros((size + 1) * size),
        count=zeros(size + 1),
        turn=zeros(size + 1),
        child=zeros((size + 1) * size),
        total=zeros((size + 1) * size),
        taken=zeros(size),
        best=zeros(size),
        near=zeros(2 * size),
        seen=zeros(slots),
        paid=zeros(slots),
    )

"""What the plan of a graph consists of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, overload

from chainorder.costs.steps import Action, Step


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
        Which Jacobians between them: an edge as its place, the result of an operation as its place plus the
        count of edges. A result that is added to another takes over the smaller of the two.
    fma, adds
        Fused multiply–adds, and additions where the result meets another.
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

    def to_data(self) -> dict[str, Any]:
        """It as plain data, as in the JSON of a plan."""
        return {
            "action": str(self.action),
            "mode": self.mode,
            "vertices": list(self.vertices),
            "arcs": list(self.arcs),
            "fma": self.fma,
            "adds": self.adds,
            "machine": self.machine,
            "start": self.start,
        }

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


@dataclass(frozen=True)
class GraphOperations(Sequence[GraphOperation]):
    """Operations in an executable order, in columns: a million of them are written in a second.

    Attributes
    ----------
    action, mode, vertices, arcs, fma, adds, machine, start
        Of each operation, as in `GraphOperation`.
    """

    action: tuple[Action, ...]
    mode: tuple[str | None, ...]
    vertices: tuple[tuple[str, ...], ...]
    arcs: tuple[tuple[int, ...], ...]
    fma: tuple[int, ...]
    adds: tuple[int, ...]
    machine: tuple[int, ...]
    start: tuple[int, ...]

    @classmethod
    def of(cls, operations: Iterable[GraphOperation]) -> GraphOperations:
        """The columns of single operations."""
        if isinstance(operations, GraphOperations):
            return operations
        rows = tuple(operations)
        return cls(*(tuple(getattr(row, column.name) for row in rows) for column in fields(cls)))

    @property
    def columns(self) -> list[tuple[Any, ...]]:
        """The columns in the order of the attributes of an operation."""
        return [getattr(self, column.name) for column in fields(self)]

    def __len__(self) -> int:
        return len(self.action)

    @overload
    def __getitem__(self, index: int) -> GraphOperation: ...
    @overload
    def __getitem__(self, index: slice) -> GraphOperations: ...
    def __getitem__(self, index: int | slice) -> GraphOperation | GraphOperations:
        found: list[Any] = [column[index] for column in self.columns]
        return GraphOperations(*found) if isinstance(index, slice) else GraphOperation(*found)

    def __iter__(self) -> Iterator[GraphOperation]:
        return map(GraphOperation, *self.columns)


def partial(target: str, source: str) -> str:
    """How texts name the Jacobian between two vertices."""
    return f"∂{target}/∂{source}"

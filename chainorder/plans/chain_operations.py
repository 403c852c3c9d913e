"""What the plan of a chain consists of: operations, in columns, and when they run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, assert_never, overload

import numpy as np
import numpy.typing as npt

from chainorder.costs.pricing import IntColumn, total
from chainorder.costs.steps import OF_CODE, Action, Steps, source_of
from chainorder.structures.index_sets import IntArray

OBJECTIVES = ("fma", "makespan", "seconds")
"""What a plan may minimise."""

SHOWN = 12
"""Operations that a printed plan shows before it is cut."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One step of a plan; subchains are named by their elementals, counted from 1 at the input.

    Attributes
    ----------
    action
        See `Action`.
    mode
        Of an accumulation, ``tangent`` or ``adjoint``; else None.
    j, k, i
        The result is the Jacobian of the subchain i..j; k is where the operands of a product meet, j − 1
        for a tangent step, i for an adjoint step, None for an accumulation.
    fma
        Fused multiply–adds.
    machine, start
        Where and when it runs, in fma from the start of the plan.
    """

    action: Action
    mode: str | None
    j: int
    k: int | None
    i: int
    fma: int
    machine: int = 0
    start: int = 0

    @property
    def split(self) -> int:
        """k, as columns hold it: 0 where it means nothing."""
        return 0 if self.k is None else self.k

    def to_data(self) -> dict[str, Any]:
        """It as plain data, as in the JSON of a plan."""
        return {
            "action": str(self.action),
            "mode": self.mode,
            "j": self.j,
            "k": self.k,
            "i": self.i,
            "fma": self.fma,
            "machine": self.machine,
            "start": self.start,
        }


@dataclass(frozen=True, eq=False)
class Operations(Sequence[Operation]):
    """Operations in an executable order, in columns of shape (operations,); `step` holds `Step` codes."""

    step: npt.NDArray[np.uint8]
    j: IntArray
    k: IntArray
    i: IntArray
    fma: IntColumn
    machine: npt.NDArray[np.int32]
    start: IntColumn

    def __post_init__(self) -> None:
        for column in fields(self):
            getattr(self, column.name).flags.writeable = False

    def __repr__(self) -> str:
        return f"<Operations: {len(self):,}, {total(self.fma):,} fma>"

    @property
    def steps(self) -> Steps:
        """What is done, without costs and times."""
        return Steps(self.step, self.j, self.k, self.i)

    def __len__(self) -> int:
        return len(self.j)

    @overload
    def __getitem__(self, index: int) -> Operation: ...
    @overload
    def __getitem__(self, index: slice) -> list[Operation]: ...
    def __getitem__(self, index: int | slice) -> Operation | list[Operation]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        return _operation(*(int(getattr(self, column.name)[place]) for column in fields(self)))

    def __iter__(self) -> Iterator[Operation]:
        columns = (getattr(self, column.name).tolist() for column in fields(self))
        return (_operation(*row) for row in zip(*columns, strict=True))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Operations):
            return NotImplemented
        names = [column.name for column in fields(self)]
        return all(np.array_equal(getattr(self, name), getattr(other, name)) for name in names)

    def __hash__(self) -> int:
        return hash((len(self), total(self.fma)))


def _operation(code: int, j: int, k: int, i: int, fma: int, machine: int, start: int) -> Operation:
    step = OF_CODE[code]
    between = None if step.action is Action.ACCUMULATE else k
    return Operation(step.action, step.mode, j, between, i, fma, machine, start)


@dataclass(frozen=True, eq=False)
class Timetable:
    """Where and when the steps of a plan run: columns of shape (steps,).

    Attributes
    ----------
    machine
        Counted from 0.
    start
        In fma from the start of the plan.
    transfer
        The delay, in fma for each stored entry, that the starts allow operands made on another machine.
    """

    machine: npt.NDArray[np.int32]
    start: IntColumn
    transfer: int = 0


def node_name(j: int, i: int) -> str:
    """How texts and graphs name the Jacobian of the subchain i..j."""
    return f"F'{j}" if i == j else f"F'{j},{i}"


def operand_names(j: int, k: int, i: int) -> tuple[str, str]:
    """What a product multiplies; of a step, one is the elemental whose model is evaluated."""
    return node_name(j, k + 1), node_name(k, i)


def formula(operation: Operation) -> str:
    """What an operation computes, in words: ``F'3 · F'2,1 by tangents``."""
    product = "" if operation.k is None else " · ".join(operand_names(operation.j, operation.k, operation.i))
    match operation.action:
        case Action.MULTIPLY:
            return product
        case Action.REUSE:
            return f"{node_name(*source_of(operation.j, operation.split, operation.i))} again"
        case Action.ACCUMULATE:
            return f"accumulated by {operation.mode}s"
        case Action.TANGENT | Action.ADJOINT:
            return f"{product} by {operation.action}s"
        case _:
            assert_never(operation.action)

"""The operations of a plan before they are priced: what is done to which subchains, in columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from chainorder.structures.index_sets import IntArray


class Action(StrEnum):
    """What an operation does.

    multiply
        F'_{j,i} = F'_{j,k+1} · F'_{k,i}.
    accumulate
        F'_i from its tangents or adjoints.
    tangent
        F'_{j,i} = F'_j · F'_{j−1,i} by tangents of elemental j.
    adjoint
        F'_{j,i} = F'_{j,i+1} · F'_i by adjoints of elemental i.
    reuse
        F'_{j,i} = F'_{k,k−j+i}, which is the same product of the same matrices and is still there.
    """

    ACCUMULATE = "accumulate"
    MULTIPLY = "multiply"
    TANGENT = "tangent"
    ADJOINT = "adjoint"
    REUSE = "reuse"


class Step(IntEnum):
    """An action and its mode, as the code that columns hold."""

    MULTIPLY = 0
    TANGENT = 1
    ADJOINT = 2
    ACCUMULATE_TANGENT = 3
    ACCUMULATE_ADJOINT = 4
    REUSE = 5

    @property
    def action(self) -> Action:
        """What it does."""
        return _ACTIONS[self][0]

    @property
    def mode(self) -> str | None:
        """How an accumulation is done: ``tangent`` or ``adjoint``."""
        return _ACTIONS[self][1]

    @property
    def by_tangents(self) -> bool:
        """Whether it evaluates tangents."""
        return self in (Step.TANGENT, Step.ACCUMULATE_TANGENT)

    @classmethod
    def of(cls, action: str, mode: str | None) -> Step:
        """The step of an action and a mode; raises `KeyError` if there is none."""
        return _STEPS[action, mode]


_ACTIONS: dict[Step, tuple[Action, str | None]] = {
    Step.MULTIPLY: (Action.MULTIPLY, None),
    Step.TANGENT: (Action.TANGENT, None),
    Step.ADJOINT: (Action.ADJOINT, None),
    Step.ACCUMULATE_TANGENT: (Action.ACCUMULATE, "tangent"),
    Step.ACCUMULATE_ADJOINT: (Action.ACCUMULATE, "adjoint"),
    Step.REUSE: (Action.REUSE, None),
}
_STEPS: dict[tuple[str, str | None], Step] = {(str(a), mode): step for step, (a, mode) in _ACTIONS.items()}

Row = tuple[Step, int, int, int]
"""A step and its j, k, i; k is 0 where it means nothing."""


@dataclass(frozen=True, eq=False)
class Steps:
    """Steps in columns of shape (steps,), operands before their results."""

    step: npt.NDArray[np.uint8]
    j: IntArray
    k: IntArray
    i: IntArray

    @classmethod
    def ordered(cls, step: Any, j: IntArray, k: IntArray, i: IntArray) -> Steps:
        """Steps in any order, put into the executable one: by the last elemental, shorter subchains first."""
        order = np.lexsort((-i, j))
        codes = np.broadcast_to(np.asarray(step, np.uint8), j.shape)
        return cls(codes[order], j[order], k[order], i[order])

    @classmethod
    def of_rows(cls, rows: list[Row]) -> Steps:
        """The same from rows."""
        return cls.ordered(*np.array(rows, np.int64).reshape(-1, 4).T)

    @classmethod
    def as_listed(cls, rows: list[Row]) -> Steps:
        """The same in the order of the rows, which must be executable."""
        step, j, k, i = np.array(rows, np.int64).reshape(-1, 4).T
        return cls(step.astype(np.uint8), j, k, i)

    @classmethod
    def of_products(cls, products: list[tuple[int, int, int]]) -> Steps:
        """Products (j, k, i) in any order."""
        return cls.ordered(Step.MULTIPLY, *np.array(products, np.int64).reshape(-1, 3).T)

    def __len__(self) -> int:
        return len(self.j)

    def __iter__(self) -> Iterator[Row]:
        columns = (column.tolist() for column in (self.step, self.j, self.k, self.i))
        for step, j, k, i in zip(*columns, strict=True):
            yield Step(step), j, k, i


Place = tuple[int, int]
"""A subchain by its last and first elemental."""


class Shares:
    """Which live results are one and the same by reuse, so that their entries are counted once."""

    def __init__(self) -> None:
        self._group: dict[Place, Place] = {}
        self._others: dict[Place, int] = {}

    def share(self, source: Place, copy: Place) -> None:
        """Take note that a result is another one, too."""
        group = self._group.setdefault(source, source)
        self._group[copy] = group
        self._others[group] = self._others.get(group, 0) + 1

    def last(self, place: Place) -> bool:
        """Give up a result; whether nothing else is the same."""
        group = self._group.pop(place, place)
        others = self._others.get(group, 0)
        self._others[group] = max(0, others - 1)
        return not others


def source_of(j: int, k: int, i: int) -> Place:
    """What a reuse step takes its result from."""
    return k, k - j + i

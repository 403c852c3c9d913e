"""The operations of a plan before they are priced, in columns; and what carrying them out means.

What a step uses, through which elemental, what it yields and what it frees is said once, by its
`Instruction`; `replay` is the one loop that carries instructions out. Pricing, the estimates of frameworks,
NumPy, JAX, PyTorch and the workers differ in what is live, and in how a result is made of its operands.
`chainorder.plans.chain_validation` recounts all that by itself, on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum, StrEnum
from typing import Any, Generic, NamedTuple, TypeVar, assert_never

import numpy as np
import numpy.typing as npt

from chainorder.structures.index_sets import IntArray
from chainorder.structures.pattern import Pattern


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
OF_CODE = tuple(Step)
"""Every step at its code: many times as fast as to call the class."""

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
        return zip(*self._columns(), strict=True)

    def instructions(self) -> Iterator[Instruction[Place]]:
        """What each step does."""
        return map(instruction_of, *self._columns(), range(len(self)))

    def _columns(self) -> tuple[Iterable[Step], Iterable[int], Iterable[int], Iterable[int]]:
        steps = map(OF_CODE.__getitem__, self.step.tolist())
        return steps, self.j.tolist(), self.k.tolist(), self.i.tolist()


Place = tuple[int, int]
"""A subchain by its last and first elemental."""

At = TypeVar("At", bound=Hashable)
"""How a live Jacobian is named: a `Place` of a chain, the number of an arc of a graph."""

Live = TypeVar("Live")
"""What is live: patterns, operands, arrays of a framework, futures of workers."""


class How(Enum):
    """How the result of an instruction is made: what a backend has to be able to do, and reuse.

    multiply
        The product of two operands, the left one first.
    tangents, adjoints
        The model of an elemental, evaluated along the columns (rows) of an operand; of the identity if none.
    add
        The sum of two operands: where paths of a graph meet.
    reuse
        Its operand, once more.
    """

    MULTIPLY = "multiply"
    TANGENTS = "tangents"
    ADJOINTS = "adjoints"
    ADD = "add"
    REUSE = "reuse"

    def pattern(self, own: Pattern, operands: list[Pattern]) -> Pattern:
        """The pattern of what evaluations of an elemental yield, given its own and that of the operand."""
        if not operands:
            return own
        return own @ operands[0] if self is How.TANGENTS else operands[0] @ own


class Instruction(NamedTuple, Generic[At]):
    """What a step does to what is live.

    Attributes
    ----------
    how
        How the result is made.
    operands
        What it is made of.
    through
        The elemental whose model is evaluated: its number in a chain, its place in a graph; else None.
    result
        What is made.
    freed
        What is not needed any more: not only operands; a step by its model makes an explicit matrix useless.
        Some of that may never have been there.
    number
        The operation of the plan that it belongs to, from 0.
    pattern
        Of the result, where evaluations yield it and it is known beforehand.
    """

    how: How
    operands: tuple[At, ...]
    through: int | None
    result: At
    freed: tuple[At, ...]
    number: int = 0
    pattern: Pattern | None = None


def instruction_of(step: Step, j: int, k: int, i: int, number: int = 0) -> Instruction[Place]:
    """What a step of a chain does."""
    match step:
        case Step.MULTIPLY:
            factors = (j, k + 1), (k, i)
            return Instruction(How.MULTIPLY, factors, None, (j, i), factors, number)
        case Step.TANGENT:
            before = j - 1, i
            return Instruction(How.TANGENTS, (before,), j, (j, i), (before, (j, j)), number)
        case Step.ADJOINT:
            behind = j, i + 1
            return Instruction(How.ADJOINTS, (behind,), i, (j, i), (behind, (i, i)), number)
        case Step.ACCUMULATE_TANGENT:
            return Instruction(How.TANGENTS, (), i, (i, i), ((i, i),), number)
        case Step.ACCUMULATE_ADJOINT:
            return Instruction(How.ADJOINTS, (), i, (i, i), ((i, i),), number)
        case Step.REUSE:
            own = tuple((n, n) for n in range(i, j + 1))
            return Instruction(How.REUSE, (source_of(j, k, i),), None, (j, i), own, number)
        case _:
            assert_never(step)


def source_of(j: int, k: int, i: int) -> Place:
    """What a reuse step takes its result from."""
    return k, k - j + i


def replay(
    instructions: Iterable[Instruction[At]],
    live: dict[At, Live],
    make: Callable[[Instruction[At], list[Live]], Live],
) -> Iterator[tuple[Instruction[At], Live]]:
    """Carry out instructions one after the other; yields each with its result.

    Parameters
    ----------
    instructions
        In an executable order.
    live
        What is there at the start; it changes as instructions are carried out.
    make
        Makes the result of an instruction of its operands.
    """
    for instruction in instructions:
        operands = [live[at] for at in instruction.operands]
        result = make(instruction, operands)
        del operands  # or they would outlive what is freed
        for at in instruction.freed:
            live.pop(at, None)
        live[instruction.result] = result
        yield instruction, result


class Shares:
    """Which live results are one and the same by reuse, so that their entries are counted once."""

    def __init__(self) -> None:
        self._group: dict[Hashable, Hashable] = {}
        self._others: dict[Hashable, int] = {}

    def share(self, source: Hashable, copy: Hashable) -> None:
        """Take note that a result is another one, too."""
        group = self._group.setdefault(source, source)
        self._group[copy] = group
        self._others[group] = self._others.get(group, 0) + 1

    def last(self, place: Hashable) -> bool:
        """Give up a result; whether nothing else is the same."""
        group = self._group.pop(place, place)
        others = self._others.get(group, 0)
        self._others[group] = max(0, others - 1)
        return not others


class Ledger(Generic[At]):
    """Counts the stored entries that are live while instructions are carried out.

    Operands and result of an instruction coexist; what it frees goes after it.

    Attributes
    ----------
    entries, peak
        Now, and the most so far.
    """

    def __init__(self, live: Mapping[At, int]) -> None:
        self._live = dict(live)
        self._shares: Shares | None = None
        self.entries = self.peak = sum(self._live.values())

    def enter(self, instruction: Instruction[At], entries: int) -> int:
        """An instruction was carried out, and its result stores so many entries; how many were live then."""
        how, operands, _, result, freed, *_ = instruction
        now = self.entries
        if how is How.REUSE:
            self._shares = self._shares or Shares()
            self._shares.share(operands[0], result)
        else:
            now += entries
            if now > self.peak and how is not How.ADD:  # a sum takes the place of what it adds
                self.peak = now
        during = now
        for at in freed:
            gone = self._live.pop(at, 0)
            if self._shares is None or self._shares.last(at):
                now -= gone
        self._live[result] = entries
        self.entries = now
        return during

"""The constant linear ends of a derivative, as sparse matrices, and what lies between them.

An equation belongs to an end if it moves entries, adds them up or multiplies them by numbers that are known:
gathers, differences, sums, scatters. From the input on such equations are the head, S; before the output the
tail, R; what the head gives to the tail past all others is C.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import accumulate
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.sparse import csr_array, diags_array, eye_array, hstack, vstack

from chainorder.autodiff.footprints import BudgetError, Footprints
from chainorder.jax.patterns.facts import Fact
from chainorder.jax.patterns.moves import MOVES
from chainorder.jax.patterns.reading import constants, step
from chainorder.jax.program import Equation, JaxProgram

SIGNS = {"add": (1, 1), "add_any": (1, 1), "sub": (1, -1), "neg": (-1,)}
"""Equations that add entries in the same place up, with these signs."""

SCALED = ("mul", "div")
"""Those that multiply them by known numbers."""

SUMMED = {"reduce_sum", "scatter-add", "scatter_add"}
"""Those that add entries of different places up."""

INDEXED = {"gather", "scatter-add", "scatter_add"}
"""Those whose second operand are indices."""

ROUTED = SUMMED | MOVES.keys() | {"gather"}
"""Those that lead every entry to places that are read off its footprint."""

KNOWN = ROUTED | SIGNS.keys() | set(SCALED)
"""All that may belong to an end."""

MOST = 2**19
"""Entries of the matrices of the ends."""


@dataclass(frozen=True, eq=False)
class Ends:
    """A derivative R·D·S + C.

    Attributes
    ----------
    middle
        The program of D, on the tables of the whole: its constants are those.
    left, right, constant
        R, S and C.
    """

    middle: JaxProgram
    left: Any
    right: Any
    constant: Any

    @classmethod
    def of(cls, program: JaxProgram) -> Ends | None:
        """Those of a program; None if they do nothing that would make the middle any sparser."""
        try:
            return _Reading(program, constants(program)).ends()
        except BudgetError:
            return None


@dataclass(eq=False)
class _Reading:
    """The search for both ends.

    Attributes
    ----------
    program
        The whole.
    facts
        What is known of its constants.
    heads
        The matrices (entries × inputs) of values of the head.
    tails
        Those (outputs × entries) of what the tail makes of a value.
    """

    program: JaxProgram
    facts: Mapping[int, Fact]
    heads: dict[int, Any] = field(default_factory=dict)
    tails: dict[int, Any] = field(default_factory=dict)

    def ends(self) -> Ends | None:
        program = self.program
        tail = self._tail()
        rest = [each for each in program.equations if each not in tail]
        head = self._head(rest)
        middle = _needed([each for each in rest if each not in head], self.tails)
        made = {result for each in middle for result in each.results}
        used = {operand for each in middle for operand in each.operands}
        first = [value for value in self.heads if value in used]
        last = [value for value in self.tails if value in made]
        if not first or not last or not (tail or head):
            return None
        right = vstack([self.heads[value] for value in first], format="csr")
        left = hstack([self.tails[value] for value in last], format="csr")
        if not (_mixes(left) or _mixes(right)):
            return None
        constant = csr_array(program.sizes)
        for value in self.tails.keys() & self.heads.keys():
            constant = constant + self.tails[value] @ self.heads[value]
        return Ends(_between(program, middle, first, last), left, right, constant)

    def _tail(self) -> set[Equation]:
        """Equations all of whose results go only to others of the tail: from the output on, backwards."""
        program, tail = self.program, set[Equation]()
        uses: dict[int, int] = {program.target: 1}
        for each in program.equations:
            for operand in set(each.operands):
                uses[operand] = uses.get(operand, 0) + 1
        within = {program.target: 1}  # uses of values by the tail
        self.tails[program.target] = eye_array(program.size(program.target), format="csr")
        for each in reversed(program.equations):
            if any(within.get(result, 0) < uses.get(result, 0) for result in each.results):
                continue
            matrices = self._matrices(each)
            if matrices is None:
                continue
            tail.add(each)
            for (result, operand), matrix in matrices.items():
                if result in self.tails:
                    self._add(self.tails, operand, self.tails[result] @ matrix)
            for operand in set(each.operands):
                within[operand] = within.get(operand, 0) + 1
            for result in each.results:
                self.tails.pop(result, None)
        return tail

    def _head(self, equations: Sequence[Equation]) -> set[Equation]:
        """Equations of what only other ones of the head have made of the input."""
        program, head = self.program, set[Equation]()
        self.heads[program.source] = eye_array(program.size(program.source), format="csr")
        for each in equations:
            dependent = [operand for operand in each.operands if not program.constant(operand)]
            matrices = self._matrices(each) if all(value in self.heads for value in dependent) else None
            if matrices is None:
                continue
            head.add(each)
            for (result, operand), matrix in matrices.items():
                self._add(self.heads, result, matrix @ self.heads[operand])
        return head

    def _add(self, table: dict[int, Any], value: int, matrix: Any) -> None:
        table[value] = table[value] + matrix if value in table else matrix
        if table[value].nnz > MOST:
            raise BudgetError

    def _matrices(self, equation: Equation) -> Mapping[tuple[int, int], Any] | None:
        """What an equation makes of its operands, by result and operand; None if that is not constant."""
        program, name = self.program, equation.name
        dependent = [place for place, value in enumerate(equation.operands) if not program.constant(value)]
        values = [*(equation.operands[place] for place in dependent), *equation.results]
        if len({program.avals[value].dtype for value in values}) > 1 or name not in KNOWN:
            return None
        made: dict[tuple[int, int], Any] = {}
        for place in dependent:
            operand = equation.operands[place]
            ways = self._scaled(equation, place) if name not in ROUTED else self._routed(equation, place)
            if ways is None:
                return None
            for result, matrix in zip(equation.results, ways, strict=True):
                key = result, operand
                made[key] = made[key] + matrix if key in made else matrix
        return made

    def _scaled(self, equation: Equation, place: int) -> Sequence[Any] | None:
        """Signs or known factors of entries that stay in place."""
        program, name = self.program, equation.name
        (result,) = equation.results
        spread = self._spread(equation.operands[place], result)
        if name in SIGNS:
            return [SIGNS[name][place] * spread]
        factor = self.facts.get(equation.operands[1 - place])
        if factor is None or factor.known is None or (name == "div" and place == 1):
            return None
        numbers = np.broadcast_to(np.asarray(factor.known, float), program.shape(result)).reshape(-1)
        if not np.isfinite(numbers).all():
            return None
        with np.errstate(divide="ignore"):
            scale = numbers if name == "mul" else 1 / numbers
        return [diags_array(scale) @ spread] if np.isfinite(scale).all() else None

    def _spread(self, operand: int, result: int) -> Any:
        """Ones where the entries of an operand go to in place; axes of one entry are repeated."""
        program = self.program
        places = np.arange(program.size(operand)).reshape(program.shape(operand))
        chosen = np.broadcast_to(places, program.shape(result)).reshape(-1)
        starts = np.arange(len(chosen) + 1)
        return csr_array((np.ones(len(chosen)), chosen, starts), shape=(len(chosen), places.size))

    def _routed(self, equation: Equation, place: int) -> Sequence[Any] | None:
        """Ones where entries go to, by the footprints of the results."""
        program, name = self.program, equation.name
        indices = equation.operands[1:2] if name in INDEXED else ()
        if any(self.facts[value].known is None for value in indices):
            return None
        operand = equation.operands[place]
        sets = Footprints(program.size(operand), MOST)
        operands = [self.facts.get(value) or _nothing(program.shape(value)) for value in equation.operands]
        operands[place] = Fact(program.shape(operand), sets.inputs(program.shape(operand)))
        matrices = []
        for fact in step(sets, equation.eqn, operands):
            rows, columns = sets.listed(fact.footprint.reshape(-1))
            shape = fact.footprint.size, program.size(operand)
            matrix = csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
            if len(rows) > MOST:
                raise BudgetError
            if name not in SUMMED and np.diff(matrix.indptr).max(initial=0) > 1:
                return None
            if name in SUMMED and np.bincount(columns).max(initial=0) > 1:
                return None
            matrices.append(matrix)
        return matrices


def _nothing(shape: tuple[int, ...]) -> Fact:
    """Of another operand, which is left out."""
    return Fact(shape, np.zeros(shape, np.intp))


def _needed(equations: Sequence[Equation], targets: Mapping[int, Any]) -> list[Equation]:
    """Those that lead to some values."""
    needed, live = set(targets), list[Equation]()
    for each in reversed(equations):
        if needed.intersection(each.results):
            live.append(each)
            needed.update(each.operands)
    return live[::-1]


def _mixes(matrix: Any) -> bool:
    """Whether it does more than to put entries elsewhere."""
    return any(np.diff(each.indptr).max(initial=0) > 1 for each in (matrix.tocsr(), matrix.tocsc()))


def _between(
    program: JaxProgram, equations: Sequence[Equation], first: Sequence[int], last: Sequence[int]
) -> JaxProgram:
    """The program of some equations, its input and its output one array each."""
    middle = replace(program, equations=[], dependent={program.source, *first}, joined={})
    for each in equations:
        middle.dependent.update(each.results)
    avals = [program.avals[value] for value in first]
    _, (middle.source,) = middle.added(jax.make_jaxpr(_joined)(*avals), first)
    flat = program.avals[middle.source]
    before, parts = middle.added(jax.make_jaxpr(partial(_parted, avals))(flat), [middle.source])
    renamed = dict(zip(first, parts, strict=True))
    inner = [replace(each, operands=tuple(renamed.get(o, o) for o in each.operands)) for each in equations]
    after, (middle.target,) = middle.added(
        jax.make_jaxpr(_joined)(*(program.avals[value] for value in last)), last
    )
    middle.dependent |= {middle.source}
    middle.equations = [*before, *inner, *after]
    return middle


def _joined(*values: Any) -> Any:
    return jnp.concatenate([value.reshape(-1) for value in values])


def _parted(avals: Sequence[Any], value: Any) -> list[Any]:
    ends = list(accumulate(aval.size for aval in avals))
    return [part.reshape(aval.shape) for part, aval in zip(jnp.split(value, ends[:-1]), avals, strict=True)]

"""Which blocks of a Jacobian are computed together: each group by what it is best served by.

A loss beside a field, parameters beside a state, a reconstruction beside its error: what is one program has
blocks with a waist, sparse ones, and full ones of few rows or columns. By groups of arrays that depend on
nothing in common, by arrays of the result or by those of the arguments, and these again, blocks are taken
apart as long as the estimates promise something. A heuristic: not all divisions are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from chainorder.autodiff.choice import ENTRY, MARGIN, NEAR, Choice, Group, Mode, Rates
from chainorder.autodiff.colours import Positions
from chainorder.autodiff.task import NotPlannedError
from chainorder.jax.parts import Leaves, Parts
from chainorder.jax.program import JaxProgram
from chainorder.jax.sparsity import positions_of

MOST = 16
"""Blocks up to which they are looked at one by one."""

CHOICES = 12
"""How many are made: each takes a part of what the one for the whole takes."""

Choose = Callable[[JaxProgram, Positions | None], Choice]
"""The choice for a part, and where that may be nonzero if it is known."""


@dataclass(eq=False)
class Division:
    """The choices for groups of blocks.

    Attributes
    ----------
    parts
        The parts of the derivative.
    choose
        Makes a choice for a part.
    rates
        What JAX makes of work.
    whole
        That for all blocks together.
    known
        What was chosen for groups.
    """

    parts: Parts
    choose: Choose
    rates: Rates
    whole: Choice
    known: dict[tuple[Leaves, Leaves], Choice] = field(default_factory=dict)

    def best(self) -> Choice:
        """The choice for the whole, divided where that promises to be faster."""
        rows, columns = (tuple(range(len(side))) for side in (self.parts.outputs, self.parts.inputs))
        if not 1 < len(rows) * len(columns) <= MOST:
            return self.whole
        self.known[rows, columns] = self.whole
        return self._best(rows, columns)

    def _best(self, rows: Leaves, columns: Leaves) -> Choice:
        choice = self._choice(rows, columns)
        least = choice.times[choice.mode]
        written = ENTRY * choice.chain.inputs * choice.chain.outputs
        if least - self.rates.call < NEAR * written:
            return choice
        best = choice
        for groups in self._divisions(rows, columns):
            try:
                made = self._merged([each for group in groups for each in self._groups(*group)])
            except NotPlannedError:
                continue
            divided = choice.divided(made, self.rates)
            time = divided.times[Mode.BLOCKS]
            if time < MARGIN * least and time < best.times.get(Mode.BLOCKS, time + 1):
                best = divided
        return best

    def _groups(self, rows: Leaves, columns: Leaves) -> list[Group]:
        """A group, or those that it is divided into."""
        choice = self._best(rows, columns)
        return list(choice.groups) if choice.mode is Mode.BLOCKS else [Group(rows, columns, choice)]

    def _choice(self, rows: Leaves, columns: Leaves) -> Choice:
        key = rows, columns
        if key not in self.known:
            if len(self.known) == CHOICES:
                raise NotPlannedError("there are too many ways to divide it")
            positions = self.whole.positions
            part = self.parts.part(rows, columns)
            if positions is None:
                positions = positions_of(part)
            else:
                positions = positions.within(*self.parts.places(rows, columns))
            self.known[key] = self.choose(part, positions)
        return self.known[key]

    def _divisions(self, rows: Leaves, columns: Leaves) -> Iterator[list[tuple[Leaves, Leaves]]]:
        components = self._components(rows, columns)
        if components != [(rows, columns)]:
            yield components
            return
        if len(rows) > 1:
            yield [((row,), self._columns([row], columns)) for row in rows]
        if len(columns) > 1:
            yield [(self._rows(rows, [column]), (column,)) for column in columns]

    def _components(self, rows: Leaves, columns: Leaves) -> list[tuple[Leaves, Leaves]]:
        """Groups that depend on nothing in common."""
        found: list[tuple[Leaves, Leaves]] = []
        left = [row for row in rows if self._columns([row], columns)]
        while left:
            own: Leaves = (left[0],)
            while (wider := self._rows(rows, self._columns(own, columns))) != own:
                own = wider
            found.append((own, self._columns(own, columns)))
            left = [row for row in left if row not in own]
        return found

    def _merged(self, groups: Sequence[Group]) -> list[Group]:
        """Groups, those together that are served by the same mode and share work, where others are not."""
        if len({group.choice.mode for group in groups}) == 1:
            return list(groups)
        made: list[Group] = []
        for group in groups:
            for other in made:
                together = self._together(group, other)
                if together:
                    made[made.index(other)] = together
                    break
            else:
                made.append(group)
        return made

    def _together(self, one: Group, other: Group) -> Group | None:
        mode = one.choice.mode
        common = set(one.columns).intersection(other.columns) or set(one.rows).intersection(other.rows)
        if mode is not other.choice.mode or not common:
            return None
        rows, columns = (
            tuple(sorted({*a, *b})) for a, b in ((one.rows, other.rows), (one.columns, other.columns))
        )
        try:
            choice = self._choice(rows, columns)
        except NotPlannedError:
            return None
        apart = one.choice.times[mode] + other.choice.times[mode]
        return Group(rows, columns, choice) if choice.times[choice.mode] <= apart else None

    def _columns(self, rows: Sequence[int], columns: Leaves) -> Leaves:
        return tuple(n for n in columns if any(self._depends[row, n] for row in rows))

    def _rows(self, rows: Leaves, columns: Sequence[int]) -> Leaves:
        return tuple(n for n in rows if any(self._depends[n, column] for column in columns))

    @cached_property
    def _depends(self) -> Any:
        """Which blocks are not known to be zero; shape (outputs, inputs), bool."""
        made = self.parts.depends()
        if self.whole.positions is not None:
            made &= self.parts.filled(self.whole.positions)
        return made

"""The operations of a plan as people see them: the dearest first if they like, with shares, shapes, bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chainorder.costs.prediction import SECOND
from chainorder.errors import ChainorderError
from chainorder.plans.base import BasePlan
from chainorder.plans.chain_operations import SHOWN
from chainorder.report import times as times_of
from chainorder.report.model import Sheet
from chainorder.report.numbers import Cell, Entries, Seconds, Share

SORTS = ("fma", "memory", "time")
"""What operations can be sorted by, the greatest first."""

LEAVING = ("bytes", "shape", "additions")
"""Columns that stand below their row first."""


@dataclass(frozen=True)
class Listing:
    """Which operations of a plan a report shows, and what it says of them.

    Attributes
    ----------
    plan
        The plan.
    entries
        Makes the stored entries of all results; None where they are not known.
    sort
        One of `SORTS`; None for the order in which they run.
    every
        Whether all are shown.
    """

    plan: BasePlan
    entries: Callable[[], Sequence[int] | None]
    sort: str | None = None
    every: bool = False

    @cached_property
    def _entries(self) -> Sequence[int] | None:
        return self.entries()

    @property
    def _times(self) -> Sequence[int] | None:
        return None if self.plan.predicted is None else self.plan.predicted.times

    @cached_property
    def places(self) -> Sequence[int]:
        """The places of the operations that are shown.

        Raises
        ------
        ChainorderError
            If they are to be sorted by what is not known.
        """
        found: Sequence[int] = range(len(self.plan.operations))
        if self.sort is not None:
            keys = self._keys(self.sort)
            found = sorted(found, key=lambda place: -keys[place])
        return found if self.every else found[:SHOWN]

    def _keys(self, sort: str) -> Sequence[int]:
        if sort == "fma":
            return [operation.fma for operation in self.plan.operations]
        keys = self._entries if sort == "memory" else self._times
        if keys is None:
            remedy = "--objective seconds" if sort == "time" else "--exact-fill"
            raise ChainorderError(f"{self.plan.problem.title}: --sort {sort} takes {remedy} for this plan")
        return keys

    def note(self) -> list[str]:
        """How many are not shown."""
        left = len(self.plan.operations) - len(self.places)
        return [f"… and {left:,} more operations; --all shows them"] if left else []

    def sheet(
        self, name: Callable[[Any], str], shape: Callable[[Any], tuple[int, int]], adds: bool = False
    ) -> Sheet:
        """A table of them; `adds` if additions count."""
        operations = [self.plan.operations[place] for place in self.places]
        entries, times = self._of_shown(self._entries), self._of_shown(self._times)
        columns: dict[str, Iterable[Cell]] = {
            "operation": map(name, operations),
            "fma": [operation.fma for operation in operations],
            "share": [self._share(operation) for operation in operations],
        }
        if adds:
            columns["additions"] = [operation.adds for operation in operations]
        if times is not None:
            columns["time"] = [Seconds(time / SECOND) for time in times]
        columns["shape"] = [" × ".join(f"{size:,}" for size in shape(each)) for each in operations]
        if entries is not None:
            columns["bytes"] = map(Entries, entries)
        if self.plan.machines > 1:
            columns["machine"] = [operation.machine for operation in operations]
            columns["start"] = [times_of.number(self.plan, operation.start) for operation in operations]
        rows = list(zip(*columns.values(), strict=True))
        return Sheet(tuple(columns), rows, leave=tuple(name for name in LEAVING if name in columns))

    def _of_shown(self, values: Sequence[int] | None) -> list[int] | None:
        return None if values is None else [int(values[place]) for place in self.places]

    def _share(self, operation: Any) -> Cell:
        return Share(operation.fma / self.plan.fma) if self.plan.fma else None

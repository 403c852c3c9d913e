"""Where the Jacobians of a run came from: given, loaded, of a network, or random; and who says so."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias

from chainorder.errors import ExecutionError
from chainorder.problems.matrix_files import MatrixFile, Unsaved
from chainorder.reading.matrices import read_note
from chainorder.structures.solve import Factorisation, Solve
from chainorder.structures.structure import Structure
from chainorder.system.showing import Shown

NAMED = 8
"""Elementals that a sentence names."""


class Source(StrEnum):
    """Where an elemental Jacobian came from; of those of a run, the last in this order is told."""

    GIVEN = "given"
    LOADED = "loaded"
    NETWORK = "network"
    STAND_INS = "random stand-ins"


@dataclass(frozen=True)
class Provenance:
    """Where the Jacobians of a run came from.

    Attributes
    ----------
    sources
        All that occur, in the order of `Source`.
    stand_ins
        The elementals whose Jacobians are random: numbers of a chain, (source, target) of a graph.
    """

    sources: tuple[Source, ...] = (Source.GIVEN,)
    stand_ins: tuple[Any, ...] = ()

    @property
    def source(self) -> Source:
        """In a word; random ones count most."""
        return self.sources[-1]

    def __str__(self) -> str:
        match self.source:
            case Source.GIVEN:
                return "elemental Jacobians: given"
            case Source.LOADED:
                return "elemental Jacobians: loaded from files"
            case Source.NETWORK:
                return "elemental Jacobians: of the network with random weights, at a random point"
        which = "the Jacobians" if len(self.sources) == 1 else f"the Jacobians of {listed(self.stand_ins)}"
        return (
            f"{which} are random stand-ins of the declared structures: the numbers of the result mean "
            "nothing; the costs do"
        )


class Printed(Shown):
    """What runs of chains and graphs share: the word for where their Jacobians came from, and their line."""

    provenance: Provenance
    fma: int
    seconds: float

    @property
    def source(self) -> Source:
        """Where the elemental Jacobians came from; of several sources the last of `Source`."""
        return self.provenance.source

    @property
    @abstractmethod
    def title(self) -> str:
        """What ran, in a line."""

    @property
    @abstractmethod
    def passed(self) -> bool:
        """Whether every check passed."""

    @property
    def brief(self) -> str:
        """What it took and whether it is right, in a line."""
        outcome = "passed" if self.passed else "FAILED"
        return f"of {self.title}; {self.fma:,} fma in {self.seconds:.3g} s, {outcome}; {self.provenance}"


Origin: TypeAlias = tuple[Any, Any, Structure]
"""The name, the matrix and the structure of an elemental."""


def refuse_unsaved(elementals: Iterable[Origin]) -> None:
    """Raise `ExecutionError` if matrices were in memory when their chain was saved; lists whose."""
    unsaved = [name for name, matrix, kind in elementals if isinstance(matrix, Unsaved) and not kind.known]
    if unsaved:
        raise ExecutionError(
            f"the Jacobians of {listed(unsaved)} were in memory when the plan was saved; give them, or run "
            "on random stand-ins: stand_ins=True, --stand-ins"
        )


def trace(elementals: Iterable[Origin]) -> Provenance:
    """Where Jacobians come from that are not given, after their files were read."""
    found: dict[Source, list[Any]] = {source: [] for source in Source}
    said = cache(_said_in)
    for name, matrix, structure in elementals:
        match matrix, structure:
            case MatrixFile(path), _:
                found[said(path)].append(name)
            case None | Unsaved(), Solve(factorisation=Factorisation()):
                found[Source.GIVEN].append(name)
            case None | Unsaved(), _ if not structure.known:
                found[Source.STAND_INS].append(name)
            case _:
                found[Source.GIVEN].append(name)
    sources = tuple(source for source, names in found.items() if names)
    return Provenance(sources, tuple(found[Source.STAND_INS]))


def _said_in(file: Path) -> Source:
    """What a matrix file is: loaded, unless it holds the Jacobian of a run on stand-ins."""
    return Source.STAND_INS if read_note(file) == Source.STAND_INS else Source.LOADED


def listed(names: Iterable[Any]) -> str:
    """Elementals in words: ``F1–F3, F7``; edges as ``x → y``; some of them if there are many."""
    parts = list(_spans(names))
    more = [f"{len(parts) - NAMED:,} more"] if len(parts) > NAMED else []
    return ", ".join([*parts[:NAMED], *more])


def _spans(names: Iterable[Any]) -> Iterator[str]:
    """Numbers that follow one another as one."""
    for _, group in groupby(enumerate(names), _distance):
        run = [name for _, name in group]
        if isinstance(run[0], int):
            yield f"F{run[0]}" if len(run) == 1 else f"F{run[0]}–F{run[-1]}"
        else:
            yield " → ".join(run[0])


def _distance(place_and_name: tuple[int, Any]) -> Any:
    """Equal for numbers that follow one another."""
    place, name = place_and_name
    return name - place if isinstance(name, int) else name

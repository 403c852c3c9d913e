"""Everything that chainorder raises on purpose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

SHOWN = 10
"""Faults of one input that are shown."""

MAX_FAULTS = 1000
"""Faults of one input that are looked for."""


class ChainorderError(Exception):
    """Base of all errors that a wrong input or a wrong call can cause. Its text is one line."""


class InstallationError(ChainorderError, ImportError):
    """An optional package is missing, or files of another project are mixed in."""


class StructureError(ChainorderError):
    """A structure does not fit the matrix it was stated for.

    Attributes
    ----------
    path
        The keys and indices, in the elemental of a spec, of what is wrong; empty where that is all of it.
    """

    def __init__(self, message: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.path = path


class MatrixError(ChainorderError):
    """A matrix file that is missing, damaged or holds no matrix."""


class ChainError(ChainorderError):
    """The elementals do not make a chain."""


class GraphError(ChainorderError):
    """The edges do not make a computational graph.

    Attributes
    ----------
    path
        The keys and indices, in a spec, of what is wrong.
    others
        What else is wrong.
    """

    def __init__(self, message: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.path = path
        self.others: tuple[GraphError, ...] = ()


def raise_first(errors: Iterable[GraphError]) -> None:
    """Raise the first of some errors, if there is one; it knows of the others."""
    found = list(islice(errors, MAX_FAULTS))
    if found:
        found[0].others = tuple(found[1:])
        raise found[0]


class SolverError(ChainorderError):
    """No such solver, or a solver that cannot take this chain."""


class InfeasibleError(SolverError):
    """No plan keeps within the memory, or with the models at hand."""


class PlanError(ChainorderError):
    """A plan that is not a valid order for its chain, or text that is not a plan."""


class ProfileError(ChainorderError):
    """A profile of a machine that cannot be read, or is none."""


class ExecutionError(ChainorderError):
    """The Jacobians at hand do not fit the plan, or the result does not fit the machine."""


class OutputError(ChainorderError):
    """A file that cannot be written, or should not be.

    Parameters
    ----------
    name
        The file, as the user calls it.
    message
        What is wrong, and the remedy.
    """

    def __init__(self, name: str, message: str) -> None:
        super().__init__(name, message)

    def __str__(self) -> str:
        return _printable(": ".join(self.args))


@dataclass(eq=False)
class SpecError(ChainorderError):
    """A spec that cannot be read: where, and what would be right.

    Attributes
    ----------
    message
        What is wrong, with both values where two disagree, and the remedy.
    file
        The file, or None for text that came from nowhere.
    line, column
        Counted from 1; None where there is no such place (a missing file).
    key
        The path of the key, as in ``chains[2].elementals[0].lower``.
    others
        What else is wrong with the same spec, in its order, as far as it is shown.
    more
        How many faults there are beside those.
    foreign
        Whether what was read is something else than a spec: a saved plan, a package.json.
    """

    message: str
    file: str | Path | None = None
    line: int | None = None
    column: int | None = None
    key: str = ""
    others: tuple[SpecError, ...] = ()
    more: int = 0
    foreign: bool = False

    @classmethod
    def of(cls, errors: Sequence[SpecError], more: int = 0) -> SpecError:
        """The first of some errors, which knows of the others, and of so many more."""
        found = [each for error in errors for each in (error, *error.others)]
        rest = sum(error.more for error in errors) + len(found[SHOWN:]) + more
        for each in found:
            each.others, each.more = (), 0
        found[0].others, found[0].more = tuple(found[1:SHOWN]), rest
        return found[0]

    @property
    def faults(self) -> int:
        """How many there are, itself included."""
        return 1 + len(self.others) + self.more

    def within(self, file: str | Path, line: int | None = None) -> SpecError:
        """The same error, and its others, in a file; and on a line, if one is given."""
        for each in (self, *self.others):
            each.file = file
            each.line = each.line if line is None else line
        return self

    def lines(self, prefix: str = "") -> list[str]:
        """All that is wrong, a line each; the last may say how much more there is."""
        shown = [f"{prefix}{each}" for each in (self, *self.others)]
        least = "at least " if self.faults >= MAX_FAULTS else ""
        return [*shown, f"… and {least}{self.more:,} more"] if self.more else shown

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        text = ": ".join(part for part in (place, self.key, self.message) if part)
        return _printable(text)

    def __reduce__(self) -> tuple[type[SpecError], tuple[object, ...]]:
        # Exceptions pickle their args only; workers send these errors home.
        values = (self.message, self.file, self.line, self.column, self.key, self.others, self.more)
        return SpecError, (*values, self.foreign)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)

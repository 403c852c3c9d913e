"""Everything that chainorder raises on purpose."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class ChainorderError(Exception):
    """Base of all errors that a wrong input or a wrong call can cause. Its text is one line."""


class StructureError(ChainorderError):
    """A structure does not fit the matrix it was stated for."""


class ChainError(ChainorderError):
    """The elementals do not make a chain."""


class GraphError(ChainorderError):
    """The edges do not make a computational graph.

    Attributes
    ----------
    path
        The keys and indices, in a spec, of what is wrong.
    """

    def __init__(self, message: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.path = path


class SolverError(ChainorderError):
    """No such solver, or a solver that cannot take this chain."""


class InfeasibleError(SolverError):
    """No plan keeps within the memory, or with the models at hand."""


class PlanError(ChainorderError):
    """A plan that is not a valid order for its chain, or text that is not a plan."""


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
    """

    message: str
    file: str | Path | None = None
    line: int | None = None
    column: int | None = None
    key: str = ""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        text = ": ".join(part for part in (place, self.key, self.message) if part)
        return _printable(text)

    def __reduce__(self) -> tuple[type[SpecError], tuple[object, ...]]:
        # Exceptions pickle their args only; workers send these errors home.
        return SpecError, (self.message, self.file, self.line, self.column, self.key)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)

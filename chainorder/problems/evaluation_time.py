"""What evaluations of a model take on a machine: measured, not stated in fma."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from chainorder.errors import ChainError
from chainorder.problems.numbers import whole


@dataclass(frozen=True, slots=True)
class EvaluationTime:
    """The time of evaluating a tangent or adjoint along some directions at once, in picoseconds.

    Parameters
    ----------
    call
        Of an evaluation, however many directions there are.
    direction
        Of each direction.

    Raises
    ------
    ChainError
        If one is no whole number of at least 0.
    """

    call: int
    direction: int

    def __post_init__(self) -> None:
        for key in fields(self):
            checked = whole(getattr(self, key.name), key.name, "picoseconds", least=0)
            object.__setattr__(self, key.name, checked)

    def of(self, directions: int) -> int:
        """Picoseconds of an evaluation along so many."""
        return self.call + directions * self.direction

    def to_spec(self) -> dict[str, int]:
        """It as plain data."""
        return asdict(self)


def read_time(value: Any, key: str) -> EvaluationTime | None:
    """A time, of which a spec has the plain data; raises `ChainError` if it is none."""
    if isinstance(value, Mapping) and set(value) == {"call", "direction"}:
        return EvaluationTime(**value)
    if not isinstance(value, EvaluationTime | None):
        raise ChainError(f"{key} is {value!r}; give an EvaluationTime, in picoseconds")
    return value

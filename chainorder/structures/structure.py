"""Structures: what a user declares an elemental Jacobian to look like.

A structure has no shape of its own; `Structure.pattern` binds it to one and checks that it fits. A new
structure is a subclass here (or in a file of its own) and a line in `chainorder.structures.catalogue`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict
from typing import Any, ClassVar

from chainorder.errors import StructureError
from chainorder.structures.pattern import (
    Pattern,
)


class Structure(ABC):
    """What an elemental Jacobian looks like."""

    name: ClassVar[str]

    @property
    def shape(self) -> tuple[int, int] | None:
        """Rows and columns, where the structure has them of its own."""
        return None

    @property
    def evaluation(self) -> int | None:
        """fma of one tangent or adjoint, where the structure itself is known by these."""
        return None

    @abstractmethod
    def pattern(self, rows: int, columns: int) -> Pattern:
        """Where a `rows` × `columns` Jacobian of this structure may be nonzero.

        Raises
        ------
        StructureError
            If there is no such Jacobian of that shape.
        """

    def to_spec(self) -> dict[str, Any]:
        """The keys that declare it in a spec."""
        return {"structure": self.name, **asdict(self)}  # type: ignore[call-overload]

    def __str__(self) -> str:
        return self.name


def square(structure: Structure, rows: int, columns: int) -> int:
    """The size of a square structure; raises `StructureError` if it is not stated to be square."""
    if rows != columns:
        raise StructureError(
            f"{structure.name} but {rows} × {columns} (outputs × inputs); such a Jacobian is square: make "
            "outputs and inputs equal, or declare it dense"
        )
    return rows

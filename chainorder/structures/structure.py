"""Structures: what a user declares an elemental Jacobian to look like.

A structure has no shape of its own; `Structure.pattern` binds it to one and checks that it fits. A new
structure is a file with its class, which says how specs declare it, and its pattern; and a line in
`chainorder.structures.catalogue`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar, Self

import numpy as np

from chainorder.errors import StructureError
from chainorder.structures.fragments import Schema
from chainorder.structures.pattern import Pattern

Item = Mapping[str, Any]
"""The keys of an elemental, or of a graph's edge, in a spec."""


class Structure(ABC):
    """What an elemental Jacobian looks like.

    Attributes
    ----------
    name
        Of the structure, in specs.
    keys
        The keys of a spec that are about it, and their schemas.
    rules
        Schemas that tie these keys to each other.
    stated_by
        A key that declares the structure by itself; None if only ``structure`` does.
    loads
        Whether that key names the file of a matrix.
    square
        Whether its outputs equal its inputs.
    modelled
        Whether it has tangents and adjoints of its own.
    enumerated
        Whether a random one is drawn position by position.
    known
        Whether it says all of the Jacobian, so that no matrix is needed.
    """

    name: ClassVar[str]
    keys: ClassVar[Mapping[str, Schema]] = {}
    rules: ClassVar[Sequence[Schema]] = ()
    stated_by: ClassVar[str | None] = None
    loads: ClassVar[bool] = False
    square: ClassVar[bool] = False
    modelled: ClassVar[bool] = False
    enumerated: ClassVar[bool] = False
    known: ClassVar[bool] = False

    @classmethod
    def from_spec(cls, item: Item, matrix: Any, shape: tuple[int, int]) -> Self:
        """The structure that valid keys of a spec declare.

        Parameters
        ----------
        matrix
            The entries that the spec names, a NumPy or SciPy matrix; None if it names none.
        shape
            Rows and columns of the Jacobian.

        Raises
        ------
        StructureError
            If they contradict each other; its `path` says where.
        """
        return cls(**{key: item[key] for key in cls.keys if key in item})

    @classmethod
    def outputs_of(cls, item: Item, inputs: int) -> int:
        """The number of outputs where a spec does not state it."""
        return inputs

    @classmethod
    def drawn(
        cls, generator: np.random.Generator, rows: int, columns: int, density: tuple[float, float]
    ) -> Self:
        """A random structure of a shape; `density` is the range of the share of positions."""
        return cls()

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


def check_square(structure: Structure, rows: int, columns: int) -> int:
    """The size of a square structure; raises `StructureError` if it is not stated to be square."""
    if rows != columns:
        raise StructureError(
            f"{structure.name} but {rows} × {columns} (outputs × inputs); such a Jacobian is square: make "
            "outputs and inputs equal, or declare it dense"
        )
    return rows


def draw(generator: np.random.Generator, range_: tuple[int, int]) -> int:
    """A number of a range; of one that NumPy cannot draw from, by its bits, again until it is within."""
    least, greatest = range_
    if greatest < 2**63:
        return int(generator.integers(least, greatest, endpoint=True))
    bits = (greatest - least).bit_length()
    while True:
        drawn = int.from_bytes(generator.bytes(bits // 8 + 1), "little") % (1 << bits)
        if drawn <= greatest - least:
            return least + drawn

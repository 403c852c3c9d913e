"""Selections: some rows or columns of an identity, permutations among them. Free to multiply by.

A product of selections is one, so they stay symbolic; a product with anything else picks its rows or columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from chainorder.errors import StructureError
from chainorder.structures.compressed_rows import hypersparse
from chainorder.structures.dense import DensePattern
from chainorder.structures.fragments import POSITION, choice, given, listing, needs, only
from chainorder.structures.index_sets import IndexSet, IntArray, all_or, listed
from chainorder.structures.pattern import Pattern
from chainorder.structures.positions import HypersparsePattern, SparsePattern, picked_columns, picked_rows
from chainorder.structures.structure import Item, Structure
from chainorder.system.showing import stated

AXES = ("rows", "columns")


@dataclass(frozen=True, eq=False, repr=False)
class SelectionPattern(Pattern):
    """Ones at (`rows[t]`, `columns[t]`): at most one in every row and column.

    Attributes
    ----------
    height, width
        The shape.
    rows, columns
        Shape (ones,), the rows rising.
    """

    height: int
    width: int
    rows: IntArray
    columns: IntArray

    storage: ClassVar[str] = "selection"
    claim: ClassVar[tuple[str, str]] = "selection", "declare it sparse"

    @property
    def shape(self) -> tuple[int, int]:
        return self.height, self.width

    @property
    def nnz(self) -> int:
        return len(self.rows)

    @property
    def entries(self) -> int:
        return 0

    @property
    def free(self) -> bool:
        return True

    @property
    def row_count(self) -> int | None:
        return 1 if self.nnz == self.height else None

    @property
    def column_count(self) -> int | None:
        return 1 if self.nnz == self.width else None

    def row_counts(self, rows: IndexSet = None) -> IntArray:
        return np.isin(listed(self.height, rows), self.rows).astype(np.int64)

    def column_counts(self, columns: IndexSet = None) -> IntArray:
        return np.isin(listed(self.width, columns), self.columns).astype(np.int64)

    def columns_from(self, rows: IndexSet) -> IndexSet:
        kept = slice(None) if rows is None else np.isin(self.rows, rows)
        return all_or(self.width, np.sort(self.columns[kept]))

    def rows_into(self, columns: IndexSet) -> IndexSet:
        kept = slice(None) if columns is None else np.isin(self.columns, columns)
        return all_or(self.height, self.rows[kept])

    def transposed(self) -> SelectionPattern:
        order = np.argsort(self.columns)
        return SelectionPattern(self.width, self.height, self.columns[order], self.rows[order])

    def coordinates(self) -> tuple[IntArray, IntArray]:
        return self.rows, self.columns

    def scaled(self, *, rows: bool) -> Pattern:
        """The same positions, with entries that are stored."""
        return HypersparsePattern.of(*self.shape, self.rows, self.columns).reduced

    def closed_product(self, right: Pattern) -> Pattern | None:
        """Some rows of another."""
        if isinstance(right, SelectionPattern):
            _, mine, theirs = np.intersect1d(self.columns, right.rows, return_indices=True)
            order = np.argsort(self.rows[mine])
            rows, columns = self.rows[mine][order], right.columns[theirs][order]
            return SelectionPattern(self.height, right.width, rows, columns)
        if isinstance(right, DensePattern) or right.diagonal:
            return right.closed_product_behind(self)
        if isinstance(right, SparsePattern) and not hypersparse(self.shape, right.nnz):
            return _reduced(pick_rows(right.csr(), self))
        return picked_rows(right, self.height, self.rows, self.columns)

    def closed_product_behind(self, left: Pattern) -> Pattern:
        """Some columns of another."""
        if isinstance(left, SparsePattern) and not hypersparse(self.shape, left.nnz):
            return _reduced(pick_columns(left.csr(), self))
        return picked_columns(left, self.width, self.columns, self.rows)

    def closed_colour_count(self) -> int:
        return min(1, self.nnz)

    def closed_colours(self) -> IntArray:
        return self.column_counts() - 1

    def agrees(self, csr: Any) -> bool:
        return not (csr != self.csr().astype(np.float64)).nnz

    def laid_out(self, csr: Any) -> npt.NDArray[Any]:
        """None."""
        return np.empty(0)

    def random_entries(self, generator: np.random.Generator) -> npt.NDArray[Any]:
        return np.empty(0)


def pick_rows(csr: Any, selection: SelectionPattern) -> Any:
    """A selection times compressed rows."""
    from scipy.sparse import csr_array

    picked = csr[selection.columns]
    counts = np.zeros(selection.height, picked.indptr.dtype)
    counts[selection.rows] = np.diff(picked.indptr)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(picked.indptr.dtype)
    return csr_array((picked.data, picked.indices, indptr), shape=(selection.height, csr.shape[1]))


def pick_columns(csr: Any, selection: SelectionPattern) -> Any:
    """Compressed rows times a selection."""
    from scipy.sparse import csr_array

    places = np.full(csr.shape[1], -1, csr.indices.dtype)
    places[selection.rows] = selection.columns
    indices = places[csr.indices]
    kept = indices >= 0
    indptr = np.concatenate([[0], np.cumsum(kept)])[csr.indptr].astype(csr.indptr.dtype)
    shape = csr.shape[0], selection.width
    picked = csr_array((csr.data[kept], indices[kept], indptr), shape=shape)
    picked.sort_indices()
    return picked


def _reduced(csr: Any) -> Pattern:
    return SparsePattern(csr.shape[0], csr.shape[1], csr.indptr, csr.indices).reduced


@dataclass(frozen=True, init=False)
class Selection(Structure):
    """Some rows of the identity, which pick entries of a vector; or some columns, which place them.

    Parameters
    ----------
    select
        Which rows (columns), counted from 0, in their order in the result; each at most once. All of them, in
        any order, are a permutation.
    axis
        ``rows`` (outputs are picked inputs) or ``columns`` (inputs are placed among the outputs).

    Raises
    ------
    StructureError
        If an entry is no whole number of at least 0, or is there twice.
    """

    select: tuple[int, ...]
    axis: str
    name = "selection"
    stated_by = "select"
    known = True
    enumerated = True
    keys: ClassVar = {
        "select": listing(
            "a selection",
            "Which rows of the identity, counted from 0, in their order in the result; each at most once.",
            1,
            POSITION,
        ),
        "axis": choice("an axis", "Whether rows are selected (by default), or columns.", *AXES),
    }
    rules: ClassVar = [
        only({"not": given("select")}, "the elemental is a selection", "matrix"),
        only(given("select"), "only a selection has it", "axis"),
        needs(given("structure", "selection"), "a selection", "select"),
    ]

    __repr__ = stated

    def __init__(self, select: Sequence[int] | IntArray, axis: str = "rows") -> None:
        if axis not in AXES:
            raise StructureError(f"axis is {axis!r}; select rows or columns")
        places = np.asarray(select).tolist()
        for place, index in enumerate(places):
            if type(index) is not int or not 0 <= index < 2**63:
                message = (
                    f"select[{place}] is {index!r}; an index is a whole number of at least 0, below 2^63"
                )
                raise StructureError(message)
        if not places:
            raise StructureError("select is empty; name at least one row")
        if len(set(places)) < len(places):
            twice = next(index for place, index in enumerate(places) if index in places[:place])
            raise StructureError(f"select has {twice} twice; a selection has each index at most once")
        object.__setattr__(self, "select", tuple(places))
        object.__setattr__(self, "axis", axis)

    @classmethod
    def outputs_of(cls, item: Item, inputs: int) -> int:
        return len(item["select"])

    @classmethod
    def drawn(
        cls, generator: np.random.Generator, rows: int, columns: int, density: tuple[float, float]
    ) -> Self:
        few, size, axis = (rows, columns, "rows") if rows <= columns else (columns, rows, "columns")
        return cls(generator.permutation(size)[:few], axis)

    def pattern(self, rows: int, columns: int) -> Pattern:
        count, size = (rows, columns) if self.axis == "rows" else (columns, rows)
        picked, whole = ("outputs", "inputs") if self.axis == "rows" else ("inputs", "outputs")
        if count != len(self.select):
            raise StructureError(
                f"select names {len(self.select)} {self.axis} but {picked} is {count}; make them agree"
            )
        if max(self.select) >= size:
            place = next(place for place, index in enumerate(self.select) if index >= size)
            raise StructureError(
                f"select[{place}] is {self.select[place]} but {whole} is {size}; an index is at most "
                f"{size - 1}"
            )
        chosen = SelectionPattern(count, size, np.arange(count), np.array(self.select, np.int64))
        return chosen if self.axis == "rows" else chosen.transposed()

    def transposed(self) -> Selection:
        return Selection(self.select, "columns" if self.axis == "rows" else "rows")

    def to_spec(self) -> dict[str, Any]:
        stated: dict[str, Any] = {"select": list(self.select)}
        return stated if self.axis == "rows" else stated | {"axis": self.axis}

    def __str__(self) -> str:
        return f"selection({len(self.select)} {self.axis})"

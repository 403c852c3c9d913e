"""What is returned: a Jacobian in the tree and shapes that PyTorch returns, its blocks dense or sparse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import torch
from torch.utils import _pytree as pytree

from chainorder.autodiff.colours import Positions
from chainorder.autodiff.task import Output
from chainorder.autodiff.work import entries


@dataclass(frozen=True, eq=False)
class Block:
    """The rows of a Jacobian that are about one output.

    Attributes
    ----------
    shape
        Of what PyTorch returns.
    rows
        Where they begin and end.
    among
        Where their positions do, among those of the whole.
    sparse
        Whether it is returned as compressed rows.
    places
        Where the positions are in it, row after row; None if they are not known.
    starts, columns
        Of its compressed rows.
    """

    shape: tuple[int, ...]
    rows: tuple[int, int]
    among: tuple[int, int] = (0, 0)
    sparse: bool = False
    places: Any = None
    starts: Any = None
    columns: Any = None

    def of_matrix(self, matrix: Any) -> Any:
        """What is kept of the whole matrix: its entries if it is sparse."""
        dense = matrix[self.rows[0] : self.rows[1]]
        return dense.reshape(-1).index_select(0, self.places) if self.sparse else dense.reshape(self.shape)

    def of_entries(self, values: Any) -> Any:
        """What is kept of the entries at all positions: those of the block, or all if it is dense."""
        inside = values[self.among[0] : self.among[1]]
        if self.sparse:
            return inside
        return values.new_zeros(entries(self.shape)).scatter(0, self.places, inside).reshape(self.shape)

    def returned(self, kept: Any, columns: int) -> Any:
        """What is returned for what was kept."""
        if not self.sparse:
            return kept
        size = self.rows[1] - self.rows[0], columns
        return torch.sparse_csr_tensor(self.starts, self.columns, kept, size=size)


@dataclass(frozen=True, eq=False)
class Results:
    """The form of a Jacobian with respect to one tensor.

    Attributes
    ----------
    outputs, tree
        The shapes of the outputs, and their tree.
    point
        The shape of the tensor.
    output
        How blocks are returned.
    positions
        Where the Jacobian may be nonzero, if that is known.
    device
        Of its entries.
    """

    outputs: Sequence[tuple[int, ...]]
    tree: Any
    point: tuple[int, ...]
    output: Output
    positions: Positions | None
    device: Any

    @cached_property
    def blocks(self) -> list[Block]:
        """One for each output."""
        return list(self._blocks())

    @property
    def tensors(self) -> tuple[Any, ...]:
        """The tensors that are used, which never change."""
        return tuple(each.places for each in self.blocks if each.places is not None)

    def of_matrix(self, matrix: Any) -> tuple[Any, ...]:
        """What is kept of the blocks of a Jacobian in one piece."""
        return tuple(block.of_matrix(matrix) for block in self.blocks)

    def of_entries(self, values: Any) -> tuple[Any, ...]:
        """What is kept of the blocks of a Jacobian of which the entries at the positions are given."""
        return tuple(block.of_entries(values) for block in self.blocks)

    def returned(self, kept: Sequence[Any], *, tuples: bool) -> Any:
        """What is returned for what was kept; in tuples of one argument, if so."""
        pairs = zip(self.blocks, kept, strict=True)
        made = [block.returned(each, entries(self.point)) for block, each in pairs]
        if self.output is Output.CSR and self.positions is None:
            made = [as_rows(each, self.point) for each in made]
        return pytree.tree_unflatten([(each,) for each in made] if tuples else made, self.tree)

    def _blocks(self) -> Iterator[Block]:
        ends = [0, *accumulate(map(entries, self.outputs))]
        for shape, rows in zip(self.outputs, pairwise(ends), strict=True):
            whole = (*shape, *self.point)
            if self.positions is None:
                yield Block(whole, rows)
                continue
            first, last = np.searchsorted(self.positions.rows, rows)
            here, columns = (each[first:last] for each in (self.positions.rows, self.positions.columns))
            places = (here - rows[0]) * entries(self.point) + columns
            starts = np.concatenate([[0], np.cumsum(np.bincount(here - rows[0], minlength=entries(shape)))])
            sparse = self.output.stores(entries(whole), len(here))
            tensors = (torch.as_tensor(each).to(device=self.device) for each in (places, starts, columns))
            yield Block(whole, rows, (int(first), int(last)), sparse, *tensors)


def as_rows(block: Any, point: Sequence[int]) -> Any:
    """A block of which nothing is known, as compressed rows."""
    return block.reshape(-1, entries(point)).to_sparse_csr()

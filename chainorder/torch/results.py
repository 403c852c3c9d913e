"""What is returned: a Jacobian in the tree and shapes that PyTorch returns, its blocks dense or sparse."""

from __future__ import annotations

from collections.abc import Sequence
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
from chainorder.torch.inputs import Inputs


@dataclass(frozen=True, eq=False)
class Block:
    """The part of a Jacobian that is about one output and one of the tensors that are differentiated.

    Attributes
    ----------
    shape
        Of what PyTorch returns.
    rows, columns
        Where they begin and end in the whole.
    among
        Which of the positions are in it.
    sparse
        Whether it is returned as compressed rows.
    places
        Where the positions are in it, row after row; None if they are not known.
    starts, indices
        Of its compressed rows.
    """

    shape: tuple[int, ...]
    rows: tuple[int, int]
    columns: tuple[int, int]
    among: Any = None
    sparse: bool = False
    places: Any = None
    starts: Any = None
    indices: Any = None

    def of_matrix(self, matrix: Any) -> Any:
        """What is kept of the whole matrix: its entries if it is sparse."""
        dense = matrix[slice(*self.rows), slice(*self.columns)]
        if self.sparse:
            return dense.reshape(-1).index_select(0, self.places)
        ordered = dense if dense.shape[1] == matrix.shape[1] else dense.contiguous()
        return ordered.reshape(self.shape)

    def of_entries(self, values: Any) -> Any:
        """What is kept of the entries at all positions: those of the block, or all if it is dense."""
        inside = values[self.among] if isinstance(self.among, slice) else values.index_select(0, self.among)
        if self.sparse:
            return inside
        return values.new_zeros(entries(self.shape)).scatter(0, self.places, inside).reshape(self.shape)

    def returned(self, kept: Any) -> Any:
        """What is returned for what was kept."""
        if not self.sparse:
            return kept
        size = self.rows[1] - self.rows[0], self.columns[1] - self.columns[0]
        return torch.sparse_csr_tensor(self.starts, self.indices, kept, size=size, check_invariants=False)

    @property
    def tensors(self) -> tuple[Any, ...]:
        """Those that are used in making what is kept."""
        return tuple(each for each in (self.places, self.among) if isinstance(each, torch.Tensor))


@dataclass(frozen=True, eq=False)
class Results:
    """The form of a Jacobian.

    Attributes
    ----------
    outputs, tree
        The shapes of the outputs, and their tree.
    inputs
        The tensors that are differentiated, or others of their shapes.
    output
        How blocks are returned.
    positions
        Where the Jacobian may be nonzero, if that is known.
    device
        Of its entries.
    """

    outputs: Sequence[tuple[int, ...]]
    tree: Any
    inputs: Inputs
    output: Output
    positions: Positions | None
    device: Any

    @cached_property
    def blocks(self) -> list[Block]:
        """For each output one for each tensor, as PyTorch orders them."""
        rows = pairwise(accumulate(map(entries, self.outputs), initial=0))
        return [
            self._block((*shape, *given), here, columns)
            for shape, here in zip(self.outputs, rows, strict=True)
            for given, columns in zip(self.inputs.shapes, self.inputs.columns, strict=True)
        ]

    @property
    def tensors(self) -> tuple[Any, ...]:
        """The tensors that are used, which never change."""
        return tuple(tensor for block in self.blocks for tensor in block.tensors)

    def of_matrix(self, matrix: Any) -> tuple[Any, ...]:
        """What is kept of the blocks of a Jacobian in one piece."""
        return tuple(block.of_matrix(matrix) for block in self.blocks)

    def of_entries(self, values: Any) -> tuple[Any, ...]:
        """What is kept of the blocks of a Jacobian of which the entries at the positions are given."""
        return tuple(block.of_entries(values) for block in self.blocks)

    def returned(self, kept: Sequence[Any]) -> Any:
        """What is returned for what was kept."""
        made = [block.returned(each) for block, each in zip(self.blocks, kept, strict=True)]
        if self.output is Output.CSR and self.positions is None:
            made = [
                as_rows(each, block.columns[1] - block.columns[0])
                for block, each in zip(self.blocks, made, strict=True)
            ]
        count = len(self.inputs.shapes)
        rows = [self.inputs.returned(made[start : start + count]) for start in range(0, len(made), count)]
        return pytree.tree_unflatten(rows, self.tree)

    def rows_of(self, blocks: Sequence[Any]) -> list[Any]:
        """A matrix for each output of what was returned."""
        count = len(self.inputs.shapes)
        dense = [each if each.layout is torch.strided else each.to_dense() for each in blocks]
        flat = [
            each.reshape(block.rows[1] - block.rows[0], -1)
            for block, each in zip(self.blocks, dense, strict=True)
        ]
        return [torch.cat(flat[start : start + count], 1) for start in range(0, len(flat), count)]

    def _block(self, shape: tuple[int, ...], rows: tuple[int, int], columns: tuple[int, int]) -> Block:
        if self.positions is None:
            return Block(shape, rows, columns)
        first, last = map(int, np.searchsorted(self.positions.rows, rows))
        here, there = (
            self.positions.rows[first:last] - rows[0],
            self.positions.columns[first:last] - columns[0],
        )
        width = columns[1] - columns[0]
        inside = (there >= 0) & (there < width)
        among = slice(first, last) if inside.all() else self._tensor(first + np.flatnonzero(inside))
        here, there = here[inside], there[inside]
        starts = np.concatenate([[0], np.cumsum(np.bincount(here, minlength=rows[1] - rows[0]))])
        sparse = self.output.stores(entries(shape), len(here))
        tensors = map(self._tensor, (here * width + there, starts, there))
        return Block(shape, rows, columns, among, sparse, *tensors)

    def _tensor(self, places: Any) -> Any:
        return torch.as_tensor(places).to(device=self.device)


def as_rows(block: Any, columns: int) -> Any:
    """A block of which nothing is known, as compressed rows."""
    return block.reshape(-1, columns).to_sparse_csr()

"""What is returned: a Jacobian in the trees and shapes that JAX returns, its blocks dense or sparse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.sparse import BCOO, CSR

from chainorder.autodiff.colours import Positions
from chainorder.autodiff.task import Output
from chainorder.autodiff.work import entries


@dataclass(frozen=True)
class Block:
    """The part of a Jacobian that is about one array of the output and one of the input.

    Attributes
    ----------
    output
        The shape of the one.
    input
        The other.
    row, column
        Where it starts in the whole.
    """

    output: tuple[int, ...]
    input: Any
    row: int
    column: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape, in which JAX returns it."""
        return self.output + jnp.shape(self.input)

    @property
    def size(self) -> tuple[int, int]:
        """Its rows and columns."""
        return entries(self.output), entries(jnp.shape(self.input))

    @property
    def corner(self) -> tuple[slice, slice]:
        """Where it is in the whole."""
        rows, columns = self.size
        return slice(self.row, self.row + rows), slice(self.column, self.column + columns)


@dataclass(frozen=True, eq=False)
class Results:
    """The form of a Jacobian.

    Attributes
    ----------
    inputs, outputs
        The trees of the differentiated arguments and of the output; of arrays, or of shapes.
    output
        How its blocks are returned.
    positions
        Where it may be nonzero, if that is known.
    """

    inputs: Any
    outputs: Any
    output: Output
    positions: Positions | None = None

    def of_matrix(self, matrix: Any) -> Any:
        """What is returned for a Jacobian in one piece."""
        return self._tree(
            [self._block(each, matrix[each.corner].reshape(each.shape)) for each in self.blocks()]
        )

    def of_blocks(self, jacobian: Any) -> Any:
        """What is returned for a Jacobian of JAX."""
        leaves, tree = jax.tree.flatten(jacobian)
        blocks = zip(self.blocks(), leaves, strict=True)
        return jax.tree.unflatten(tree, [self._block(each, leaf) for each, leaf in blocks])

    def of_entries(self, values: Any) -> Any:
        """What is returned for the entries at the positions."""
        assert self.positions is not None
        made = []
        for block in self.blocks():
            chosen, rows, columns = self._inside(block)
            inside = values if chosen is None else values[chosen]
            if self.output.stores(entries(block.shape), len(rows)):
                made.append(_stored(block, inside, rows, columns, self.output))
            else:
                dense = _filled(inside, rows * block.size[1] + columns, entries(block.shape))
                made.append(typed_as(block.input, dense.reshape(block.shape)))
        return self._tree(made)

    def part(self, rows: Sequence[int], columns: Sequence[int], positions: Positions | None) -> Results:
        """What is returned for some of the arrays: rows of blocks."""
        inputs, outputs = (jax.tree.leaves(tree) for tree in (self.inputs, self.outputs))
        return Results([inputs[n] for n in columns], [outputs[n] for n in rows], self.output, positions)

    def of_parts(self, parts: Iterable[tuple[Sequence[int], Sequence[int], Any]]) -> Any:
        """What is returned for parts, by the numbers of their arrays; all other blocks are zero."""
        made = {
            (row, column): block
            for rows, columns, part in parts
            for row, blocks in zip(rows, part, strict=True)
            for column, block in zip(columns, blocks, strict=True)
        }
        inputs, outputs = (jax.tree.leaves(tree) for tree in (self.inputs, self.outputs))
        dtype = jnp.result_type(inputs[0])
        for row, output in enumerate(outputs):
            for column, leaf in enumerate(inputs):
                if (row, column) not in made:
                    size = entries(jnp.shape(output)), entries(jnp.shape(leaf))
                    zero = self.part([row], [column], Positions.none(size))
                    made[row, column] = zero.of_entries(jnp.zeros(0, dtype))[0][0]
        return self._tree([made[key] for key in sorted(made)])

    def blocks(self) -> Iterator[Block]:
        """The blocks in the order of JAX: for every array of the output, those of the input."""
        inputs, outputs = (jax.tree.leaves(tree) for tree in (self.inputs, self.outputs))
        for output, row in zip(outputs, _starts(outputs), strict=True):
            for leaf, column in zip(inputs, _starts(inputs), strict=True):
                yield Block(jnp.shape(output), leaf, row, column)

    def _tree(self, blocks: Sequence[Any]) -> Any:
        inputs, outputs = (jax.tree.structure(tree) for tree in (self.inputs, self.outputs))
        starts = range(0, len(blocks) + 1, max(1, inputs.num_leaves))
        parts = [jax.tree.unflatten(inputs, blocks[start:end]) for start, end in pairwise(starts)]
        return jax.tree.unflatten(outputs, parts)

    def _block(self, block: Block, dense: Any) -> Any:
        dense = typed_as(block.input, dense)
        if self.output is Output.DENSE:
            return dense
        if self.positions is None:
            rows, columns = (each.reshape(-1) for each in np.indices(block.size))
        else:
            _, rows, columns = self._inside(block)
        if not self.output.stores(entries(block.shape), len(rows)):
            return dense
        return _stored(block, dense.reshape(block.size)[rows, columns], rows, columns, self.output)

    def _inside(self, block: Block) -> tuple[Any, Any, Any]:
        """Which positions are in a block (None: all), and their rows and columns in it."""
        assert self.positions is not None
        rows, columns = self.positions.rows - block.row, self.positions.columns - block.column
        if block.size == self.positions.shape:
            return None, rows, columns
        inside = (rows >= 0) & (rows < block.size[0]) & (columns >= 0) & (columns < block.size[1])
        return np.flatnonzero(inside), rows[inside], columns[inside]


def formed_as(output: Output, jacobian: Any, inputs: Sequence[Any]) -> Any:
    """A Jacobian of JAX of which nothing is known, in a form; by the arrays of the input."""
    given = jnp.ndim(inputs[0])
    firsts = jax.tree.leaves(jacobian)[:: len(inputs)]
    outputs = [jax.ShapeDtypeStruct(each.shape[: each.ndim - given], each.dtype) for each in firsts]
    return Results(list(inputs), outputs, output).of_blocks(jacobian)


def _filled(values: Any, places: Any, size: int) -> Any:
    """An array with values at places, which rise."""
    if len(places) == size:
        return values
    zeros = jnp.zeros(size, values.dtype)
    return zeros.at[places].set(values, unique_indices=True, indices_are_sorted=True)


def _stored(block: Block, values: Any, rows: Any, columns: Any, output: Output) -> Any:
    """A sparse block: of its own shape as BCOO, as a matrix as CSR."""
    values = values.astype(jnp.result_type(block.input))
    if output is Output.CSR:
        ends = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=block.size[0]))])
        return CSR((values, _index(columns), _index(ends)), shape=block.size)
    places = [
        along
        for numbers, shape in ((rows, block.output), (columns, jnp.shape(block.input)))
        if shape
        for along in np.unravel_index(numbers, shape)
    ]
    indices = np.stack(places, axis=1) if places else np.zeros((len(rows), 0))
    return BCOO((values, _index(indices)), shape=block.shape, indices_sorted=True, unique_indices=True)


def _index(places: Any) -> Any:
    return jnp.asarray(places, jnp.int32)


def _starts(leaves: Sequence[Any]) -> list[int]:
    """Where arrays start that follow each other."""
    return [0, *accumulate(entries(jnp.shape(leaf)) for leaf in leaves)][: len(leaves)]


def typed_as(leaf: Any, block: Any) -> Any:
    """A block in the dtype of an input, and weakly typed if that is: so is what JAX makes for a Python float.

    Only the transpose of a conversion is documented to lead back to a weak type.
    """
    dtype = jnp.result_type(leaf)
    block = block.astype(dtype)
    if not jax.typeof(leaf).weak_type:
        return block
    weak = jax.ShapeDtypeStruct(block.shape, dtype, weak_type=True)
    return jax.linear_transpose(lambda value: jax.lax.convert_element_type(value, dtype), weak)(block)[0]

"""The evaluations of a plan on the pieces of a derivative, in JAX.

All of it is traced: it runs in `jax.jit`, under `jax.vmap`, and can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from chainorder.autodiff.execution import Executor
from chainorder.execution.arrays import Factor
from chainorder.execution.backends import Evaluated
from chainorder.execution.jax_arrays import Jax
from chainorder.jax.pieces import JaxPiece
from chainorder.jax.program import JaxProgram
from chainorder.jax.rules import contraction, is_view
from chainorder.jax.sparsity import compressed, decompressed, worthwhile_colours
from chainorder.structures.pattern import Pattern

Evaluate = Callable[[Any], Any]


class JaxExecutor(Executor[JaxPiece]):
    """Evaluates the pieces of a derivative."""

    def __init__(self, program: JaxProgram, pieces: Sequence[JaxPiece], chunk: int) -> None:
        super().__init__(Jax(), pieces, chunk)
        self.program = program

    def matrix(self, piece: JaxPiece) -> Any:
        (equation,) = (eqn for eqn in piece.equations if not is_view(self.program, eqn))
        places = contraction(self.program, equation)
        assert places is not None
        dependent, constant = places
        (contracted, _) = equation.params["dimension_numbers"]
        matrix = self.program.constants[equation.operands[constant]]
        pairs = sorted(zip(contracted[dependent], contracted[constant], strict=True))
        free = [axis for axis in range(jnp.ndim(matrix)) if axis not in contracted[constant]]
        ordered = jnp.transpose(matrix, [*free, *(axis for _, axis in pairs)])
        return ordered.reshape(piece.outputs, piece.inputs)

    def diagonal(self, piece: JaxPiece) -> Any:
        ones = jnp.ones(piece.source_shape, self._dtype(piece.source))
        return self._function(piece)(ones).reshape(-1)

    def along_columns(self, piece: JaxPiece, right: Factor | None, pattern: Pattern) -> Evaluated[Factor]:
        dtype = self._dtype(piece.source)
        columns = self.seeds(right, piece.inputs, dtype).astype(dtype)
        run = partial(tangents, self.program, piece.source, piece.target, chunk=self.chunk)
        values, count = _by_colours(run, columns, pattern)
        return Evaluated(Factor(values, pattern), count)

    def along_rows(self, piece: JaxPiece, left: Factor | None, pattern: Pattern) -> Evaluated[Factor]:
        dtype = self._dtype(piece.target)
        rows = self.seeds(left, piece.outputs, dtype).astype(dtype)
        run = partial(adjoints, self.program, piece.source, piece.target, chunk=self.chunk)
        values, count = _by_colours(run, rows.T, pattern.transposed())
        return Evaluated(Factor(values.T, pattern), count)

    def _function(self, piece: JaxPiece) -> Evaluate:
        return lambda value: self.program.run(piece.source, piece.target, value)

    def _dtype(self, value: int) -> Any:
        return self.program.avals[value].dtype


def tangents(program: JaxProgram, source: int, target: int, rows: Any, *, chunk: int) -> Any:
    """What a part of a program makes of directions, one a row; as many at once as `chunk` entries admit."""
    return _rowwise(program, source, target, partial(program.run, source, target), source, rows, chunk)


def adjoints(program: JaxProgram, source: int, target: int, rows: Any, *, chunk: int) -> Any:
    """What the transpose of a part makes of rows."""
    direction = jax.ShapeDtypeStruct(program.shape(source), program.avals[source].dtype)
    transposed = jax.linear_transpose(partial(program.run, source, target), direction)
    return _rowwise(program, source, target, lambda row: transposed(row)[0], target, rows, chunk)


def _rowwise(
    program: JaxProgram, source: int, target: int, evaluate: Evaluate, given: int, rows: Any, chunk: int
) -> Any:
    def one(row: Any) -> Any:
        return evaluate(row.reshape(program.shape(given))).reshape(-1)

    values = (*(value for eqn in program.between(source, target) for value in eqn.results), source, target)
    width = max(1, chunk // max(1, *map(program.size, values)))
    return jax.vmap(one)(rows) if len(rows) <= width else jax.lax.map(one, rows, batch_size=width)


def _by_colours(run: Evaluate, columns: Any, pattern: Pattern) -> tuple[Any, int]:
    """Evaluations along columns, those of a colour at once, as a matrix of a pattern; and how many."""
    colours = worthwhile_colours(pattern)
    if colours is None:
        return run(columns.T).T, columns.shape[1]
    together = compressed(columns, colours)
    return decompressed(run(together.T).T, colours, pattern), together.shape[1]

"""The evaluations of a plan on the pieces of a linear program, in JAX.

All of it is traced: it runs in `jax.jit`, under `jax.vmap`, and can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from chainorder.autodiff.execution import Executor
from chainorder.execution.arrays import Factor
from chainorder.execution.backends import Evaluated
from chainorder.execution.jax_arrays import Jax
from chainorder.jax.parts import JaxPart
from chainorder.jax.program import LinearProgram
from chainorder.jax.rules import contraction, is_view
from chainorder.jax.sparsity import compressed, decompressed, worthwhile_colours
from chainorder.structures.pattern import Pattern

Evaluate = Callable[[Any], Any]


class JaxExecutor(Executor[JaxPart]):
    """Evaluates the parts of a linear program."""

    def __init__(self, program: LinearProgram, parts: Sequence[JaxPart], chunk: int) -> None:
        super().__init__(Jax(), parts, chunk)
        self.program = program

    def matrix(self, part: JaxPart) -> Any:
        (equation,) = (eqn for eqn in part.piece.equations if not is_view(self.program, eqn))
        places = contraction(self.program, equation)
        assert places is not None
        dependent, constant = places
        (contracted, _) = equation.params["dimension_numbers"]
        matrix = self.program.constants[equation.operands[constant]]
        pairs = sorted(zip(contracted[dependent], contracted[constant], strict=True))
        free = [axis for axis in range(jnp.ndim(matrix)) if axis not in contracted[constant]]
        turned = jnp.transpose(matrix, [*free, *(axis for _, axis in pairs)])
        return turned.reshape(part.segment.outputs, part.segment.inputs)

    def diagonal(self, part: JaxPart) -> Any:
        ones = jnp.ones(part.segment.source, self._dtype(part.piece.source))
        return self.program.run(part.piece, ones).reshape(-1)

    def along_columns(self, part: JaxPart, right: Factor | None, pattern: Pattern) -> Evaluated[Factor]:
        dtype = self._dtype(part.piece.source)
        columns = self.seeds(right, part.segment.inputs, dtype).astype(dtype)
        run = self._rowwise(lambda value: self.program.run(part.piece, value), part, part.segment.source)
        values, count = _by_colours(run, columns, pattern)
        return Evaluated(Factor(values, pattern), count)

    def along_rows(self, part: JaxPart, left: Factor | None, pattern: Pattern) -> Evaluated[Factor]:
        dtype = self._dtype(part.piece.target)
        rows = self.seeds(left, part.segment.outputs, dtype).astype(dtype)
        source = jax.ShapeDtypeStruct(part.segment.source, self._dtype(part.piece.source))
        transposed = jax.linear_transpose(lambda value: self.program.run(part.piece, value), source)
        run = self._rowwise(lambda value: transposed(value)[0], part, part.segment.target)
        values, count = _by_colours(run, rows.T, pattern.transposed())
        return Evaluated(Factor(values.T, pattern), count)

    def _rowwise(self, evaluate: Evaluate, part: JaxPart, shape: tuple[int, ...]) -> Evaluate:
        """An evaluation of all rows of a matrix, as many at once as the memory limit admits."""

        def one(row: Any) -> Any:
            return evaluate(row.reshape(shape)).reshape(-1)

        values = (self.program.size(value) for eqn in part.piece.equations for value in eqn.results)
        width = self.width(part, max(values))
        return lambda rows: (
            jax.vmap(one)(rows) if len(rows) <= width else jax.lax.map(one, rows, batch_size=width)
        )

    def _dtype(self, value: int) -> Any:
        return self.program.avals[value].dtype


def _by_colours(run: Evaluate, columns: Any, pattern: Pattern) -> tuple[Any, int]:
    """Evaluations along columns, those of a colour at once, as a matrix of a pattern; and how many."""
    colours = worthwhile_colours(pattern)
    if colours is None:
        return run(columns.T).T, columns.shape[1]
    together = compressed(columns, colours)
    return decompressed(run(together.T).T, colours, pattern), together.shape[1]

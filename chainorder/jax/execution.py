"""The evaluations of a plan on the pieces of a linear program, in JAX.

All of it is traced: it runs in `jax.jit`, under `jax.vmap`, and can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from chainorder.autodiff.execution import Executor, Factor
from chainorder.jax.parts import JaxPart
from chainorder.jax.program import LinearProgram
from chainorder.jax.rules import contraction, is_view
from chainorder.jax.sparsity import compressed, decompressed, worthwhile_colours
from chainorder.structures.pattern import Pattern

Evaluate = Callable[[Any], Any]


def as_matrix(factor: Factor, size: int, dtype: Any) -> Any:
    """A Jacobian as a matrix; `size` is that of an identity."""
    if factor.values is None:
        return jnp.eye(size, dtype=dtype)
    if not factor.diagonal:
        return factor.values
    # No product with an identity: XLA would fuse what makes the entries into it, and do that size² times.
    places = jnp.arange(len(factor.values))
    zeros = jnp.zeros((len(places), len(places)), factor.values.dtype)
    return zeros.at[places, places].set(factor.values)


class JaxExecutor(Executor):
    """Evaluates the parts of a linear program."""

    def __init__(self, program: LinearProgram, parts: Sequence[JaxPart], chunk: int) -> None:
        super().__init__(parts, chunk)
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

    def tangents(self, part: JaxPart, right: Factor, pattern: Pattern) -> Any:
        dtype = self._dtype(part.piece.source)
        seeds = as_matrix(right, part.segment.inputs, dtype).astype(dtype)
        run = self._rowwise(lambda value: self.program.run(part.piece, value), part, part.segment.source)
        colours = worthwhile_colours(pattern)
        if colours is None:
            return run(seeds.T).T
        return decompressed(run(compressed(seeds, colours).T).T, colours, pattern)

    def adjoints(self, part: JaxPart, left: Factor, pattern: Pattern) -> Any:
        dtype = self._dtype(part.piece.target)
        seeds = as_matrix(left, part.segment.outputs, dtype).astype(dtype)
        source = jax.ShapeDtypeStruct(part.segment.source, self._dtype(part.piece.source))
        transposed = jax.linear_transpose(lambda value: self.program.run(part.piece, value), source)
        run = self._rowwise(lambda value: transposed(value)[0], part, part.segment.target)
        turned = pattern.transposed()
        colours = worthwhile_colours(turned)
        if colours is None:
            return run(seeds)
        return decompressed(run(compressed(seeds.T, colours).T).T, colours, turned).T

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

"""The operations of a plan on the pieces of a linear program, in JAX.

The Jacobian of a subchain is a matrix (outputs × inputs), the vector of a diagonal, or nothing for an
identity. All of it is traced: it runs in `jax.jit`, under `jax.vmap`, and can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from chainorder.jax.parts import Kind, Part
from chainorder.jax.program import LinearProgram
from chainorder.jax.rules import contraction, is_view
from chainorder.plan import Operation, Plan
from chainorder.steps import Action

CHUNK_ENTRIES = 2**27
"""Entries of the directions that are in flight at once by default: 1 GiB of float64."""


@dataclass(frozen=True, eq=False)
class Factor:
    """The Jacobian of a subchain: a matrix (outputs × inputs), a diagonal as a vector, or None: identity."""

    values: Any = None

    @property
    def diagonal(self) -> bool:
        """Whether it is a diagonal."""
        return self.values is not None and self.values.ndim == 1

    def __matmul__(self, right: Factor) -> Factor:
        if self.values is None or right.values is None:
            return right if self.values is None else self
        if self.diagonal and not right.diagonal:
            return Factor(self.values[:, None] * right.values)
        if self.diagonal or right.diagonal:
            return Factor(self.values * right.values)
        return Factor(jnp.matmul(self.values, right.values))

    def matrix(self, size: int, dtype: Any) -> Any:
        """It as a matrix."""
        if self.values is None:
            return jnp.eye(size, dtype=dtype)
        return jnp.diag(self.values) if self.diagonal else self.values


class Run:
    """The Jacobians that are live while a plan runs."""

    def __init__(self, program: LinearProgram, parts: Sequence[Part], chunk: int) -> None:
        self.program, self.parts, self.chunk = program, parts, chunk
        self.live: dict[tuple[int, int], Factor] = {}
        for number, part in enumerate(parts, 1):
            if part.kind is Kind.VIEW:
                self.live[number, number] = Factor()
            elif part.kind is Kind.PRODUCT:
                self.live[number, number] = Factor(self._matrix(part))

    def execute(self, plan: Plan) -> Any:
        """The Jacobian of the whole chain, as a matrix."""
        for operation in plan.operations:
            self.live[operation.j, operation.i] = self._result(operation)
        size, dtype = self.parts[0].segment.inputs, self.program.avals[self.program.source].dtype
        return self.live[len(self.parts), 1].matrix(size, dtype)

    def _result(self, operation: Operation) -> Factor:
        j, k, i = operation.j, operation.k, operation.i
        match operation.action, operation.mode:
            case Action.MULTIPLY, _ if k is not None:
                return self.live.pop((j, k + 1)) @ self.live.pop((k, i))
            case Action.ACCUMULATE, mode:
                return self._accumulated(self.parts[i - 1], forward=mode == "tangent")
            case Action.TANGENT, _:
                return self._tangents(self.parts[j - 1], self.live.pop((j - 1, i)))
            case _:
                return self._adjoints(self.parts[i - 1], self.live.pop((j, i + 1)))

    def _accumulated(self, part: Part, *, forward: bool) -> Factor:
        if part.kind is Kind.PLACED:
            ones = jnp.ones(part.segment.source, self._dtype(part.piece.source))
            return Factor(self.program.run(part.piece, ones).reshape(-1))
        return self._tangents(part, Factor()) if forward else self._adjoints(part, Factor())

    def _tangents(self, part: Part, right: Factor) -> Factor:
        """The part's Jacobian times another: a tangent for each of its columns."""
        columns = right.matrix(part.segment.inputs, self._dtype(part.piece.source)).T
        run = self._over_rows(lambda value: self.program.run(part.piece, value), part, part.segment.source)
        return Factor(run(columns).T)

    def _adjoints(self, part: Part, left: Factor) -> Factor:
        """Another Jacobian times the part's: an adjoint for each of its rows."""
        rows = left.matrix(part.segment.outputs, self._dtype(part.piece.target))
        shaped = jax.ShapeDtypeStruct(part.segment.source, self._dtype(part.piece.source))
        transposed = jax.linear_transpose(lambda value: self.program.run(part.piece, value), shaped)
        run = self._over_rows(lambda value: transposed(value)[0], part, part.segment.target)
        return Factor(run(rows.astype(self._dtype(part.piece.target))))

    def _over_rows(
        self, evaluate: Callable[[Any], Any], part: Part, shape: tuple[int, ...]
    ) -> Callable[[Any], Any]:
        """An evaluation of all rows of a matrix, as many at once as the memory limit admits."""

        def one(row: Any) -> Any:
            return evaluate(row.reshape(shape)).reshape(-1)

        widest = max(self.program.size(value) for eqn in part.piece.equations for value in eqn.results)
        width = max(1, self.chunk // max(1, widest, part.segment.inputs))

        def run(rows: Any) -> Any:
            return jax.vmap(one)(rows) if len(rows) <= width else jax.lax.map(one, rows, batch_size=width)

        return run

    def _matrix(self, part: Part) -> Any:
        """The matrix of a product, its columns in the order of the part's source."""
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

    def _dtype(self, value: int) -> Any:
        return self.program.avals[value].dtype

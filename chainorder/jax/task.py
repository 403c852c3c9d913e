"""One Jacobian: trace and differentiate the function, choose a plan, and emit its operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, assert_never

import jax
import jax.numpy as jnp
import numpy as np

from chainorder.autodiff.choice import Choice, Mode, Rates, choose
from chainorder.autodiff.execution import CHUNK_ENTRIES
from chainorder.autodiff.segments import entries
from chainorder.autodiff.task import NotPlannedError, Task
from chainorder.jax.calls import places
from chainorder.jax.execution import JaxExecutor, as_matrix
from chainorder.jax.parts import JaxPart, parts_of
from chainorder.jax.program import LinearProgram

RATES = Rates(launch=50_000)
"""Compiled operations take some microseconds to launch."""


@dataclass(frozen=True, eq=False)
class Traced:
    """A differentiated function at a point, as one array to one array.

    Attributes
    ----------
    inputs, outputs
        The trees of the differentiated arguments and of the output; of shapes.
    aux
        What the function returned beside its output.
    program
        Its derivative.
    """

    inputs: Any
    outputs: Any
    aux: Any
    program: LinearProgram


@dataclass(frozen=True, eq=False)
class JaxTask(Task):
    """What to differentiate, and how."""

    function: Callable[..., Any]
    argnums: int | Sequence[int] = 0
    has_aux: bool = False
    holomorphic: bool = False
    allow_int: bool = False
    solver: str | None = None
    chunk_entries: int = CHUNK_ENTRIES

    def jacobian(self, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """What `jax.jacrev` of the function returns."""
        try:
            traced = self._trace(args, kwargs)
        except NotPlannedError:
            own = jax.jacrev(self.function, self.argnums, self.has_aux, self.holomorphic, self.allow_int)
            return own(*args, **kwargs)
        program = traced.program
        if not program.connected:
            return self._returned(
                traced, jnp.zeros((program.size(program.target), program.size(program.source)))
            )
        parts = parts_of(program)
        choice = self._choose(parts)
        match choice.mode:
            case Mode.PLAN:
                factor = JaxExecutor(program, parts, self.chunk_entries).execute(choice.plan)
                size, dtype = program.size(program.source), program.avals[program.source].dtype
                return self._returned(traced, as_matrix(factor, size, dtype))
            case Mode.FORWARD:
                return jax.jacfwd(self.function, self.argnums, self.has_aux)(*args, **kwargs)
            case Mode.REVERSE:
                return jax.jacrev(self.function, self.argnums, self.has_aux)(*args, **kwargs)
            case _:
                assert_never(choice.mode)

    def _find(self, args: Sequence[Any], kwargs: dict[str, Any]) -> Choice | None:
        program = self._trace(args, kwargs).program
        return self._choose(parts_of(program)) if program.connected else None

    def _choose(self, parts: Sequence[JaxPart]) -> Choice:
        name = getattr(self.function, "__name__", None)
        return choose([part.segment for part in parts], RATES, name, self.solver)

    def _trace(self, args: Sequence[Any], kwargs: dict[str, Any]) -> Traced:
        if self.holomorphic or self.allow_int:
            raise NotPlannedError("only real functions are planned")
        if not all(-len(args) <= number < len(args) for number in places(self.argnums)):
            raise NotPlannedError(f"argnums is {self.argnums} of {len(args)} arguments")
        chosen = [args[number] for number in places(self.argnums)]
        leaves, tree = jax.tree.flatten(chosen)
        point = _joined(leaves, "input")
        outputs: list[Any] = []

        def flat(value: Any) -> Any:
            given = list(args)
            values = jax.tree.unflatten(tree, _parted(value, leaves))
            for number, arg in zip(places(self.argnums), values, strict=True):
                given[number] = arg
            result = self.function(*given, **kwargs)
            if self.has_aux and not (isinstance(result, tuple) and len(result) == 2):
                raise NotPlannedError("a function with aux returns a pair")
            result, aux = result if self.has_aux else (result, None)
            outputs.append(jax.tree.map(_shape, result))
            return _joined(jax.tree.leaves(result), "output"), aux

        _, linear, aux = jax.linearize(flat, point, has_aux=True)
        aval = jax.ShapeDtypeStruct(point.shape, point.dtype)
        inputs = chosen[0] if isinstance(self.argnums, int) else tuple(chosen)
        return Traced(inputs, outputs[0], aux, LinearProgram.of(linear, aval))

    def _returned(self, traced: Traced, matrix: Any) -> Any:
        """The matrix in the shapes and trees that JAX returns."""
        inputs, tree = jax.tree.flatten(traced.inputs)
        outputs, output_tree = jax.tree.flatten(traced.outputs)
        rows = jnp.split(matrix, _ends(outputs)) if len(outputs) > 1 else [matrix]
        blocks = []
        for output, row in zip(outputs, rows, strict=True):
            columns = jnp.split(row, _ends(inputs), axis=1) if len(inputs) > 1 else [row]
            shaped = [
                column.reshape(output.shape + jnp.shape(leaf)).astype(jnp.result_type(leaf))
                for leaf, column in zip(inputs, columns, strict=True)
            ]
            blocks.append(jax.tree.unflatten(tree, shaped))
        jacobian = jax.tree.unflatten(output_tree, blocks)
        return (jacobian, traced.aux) if self.has_aux else jacobian


def _joined(leaves: Sequence[Any], what: str) -> Any:
    """One array of all of them: the only one itself."""
    if not leaves:
        raise NotPlannedError(f"the {what} holds no array")
    dtypes = {jnp.result_type(leaf) if _is_array(leaf) else None for leaf in leaves}
    if len(dtypes) > 1 or not all(dtype and jnp.issubdtype(dtype, jnp.floating) for dtype in dtypes):
        raise NotPlannedError(f"the {what} is not of one real floating dtype")
    if not sum(jnp.size(leaf) for leaf in leaves):
        raise NotPlannedError(f"the {what} has no entries")
    return (
        jnp.asarray(leaves[0]) if len(leaves) == 1 else jnp.concatenate([jnp.ravel(leaf) for leaf in leaves])
    )


def _parted(value: Any, leaves: Sequence[Any]) -> list[Any]:
    """The arrays that were joined."""
    if len(leaves) == 1:
        return [value]
    parts = jnp.split(value, _ends(leaves))
    return [part.reshape(jnp.shape(leaf)) for part, leaf in zip(parts, leaves, strict=True)]


def _ends(leaves: Sequence[Any]) -> list[int]:
    """Where arrays end that follow each other, but for the last."""
    return list(accumulate(entries(jnp.shape(leaf)) for leaf in leaves))[:-1]


def _shape(leaf: Any) -> Any:
    return jax.ShapeDtypeStruct(jnp.shape(leaf), jnp.result_type(leaf)) if _is_array(leaf) else leaf


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray | np.generic | float | int)

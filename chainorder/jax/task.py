"""One Jacobian: trace and differentiate the function, choose a plan, and emit its operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, assert_never

import jax
import jax.numpy as jnp

from chainorder.autodiff.captures import told
from chainorder.autodiff.choice import Choice, Mode, Rates, choose
from chainorder.autodiff.execution import TRACED_ENTRIES
from chainorder.autodiff.task import UNCONNECTED, NotPlannedError, Task
from chainorder.autodiff.work import entries
from chainorder.jax.capture import Options, Traced, is_array
from chainorder.jax.execution import JaxExecutor
from chainorder.jax.pieces import pieces_of
from chainorder.jax.program import JaxProgram

RATES = Rates(launch=50_000)
"""Compiled operations take some microseconds to launch."""


@dataclass(frozen=True, eq=False)
class Linearised:
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
    program: JaxProgram

    @classmethod
    def of(cls, traced: Traced) -> Linearised:
        """Differentiate what was traced."""
        options = traced.options
        if options.holomorphic or options.allow_int:
            raise NotPlannedError("only real functions are planned")
        leaves, tree = jax.tree.flatten(traced.args)
        point = _concatenated(leaves, "input")
        outputs: list[Any] = []

        def flat(value: Any) -> Any:
            result = traced.function(*jax.tree.unflatten(tree, _split(value, leaves)))
            result, aux = result if options.has_aux else (result, None)
            outputs.append(jax.tree.map(_shape, result))
            return _concatenated(jax.tree.leaves(result), "output"), aux

        _, linear, aux = jax.linearize(flat, point, has_aux=True)
        aval = jax.ShapeDtypeStruct(point.shape, point.dtype)
        inputs = traced.args[0] if options.argnums == 0 else traced.args
        return cls(inputs, outputs[0], aux, JaxProgram.of(linear, aval))


@dataclass(frozen=True, eq=False)
class JaxTask(Task):
    """What to differentiate, and how."""

    function: Callable[..., Any]
    options: Options = Options()
    solver: str | None = None
    chunk_entries: int = TRACED_ENTRIES

    def jacobian(self, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """What `jax.jacrev` of the function returns; may raise `NotPlannedError`."""
        traced = Traced.of(self.function, self.options, args, kwargs)
        try:
            return self._chosen(traced)
        except Exception as reason:  # noqa: BLE001 – JAX's own mode does it, or says what is wrong
            told(reason)
        return traced.options.own(traced.function, traced.args, {})

    def _chosen(self, traced: Traced) -> Any:
        linearised = Linearised.of(traced)
        program, options = linearised.program, traced.options
        if not program.connected:
            zeros = jnp.zeros((program.size(program.target), program.size(program.source)))
            return self._returned(linearised, zeros)
        choice = self._choice(program)
        match choice.mode:
            case Mode.PLAN:
                executor = JaxExecutor(program, choice.pieces, self.chunk_entries)
                dtype = program.avals[program.source].dtype
                matrix = executor.framework.matrix(executor.execute(choice.plan), dtype)
                return self._returned(linearised, matrix)
            case Mode.FORWARD:
                return jax.jacfwd(traced.function, options.argnums, options.has_aux)(*traced.args)
            case Mode.REVERSE:
                return jax.jacrev(traced.function, options.argnums, options.has_aux)(*traced.args)
            case _:
                assert_never(choice.mode)

    def choice(self, args: Sequence[Any], kwargs: dict[str, Any]) -> Choice:
        """The choice that is made for some arguments; raises `NotPlannedError` if there is none."""
        program = Linearised.of(Traced.of(self.function, self.options, args, kwargs)).program
        if not program.connected:
            raise NotPlannedError(UNCONNECTED)
        return self._choice(program)

    def _choice(self, program: JaxProgram) -> Choice:
        source, target = (program.avals[value].dtype for value in (program.source, program.target))
        if source != target:
            raise NotPlannedError(
                f"the output is {target}, the input {source}, and each mode rounds otherwise"
            )
        name = getattr(self.function, "__name__", None)
        return choose(pieces_of(program), RATES, name, self.solver)

    def _returned(self, linearised: Linearised, matrix: Any) -> Any:
        """The matrix in the shapes and trees that JAX returns."""
        inputs, tree = jax.tree.flatten(linearised.inputs)
        outputs, output_tree = jax.tree.flatten(linearised.outputs)
        rows = jnp.split(matrix, _ends(outputs)) if len(outputs) > 1 else [matrix]
        blocks = []
        for output, row in zip(outputs, rows, strict=True):
            columns = jnp.split(row, _ends(inputs), axis=1) if len(inputs) > 1 else [row]
            shaped = [
                _typed_as(leaf, column.reshape(output.shape + jnp.shape(leaf)))
                for leaf, column in zip(inputs, columns, strict=True)
            ]
            blocks.append(jax.tree.unflatten(tree, shaped))
        jacobian = jax.tree.unflatten(output_tree, blocks)
        return (jacobian, linearised.aux) if self.options.has_aux else jacobian


def _concatenated(leaves: Sequence[Any], what: str) -> Any:
    """One array of all of them: the only one itself."""
    if not leaves:
        raise NotPlannedError(f"the {what} holds no array")
    dtypes = {jnp.result_type(leaf) if is_array(leaf) else None for leaf in leaves}
    if len(dtypes) > 1 or not all(dtype and jnp.issubdtype(dtype, jnp.floating) for dtype in dtypes):
        raise NotPlannedError(f"the {what} is not of one real floating dtype")
    if not sum(jnp.size(leaf) for leaf in leaves):
        raise NotPlannedError(f"the {what} has no entries")
    return (
        jnp.asarray(leaves[0]) if len(leaves) == 1 else jnp.concatenate([jnp.ravel(leaf) for leaf in leaves])
    )


def _split(value: Any, leaves: Sequence[Any]) -> list[Any]:
    """The arrays that were concatenated."""
    if len(leaves) == 1:
        return [value]
    flat = jnp.split(value, _ends(leaves))
    return [each.reshape(jnp.shape(leaf)) for each, leaf in zip(flat, leaves, strict=True)]


def _ends(leaves: Sequence[Any]) -> list[int]:
    """Where arrays end that follow each other, but for the last."""
    return list(accumulate(entries(jnp.shape(leaf)) for leaf in leaves))[:-1]


def _typed_as(leaf: Any, block: Any) -> Any:
    """A block in the dtype of an input, and weakly typed if that is: so is what JAX makes for a Python float.

    Only the transpose of a conversion is documented to lead back to a weak type.
    """
    dtype = jnp.result_type(leaf)
    block = block.astype(dtype)
    if not jax.typeof(leaf).weak_type:
        return block
    weak = jax.ShapeDtypeStruct(block.shape, dtype, weak_type=True)
    return jax.linear_transpose(lambda value: jax.lax.convert_element_type(value, dtype), weak)(block)[0]


def _shape(leaf: Any) -> Any:
    return jax.ShapeDtypeStruct(jnp.shape(leaf), jnp.result_type(leaf)) if is_array(leaf) else leaf

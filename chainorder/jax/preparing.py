"""Jacobians for loops: with the value of the function, and prepared for arguments of one kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import jax
from jax.extend import core

from chainorder.autodiff.task import Function, Output, composed
from chainorder.jax import saved
from chainorder.jax.api import jacobian
from chainorder.jax.calls import Call
from chainorder.jax.capture import Options
from chainorder.jax.task import JaxTask


def value_and_jacobian(
    fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False, **options: Any
) -> Callable[..., Any]:
    """A function and its Jacobian at once, as `jax.value_and_grad`.

    Parameters
    ----------
    fun, argnums, has_aux, options
        As for `chainorder.jax.jacobian`.

    Returns
    -------
    callable
        Returns the value and the Jacobian; with `has_aux` the value is the pair that `fun` returns.
    """
    function = composed(fun)

    @wraps(function)
    def twice(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        return (result[0] if has_aux else result), result

    both = jacobian(twice, argnums, has_aux=True, **options)

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        made, value = both(*args, **kwargs)
        return value, made

    return run


@dataclass(frozen=True, eq=False)
class Prepared:
    """A Jacobian that was traced and planned once; it composes with `jax.jit`, `jax.vmap` and `jax.grad`.

    It can be saved and loaded; what is loaded composes with `jax.jit` alone.

    Attributes
    ----------
    call
        The kind of its arguments.
    argnums
        Those that are differentiated.
    tree
        Of what it returns.
    program
        What makes the leaves of that.
    """

    call: Call
    argnums: int | Sequence[int]
    tree: Any
    program: Callable[..., Sequence[Any]]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The Jacobian; raises `TypeError` for arguments of another kind."""
        call, arrays = Call.of(args, kwargs, self.argnums)
        given, wanted = _kinds(call), _kinds(self.call)
        if (call.tree, given) != (self.call.tree, wanted):
            raise TypeError(f"it is prepared for {wanted}, and given {given}; prepare it anew")
        return jax.tree.unflatten(self.tree, self.program(*arrays))

    def save(self, path: str | Path) -> None:
        """Write it to a file, for `load` in another process: neither the function nor a plan is needed there.

        Raises
        ------
        TypeError
            If there are arguments beside arrays.
        ImportError
            By JAX, without the package flatbuffers (the extra ``jax`` brings it).
        OutputError
            If the file cannot be written.
        """
        if not all(self.call.traced):
            raise TypeError(f"only functions of arrays are saved; it takes {list(self.call.leaves)!r} too")
        saved.write(path, self, *self.call.restored(self.call.shapes))

    @classmethod
    def load(cls, path: str | Path) -> Prepared:
        """What `save` wrote. It runs on the kind of device that it was saved on, by itself and in `jax.jit`.

        Raises
        ------
        SpecError
            If the file is something else, damaged, or by a JAX that this one does not understand.
        """
        exported = saved.read(path)
        kinds = tuple((aval.shape, aval.dtype, False) for aval in exported.in_avals)
        call = Call(exported.in_tree, kinds, (True,) * len(kinds), ())

        def program(*arrays: Any) -> list[Any]:
            args, kwargs = call.restored(arrays)
            return list(jax.tree.leaves(exported.call(*args, **kwargs)))

        return cls(call, (), exported.out_tree, program)


def prepare(
    fun: Function, *args: Any, argnums: int | Sequence[int] = 0, output: str = "dense", **kwargs: Any
) -> Prepared:
    """Trace a function, find its sparsity and plan its Jacobian, for arguments like some.

    Parameters
    ----------
    fun, argnums, output
        As for `chainorder.jax.jacobian`. What `fun` closes over is taken as it is now.
    args, kwargs
        Arguments, or anything with their shapes and dtypes (`jax.ShapeDtypeStruct`).

    Returns
    -------
    Prepared
        Takes such arguments and returns the Jacobian; within `jax.jit` nothing is planned any more.

    Raises
    ------
    chainorder.autodiff.task.NotPlannedError
        If the function cannot be captured as it is: it has effects, say.
    """
    call, arrays = Call.of(args, kwargs, argnums)
    task = JaxTask(composed(fun), Options(argnums), output=Output(output))
    trees: list[Any] = []

    def traced(*given: Any) -> list[Any]:
        leaves: list[Any]
        leaves, tree = jax.tree.flatten(task.jacobian(*call.restored(given)))
        trees[:] = [tree]
        return leaves

    closed = jax.make_jaxpr(traced)(*arrays)
    return Prepared(call, argnums, trees[0], jax.jit(core.jaxpr_as_fun(closed)))


def _kinds(call: Call) -> list[Any]:
    """Shapes and dtypes, weak or not, and what else is given."""
    both = zip(call.kinds, call.traced, strict=True)
    return [kind[:2] if traced and isinstance(kind, tuple) else kind for kind, traced in both]

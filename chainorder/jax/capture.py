"""A function at the arguments of a call, traced once: what was traced is what is differentiated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core
from jax.sharding import AxisType

from chainorder.autodiff.captures import check_unchanged, is_value
from chainorder.autodiff.task import NotPlannedError
from chainorder.jax.calls import places

FOREIGN = {
    "custom_call",
    "debug_callback",
    "debug_print",
    "ffi_call",
    "io_callback",
    "pallas_call",
    "pure_callback",
    "shard_map",
    "xla_pmap",
}
"""Equations that leave the program, or run it on several devices."""

OWN_CODE = f" at {Path(jax.__file__).parent}"
"""Where JAX says that its own functions are written."""


@dataclass(frozen=True)
class Options:
    """What `jax.jacrev` is asked for."""

    argnums: int | Sequence[int] = 0
    has_aux: bool = False
    holomorphic: bool = False
    allow_int: bool = False

    def of(self, args: Sequence[Any]) -> list[int]:
        """The numbers of the differentiated arguments, from 0."""
        numbers = [number % len(args) for number in places(self.argnums) if -len(args) <= number < len(args)]
        if not numbers or not len(numbers) == len(set(numbers)) == len(places(self.argnums)):
            raise NotPlannedError(f"argnums is {self.argnums} of {len(args)} arguments")
        return numbers

    def own(self, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """JAX's own reverse mode; where that fails and its forward mode does not, that one."""
        reverse = jax.jacrev(function, self.argnums, self.has_aux, self.holomorphic, self.allow_int)
        try:
            return reverse(*args, **kwargs)
        except (TypeError, ValueError, NotImplementedError) as error:  # what JAX raises without a rule
            failure = error
        with suppress(Exception):
            result = jax.jacfwd(function, self.argnums, self.has_aux, self.holomorphic)(*args, **kwargs)
            blocks = jax.tree.leaves(result[0] if self.has_aux else result)
            if all(jnp.issubdtype(block.dtype, jnp.inexact) for block in blocks):  # others are of integers
                return result
        raise failure


@dataclass(frozen=True, eq=False)
class Traced:
    """A traced function of the arguments that are differentiated.

    Attributes
    ----------
    function
        Evaluates what was traced.
    args
        The differentiated arguments.
    options
        What is asked for, with `argnums` of these arguments.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    options: Options

    @classmethod
    def of(
        cls, function: Callable[..., Any], options: Options, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Traced:
        """Trace a function at some arguments.

        Raises
        ------
        NotPlannedError
            If what is traced is not all that the function does.
        """
        numbers = options.of(args)
        chosen = tuple(args[number] for number in numbers)
        leaves, tree = jax.tree.flatten(chosen)
        made: list[_Result] = []

        def flat(*values: Any) -> list[Any]:
            given = list(args)
            for number, arg in zip(numbers, jax.tree.unflatten(tree, values), strict=True):
                given[number] = arg
            before = jax.tree.flatten((given, kwargs))
            made.append(_Result.of(function(*given, **kwargs), options.has_aux))
            check_unchanged(before, jax.tree.flatten((given, kwargs)))
            return made[-1].arrays

        closed = jax.make_jaxpr(flat)(*leaves)
        _check(closed.jaxpr)
        result = replace(made[-1], arrays=[])

        def evaluate(*args: Any) -> Any:
            return result.restored(core.jaxpr_as_fun(closed)(*jax.tree.leaves(args)))

        argnums = 0 if isinstance(options.argnums, int) else tuple(range(len(numbers)))
        return cls(evaluate, chosen, replace(options, argnums=argnums))


@dataclass(frozen=True, eq=False)
class _Result:
    """What a function returned: its arrays, and of its aux also values that are none, by their place."""

    tree: Any
    fixed: dict[int, Any]
    arrays: list[Any]

    @classmethod
    def of(cls, result: Any, has_aux: bool) -> _Result:
        if has_aux and not (isinstance(result, tuple) and len(result) == 2):
            raise NotPlannedError("a function with aux returns a pair")
        outputs = jax.tree.leaves(result[0] if has_aux else result)
        if not all(is_array(leaf) for leaf in outputs):
            raise NotPlannedError("an output is no array")
        leaves, tree = jax.tree.flatten(result)
        aux = {n: leaf for n, leaf in enumerate(leaves) if n >= len(outputs)}
        fixed = {n: leaf for n, leaf in aux.items() if not isinstance(leaf, jax.Array)}
        if not all(is_value(leaf) for leaf in fixed.values()):
            raise NotPlannedError("its aux holds something that may change")
        return cls(tree, fixed, [leaf for n, leaf in enumerate(leaves) if n not in fixed])

    def restored(self, arrays: Sequence[Any]) -> Any:
        given = iter(arrays)
        count = len(arrays) + len(self.fixed)
        leaves = [self.fixed[n] if n in self.fixed else next(given) for n in range(count)]
        return jax.tree.unflatten(self.tree, leaves)


def is_array(leaf: Any) -> bool:
    """Whether JAX takes it for an array."""
    return isinstance(leaf, jax.Array | np.ndarray | np.generic | float | int)


def _check(jaxpr: Any) -> None:
    """Raise `NotPlannedError` if equations have effects, or run elsewhere."""
    if jaxpr.effects:
        raise NotPlannedError("it has effects")
    for eqn in equations(jaxpr):
        if eqn.effects or eqn.primitive.name in FOREIGN:
            raise NotPlannedError(f"it has effects, or leaves the program ({eqn.primitive.name})")
        if eqn.primitive.name == "custom_linear_solve" and not _is_of_jax(eqn.params["jaxprs"]):
            raise NotPlannedError("it has a linear solver of its own, whose adjoint may be another one")
    for var in (*jaxpr.invars, *jaxpr.outvars):
        if any(kind is not AxisType.Auto for kind in var.aval.sharding.mesh.axis_types or ()):
            raise NotPlannedError("its arrays are distributed explicitly")


def _is_of_jax(jaxprs: Sequence[Any]) -> bool:
    """Whether the functions of a linear solve are those of JAX, which are each other's adjoints."""
    return all(each and OWN_CODE in str(each.jaxpr.debug_info.func_src_info) for each in jaxprs)


def equations(jaxpr: Any) -> Iterator[Any]:
    """All equations of a jaxpr, those of the jaxprs in them too."""
    pending = [jaxpr]
    while pending:
        for eqn in pending.pop().eqns:
            yield eqn
            pending += core.jaxprs_in_params(eqn.params)

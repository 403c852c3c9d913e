"""Jacobians within a limit of memory: fewer directions at once, and loops that are computed again.

What a way takes is what XLA allots to its compiled program: arguments, results and temporaries. Ways are
tried from the quickest on; each takes more time and less memory than the one before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from chainorder.autodiff.task import NotPlannedError
from chainorder.errors import InfeasibleError
from chainorder.jax.calls import Call
from chainorder.jax.capture import Traced
from chainorder.jax.results import Results
from chainorder.jax.segments import segmented
from chainorder.jax.task import JaxTask
from chainorder.reading.numerals import ENTRY_BYTES, as_bytes, memory_entries

LEVELS = (1, 2, 3)
"""How often loops are divided: not at all, into √n segments of √n steps, into segments of segments."""

PROBE = 8
"""Directions at once by which it is found what another one takes."""


@dataclass(frozen=True)
class Way:
    """A way to a Jacobian.

    Attributes
    ----------
    told
        What it does, in words.
    jacobian
        Makes what `jax.jacrev` returns of the arguments of a call.
    """

    told: str
    jacobian: Callable[..., Any]


@dataclass(frozen=True)
class Fit:
    """A way that keeps a limit.

    Attributes
    ----------
    way
        What is done.
    taken, unlimited
        Bytes that it takes, and that would be taken without a limit.
    """

    way: Way
    taken: int
    unlimited: int

    def __str__(self) -> str:
        return f"{_told(self.taken)} by {self.way.told}; {_told(self.unlimited)} without a limit"


def limit_of(memory: int | str) -> int:
    """The bytes of a limit: a whole number of them, or a text such as ``64MiB``.

    Raises
    ------
    ValueError
        If it is neither.
    """
    entries = memory_entries(memory) if isinstance(memory, str) else None
    limit = memory if isinstance(memory, int) else None if entries is None else entries * ENTRY_BYTES
    if limit is None or isinstance(limit, bool) or limit <= 0:
        raise ValueError(f"memory is {memory!r}; give bytes, 2_000_000, or a text, '64MiB'")
    return limit


def fit(task: JaxTask, call: Call, limit: int) -> Fit:
    """The quickest way that keeps within so many bytes.

    Raises
    ------
    InfeasibleError
        If no way does.
    NotPlannedError
        If the function cannot be captured as it is.
    """
    usual = Way("as without a limit", task.jacobian)
    unlimited = least = _bytes(usual, call)
    if unlimited <= limit:
        return Fit(usual, unlimited, unlimited)
    for sweep in _sweeps(task, call):
        one = _bytes(sweep.way(1), call)
        least = min(least, one)
        if one <= limit:
            way, taken = _widest(sweep, call, one, limit)
            return Fit(way, taken, unlimited)
    raise InfeasibleError(
        f"memory is {_told(limit)}; the least that was found is {_told(least)}, "
        f"and {_told(unlimited)} without a limit"
    )


@dataclass(frozen=True)
class _Sweep:
    """Forward or reverse mode, some directions at once, loops divided at some levels."""

    task: JaxTask
    reverse: bool
    directions: int
    levels: int = 1

    def way(self, width: int) -> Way:
        mode = "reverse mode" if self.reverse else "forward mode"
        again = f", loops computed {self.levels} times" if self.levels > 1 else ""
        return Way(f"{mode}, {width:,} of {self.directions:,} at once{again}", partial(self._jacobian, width))

    def _jacobian(self, width: int, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        traced = Traced.of(self.task.function, self.task.options, args, kwargs)
        return swept(traced, self.task, self.reverse, width, self.levels)


def _sweeps(task: JaxTask, call: Call) -> Iterator[_Sweep]:
    """Those that a function has, by the number of directions and what is computed again."""
    inputs, outputs = _sizes(task, call)
    found = [_Sweep(task, False, inputs)]
    found += [_Sweep(task, True, outputs, levels) for levels in LEVELS]
    yield from sorted(found, key=lambda sweep: sweep.directions * (1 + sweep.levels))


def _sizes(task: JaxTask, call: Call) -> tuple[int, int]:
    """Entries of the input and of the output."""
    found: list[tuple[int, int]] = []

    def look(arrays: Sequence[Any]) -> None:
        traced = Traced.of(task.function, task.options, *call.restored(arrays))
        result = jax.eval_shape(traced.function, *traced.args)
        result = result[0] if task.options.has_aux else result
        sizes = [sum(leaf.size for leaf in jax.tree.leaves(tree)) for tree in (traced.args, result)]
        found.append((sizes[0], sizes[1]))

    jax.eval_shape(look, call.shapes)
    return found[0]


def swept(traced: Traced, task: JaxTask, reverse: bool, width: int, levels: int) -> Any:
    """The Jacobian by a sweep, so many directions at once; loops divided at some levels."""
    leaves = jax.tree.leaves(traced.args)
    if len({leaf.dtype for leaf in leaves}) > 1 or not jnp.issubdtype(leaves[0].dtype, jnp.floating):
        raise NotPlannedError("the input is not of one real floating dtype")
    point, restored = ravel_pytree(traced.args)
    function = segmented(traced.function, levels) if levels > 1 else traced.function
    form: list[Any] = []

    def flat(value: Any) -> tuple[Any, Any]:
        result = function(*restored(value))
        result, aux = result if traced.options.has_aux else (result, None)
        form[:] = [jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), result)]
        return ravel_pytree(result)[0], aux

    if reverse:
        value, pullback, aux = jax.vjp(flat, point, has_aux=True)
        rows = jax.lax.map(lambda k: pullback(_unit(value, k))[0], jnp.arange(value.size), batch_size=width)
    else:
        _, aux = flat(point)
        columns = jax.lax.map(
            lambda k: jax.jvp(lambda x: flat(x)[0], (point,), (_unit(point, k),))[1],
            jnp.arange(point.size),
            batch_size=width,
        )
        rows = columns.T
    inputs = traced.args[0] if traced.options.argnums == 0 else traced.args
    jacobian = Results(inputs, form[0], task.output).of_matrix(rows)
    return (jacobian, aux) if traced.options.has_aux else jacobian


def _unit(like: Any, place: Any) -> Any:
    return jnp.zeros_like(like).at[place].set(1)


def _widest(sweep: _Sweep, call: Call, one: int, limit: int) -> tuple[Way, int]:
    """As many directions at once as the limit admits, by what some take; and the bytes taken."""
    several = _bytes(sweep.way(PROBE), call)
    each = max(1, (several - one) / (PROBE - 1))
    width = int(min(sweep.directions, 1 + max(0, limit - one) // each))
    while width > 1:
        width = _even(sweep.directions, width)
        way = sweep.way(width)
        if (taken := _bytes(way, call)) <= limit:
            return way, taken
        width //= 2
    return sweep.way(1), one


def _even(directions: int, width: int) -> int:
    """At most so many at once, without a remainder if that is hardly less: its results would be copied."""
    return next((each for each in range(width, width // 4, -1) if directions % each == 0), width)


def _bytes(way: Way, call: Call) -> int:
    """What XLA allots to the compiled program of a way."""
    compiled = jax.jit(lambda arrays: way.jacobian(*call.restored(arrays))).lower(call.shapes).compile()
    found: Any = compiled.memory_analysis()
    return int(found.temp_size_in_bytes + found.output_size_in_bytes + found.argument_size_in_bytes)


def _told(size: int) -> str:
    return as_bytes(-(-size // ENTRY_BYTES))

"""The quickest way to a Jacobian, timed: what estimates leave open is measured once for a shape, and kept."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import jax

from chainorder.autodiff.choice import Choice
from chainorder.autodiff.tuned import candidates, keep, kept, place_of
from chainorder.jax.calls import Call
from chainorder.jax.task import JaxTask

RUNS, SECONDS = 20, 0.3
"""A way is run so often, or for so long, whichever is reached first; and twice at least."""


def tuned(task: JaxTask, call: Call, arrays: Sequence[Any]) -> JaxTask:
    """The task by the quickest of the ways that the estimates put first.

    It is timed on the arrays, where these are at hand, and noted on disk for functions of the same program,
    shapes, device and versions. Within a transformation of JAX only what was noted is used.
    """
    found: list[tuple[Choice, str]] = []

    def look(given: Sequence[Any]) -> None:
        args, kwargs = call.restored(given)
        program = jax.make_jaxpr(lambda each: task.function(*call.restored(each)[0], **kwargs))(given)
        found.append((task.choice(args, kwargs), str(program)))

    jax.eval_shape(look, call.shapes)
    choice, program = found[0]
    ways = candidates(choice)
    device = jax.devices()[0].device_kind
    place = place_of(program, task.options, task.output, choice.times, jax.__version__, device)
    mode = ways[0] if len(ways) == 1 else kept(place)
    if mode not in ways and not any(isinstance(array, jax.core.Tracer) for array in arrays):
        mode = keep(place, {each: _seconds(replace(task, mode=each), call, arrays) for each in ways})
    return replace(task, mode=mode if mode in ways else None)


def _seconds(task: JaxTask, call: Call, arrays: Sequence[Any]) -> float:
    """The least time of a compiled Jacobian."""
    program = jax.jit(lambda given: task.jacobian(*call.restored(given)))
    jax.block_until_ready(program(arrays))
    times, end = list[float](), time.perf_counter() + SECONDS
    while len(times) < RUNS and (len(times) < 2 or time.perf_counter() < end):
        begin = time.perf_counter()
        jax.block_until_ready(program(arrays))
        times.append(time.perf_counter() - begin)
    return min(times)

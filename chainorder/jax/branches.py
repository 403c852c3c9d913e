"""Branches: values that run beside each other and are narrow together are made one, where that is a waist."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate, pairwise
from operator import attrgetter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from chainorder.autodiff.cutting import NARROWEST, narrow_together, parted, separator
from chainorder.jax.program import JaxProgram


def join_branches(program: JaxProgram) -> None:
    """Join the least separator between neighbouring cuts, where it is narrower than both.

    All values of a separator become parts of one value and are read from that afterwards. This changes no
    result; it makes the function a composition where only together they are a waist: the state and the
    memory of a recurrent cell, position and momentum, the heads of a network.
    """
    if program.connected:
        for source, target in reversed(list(pairwise(program.cuts()))):
            _join_between(program, source, target)


def _join_between(program: JaxProgram, source: int, target: int) -> None:
    limit = min(program.size(source), program.size(target))
    inside = program.between(source, target)
    made = (program.size(result) for equation in inside[:-1] for result in equation.results)
    if limit <= NARROWEST or len(inside) < 3 or not narrow_together(made, limit):
        return
    values = separator(program.edges(inside), source, target, program.size, limit)
    dtype = program.avals[source].dtype
    alike = np.issubdtype(dtype, np.floating) and all(program.avals[value].dtype == dtype for value in values)
    if len(values) < 2 or not alike:
        return
    parts = parted(inside, source, values, attrgetter("operands"), attrgetter("results"))
    if parts is None:
        return
    before, after = parts
    through = jax.make_jaxpr(_through_one)(*(program.avals[value] for value in values))
    joining, (joint, *again) = program.added(through, values)
    renamed = dict(zip(values, again, strict=True))
    after = [replace(each, operands=tuple(renamed.get(o, o) for o in each.operands)) for each in after]
    program.replace(source, target, [*before, *joining, *after])
    program.joined[joint] = len(values)


def _through_one(*values: Any) -> list[Any]:
    """All of them as one, and the same values as parts of that."""
    ends = list(accumulate(value.size for value in values))
    joint = jnp.concatenate([value.reshape(-1) for value in values])
    parts = jnp.split(joint, ends[:-1])
    return [joint, *(part.reshape(value.shape) for part, value in zip(parts, values, strict=True))]

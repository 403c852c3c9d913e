"""The primitives of JAX's own tests, and functions of its NumPy, as functions of one array."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from operator import attrgetter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax._src.internal_test_util.test_harnesses import all_harnesses

from chainorder.autodiff.choice import Unplanned
from chainorder.jax import jacobian
from chainorder.jax.api import choice_of
from scripts.peers.comparing import Case, Function, Peer

MOST_ENTRIES = 150
"""Of the array that is differentiated, and of the result."""

jax.config.update("jax_enable_x64", True)


def _unplanned(function: Function, point: Any) -> str | None:
    choice = choice_of(function, (point,))
    return choice.why if isinstance(choice, Unplanned) else None


PEER = Peer(
    (jax.jacrev, jax.jacfwd),
    lambda function, solver: jacobian(function, solver=solver),
    _unplanned,
    lambda numbers, like: jnp.asarray(numbers, like.dtype),
)

OF_ONE = """
    abs absolute acos angle arccos arcsin arcsinh arctan arctanh around average cbrt ceil clip conj cos cosh
    cumprod cumsum deg2rad diff ediff1d exp exp2 expm1 fabs flip floor gradient hanning i0 imag log log10
    log1p log2 max mean median min modf nan_to_num nancumprod nancumsum nanmax nanmean nanmedian nanmin
    nanprod nanstd nansum nanvar negative piecewise poly positive prod ptp rad2deg ravel real reciprocal
    rint round sign sin sinc sinh sort sqrt square squeeze std sum tan tanh trapezoid trim_zeros trunc unwrap
    vander var
"""
"""Functions of `jax.numpy` of a vector."""

OF_A_MATRIX = """
    atleast_3d corrcoef cov cumulative_sum diag diagonal fliplr flipud linalg.cholesky linalg.cond linalg.det
    linalg.diagonal linalg.eigh linalg.eigvalsh linalg.inv linalg.matrix_norm linalg.matrix_transpose
    linalg.norm linalg.pinv linalg.qr linalg.slogdet linalg.svd linalg.svdvals linalg.trace linalg.vector_norm
    matrix_transpose nanmax rot90 trace transpose tril triu
"""
"""Functions of `jax.numpy` of a symmetric positive definite matrix."""

OF_TWO = """
    add arctan2 column_stack concat convolve copysign correlate cross divide dot dstack float_power fmax fmin
    fmod heaviside hstack hypot inner interp kron ldexp logaddexp logaddexp2 matmul maximum minimum mod
    multiply nextafter outer polyadd polyfit polymul polyval power remainder stack subtract tensordot vdot
    vecdot vstack where
"""
"""Functions of `jax.numpy` of two vectors of three entries."""


Sample = tuple[Function, Sequence[Any]]
"""A function, and its arguments."""


def operators() -> dict[str, list[Callable[[], Sample]]]:
    """The samples of all operators, by their names."""
    found: dict[str, list[Callable[[], Sample]]] = {}
    for harness in all_harnesses:
        if harness.dtype == np.float32 and harness.filter("cpu"):
            found.setdefault(f"lax.{harness.group_name}", []).append(partial(_harness, harness))
    vector, other = np.array([0.3, 0.9, 0.5]), np.array([0.7, 0.4, 1.2])
    matrix = np.array([[2.0, 0.3, 0.1], [0.3, 1.0, 0.2], [0.1, 0.2, 3.0]])
    for names, args in ((OF_ONE, [vector]), (OF_A_MATRIX, [matrix]), (OF_TWO, [vector, other])):
        for name in names.split():
            found.setdefault(f"jnp.{name}", []).append(partial(_numpy, name, args))
    return found


def _harness(harness: Any) -> Sample:
    return harness.fun, harness.args_maker(np.random.RandomState(0))


def _numpy(name: str, args: Sequence[Any]) -> Sample:
    return attrgetter(name)(jnp), args


def cases(name: str, samples: list[Callable[[], Sample]], dtype: str, most: int) -> Iterator[Case]:
    """Some samples of an operator with a small array to differentiate, from the whole of them."""
    spread = samples[:: max(1, len(samples) // most)]
    found = (case for n, make in enumerate(spread) for case in _cases(f"{name} {n}", *make(), dtype))
    yield from islice(found, most)


def _cases(name: str, operator: Function, given: Sequence[Any], dtype: str) -> Iterator[Case]:
    args = [arg.astype(dtype) if _is_real(arg) else arg for arg in given]
    places = [place for place, arg in enumerate(args) if _is_real(arg) and 0 < arg.size <= MOST_ENTRIES]
    for place in places[:1]:
        function, point = _function(operator, args, place), jnp.asarray(args[place])
        try:
            result = function(point)
        except Exception:  # noqa: BLE001 – it is no operator of this array, whatever it raises
            continue
        if 0 < result.size <= MOST_ENTRIES:
            yield Case(name, dtype, function, point)


def _is_real(arg: Any) -> bool:
    return isinstance(arg, np.ndarray) and bool(np.issubdtype(arg.dtype, np.floating))


def _function(operator: Function, args: Sequence[Any], place: int) -> Function:
    def function(value: Any) -> Any:
        return _vector(operator(*args[:place], value, *args[place + 1 :]))

    return function


def _vector(result: Any) -> Any:
    """All real numbers in a result, one after the other."""
    parts = [leaf for leaf in jax.tree.leaves(result) if jnp.issubdtype(leaf.dtype, jnp.inexact)]
    real = [
        part for leaf in parts for part in ((leaf.real, leaf.imag) if jnp.iscomplexobj(leaf) else (leaf,))
    ]
    return jnp.concatenate([jnp.ravel(part) for part in real]) if real else jnp.zeros(0)

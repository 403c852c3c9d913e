"""What nobody can state in fma is measured: the time of tangents and adjoints, by the calls of a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainorder.costs.prediction import SECOND
from chainorder.errors import ExecutionError
from chainorder.execution.backends import CHUNK_ENTRIES
from chainorder.execution.model import Model, by_adjoints, by_tangents
from chainorder.execution.operand import DenseOperand
from chainorder.execution.sources import check_count, gather
from chainorder.problems.chain import Chain
from chainorder.problems.elementals import Elemental
from chainorder.problems.evaluation_time import EvaluationTime
from chainorder.structures.dense import DensePattern

TIME_LIMIT = 10.0
"""Seconds by default."""

DIRECTIONS = (1, 8, 64, 256)
"""How many are evaluated at once, as far as a plan may evaluate as many."""

RUNS = 15
"""Of an evaluation, of which the least counts, if there is time: what else a machine does only adds to it."""

Watch = Callable[[list[str]], Iterable[str]]
"""Passes on the names of what is measured; may show how many are done."""


def measure(
    chain: Chain,
    jacobians: Sequence[Any] | None = None,
    *,
    time_limit: float = TIME_LIMIT,
    watch: Watch = iter,
    seed: int = 0,
) -> Chain:
    """Time a tangent and an adjoint of every matrix-free elemental: what ``objective="seconds"`` plans by.

    Each is evaluated along 1, 8, 64 and 256 random directions, some times, and to the least times a time of a
    call and one of a direction are fitted, by least squares of the relative errors. What is at several places
    is measured once. An evaluation that takes more than its share of the time is not repeated, and not
    tried along more directions.

    Parameters
    ----------
    chain
        What is to be planned. An elemental that states no fma and is given as an operator or functions here
        becomes matrix-free, at the fma of a dense matrix.
    jacobians
        As of `chainorder.execute`: for a matrix-free elemental an object like
        `scipy.sparse.linalg.LinearOperator`, a pair of functions or a matrix, whose products then are its
        tangents and adjoints. By default what `execute` takes if it is given none.
    time_limit
        Seconds that all of it may take, about; every evaluation is tried once.
    watch
        Is given the names of what is measured, and yields them one by one: a progress bar.
    seed
        Of the directions, and of random stand-ins.

    Returns
    -------
    Chain
        The same with a ``tangent_time`` and an ``adjoint_time`` of every model that is given, as far as the
        chain has it; its `to_spec` keeps them.

    Raises
    ------
    ExecutionError
        If a Jacobian does not fit its elemental, or an evaluation fails; names it. If the time is not above
        0.
    """
    if not time_limit > 0:
        raise ExecutionError(f"time_limit is {time_limit!r}; give seconds above 0")
    if chain.kind != Chain.kind:
        raise ExecutionError(f"a {chain.kind} is not measured; state tangent_time and adjoint_time yourself")
    if jacobians is not None:
        check_count(chain, jacobians)
        chain = _with_operators(chain, jacobians)
    models = gather(chain, jacobians, seed).models
    cases = list(_cases(chain, jacobians, models))
    named = {each.name: each for each in cases}
    generator, found = np.random.default_rng(seed), dict[_Key, EvaluationTime]()
    until = time.perf_counter() + time_limit
    for done, name in enumerate(watch(list(named))):
        share = (until - time.perf_counter()) / (len(named) - done)
        found[named[name].key] = named[name].time(share, generator)
    return _with_times(chain, jacobians, found)


_Key = tuple[int, int, int, str]
"""A source, its kind, a shape's inputs and a mode: what is equal takes the same time."""


def _key(chain: Chain, place: int, jacobians: Sequence[Any] | None, mode: str) -> _Key:
    source = id(chain.matrices.get(place) if jacobians is None else jacobians[place])
    return source, int(chain.elementals.codes[place]), int(chain.sizes[place]), mode


@dataclass(frozen=True, eq=False)
class _Case:
    """The tangents or adjoints of an elemental.

    Attributes
    ----------
    key
        The same for all that take the same time.
    name
        For people.
    most
        The most directions that a plan evaluates at once.
    """

    key: _Key
    name: str
    model: Model
    mode: str
    most: int

    def time(self, share: float, generator: np.random.Generator) -> EvaluationTime:
        """What it takes, found out in about so many seconds."""
        until, taken = time.perf_counter() + share, dict[int, float]()
        for count in sorted({min(count, self.most) for count in DIRECTIONS}):
            left = until - time.perf_counter()
            if taken and max(taken.values()) * count / max(taken) > left:
                break
            taken[count] = _least(self._call(count, generator), left / len(DIRECTIONS))
        return _fitted(taken)

    def _call(self, count: int, generator: np.random.Generator) -> Callable[[], Any]:
        """An evaluation along so many directions, as a run makes it."""
        rows, columns = self.model.shape
        if self.mode == "tangent":
            right = DenseOperand.full(generator.standard_normal((columns, count)))
            return lambda: by_tangents(self.model, right, DensePattern(rows, count), CHUNK_ENTRIES)
        left = DenseOperand.full(generator.standard_normal((count, rows)))
        return lambda: by_adjoints(self.model, left, DensePattern(count, columns), CHUNK_ENTRIES)


def _cases(chain: Chain, jacobians: Sequence[Any] | None, models: Mapping[int, Model]) -> Iterator[_Case]:
    """What is measured: every model that is not a solve, once."""
    sizes, seen = chain.sizes, set[_Key]()
    for number, model in models.items():
        kind, place = chain.kind_of(number), number - 1
        if not kind.modelled or kind.structure.evaluation is not None:
            continue
        called = f"elemental {number}{f' ({kind.name})' if kind.name else ''}"
        for mode in model.modes:
            key = _key(chain, place, jacobians, mode)
            if key not in seen and getattr(kind, mode) is not None:
                seen.add(key)
                most = int((sizes[:number] if mode == "tangent" else sizes[number:]).max())
                yield _Case(key, f"{mode} of {called}", model, mode, most)


def _least(call: Callable[[], Any], patience: float) -> float:
    """Seconds of a call: once, and again as long as there is patience."""
    times: list[float] = []
    until = time.perf_counter() + patience
    while not times or (len(times) < RUNS and time.perf_counter() < until):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times)


def _fitted(times: dict[int, float]) -> EvaluationTime:
    """The times of a call and of a direction, at least 0, of the least squares of relative errors."""
    from scipy.optimize import nnls

    counts, taken = np.array(list(times), float), np.array(list(times.values()))
    terms = np.array([np.ones_like(counts), counts])[len(counts) == 1 :]
    rates = nnls((terms / taken).T, np.ones(len(taken)))[0] * SECOND
    call, direction = [0, *rates.tolist()][-2:]
    return EvaluationTime(round(call), round(direction))


def _with_operators(chain: Chain, jacobians: Sequence[Any]) -> Chain:
    """The chain, matrix-free where operators are given for elementals that say nothing of models."""
    changed: dict[int, Elemental] = {}
    for place, (own, given) in enumerate(zip(chain.elementals, jacobians, strict=True)):
        shape = own.outputs, own.inputs
        model = None if own.modelled else Model.of(given, shape, f"the Jacobian of elemental {place + 1}")
        if model is not None:
            modes = [mode for mode in model.modes if mode == "tangent" or _has_adjoint(model)]
            dense: dict[str, Any] = dict.fromkeys(modes, own.inputs * own.outputs)
            changed[place] = replace(own, explicit=False, **dense)
    return _replaced(chain, changed)


def _has_adjoint(model: Model) -> bool:
    """Whether an operator that says it has adjoints has them: SciPy's raise where no function was given."""
    assert model.adjoints is not None
    try:
        model.adjoints(np.zeros((model.shape[0], 1)))
    except ExecutionError as error:
        if isinstance(error.__cause__, NotImplementedError):
            return False
        raise
    return True


def _with_times(chain: Chain, jacobians: Sequence[Any] | None, found: dict[_Key, EvaluationTime]) -> Chain:
    changed: dict[int, Elemental] = {}
    for place, own in enumerate(chain.elementals):
        keys = {mode: _key(chain, place, jacobians, mode) for mode in ("tangent", "adjoint")}
        times: dict[str, Any] = {f"{mode}_time": found[key] for mode, key in keys.items() if key in found}
        if times:
            changed[place] = replace(own, **times)
    return _replaced(chain, changed)


def _replaced(chain: Chain, changed: dict[int, Elemental]) -> Chain:
    """The chain with other elementals at some places."""
    if not changed:
        return chain
    return chain.made_of(changed.get(place, own) for place, own in enumerate(chain.elementals))

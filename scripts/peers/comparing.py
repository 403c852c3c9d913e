"""One function beside the framework's own Jacobian: the framework's mode, then ours by each way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

Function = Callable[[Any], Any]

WAYS: dict[str, str | None] = {"chosen": None, "planned": "dynamic"}
"""Solvers: the way that is chosen, and the best plan whatever is estimated."""

TOLERANCES = {"float64": 1e-9, "float32": 1e-2}
"""Relative to the largest entry: in float32, ill-conditioned operators lose two thirds of the digits."""


class Verdict(StrEnum):
    """What came of an operator."""

    RIGHT = "right"
    OWN = "framework's own"
    SKIPPED = "skipped"
    WRONG = "wrong"
    CRASH = "crash"


FAULTS = (Verdict.WRONG, Verdict.CRASH)


@dataclass(frozen=True)
class Case:
    """An operator at a sample of its arguments, as a function of one array.

    Attributes
    ----------
    name
        Of the operator and the sample.
    dtype
        Of the array.
    function
        Returns a vector of real numbers.
    point
        Where it is differentiated.
    """

    name: str
    dtype: str
    function: Function
    point: Any


@dataclass(frozen=True)
class Outcome:
    """What came of a case by some way, and why."""

    verdict: Verdict
    why: str = ""

    def __str__(self) -> str:
        return f"{self.verdict.value} {self.why}".rstrip()


@dataclass(frozen=True)
class Peer:
    """A framework.

    Attributes
    ----------
    own
        Its reverse mode, then its forward mode.
    jacobian
        Ours, by the name of a solver or None.
    unplanned
        Why a function is left to the framework at a point; None if it is not.
    array
        Numbers of NumPy as an array of the framework, of the dtype of another.
    seed
        Makes its random numbers those of the first call.
    calls
        How often ours is called; the last result counts.
    """

    own: tuple[Callable[[Function], Function], ...]
    jacobian: Callable[[Function, str | None], Function]
    unplanned: Callable[[Function, Any], str | None]
    array: Callable[[Any, Any], Any]
    seed: Callable[[], object] = lambda: None
    calls: int = 1

    def waist(self, case: Case) -> Case:
        """The operator between two linear maps, so that its argument is narrow; it is applied to the same."""
        centre, rng = case.point, np.random.default_rng(0)
        inputs, outputs = int(np.prod(centre.shape)), case.function(centre).shape[0]
        before = self.array(rng.standard_normal((inputs, 2 * inputs + 5)) / max(1, inputs) ** 0.5, centre)
        after = self.array(rng.standard_normal((2 * outputs + 3, outputs)) / max(1, outputs) ** 0.5, centre)

        def function(wide: Any) -> Any:
            moved = centre + (before @ (wide - 1)).reshape(centre.shape)
            return after @ case.function(moved)

        return replace(case, function=function, point=self.array(np.ones(2 * inputs + 5), centre))

    def compare(self, case: Case) -> Iterator[tuple[str, Outcome]]:
        """Each way by which our Jacobian is made, and what came of it."""
        try:
            expected, again = (self._expected(case) for _ in range(2))
        except Exception as error:  # noqa: BLE001 – whatever an operator raises where it has no derivative
            yield "jacrev", Outcome(Verdict.SKIPPED, f"no derivative: {_first_line(error)}")
            return
        if not np.array_equal(expected, again, equal_nan=True):
            yield "jacrev", Outcome(Verdict.SKIPPED, "not the same when it is run again")
            return
        why = self.unplanned(case.function, case.point)
        for way, solver in WAYS.items():
            yield way, self._outcome(case, solver, expected, why)

    def _expected(self, case: Case) -> Any:
        with suppress(Exception):
            return self._run(self.own[0], case)
        return self._run(self.own[1], case)

    def _outcome(self, case: Case, solver: str | None, expected: Any, why: str | None) -> Outcome:
        try:
            made = self._run(lambda function: self.jacobian(function, solver), case, self.calls)
        except Exception as error:  # noqa: BLE001 – the fault that is looked for
            return Outcome(Verdict.CRASH, f"{type(error).__name__}: {_first_line(error)}")
        ours, theirs = (f"{each.dtype} {each.shape}" for each in (made, expected))
        if ours != theirs:
            return Outcome(Verdict.WRONG, f"{ours}, not {theirs}")
        error = difference(made, expected)
        if not error <= TOLERANCES[case.dtype]:
            return Outcome(Verdict.WRONG, f"differs by {error:.1e} of the largest entry")
        return Outcome(Verdict.RIGHT if why is None else Verdict.OWN, why or "")

    def _run(self, jac: Callable[[Function], Function], case: Case, calls: int = 1) -> Any:
        differentiate, results = jac(case.function), []
        for _ in range(calls):
            self.seed()
            results.append(differentiate(case.point))
        return np.asarray(results[-1])


def difference(made: Any, expected: Any) -> float:
    """The largest difference, relative to the largest finite entry; infinite if what is infinite differs.

    NaN and infinities stand where the framework has them. Only where it has NaN because it multiplies an
    infinity by a zero that no input reaches, ours may have that zero: what is known to be zero is not
    multiplied.
    """
    finite = np.isfinite(expected)
    spared = np.isnan(expected) & (made == 0)
    if not np.array_equal(made[~finite & ~spared], expected[~finite & ~spared], equal_nan=True):
        return np.inf
    if not np.isfinite(made[finite]).all():
        return np.inf
    scale = float(np.abs(expected[finite]).max(initial=0)) or 1.0
    return float(np.abs(made - expected)[finite].max(initial=0)) / scale


@contextmanager
def quietly() -> Iterator[None]:
    """Without the warnings that operators give."""
    import warnings

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:90]

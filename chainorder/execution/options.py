"""What can be said of a run, whatever runs; and where the kinds of plans say how they are run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from numbers import Integral
from typing import Any

from chainorder.errors import ExecutionError
from chainorder.execution.backends import CHUNK_ENTRIES, NUMPY, Backend, Settings, find_backend
from chainorder.execution.checks import Tolerances


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of `chainorder.execute`, which documents them; refuses a wrong one before the work."""

    function: Any = None
    point: Any = None
    seed: int = 0
    verify: bool = True
    tolerance: float | None = None
    chunk_entries: int = CHUNK_ENTRIES
    symbolic: bool = True
    scheduler: Any = None
    stand_ins: bool = False
    backend: str = NUMPY

    def __post_init__(self) -> None:
        if not isinstance(self.seed, Integral) or self.seed < 0:
            raise ExecutionError(f"seed is {self.seed!r}; give a whole number from 0 on")
        Tolerances.of(self.tolerance, 0)

    @property
    def settings(self) -> Settings:
        """How operations run."""
        return Settings(self.chunk_entries, self.symbolic)

    def made(self) -> Backend[Any, Any, Any]:
        """The backend; raises `ExecutionError` if there is none of that name, or none on workers."""
        if self.scheduler is not None and self.backend != NUMPY:
            raise ExecutionError(f"workers multiply by {NUMPY}; leave the backend or the scheduler out")
        return find_backend(self.backend)(self.settings)


@singledispatch
def run(plan: Any, jacobians: Any, options: Options) -> Any:
    """Run a plan; each kind registers how.

    Raises
    ------
    ExecutionError
        If it is no plan.
    """
    raise ExecutionError(f"a {type(plan).__name__} is no plan; make one with chainorder.plan")

"""What a solver may be told beside the problem."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from chainorder.costs.fma import FMA
from chainorder.errors import SolverError
from chainorder.plans.chain_operations import OBJECTIVES
from chainorder.reading.wording import nearest_of, shortened
from chainorder.structures.fragments import MOST
from chainorder.structures.number_types import DTYPES
from chainorder.system.signals import asked_to_end

if TYPE_CHECKING:
    from chainorder.costs.model import CostModel
    from chainorder.costs.profile import Profile
    from chainorder.costs.seconds import Seconds
    from chainorder.plans.graph_plan import GraphPlan


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a solver is.

    Attributes
    ----------
    best
        The least objective found so far.
    lower_bound
        What every plan costs at least, as far as it is known by now.
    seconds
        Since it started.
    among
        Of which plans the bound is, if not of all.
    """

    best: int
    lower_bound: int
    seconds: float
    among: str = ""


class Settings(TypedDict, total=False):
    """What `plan` and `compare` are told beside the problem: see `plan`."""

    solver: str
    machines: int | None
    memory: int | None
    objective: str | None
    transfer: int
    time_limit: float | None
    progress: Callable[[Progress], None] | None
    seed: int
    profile: Profile | None
    dtype: str | None


class GraphSettings(Settings, total=False):
    """What `plan` is told beside a graph."""

    start: GraphPlan | None


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked of a solver, whatever it plans for; those registered with ``options=True`` are given it.

    Memory and machines are not among it: they belong to the problem (`Chain.within`, `Chain.on`).

    Parameters
    ----------
    objective
        ``fma``, ``makespan`` or ``seconds``; None for fma on one machine and makespan on several.
    transfer
        Delay, in fma for each stored entry, of an operand that was made on another machine.
    time_limit
        Seconds after which the best plan so far is returned; None to run to the proof, or as long as the
        solver does by itself.
    progress
        Called with every improvement, perhaps from another thread.
    seed
        Of random choices.
    start
        An order of a graph's inner vertices, by their places, that a search begins with; empty for none.
    profile
        Of the machine that seconds are meant of; None for `chainorder.costs.profiles.current`.
    dtype
        Of the numbers that seconds are meant of; None for that of the profile, or float64.
    started
        When the time began to run: a reading of `time.monotonic`.

    Raises
    ------
    SolverError
        If the objective or the type is unknown, the transfer is no whole number of at least 0, the time limit
        is not above 0, or the seed is no whole number.
    """

    objective: str | None = None
    transfer: int = 0
    time_limit: float | None = None
    progress: Callable[[Progress], None] | None = None
    seed: int = 0
    start: tuple[int, ...] = ()
    profile: Profile | None = None
    dtype: str | None = None
    started: float = field(default_factory=time.monotonic, compare=False)

    def __post_init__(self) -> None:
        if self.objective not in (None, *OBJECTIVES):
            hint = nearest_of(self.objective, OBJECTIVES)
            raise SolverError(f"unknown objective {shortened(self.objective)}; {hint}")
        if not _whole(self.transfer) or self.transfer < 0:
            raise SolverError(
                f"transfer is {self.transfer!r}; a delay for each entry is a whole number of at least 0"
            )
        if self.transfer > MOST:
            raise SolverError("transfer has more than 100 digits; a delay for each entry is at most 10^100")
        object.__setattr__(self, "transfer", int(self.transfer))
        limit = self.time_limit
        if limit is not None and (_boolean(limit) or not isinstance(limit, (int, float)) or not limit > 0):
            raise SolverError(f"time_limit is {limit!r}; give seconds above 0, or None to run to the proof")
        if limit is not None and math.isinf(limit):
            object.__setattr__(self, "time_limit", None)
        measured = None if self.profile is None else self.profile.dtype
        if self.dtype not in (None, *DTYPES) or (measured and self.dtype not in (None, measured)):
            hint = f"the profile is of {measured}" if measured else nearest_of(str(self.dtype), DTYPES)
            raise SolverError(f"seconds of {shortened(self.dtype)} are not known; {hint}")
        if not _whole(self.seed):
            raise SolverError(f"seed is {self.seed!r}; give a whole number")
        object.__setattr__(self, "seed", int(self.seed))

    @property
    def model(self) -> CostModel:
        """What operations cost under the objective: picoseconds by the profile, else fma."""
        return self.seconds if self.objective == "seconds" else FMA

    @property
    def seconds(self) -> Seconds:
        """What operations take, by the profile."""
        from chainorder.costs.seconds import Seconds  # who plans by fma needs no model of time

        return Seconds(self.the_profile)

    @property
    def the_profile(self) -> Profile:
        """The profile that holds; `ProfileError` if its file is none, or has no such type."""
        from chainorder.costs.profiles import current

        return current(self.dtype) if self.profile is None else self.profile

    @property
    def left(self) -> float | None:
        """Seconds that are left; None without a limit."""
        if self.time_limit is None:
            return None
        return max(0.0, self.time_limit - (time.monotonic() - self.started))

    @property
    def until(self) -> float | None:
        """When the time is up, a reading of `time.monotonic`; None without a limit."""
        return None if self.time_limit is None else self.started + self.time_limit

    @property
    def over(self) -> bool:
        """Whether the time is up, or somebody asks for what there is."""
        return asked_to_end() or self.left == 0.0

    def within(self, seconds: float) -> Options:
        """The same, with the time up in so many seconds at the latest."""
        until = time.monotonic() - self.started + seconds
        return replace(self, time_limit=until if self.time_limit is None else min(until, self.time_limit))

    def share(self, part: float) -> Options:
        """The same, with the time up when a part of what is left now is over; as it is without a limit."""
        return self if self.left is None else self.within(part * self.left)

    def report(self, best: int, lower_bound: int = 0, among: str = "") -> None:
        """Tell whoever wants to know what was found."""
        if self.progress is not None:
            self.progress(Progress(best, lower_bound, time.monotonic() - self.started, among))


def _whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not _boolean(value)


def _boolean(value: Any) -> bool:
    return isinstance(value, (bool, np.bool_))

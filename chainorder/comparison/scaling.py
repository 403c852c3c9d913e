"""How the cost of a chain changes with the memory, and its makespan with the number of machines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from chainorder.comparison.chains import Comparison
from chainorder.comparison.compare import compare
from chainorder.costs.prediction import SECOND
from chainorder.errors import InfeasibleError, SolverError
from chainorder.plans.chain_plan import Plan
from chainorder.problems.chain import Chain
from chainorder.solvers import Progress, plan
from chainorder.system.showing import Shown


@dataclass(frozen=True, repr=False)
class Sweep(Shown):
    """Comparisons of one chain at the memory limits at which its plan can change.

    Attributes
    ----------
    chain
        The chain.
    points
        Limits in entries, each with the comparison, or with the reason why there is no plan.
    """

    chain: Chain
    points: tuple[tuple[int, Comparison | str], ...]

    @property
    def unit(self) -> str:
        """Of the costs: ``fma``, or ``seconds`` where these were planned by."""
        plans = (found.best for _, found in self.points if not isinstance(found, str))
        return "seconds" if any(plan.unit != "fma" for plan in plans) else "fma"

    @property
    def costs(self) -> dict[int, dict[str, float]]:
        """By limit and by order; none where there is no plan."""

        def cost(plan: Plan) -> float:
            return plan.cost / SECOND if self.unit == "seconds" else plan.fma

        return {
            memory: {}
            if isinstance(found, str)
            else {label: cost(plan) for label, plan in zip(found.labels, found.plans, strict=True)}
            for memory, found in self.points
        }

    @property
    def brief(self) -> str:
        """The limits in a line."""
        return f"of {self.chain.title} at {len(self.points):,} limits for tapes"


def sweep_memory(
    chain: Chain,
    *,
    solver: str = "auto",
    machines: int | None = None,
    objective: str | None = None,
    transfer: int = 0,
    time_limit: float | None = None,
    progress: Callable[[Progress], None] | None = None,
    seed: int = 0,
    dtype: str | None = None,
) -> Sweep:
    """Compare at every memory limit at which a plan can change: no tape at all, and every distinct tape.

    Parameters
    ----------
    chain
        What to multiply; its own limit does not count.
    solver, machines, objective, transfer, time_limit, progress, seed, dtype
        As of `compare`.

    Raises
    ------
    SolverError
        As of `compare`.
    """
    tapes = {kind.tape for kind in chain.elementals.kinds if kind.adjoint is not None}
    points: list[tuple[int, Comparison | str]] = []
    for memory in sorted({0, *tapes}):
        try:
            found = compare(
                chain,
                solver=solver,
                machines=machines,
                memory=memory,
                objective=objective,
                transfer=transfer,
                time_limit=time_limit,
                progress=progress,
                seed=seed,
                dtype=dtype,
            )
        except InfeasibleError as error:
            points.append((memory, str(error)))
        else:
            points.append((memory, found))
    return Sweep(chain, tuple(points))


@dataclass(frozen=True, repr=False)
class Scaling(Shown):
    """Plans of one chain on several numbers of machines.

    Attributes
    ----------
    one
        The best on one machine, which speed-ups are relative to.
    plans
        One for each number.
    """

    one: Plan
    plans: tuple[Plan, ...]

    @property
    def brief(self) -> str:
        """The makespans in a line."""
        makespans = ", ".join(f"{each.makespan:,} on {each.machines:,}" for each in self.plans)
        return f"of {self.one.chain.title}; makespan {makespans} machines"

    def speedup(self, plan: Plan) -> float | None:
        """How many times shorter than on one machine; 1 if both take no time, None if only this does."""
        if plan.makespan == self.one.makespan:
            return 1.0
        return self.one.makespan / plan.makespan if plan.makespan else None

    def efficiency(self, plan: Plan) -> float | None:
        """The speed-up as a share of the number of machines."""
        speedup = self.speedup(plan)
        return None if speedup is None else speedup / plan.machines


def scale(
    chain: Chain,
    machines: Iterable[int],
    *,
    solver: str = "auto",
    memory: int | None = None,
    objective: str | None = None,
    transfer: int = 0,
    time_limit: float | None = None,
    progress: Callable[[Progress], None] | None = None,
    seed: int = 0,
    dtype: str | None = None,
) -> Scaling:
    """Plan a chain on several numbers of machines by their makespan, in fma or in seconds, and on one.

    Parameters
    ----------
    chain
        What to multiply.
    machines
        Numbers of machines.
    solver
        A registered name: for these; on one machine ``auto`` plans.
    objective
        ``makespan``, the default; or ``seconds``.
    memory, transfer, time_limit, progress, seed, dtype
        As of `plan`.

    Raises
    ------
    SolverError
        If the objective is fma, which machines do not change.
    ChainorderError
        As of `plan`.
    """
    if objective == "fma":
        raise SolverError("fma do not scale with machines; take the objective makespan or seconds")

    def planned(count: int, name: str) -> Plan:
        return plan(
            chain,
            solver=name,
            machines=count,
            memory=memory,
            objective=objective or "makespan",
            transfer=transfer,
            time_limit=time_limit,
            progress=progress,
            seed=seed,
            dtype=dtype,
        )

    return Scaling(planned(1, "auto"), tuple(planned(count, solver) for count in machines))

"""Many problems at once: short dense chains of equal length together, others one by one, as by `plan`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import singledispatch
from typing import Any, TypeAlias, overload

from chainorder.batch.solved import solve_table
from chainorder.batch.tables import ChainTable, table_of
from chainorder.errors import ChainorderError
from chainorder.plans.chain_plan import Plan
from chainorder.plans.graph_plan import GraphPlan
from chainorder.problems.chain import Chain
from chainorder.problems.problem import Problem
from chainorder.solvers import Progress, plan

LONGEST = 64
"""Elementals up to which chains are planned together; the tables of longer ones are large enough alone."""

AnyPlan: TypeAlias = Plan | GraphPlan


Outcome: TypeAlias = AnyPlan | ChainorderError
"""What planning one of many chains came to."""


class Plans(Sequence[Plan]):
    """Plans of many chains: totals at once, each plan when it is looked at.

    Attributes
    ----------
    totals
        The fma of every plan.
    """

    def __init__(self, totals: list[int], plan_of: Callable[[int], Plan]) -> None:
        self.totals = totals
        self._plan_of = plan_of

    def __repr__(self) -> str:
        return f"<Plans of {len(self):,} chains>"

    def __len__(self) -> int:
        return len(self.totals)

    @overload
    def __getitem__(self, index: int) -> Plan: ...
    @overload
    def __getitem__(self, index: slice) -> list[Plan]: ...
    def __getitem__(self, index: int | slice) -> Plan | list[Plan]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        return self._plan_of(range(len(self))[index])

    def __iter__(self) -> Iterator[Plan]:
        return map(self._plan_of, range(len(self)))


def plan_many(
    chains: Iterable[Chain] | ChainTable,
    *,
    solver: str = "auto",
    machines: int | None = None,
    memory: int | None = None,
    objective: str | None = None,
    transfer: int = 0,
    time_limit: float | None = None,
    progress: Callable[[Progress], None] | None = None,
    seed: int = 0,
) -> Plans:
    """Plan many chains; the costs are those of `plan` for each.

    Parameters
    ----------
    chains
        Chains, or a `ChainTable`. Dense ones of equal length are planned together.
    solver
        A registered name; only ``auto`` and ``dynamic`` plan together, for fma on one machine.
    machines, memory, objective, transfer, time_limit, progress, seed
        As of `plan`, for each of them.

    Raises
    ------
    SolverError
        If the solver is unknown, or cannot take one of the chains; `InfeasibleError` if one has no plan.
    """
    options: dict[str, Any] = {"machines": machines, "memory": memory, "objective": objective}
    options |= {"transfer": transfer, "time_limit": time_limit, "progress": progress, "seed": seed}
    if isinstance(chains, ChainTable):
        together = chains.exact and _plans_together(solver, options)
        solved = solve_table(chains) if together else None
        if solved is not None and solved.feasible.all():
            return Plans(solved.totals, lambda row: solved.plan(chains, row))
    outcomes: list[Any] = plan_each(list(chains), solver=solver, **options)
    for outcome in outcomes:
        if isinstance(outcome, ChainorderError):
            raise outcome
    return Plans([outcome.fma for outcome in outcomes], outcomes.__getitem__)


def plan_each(problems: Sequence[Problem], *, solver: str = "auto", **options: Any) -> list[Outcome]:
    """Plans, or what keeps a chain or graph from having one, in order; options as of `plan`."""
    outcomes: list[Outcome | None] = [None] * len(problems)
    for alike in _alike(problems) if _plans_together(solver, options) else ():
        chains = [chain for _, chain in alike]
        table = table_of(chains)
        if table is None or not table.exact:
            continue
        solved = solve_table(table)
        for row, ((place, _), feasible) in enumerate(zip(alike, solved.feasible.tolist(), strict=True)):
            outcomes[place] = solved.plan(chains, row) if feasible else None
    pairs = zip(problems, outcomes, strict=True)
    return [_one(problem, solver, options) if outcome is None else outcome for problem, outcome in pairs]


def _plans_together(solver: str, options: Mapping[str, Any]) -> bool:
    """Whether chains of equal length may be planned at once: for one machine, with nothing else asked."""
    return solver in ("auto", "dynamic") and not any(
        value is not None
        for key, value in options.items()
        if key not in ("transfer", "time_limit", "progress", "seed")
    )


def _one(problem: Problem, solver: str, options: Mapping[str, Any]) -> AnyPlan | ChainorderError:
    try:
        return plan(problem, solver=solver, **options)
    except ChainorderError as error:
        return error
    except MemoryError:
        return ChainorderError("there is not enough memory to plan it; declare structures, or split it")


def _alike(problems: Sequence[Problem]) -> list[list[tuple[int, Chain]]]:
    """Chains that are planned together, with their places: several of one length."""
    found: dict[int, list[tuple[int, Chain]]] = defaultdict(list)
    for place, problem in enumerate(problems):
        for chain in tabular(problem):
            found[len(chain)].append((place, chain))
    return [alike for alike in found.values() if len(alike) > 1]


@singledispatch
def tabular(problem: Problem) -> tuple[Chain, ...]:
    """It, if it may have a place in a table."""
    return ()


@tabular.register(Chain)
def _(chain: Chain) -> tuple[Chain, ...]:
    return (chain,) if len(chain) <= LONGEST and chain.dense and chain.machines == 1 else ()


@singledispatch
def size(problem: Problem) -> int:
    """What it counts for where many are planned in groups: a chain its elementals, a graph nothing."""
    return 0


@size.register(Chain)
def _(chain: Chain) -> int:
    return len(chain)

"""What a CHAIN argument stands for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from chainorder.chain import Chain
from chainorder.errors import ChainorderError, PlanError
from chainorder.graph.graph import Graph
from chainorder.inline import looks_like_dims, parse_dims
from chainorder.plan import Plan
from chainorder.report.progress import searching
from chainorder.scheduling import scheduled
from chainorder.solvers import plan
from chainorder.solvers.given import plan_in_order

if TYPE_CHECKING:
    from chainorder.graph.plan import GraphPlan
    from chainorder.graph.second_order import HessianProblem

Problem: TypeAlias = Chain | Graph
AnyPlan: TypeAlias = "Plan | GraphPlan"


def read_chains(text: str, memory: int | None = None, machines: int | None = None) -> list[Problem]:
    """The chains and graphs that a CHAIN argument stands for; nameless ones are named after their file."""
    chains = _read_chains(text)
    chains = chains if memory is None else [each.within(memory) for each in chains]
    return chains if machines is None else [each.on(machines) for each in chains]


def _read_chains(text: str) -> list[Problem]:
    if looks_like_dims(text) and not _is_file(text):
        return [parse_dims(text)]
    from chainorder.spec import load

    chains = load(text)
    stem = Path(text).stem
    names = [stem if len(chains) == 1 else f"{stem}#{index}" for index in range(len(chains))]
    return [each if each.name else each.named(name) for each, name in zip(chains, names, strict=True)]


def read_plans(
    text: str,
    solver: str,
    order: str | None,
    memory: int | None,
    machines: int | None,
    check: Callable[[list[Problem]], None],
    **options: Any,
) -> list[AnyPlan]:
    """The plans of a saved-plan file, validated; else plans for the chains that the argument stands for.

    `check` sees what was read before anything is planned.
    """
    from chainorder.plan_json import read_saved

    saved = read_saved(Path(text)) if text.endswith(".json") and _is_file(text) else None
    if saved is not None:
        if order is not None or solver != "auto" or memory is not None or machines is not None:
            raise ChainorderError(
                f"{text} is a saved plan; --order, --solver, --machines and --memory are for chains"
            )
        check([problem_of(each) for each in saved])
        for each in saved:
            _check_saved(each, text)
        return saved
    problems = read_chains(text, memory, machines)
    check(problems)
    return [plan_or_price(each, solver, order, **options) for each in problems]


def _check_saved(saved: AnyPlan, file: str) -> None:
    """Recheck a saved plan from scratch, and plan again what it says is optimal."""
    try:
        saved.validate()
    except PlanError as error:
        raise PlanError(f"{file}: {error}; plan it again") from None
    if not saved.optimal:
        return
    again = _planned_again(saved)
    if again.cost < saved.cost:
        raise PlanError(
            f"{file}: says a {saved.objective} of {saved.cost} is optimal, but {again.cost} suffices; "
            "plan it again"
        )


def _planned_again(saved: AnyPlan) -> AnyPlan:
    if not isinstance(saved, Plan):
        return plan(saved.graph)
    return plan(saved.chain, objective=saved.objective, transfer=saved.transfer)


def hessian_of(problem: Problem, text: str, seed: int = 0) -> HessianProblem:
    """The second derivatives of a network with parameters; raises `ChainorderError` for anything else."""
    from chainorder.graph.second_order import HessianProblem

    if not isinstance(problem, Graph) or problem.network is None:
        raise ChainorderError(f"{text}: --hessian is for layers with parameters: true and a loss")
    return HessianProblem(problem.network, seed)


def problem_of(found: AnyPlan) -> Problem:
    """What a plan is for."""
    return found.chain if isinstance(found, Plan) else found.graph


def _is_file(text: str) -> bool:
    return os.path.isfile(text)  # noqa: PTH113 -- pathlib raises where the text is too long for a name


def plan_or_price(chain: Problem, solver: str, order: str | None, **options: Any) -> AnyPlan:
    """The plan of a solver, or of the order that is given; shows the progress of a search."""
    if order is None:
        with searching() as progress:
            return plan(chain, solver=solver, progress=progress, **options)
    if isinstance(chain, Graph):
        from chainorder.graph.solvers.given import eliminate_in_order

        return eliminate_in_order(chain, order)
    priced = plan_in_order(chain.on(1), order)
    if chain.machines == 1:
        return priced
    objective = options.get("objective") or "makespan"
    return scheduled(priced, chain.machines, objective, options.get("transfer", 0))

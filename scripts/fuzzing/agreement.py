"""What holds of a chain or graph in memory: solvers agree, bounds bound, plans come back, counts agree."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from chainorder import Chain, ChainorderError, Graph, GraphPlan, Plan, execute, load, plan, plan_many
from chainorder.comparison.graphs import RULES
from chainorder.errors import InfeasibleError, SolverError, StructureError
from chainorder.solvers.registry import all_solvers
from scripts.fuzzing.cases import Case, Fault, fault
from scripts.fuzzing.running import TooLongError, limited, place_of
from tests import graph_oracle, schedules
from tests.oracle import all_totals

SPEC = "spec.json"
ORACLE = 5
"""Elementals up to which operation trees are all looked at."""

LARGE = 10**4
"""Entries up to which a chain is multiplied."""

SHORT = 0.3
"""Seconds of a search that need not prove anything."""


class Findings:
    """Faults as they are found; an exception where none is expected is one."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    @contextmanager
    def watching(self, what: str) -> Iterator[None]:
        try:
            with limited():
                yield
        except (Exception, TooLongError) as error:  # noqa: BLE001 -- whatever escapes is what is looked for
            self.faults.append(fault("exception", f"{what}\n{traceback.format_exc()}", place_of(error)))

    def expect(self, holds: bool, rule: str, detail: str) -> None:
        if not holds:
            self.faults.append(Fault(rule, "", detail))


def check_problem(case: Case, folder: Path) -> list[Fault]:
    """Read the spec of a case and hold everything that can be done with it against the rest."""
    found = Findings()
    with found.watching("load"):
        for problem in load(folder / SPEC):
            if isinstance(problem, Graph):
                check_graph(problem, found)
            elif problem.machines > 1:
                check_schedules(problem, found)
            else:
                check_chain(problem, found)
    return found.faults


def check_chain(chain: Chain, found: Findings) -> None:
    """All solvers on one machine."""
    plans = _plans(chain, [solver.name for solver in all_solvers()], found)
    optimum = _optimum(chain, found)
    for name, answer in plans.items():
        _check_claims(name, answer, optimum, found)
    for name in ("auto", "reuse", "estimated"):
        if name in plans:
            _check_saved(plans[name], found)
    if "auto" in plans:
        _check_best(plans, ("forward", "reverse", "preaccumulation"), found)
        with found.watching("plan_many"):
            many = plan_many([chain, chain])
            same = [isinstance(each, Plan) and each.fma == plans["auto"].fma for each in many]
            found.expect(all(same), "plan_many", f"{many} beside {plans['auto'].fma}")
        _check_runs([plans[name] for name in ("auto", "contraction", "reuse") if name in plans], found)


def _plans(problem: Any, names: list[str], found: Findings, **options: Any) -> dict[str, Any]:
    """Plans of the solvers that take it; `auto` refuses what has none, and patterns too large to be kept."""
    plans: dict[str, Any] = {}
    for name in names:
        with found.watching(f"solver {name}"):
            try:
                plans[name] = plan(problem, solver=name, **options)
            except StructureError:
                continue
            except SolverError as error:
                infeasible = isinstance(error, InfeasibleError) and not _feasible(problem)
                found.expect(name != "auto" or infeasible, "auto refuses", str(error))
                continue
            found.expect(_feasible(problem), f"{name} plans what is infeasible", plans[name].to_json())
            plans[name].validate()
    return plans


def _feasible(problem: Chain | Graph) -> bool:
    """Whether every elemental is explicit, or has a tangent, or an adjoint whose tape fits the memory."""
    return all(
        each.explicit
        or each.tangent is not None
        or (each.adjoint is not None and (problem.memory is None or each.tape <= problem.memory))
        for each in problem.elementals
    )


def _optimum(chain: Chain, found: Findings) -> int | None:
    """The least fma of any order, by an independent search where that is quick; None if it is not known."""
    with found.watching("oracle"), suppress(ChainorderError):
        cells = max(int(a) * int(b) for a, b in zip(chain.sizes, chain.sizes[1:], strict=False))
        if len(chain) <= ORACLE and cells <= LARGE:
            return min(all_totals(chain), default=None)
        return int(plan(chain, solver="exhaustive").fma)
    return None


def _check_claims(name: str, answer: Any, optimum: int | None, found: Findings) -> None:
    """Nothing is below the optimum but what reuses products, and what is called optimal is."""
    if answer.estimate is not None or answer.objective != "fma" or optimum is None:
        return
    reused = any(operation.action == "reuse" for operation in answer.operations)
    said = f"{name}: {answer.fma} fma, bound {answer.lower_bound}, optimum {optimum}"
    found.expect(reused or answer.fma >= optimum, f"{name} below the optimum", said)
    found.expect(not answer.optimal or answer.fma == optimum, f"{name} not optimal", said)
    found.expect(
        name not in ("dynamic", "exhaustive", "hu-shing") or answer.fma == optimum, f"{name} not exact", said
    )
    least = answer.fma if reused else optimum
    found.expect(answer.lower_bound is None or answer.lower_bound <= least, f"{name} bounds falsely", said)


def _check_saved(answer: Any, found: Findings) -> None:
    """A plan comes back from its JSON as it was."""
    with found.watching(f"save {answer.solver}"):
        back = type(answer).from_json(answer.to_json())
        found.expect(
            back == answer,
            f"{answer.solver} comes back changed",
            f"{answer.solver}: {answer.to_json()[:1000]}",
        )
        found.expect(len(str(answer)) > 0, "print", answer.solver)


def _check_best(plans: dict[str, Any], baselines: tuple[str, ...], found: Findings) -> None:
    """What `auto` finds is no worse than what everybody uses."""
    costs = {name: plans[name].fma for name in ("auto", *baselines) if name in plans}
    exact = getattr(plans["auto"], "estimate", None) is None
    found.expect(not exact or min(costs.values()) == costs["auto"], "best", str(costs))


def _check_runs(plans: list[Any], found: Findings) -> None:
    """Plans of one chain or graph count what they plan, pass their checks, and yield the same."""
    made: list[Any] = []
    for answer in plans:
        if not _runnable(answer):
            continue
        with found.watching(f"execute {answer.solver}"):
            ran = execute(answer)
            exact = getattr(answer, "estimate", None) is None
            found.expect(
                not exact or ran.fma == answer.fma,
                f"{answer.solver} counted",
                f"{ran.fma} fma, planned {answer.fma}",
            )
            found.expect(
                ran.passed,
                f"{answer.solver} not passed",
                f"{answer.solver}: {ran.checks}, peak {ran.peak_memory}",
            )
            made.append(ran.jacobian if isinstance(answer, Plan) else ran.blocks)
    for other in made[1:]:
        found.expect(_equal(made[0], other), "same Jacobian", f"{made[0]} and {other}")


def _runnable(answer: Any) -> bool:
    """Whether its matrices can be made and are small: a solve known by its cost alone has none."""
    problem = answer.graph if isinstance(answer, GraphPlan) else answer.chain
    elementals = problem.elementals if isinstance(problem, Graph) else list(problem.elementals)
    known = all(getattr(each.structure, "factorisation", each) is not None for each in elementals)
    return known and all(each.inputs * each.outputs <= LARGE for each in elementals)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    one, other = (each.toarray() if hasattr(each, "toarray") else np.asarray(each) for each in (one, other))
    return one.shape == other.shape and np.allclose(one, other, rtol=1e-4, atol=1e-4)


def check_schedules(chain: Chain, found: Findings) -> None:
    """Solvers for several machines, and orders of others that are scheduled."""
    names = ["list-scheduling", "exact", "anytime", "auto", "dynamic", "forward", "contraction"]
    plans = _plans(chain, names, found, time_limit=SHORT)
    least = min((answer.makespan for answer in plans.values()), default=None)
    for name, answer in plans.items():
        said = f"{name}: makespan {answer.makespan}, bound {answer.lower_bound}, least {least}"
        found.expect(
            answer.lower_bound is None or answer.lower_bound <= least,
            f"{name} bounds makespans falsely",
            said,
        )
        found.expect(not answer.optimal or answer.makespan == least, f"{name} not optimal in makespan", said)
    for name in ("anytime", "dynamic"):
        if name in plans:
            _check_saved(plans[name], found)
    if least is not None and chain.dense and len(chain) <= 3 and chain.machines == 2:
        with found.watching("oracle of makespans"):
            right = schedules.least_makespan(chain, chain.machines) if len(chain) > 1 else least
            proved = [answer.makespan for answer in plans.values() if answer.optimal]
            found.expect(
                least >= right and all(each == right for each in proved), "least makespan", f"{least} {right}"
            )
    _check_runs([plans[name] for name in ("anytime", "auto") if name in plans], found)


def check_graph(graph: Graph, found: Findings) -> None:
    """All solvers for graphs, and the ways out of the package and back."""
    plans = _plans(graph, [solver.name for solver in all_solvers("graph")], found, time_limit=SHORT)
    bounds = [answer.lower_bound for answer in plans.values() if answer.lower_bound is not None]
    least = min((answer.fma for answer in plans.values()), default=0)
    for name, answer in plans.items():
        said = f"{name}: {answer.fma} fma, least {least}, bounds {bounds}"
        found.expect(all(bound <= answer.fma for bound in bounds), f"{name} bounds graphs falsely", said)
        found.expect(not answer.optimal or answer.fma == least, f"{name} not optimal on a graph", said)
    for name in ("auto", "vertex"):
        if name in plans:
            _check_saved(plans[name], found)
    if plans and _oracle_takes(graph):
        with found.watching("oracle of graphs"):
            right = graph_oracle.cheapest_faces(graph)
            proved = {name: answer.fma for name, answer in plans.items() if answer.optimal}
            holds = least >= right and all(fma == right for fma in proved.values())
            found.expect(holds, "least of graph", f"{least}, {proved} proved, right {right}")
    if "auto" in plans:
        _check_best(plans, RULES, found)
        _check_runs([plans[name] for name in ("auto", "reverse") if name in plans], found)
    if graph.network is None:
        with found.watching("networkx"):
            back = Graph.from_networkx(graph.to_networkx())
            found.expect(
                back.edges == graph.edges and back.vertices == graph.vertices, "networkx", f"{graph}"
            )


def _oracle_takes(graph: Graph) -> bool:
    dense = all(edge.structure.name == "dense" for edge in graph.edges)
    return dense and graph.memory is None and len(graph.edges) <= 6

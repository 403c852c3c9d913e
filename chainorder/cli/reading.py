"""What a CHAIN argument stands for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from chainorder.errors import ChainorderError, PlanError, SolverError, SpecError
from chainorder.problems.inline_dims import looks_like_dims, parse_dims
from chainorder.problems.problem import Problem
from chainorder.reading.wording import without_breaks
from chainorder.report.progress import searching
from chainorder.solvers import plan, plan_in_order
from chainorder.solvers.registry import SEARCHED
from chainorder.system.phases import counted, phase
from chainorder.system.signals import asking_first, end_if_asked

if TYPE_CHECKING:
    from chainorder.comparison.hessian import HessianProblem
    from chainorder.plans.chain_plan import Plan
    from chainorder.plans.graph_plan import GraphPlan

AnyPlan: TypeAlias = "Plan | GraphPlan"


@dataclass(frozen=True)
class Request:
    """Which plan the flags of a command line ask for.

    Attributes
    ----------
    memory, machines
        Instead of those that chains state.
    options
        Further arguments of `plan`.
    measure
        What is done to a problem before it is planned, where times of its models are to be measured.
    """

    solver: str = "auto"
    order: str | None = None
    memory: int | None = None
    machines: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    measure: Callable[[Problem], Problem] | None = None

    @property
    def flags(self) -> list[str]:
        """The flags that are given, but for a limit of time, which a saved plan keeps."""
        stated = {"order": self.order, "machines": self.machines, "memory": self.memory, **self.options}
        solver = [] if self.solver == "auto" else [f"--solver {self.solver}"]
        defaults = {"transfer": 0, "time_limit": stated.get("time_limit")}
        measure = ["--measure"] * (self.measure is not None)
        return solver + measure + [f"--{key}" for key, value in stated.items() if value != defaults.get(key)]

    def changed(self, problem: Problem) -> Problem:
        """A problem with the memory and the machines that are asked for."""
        problem = problem if self.memory is None else problem.within(self.memory)
        return problem if self.machines is None else problem.on(self.machines)


@phase("reading")
def read_inputs(texts: Sequence[str], request: Request) -> list[Problem | AnyPlan]:
    """The chains and graphs that CHAIN arguments stand for, and the plans that were saved, validated.

    An argument is sizes or the name of a file; ``-`` is standard input. Chains without a name are called
    after their file.

    Raises
    ------
    SpecError
        With what is wrong in any of them.
    PlanError
        If a saved plan is none.
    ChainorderError
        If there is one, and another plan is asked for.
    """
    if texts.count("-") > 1:
        raise ChainorderError("- is there twice, but standard input is read once; keep one")
    found: list[Problem | AnyPlan] = []
    errors: list[SpecError] = []
    for text in texts:
        try:
            found += _read(text, request)
        except SpecError as error:
            errors.append(error)
    if errors:
        raise SpecError.of(errors)
    return found


def _read(text: str, request: Request) -> Sequence[Problem | AnyPlan]:
    if looks_like_dims(text) and not _is_file(text):
        return [request.changed(parse_dims(text))]
    from chainorder.plans.files import read_saved
    from chainorder.problems.load import load
    from chainorder.reading.files import Source

    source = Source.of(text)
    saved = read_saved(source)
    if saved is None:
        return _named([request.changed(problem) for problem in load(source)], source.stem)
    if request.flags:
        asked = " and ".join(request.flags)
        remedy = "leave that out, or give the spec"
        raise ChainorderError(f"{text} is a saved plan, but {asked} would ask for another one; {remedy}")
    for each in saved:
        try:
            each.validate()
        except PlanError as error:
            raise PlanError(f"{text}: {error}; plan it again") from None
    return saved


def read_start(file: str) -> GraphPlan:
    """The saved plan of a graph that a search begins with, validated; `ChainorderError` if it is none."""
    from chainorder.plans.files import read_saved
    from chainorder.reading.files import Source

    saved: Any = read_saved(Source.of(file)) or []
    if len(saved) != 1 or saved[0].kind not in SEARCHED:
        raise ChainorderError(f"--start {file}: holds no single saved plan of a graph; save one with -o")
    start: GraphPlan = saved[0]
    try:
        start.validate()
    except PlanError as error:
        raise PlanError(f"{file}: {error}; plan it again") from None
    return start


def _named(problems: Sequence[Problem], stem: str) -> list[Problem]:
    """Problems, the nameless ones called after their file."""
    stem = without_breaks(stem)
    names = [stem if len(problems) == 1 else f"{stem}#{index}" for index in range(len(problems))]
    return [each if each.name else each.named(name) for each, name in zip(problems, names, strict=True)]


def read_plans(
    texts: Sequence[str],
    request: Request,
    check: Callable[[Sequence[Problem]], None],
    *,
    recheck: bool = False,
) -> list[AnyPlan]:
    """The plans that were saved, and plans for the chains that CHAIN arguments stand for.

    `check` sees what was read before anything is planned. With `recheck`, what a saved plan says is optimal
    is planned again; `PlanError` if less suffices.
    """
    found = read_inputs(texts, request)
    check(list(map(problem_of, found)))
    plans = []
    for each in counted(found, "chain", len(found)):
        if recheck and not isinstance(each, Problem) and each.optimal:
            _check_optimal(each)
        plans.append(plan_or_price(each, request) if isinstance(each, Problem) else each)
    return plans


@phase("planning")
def _check_optimal(saved: AnyPlan) -> None:
    profile = None if saved.predicted is None else saved.predicted.profile
    again = plan(saved.problem, objective=saved.objective, transfer=saved.transfer, profile=profile)
    if again.cost < saved.cost:
        raise PlanError(
            f"{saved.problem.title}: says a {saved.objective} of {saved.cost} is optimal, but "
            f"{again.cost} suffices; plan it again"
        )


def hessian_of(found: Problem | AnyPlan, seed: int = 0) -> HessianProblem:
    """The second derivatives of a network with parameters; raises `ChainorderError` for anything else."""
    from chainorder.comparison.hessian import HessianProblem
    from chainorder.problems.parameter_network import ParameterNetwork

    network = found.network if isinstance(found, Problem) else None
    if not isinstance(network, ParameterNetwork):
        name = found.name if isinstance(found, Problem) else "a saved plan"
        raise ChainorderError(f"{name}: --hessian is for layers with parameters: true and a loss")
    return HessianProblem(network, seed)


def problem_of(found: Problem | AnyPlan) -> Problem:
    """What a plan is for; a chain or graph itself."""
    return found if isinstance(found, Problem) else found.problem


def _is_file(text: str) -> bool:
    return os.path.isfile(text)  # noqa: PTH113 -- pathlib raises where the text is too long for a name


@contextmanager
def interruptible(problem: Problem) -> Iterator[None]:
    """Let Ctrl-C end a search that takes orders to end with the best so far; see `end_if_asked`."""
    if problem.kind not in SEARCHED:
        yield
        return
    with asking_first():
        try:
            yield
        except SolverError:
            end_if_asked()  # it has none yet
            raise


def plan_or_price(problem: Problem, request: Request) -> AnyPlan:
    """The plan of a solver, or of the order that is given; shows the progress of a search."""
    problem = problem if request.measure is None else request.measure(problem)
    if request.order is None:
        with searching() as progress, interruptible(problem):
            return plan(problem, solver=request.solver, progress=progress, **request.options)
    stated = {
        key: request.options[key] for key in ("objective", "transfer", "dtype") if key in request.options
    }
    with phase("planning"):
        return plan_in_order(problem, request.order, **stated)

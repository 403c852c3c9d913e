"""An order that somebody else has thought of."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from chainorder.errors import PlanError, SolverError
from chainorder.plans.graph_plan import GraphPlan
from chainorder.plans.vertex_plans import plan_of_order
from chainorder.problems.graph import Graph
from chainorder.solvers.options import Options


def eliminate_in_order(graph: Graph, order: str | Iterable[str]) -> GraphPlan:
    """The plan that eliminates the inner vertices in the given order.

    Parameters
    ----------
    graph
        The graph.
    order
        Names of all inner vertices, in a sequence, or in one text: separated by blanks or commas, quoted if
        they have some.

    Raises
    ------
    PlanError
        If a name is missing, there twice, or not that of an inner vertex.
    """
    names = _names(order) if isinstance(order, str) else list(order)
    counts = Counter(names)
    places = {name: place for place, name in enumerate(graph.vertices)}
    inner = set(graph.inner)
    for name in names:
        if name not in inner:
            known = shlex.join(graph.inner)
            raise PlanError(f"the order has {name!r}, which is no inner vertex; those are {known}")
        if counts[name] > 1:
            raise PlanError(f"the order has {name!r} twice; eliminate it once")
    missing = [name for name in graph.inner if name not in counts]
    if missing:
        raise PlanError(f"the order lacks {missing[0]!r}; name all inner vertices")
    return plan_of_order(graph, [places[name] for name in names], solver="given")


def begin_with(start: GraphPlan, graph: Graph, options: Options) -> Options:
    """Options for a search that begins with the order of a plan.

    Raises
    ------
    SolverError
        If the plan is for another graph, or takes more memory than there is.
    """
    mine, other = ((list(each.vertices.items()), each.edges, each.memory) for each in (graph, start.graph))
    if mine != other:
        raise SolverError(
            f"the plan to start from is for {start.graph.title}, with other vertices, edges or memory than "
            f"{graph.title}; give one of the same graph"
        )
    if start.objective == "seconds" != options.objective:
        raise SolverError("the plan to start from is by seconds; plan by --objective seconds, too")
    if start.machines > 1:
        raise SolverError(f"the plan to start from is for {start.machines} machines; give one for one")
    places = {name: place for place, name in enumerate(graph.vertices)}
    return replace(options, start=tuple(places[name] for name in shlex.split(start.order)))


def better_of(found: GraphPlan, start: GraphPlan) -> GraphPlan:
    """What was found; the plan that the search began with, with what is proved now, if that costs less."""
    if found.cost <= start.cost:
        return found
    bounds = [each for each in (found.lower_bound, start.lower_bound) if each is not None]
    lower = max(bounds, default=None)
    return replace(
        start,
        graph=found.graph,
        solver=found.solver,
        lower_bound=lower,
        optimal=lower == start.cost,
        vertex_bound=found.vertex_bound,
        why="nothing cheaper was found than the plan to start from",
    )


def _names(text: str) -> list[str]:
    words = shlex.shlex(text, posix=True, punctuation_chars="")
    words.whitespace += ","
    words.whitespace_split = True
    words.commenters = ""
    try:
        return list(words)
    except ValueError as error:
        raise PlanError(f"the order cannot be read ({str(error).lower()}); mend its quotes") from None

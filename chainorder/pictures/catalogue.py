"""Which pictures there are of what: a new one is a file here and a line below."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chainorder.errors import ChainorderError
from chainorder.pictures.scene import Scene
from chainorder.reading.magnitudes import duration, short
from chainorder.reading.wording import nearest_of
from chainorder.system.later import later

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_OF_PLAN = {
    "order": later("pictures.order", "order"),
    "memory": later("pictures.memory", "of_chain"),
    "schedule": later("pictures.schedule", "planned"),
    "patterns": later("pictures.patterns", "of_plan"),
}
_OF_GRAPH_PLAN = {
    "order": later("pictures.graphs", "eliminated"),
    "memory": later("pictures.memory", "of_graph"),
    "schedule": later("pictures.schedule", "planned"),
}
_COSTS = {"costs": later("pictures.bars", "costs")}


def _of_its_plan(pictures: Mapping[str, Callable[..., Scene]]) -> dict[str, Callable[..., Scene]]:
    """What there is of a run: as it ran, and the pictures of its plan, whose schedule is the planned one."""

    def of(picture: Callable[..., Scene]) -> Callable[..., Scene]:
        return lambda run: picture(run.plan)

    return {
        "measured": later("pictures.schedule", "measured"),
        **{name: of(each) for name, each in pictures.items()},
    }


PICTURES: dict[str, dict[str, Callable[..., Scene]]] = {
    "Chain": {
        "elementals": later("pictures.order", "elementals"),
        "patterns": later("pictures.patterns", "of_chain"),
    },
    "Plan": _OF_PLAN,
    "Comparison": {
        **_COSTS,
        "orders": later("pictures.bars", "orders"),
        "schedule": later("pictures.schedule", "best"),
    },
    "Execution": _of_its_plan(_OF_PLAN),
    "Sweep": {"costs": later("pictures.curves", "memory_sweep")},
    "Scaling": {"machines": later("pictures.curves", "scaling")},
    "Graph": {"graph": later("pictures.graphs", "graph")},
    "GraphPlan": _OF_GRAPH_PLAN,
    "GraphComparison": _COSTS,
    "GraphExecution": _of_its_plan(_OF_GRAPH_PLAN),
}
"""By the names of classes: pictures by their names, the one that `plot` draws unasked first."""


FILED = {
    "Chain": ("elementals",),
    "Graph": ("graph",),
    "Plan": ("order", "memory", "schedule"),
    "Comparison": ("costs", "orders", "schedule"),
    "Execution": ("order", "memory", "schedule", "measured"),
    "Sweep": ("costs",),
    "Scaling": ("machines",),
    "GraphPlan": ("order", "memory", "schedule"),
    "GraphComparison": ("costs",),
    "GraphExecution": ("order", "memory", "schedule", "measured"),
}
"""Which of them stand in files, where they are `worthwhile`."""


def pictures(found: Any) -> list[Scene]:
    """Those that stand in a file."""
    plan = getattr(found, "best", getattr(found, "plan", found))
    return [picture(found, each) for each in FILED[type(found).__name__] if worthwhile(each, plan)]


def worthwhile(what: str, plan: Any) -> bool:
    """Whether a schedule is on several machines, and memory known without large products of patterns."""
    match what:
        case "schedule":
            return bool(plan.machines > 1)
        case "memory":
            return bool(plan.has_small_patterns)
        case _:
            return True


def run_pictures(executions: Sequence[tuple[str, Any]]) -> list[Scene]:
    """What each of several runs took; and of the last, all that stands in a file."""
    from chainorder.pictures.bars import bars

    last = executions[-1][1]
    rows = [
        (label, run.seconds, f"{short(run.fma)} fma in {duration(run.seconds)}") for label, run in executions
    ]
    beside = [bars(f"{last.title}: time", rows, "seconds")] if len(rows) > 1 else []
    return [*beside, *pictures(last)]


def ways(title: str, costs: Sequence[tuple[str, int]]) -> list[Scene]:
    """The fma of several ways to the same."""
    from chainorder.pictures.bars import bars

    return [bars(title, [(name, fma, short(fma)) for name, fma in costs], "fma")]


def pictures_of(found: object) -> dict[str, Callable[..., Scene]]:
    """The pictures that there are of an object."""
    return next(PICTURES[each.__name__] for each in type(found).__mro__ if each.__name__ in PICTURES)


def picture(found: object, what: str | None = None) -> Scene:
    """One of them, by default the first.

    Raises
    ------
    ChainorderError
        If there is none of that name; lists those that there are.
    """
    known = pictures_of(found)
    what = what or next(iter(known))
    if what not in known:
        kind = type(found).__name__
        raise ChainorderError(f"{what!r} is no picture of a {kind}; {nearest_of(what, known)}")
    return known[what](found)


def plot(found: Any, what: str | None = None, *, ax: Axes | None = None) -> Axes:
    """Draw a picture by Matplotlib: see `chainorder.system.showing.Shown.plot`."""
    from chainorder.pictures.figures import draw

    return draw(picture(found, what), ax)

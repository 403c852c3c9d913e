"""How the cost of a chain changes with the memory, and its makespan with the number of machines."""

from __future__ import annotations

from functools import partial
from itertools import chain as chained
from typing import Any

from chainorder.comparison.scaling import Scaling, Sweep
from chainorder.plans.saved import SCHEMA_VERSION
from chainorder.report import times
from chainorder.report.charts import Chart, Plot
from chainorder.report.model import Report
from chainorder.report.pictures import pictures
from chainorder.report.schedules import planned_charts


def scaling_report(scaling: Scaling) -> Report:
    """Makespan, speed-up, efficiency and gap against the number of machines."""
    chain = scaling.one.chain
    columns = (
        "machines",
        "makespan",
        "speed-up",
        "efficiency",
        "gap",
        "fma",
        "claim",
        "solver",
        "bracketing",
    )
    rows = tuple(
        (
            plan.machines,
            times.number(plan, plan.makespan),
            scaling.speedup(plan),
            scaling.efficiency(plan),
            plan.gap,
            plan.fma,
            plan.claim,
            plan.solver,
            plan.bracketing,
        )
        for plan in scaling.plans
    )
    notes = tuple(f"{plan.machines:,} machines: {plan.why}" for plan in scaling.plans if not plan.optimal)
    charts = tuple(
        Chart(f"{plan.machines:,} machines", chart.lanes, chart.unit)
        for plan in scaling.plans
        for chart in planned_charts(plan)
    )
    title = f"{chain.name or 'chain'}: makespan by machines"
    data, drawn = partial(scaling_data, scaling), partial(pictures, scaling)
    hidden = frozenset({"solver", "bracketing"})
    return Report(title, columns, rows, notes, data, hidden, charts, pictures=drawn)


def scaling_data(scaling: Scaling) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "schema": SCHEMA_VERSION,
        "chain": scaling.one.chain.to_data(),
        "scaling": [
            plan.to_data()
            | {
                "speedup": scaling.speedup(plan),
                "efficiency": scaling.efficiency(plan),
                "gap": plan.gap,
            }
            for plan in scaling.plans
        ],
    }


def sweep_report(sweep: Sweep) -> Report:
    """Costs against the memory limit, and a plot of those of the best."""
    costs, unit = sweep.costs, sweep.unit
    names = [*(name for name in dict.fromkeys(chained(*costs.values())) if name != "best"), "best"]
    rows = [(memory, *map(each.get, names)) for memory, each in costs.items()]
    data = {
        "schema": SCHEMA_VERSION,
        "chain": sweep.chain.to_data(),
        "memory_sweep": [{"memory": row[0], unit: dict(zip(names, row[1:], strict=True))} for row in rows],
    }
    plot = Plot(f"{unit} of the best by entries of memory", [(row[0], row[-1]) for row in rows])
    title, drawn = f"{sweep.chain.title}: {unit} by memory", partial(pictures, sweep)
    return Report(title, ("memory", *names), rows, data=lambda: data, plots=(plot,), pictures=drawn)

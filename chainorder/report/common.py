"""What reports on chains and on graphs share: runs, checks and matrices, as rows, notes and data."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from chainorder.plans.saved import SCHEMA_VERSION, attributes
from chainorder.problems.problem import Problem
from chainorder.reading.numerals import as_bytes
from chainorder.reading.words import JACOBIANS
from chainorder.report.numbers import Cell, Seconds

if TYPE_CHECKING:
    from chainorder.comparison.ranking import Ranking
    from chainorder.execution.checks import Check
    from chainorder.execution.graph_result import GraphExecution
    from chainorder.execution.provenance import Provenance
    from chainorder.execution.result import Execution

Run: TypeAlias = "Execution | GraphExecution"

SomeOperation = TypeVar("SomeOperation")


def limit_note(problem: Problem) -> list[str]:
    """What the memory is, if it is limited: in entries and in bytes, as it may have been stated in either."""
    if problem.memory is None:
        return []
    return [f"memory: up to {problem.memory:,} entries ({as_bytes(problem.memory)}) of one tape"]


def shortened(text: str, width: int) -> str:
    """A text cut to a width."""
    return text if len(text) <= width else text[: width - 1] + "…"


def comparison_data(comparison: Ranking[Any]) -> dict[str, Any]:
    """A comparison as plain data."""
    return {
        "schema": SCHEMA_VERSION,
        comparison.best.kind: comparison.problem.to_data(),
        "plans": [plan.to_data() | {"ratio": comparison.ratio(plan)} for plan in comparison.plans],
        "infeasible": [attributes(each, "solver", "why") for each in comparison.infeasible],
    }


def executions_data(
    executions: Sequence[tuple[str, Run]],
    skipped: Sequence[str],
    details: Callable[[Any], dict[str, Any]],
    *counts: str,
) -> dict[str, Any]:
    """Runs as plain data; `details` are of the Jacobian and the operations, `counts` of more than fma."""
    problem = executions[-1][1].plan.problem
    runs = [
        {
            "order": label,
            "plan": run.plan.to_data(),
            **attributes(run, "fma", *counts, "seconds", "peak_memory"),
            **provenance_data(run.provenance),
            **details(run),
            "checks": checks_data(run.checks),
            "passed": run.passed,
        }
        for label, run in executions
    ]
    return {
        "schema": SCHEMA_VERSION,
        problem.kind: problem.to_data(),
        "runs": runs,
        **orders_data(executions),
        "skipped": list(skipped),
        "passed": all(run.passed for _, run in executions),
    }


def records_data(run: Run, *kept: str) -> list[dict[str, Any]]:
    """The operations of a run as plain data, their results as people call them."""
    records: Sequence[Any] = run.records
    return [{"result": run.plan.called(each.operation)} | attributes(each, *kept) for each in records]


def run_columns(*counts: str) -> tuple[str, ...]:
    """The heads over `run_row`."""
    counted = ("order", "planned fma", "counted fma", *counts)
    return (*counted, "seconds", "seconds ÷ best", "peak memory", "error", "passed", JACOBIANS)


def run_row(label: str, run: Run, best: Run, *counts: Cell) -> tuple[Cell, ...]:
    """Predicted beside measured; `counts` are of more than fma."""
    times = run.seconds / best.seconds if best.seconds else None
    error = max((check.error for check in run.checks), default=None, key=_or_infinity)
    counted = label, run.plan.fma, run.fma, *counts
    return *counted, Seconds(run.seconds), times, run.peak_memory, error, run.passed, str(run.source)


def _or_infinity(error: float) -> float:
    """An error that can be compared: NaN is the worst."""
    return error if error == error else math.inf


def outdone(runs: Sequence[tuple[str, Run]]) -> bool:
    """Whether the last of some runs, which was planned to be the best, took longer than another."""
    return any(run.seconds < runs[-1][1].seconds for _, run in runs)


def orders_data(runs: Sequence[tuple[str, Run]]) -> dict[str, Any]:
    """The labels of runs by what was planned and by what was measured."""
    return {
        "planned_order": [label for label, _ in sorted(runs, key=_planned)],
        "measured_order": [label for label, _ in sorted(runs, key=_measured)],
    }


def order_notes(runs: Sequence[tuple[str, Run]]) -> list[str]:
    """A sentence where a run took longer than another that was planned to cost more, or the best than any."""
    swapped = outdone(runs) or any(
        _planned(a) < _planned(b) and _measured(a) > _measured(b) for a in runs for b in runs
    )
    if not swapped:
        return []
    planned, measured = (_ranked(runs, cost) for cost in (_planned, _measured))
    unit = runs[-1][1].plan.objective
    return [f"the measured order differs from the planned one: by seconds {measured}, by {unit} {planned}"]


def _planned(run: tuple[str, Run]) -> float:
    return run[1].plan.cost


def _measured(run: tuple[str, Run]) -> float:
    return run[1].seconds


def _ranked(runs: Sequence[tuple[str, Run]], cost: Callable[[tuple[str, Run]], float]) -> str:
    """Labels by rising cost: ``best < forward = reverse``."""
    ordered = sorted(runs, key=cost)
    text = ordered[0][0]
    for before, after in pairwise(ordered):
        text += f" {'=' if cost(before) == cost(after) else '<'} {after[0]}"
    return text


def run_note(label: str, run: Run, counted: str | None = None) -> str:
    """Whether a run passed, and by what; `counted` is how its fma compare with those of the plan."""
    if counted is None:
        counted = "counted = planned" if run.fma == run.plan.fma else "COUNTED ≠ PLANNED"
        counted += "" if run.peak_memory == run.plan.peak_memory else ", PEAK MEMORY ≠ PLANNED"
    checks = [f"{check.name} {within_tolerance(check)}" for check in run.checks]
    return f"{label}: {'passed' if run.passed else 'FAILED'} ({'; '.join([counted, *checks])})"


def within_tolerance(check: Check) -> str:
    """An error beside what is tolerated."""
    return f"{check.error:.1e} {'≤' if check.passed else '>'} {check.tolerance:.0e}"


def checks_data(checks: Iterable[Check]) -> list[dict[str, Any]]:
    """Checks as plain data; an error that is no number, for which JSON has no word, is None."""
    found = [attributes(check, "name", "error", "tolerance", "passed") for check in checks]
    return [each | ({} if math.isfinite(each["error"]) else {"error": None}) for each in found]


def provenance_data(provenance: Provenance) -> dict[str, Any]:
    """Where the elemental Jacobians came from, and which are random."""
    return {JACOBIANS: provenance.source, "stand_ins": list(provenance.stand_ins)}


def matrix_note(matrix: Any) -> str:
    """The shape and the type of a matrix."""
    return f"{matrix.shape[0]:,} × {matrix.shape[1]:,}, {type(matrix).__name__}"


def matrix_data(matrix: Any) -> dict[str, Any]:
    """The same as plain data."""
    return {"shape": list(matrix.shape), "type": type(matrix).__name__}

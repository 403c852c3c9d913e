"""What a comparison comes to, in sentences: which order is the best, why, and what that spares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainorder.costs.prediction import Prediction
from chainorder.errors import ProfileError, SolverError
from chainorder.plans.chain_plan import Plan
from chainorder.problems.chain import Chain
from chainorder.reading.magnitudes import duration, short
from chainorder.reading.numerals import as_bytes
from chainorder.report.times import cost_of

if TYPE_CHECKING:
    from chainorder.comparison.chains import Comparison
    from chainorder.comparison.ranking import Ranking

SWEEPS = ("forward", "reverse")
"""What everybody has: what is spared is spared beside the cheaper one of them."""


def verdict(comparison: Comparison) -> str:
    """Which order of a chain is the best, how many times cheaper, and why."""
    best = comparison.best
    same = [plan for plan in comparison.plans[:-1] if plan.cost == best.cost or _same_order(plan, best)]
    reason = _side(best.chain, [plan.solver for plan in same]) if same else _way(best)
    return _verdict(comparison, same, reason)


def graph_verdict(comparison: Ranking[Any]) -> str:
    """Which order of a graph is the best, and how many times cheaper."""
    same = [plan for plan in comparison.plans[:-1] if plan.cost == comparison.best.cost]
    return _verdict(comparison, same, "")


def _verdict(comparison: Ranking[Any], same: list[Any], reason: str) -> str:
    """The sentence; `same` are the usual orders that are as good, and the reason why the best is the best."""
    best, others = comparison.best, comparison.plans[:-1]
    cheaper = [plan for plan in others if plan.cost < best.cost and plan not in same]
    if cheaper:
        least = min(cheaper, key=lambda plan: plan.cost)
        return (
            f"{least.solver} is cheaper than the order asked for: {cost_of(least)} instead of {cost_of(best)}"
        )
    gains = _gains(comparison, [plan for plan in others if plan not in same])
    if not same:
        because = f": {reason}" if reason else ""
        return f"the best order is {gains}{because}" if gains else "no baseline to compare with"
    verb = "order is" if len(same) == 1 else "orders are"
    proved = "optimal" if best.optimal else "as good as the best found"
    said = f"{_listed([plan.solver for plan in same])} {verb} {proved}{reason}"
    return f"{said}: {gains}" if gains else f"{said}: there is nothing to gain" * (len(same) > 1) or said


def _gains(comparison: Ranking[Any], others: list[Any]) -> str:
    """How many times cheaper than others the best is, those that are alike together."""
    times: dict[str, list[str]] = {}
    for plan in others:
        times.setdefault(_times(comparison.ratio(plan), comparison.best.objective), []).append(plan.solver)
    return ", ".join(f"{how} than {_listed(solvers)}" for how, solvers in times.items())


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _times(ratio: float | None, objective: str) -> str:
    word = {"makespan": "shorter", "seconds": "quicker"}.get(objective, "cheaper")
    return f"infinitely {word}" if ratio is None else f"{ratio:,.2f} times {word}"


def _same_order(plan: Plan, other: Plan) -> bool:
    """Whether two plans do the same; one may be priced exactly and the other estimated."""
    columns = ("step", "j", "k", "i")
    pairs = ((getattr(plan.operations, name), getattr(other.operations, name)) for name in columns)
    return plan.machines == 1 and all(np.array_equal(*pair) for pair in pairs)


def _way(best: Plan) -> str:
    """How an order works that is no sweep."""
    last, names = best.operations[-1], best.names
    j, k, i = last.j, last.split, last.i
    waist = waist_of(best.chain)
    where = f"between {names.label(k + 1)} and {names.label(k)}" if 0 < k < len(best.chain) else ""
    if waist is not None and int(best.chain.sizes[k]) == waist:
        return f"both sides are multiplied up to the waist, size {waist:,} {where}, and meet there"
    if i < k and k + 1 < j:
        return f"both sides are multiplied first and meet {where}, at size {int(best.chain.sizes[k]):,}"
    return "what lies inside is multiplied before the sweeps would come to it"


def _side(chain: Chain, same: list[str]) -> str:
    """Why a sweep is the best, if that is for its narrower side."""
    sizes = (chain.inputs, "input"), (chain.outputs, "output")
    inputs, outputs = (f"{size:,} {end}{'s' * (size > 1)}" for size, end in sizes)
    if same == ["reverse"] and chain.outputs < chain.inputs:
        return f", for its side is the narrower one ({outputs} beside {inputs})"
    if same == ["forward"] and chain.inputs < chain.outputs:
        return f", for its side is the narrower one ({inputs} beside {outputs})"
    return ""


def waist_of(chain: Chain) -> int | None:
    """The least size inside a chain, if it is less than both ends."""
    least = int(chain.sizes[1:-1].min()) if len(chain) > 1 else chain.inputs
    return least if least < min(chain.inputs, chain.outputs) else None


def gain(comparison: Ranking[Any]) -> list[str]:
    """What the best spares beside the cheaper sweep: fma, memory and, if they are predicted, seconds."""
    best = comparison.best
    sweeps = [plan for plan in comparison.plans[:-1] if plan.solver in SWEEPS]
    usual = min(sweeps, key=lambda plan: plan.cost, default=best)
    if usual.cost <= best.cost:
        return []
    return [f"beside {usual.solver} it spares {', '.join(_spared(usual, best))}"]


def _spared(usual: Any, best: Any) -> list[str]:
    entries = usual.peak_memory - best.peak_memory
    memory = f"{as_bytes(abs(entries))} of peak memory"
    spared = [f"{short(usual.fma - best.fma)} fma"] if usual.fma > best.fma else []
    if best.objective == "makespan":
        spared.insert(0, f"{short(usual.makespan - best.makespan)} fma of makespan")
    if (less := _less_time(usual, best)) is not None:
        spared.append(less)
    if entries > 0:
        spared.append(memory)
    return [*spared, f"and takes {memory} more"] if entries < 0 else spared


def _less_time(usual: Any, best: Any) -> str | None:
    """The predicted seconds that are spared; None where they cannot be told without much ado."""
    if usual.kind != Chain.kind or best.machines > 1 or not best.has_small_patterns:
        return None
    from chainorder.costs.profiles import current  # only comparisons read profiles unasked

    try:
        profile = current() if best.predicted is None else best.predicted.profile
        before, after = (
            Prediction.of(each.problem, each.operations.steps, profile).seconds for each in (usual, best)
        )
    except (SolverError, ProfileError):  # of models whose time nobody states; of no profile
        return None
    return f"{duration(before - after)} by {profile.name}" if before > after else None

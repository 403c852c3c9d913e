"""Plans: an order of operations for a chain, what it costs, and whether that is proved to be the least."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainorder.costs.bracketing import format_bracketing
from chainorder.costs.estimate import Estimate
from chainorder.costs.prediction import Prediction
from chainorder.costs.pricing import Results, int_column, price, starts, total
from chainorder.costs.steps import Step, Steps
from chainorder.plans.base import BasePlan
from chainorder.plans.chain_json import read
from chainorder.plans.chain_operations import Operation, Operations, Timetable
from chainorder.plans.names import Names
from chainorder.plans.saved import STATED, attributes
from chainorder.problems.chain import Chain

if TYPE_CHECKING:
    import networkx as nx


BRIEF = 12
"""Factors of an order that a line holds."""


@dataclass(frozen=True, repr=False)
class Plan(BasePlan):
    """An order in which to compute the Jacobian of a chain. Immutable; prints itself; saves itself.

    Attributes
    ----------
    chain
        What it is a plan for.
    solver
        The registered name of the solver that made it.
    optimal
        Whether no order costs less under the cost model, by proof.
    lower_bound
        What every order costs at least; None if no bound is known.
    operations
        In an executable order.
    peak_memory
        The most stored matrix entries live at once, run in that order.
    objective
        What was minimised: ``fma``, ``makespan`` or ``seconds``.
    why
        Why this solver, in a sentence.
    transfer
        The delay, in the unit of the plan for each stored entry, of an operand from another machine.
    estimate
        How its fma and peak memory were estimated; None if they are exact.
    predicted
        The time it takes by the profile of a machine; None if none was asked for.
    """

    kind: ClassVar[str] = Chain.kind
    derived: ClassVar[tuple[str, ...]] = ("fma", "flops", "makespan", "machines", "bracketing")

    chain: Chain
    solver: str
    optimal: bool
    lower_bound: int | None
    operations: Operations
    peak_memory: int
    objective: str = "fma"
    why: str = ""
    transfer: int = 0
    estimate: Estimate | None = None
    predicted: Prediction | None = None

    @classmethod
    def of(
        cls,
        chain: Chain,
        steps: Steps,
        *,
        solver: str,
        optimal: bool = False,
        lower_bound: int | None = None,
        why: str = "",
        objective: str = "fma",
        timetable: Timetable | None = None,
        results: Results | None = None,
        predicted: Prediction | None = None,
    ) -> Plan:
        """The plan that runs the given steps one after the other, or by a timetable; prices them.

        With `optimal` the bound is the cost itself; a plan that costs what a bound says is optimal.

        Raises
        ------
        PlanError
            If a step uses a model that its elemental does not have, or cannot use within the memory.
        """
        prices = price(chain, steps, results)
        if timetable is None:
            timetable = Timetable(np.zeros(len(steps), np.int32), starts(prices.fma))
        operations = Operations(
            steps.step.astype(np.uint8),
            steps.j.astype(np.int64),
            steps.k.astype(np.int64),
            steps.i.astype(np.int64),
            prices.fma,
            timetable.machine,
            timetable.start,
        )
        made = cls(
            chain,
            solver,
            optimal,
            lower_bound,
            operations,
            prices.peak_memory,
            objective,
            why,
            timetable.transfer,
            predicted=predicted,
        )
        bound = made.cost if optimal else lower_bound
        return replace(made, optimal=bound == made.cost, lower_bound=bound)

    @classmethod
    def later(cls, *, solver: str, fma: int, why: str, make: Mapping[str, Callable[[], Any]]) -> Plan:
        """An optimal plan for one machine that costs so much; all else is made when it is looked at.

        Parameters
        ----------
        make
            Makes its `chain`, `operations` and `peak_memory`.
        """
        made = object.__new__(cls)
        known = {"solver": solver, "optimal": True, "lower_bound": fma, "why": why}
        vars(made).update(known, fma=fma, makespan=fma, _make=make)
        return made

    def __getattr__(self, name: str) -> Any:
        """What `later` put off: only asked for what is not there."""
        make = vars(self).get("_make", {})
        if name not in make:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        vars(self)[name] = make[name]()
        return vars(self)[name]

    def __getstate__(self) -> dict[str, Any]:
        """All of it: a copy has no part in what others of its table are made from."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def problem(self) -> Chain:
        """The chain."""
        return self.chain

    @cached_property
    def fma(self) -> int:
        """Fused multiply–adds of all operations."""
        return total(self.operations.fma)

    @cached_property
    def makespan(self) -> int:
        """When the last operation ends, in the unit of the plan."""
        lasting = self.operations.fma if self.times is None else int_column(list(self.times))
        ends = self.operations.start + lasting
        return int(ends.max()) if len(ends) else 0

    @property
    def durations(self) -> Sequence[int]:
        """How long each operation takes, in the unit of the plan."""
        lasting: list[int] = self.operations.fma.tolist()
        return lasting if self.times is None else self.times

    @property
    def bracketing(self) -> str:
        """The order as text, output first: ``(F3 F2) F1``."""
        return format_bracketing(len(self.chain), self.operations.j, self.operations.i)

    @property
    def brief(self) -> str:
        """What it costs, and its order if that is short, in a line."""
        return super().brief + (f": {self.bracketing}" if len(self.chain) <= BRIEF else "")

    @property
    def claim(self) -> str:
        """What is proved of it, in words."""
        if self.estimate is not None and not self.estimate.samples:
            return "heuristic: costs guessed from sizes and entries"
        if self.estimate is not None:
            return f"heuristic: estimated fill, fma ± {self.estimate.error:.1%}"
        if not self.optimal and (self.operations.step == Step.REUSE).any():
            return "heuristic: equal products reused"
        return super().claim

    @cached_property
    def names(self) -> Names:
        """What people call the Jacobians of its chain."""
        return Names(self.chain)

    def called(self, operation: Operation) -> str:
        """What people call the result of an operation."""
        return self.names.node(operation.j, operation.i)

    def validate(self) -> None:
        """Recheck everything from scratch, slowly and obviously; raises `PlanError`."""
        from chainorder.plans.chain_validation import validate  # seldom wanted: start-up does without

        validate(self.chain, self.operations, self)

    def _attributes(self) -> dict[str, Any]:
        return {
            **attributes(self, *STATED, "makespan", "machines", "transfer", "peak_memory"),
            "estimate": None if self.estimate is None else asdict(self.estimate),
            **self._prediction(),
            "bracketing": self.bracketing,
        }

    @classmethod
    def _read(cls, data: Any, folder: Path) -> dict[str, Any]:
        return read(data, folder)

    def to_networkx(self) -> nx.DiGraph[str]:
        """The operations as a tree: nodes are Jacobians, ``law·mesh`` or ``F'3,1``, edges lead to results."""
        import networkx as nx

        graph: nx.DiGraph[str] = nx.DiGraph(name=self.chain.name or "", fma=self.fma)
        for number in range(1, len(self.chain) + 1):
            graph.add_node(self.names.node(number, number), action="elemental")
        for operation in self.operations:
            j, k, i = operation.j, operation.k, operation.i
            result = self.names.node(j, i)
            graph.add_node(result, action=str(operation.action), fma=operation.fma)
            if k is not None:
                graph.add_edge(self.names.node(j, k + 1), result, side="left")
                graph.add_edge(self.names.node(k, i), result, side="right")
        return graph

"""Plans: an order of operations for a chain, what it costs, and whether that is proved to be the least."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, overload

import numpy as np
import numpy.typing as npt

from chainorder.bracketing import format_bracketing
from chainorder.chain import Chain
from chainorder.claims import Claims
from chainorder.estimate import Estimate
from chainorder.index_sets import IntArray
from chainorder.pricing import Fills, IntColumn, price, starts, total
from chainorder.steps import Action, Step, Steps, source_of

if TYPE_CHECKING:
    import networkx as nx

OBJECTIVES = ("fma", "makespan")
"""What a plan may minimise."""

SHOWN = 12
"""Operations that a printed plan shows before it is cut."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One step of a plan; subchains are named by their elementals, counted from 1 at the input.

    Attributes
    ----------
    action
        See `Action`.
    mode
        Of an accumulation, ``tangent`` or ``adjoint``; else None.
    j, k, i
        The result is the Jacobian of the subchain i..j; k is where a product joins, j − 1 for a tangent
        step, i for an adjoint step, None for an accumulation.
    fma
        Fused multiply–adds.
    machine, start
        Where and when it runs, in fma from the start of the plan.
    """

    action: Action
    mode: str | None
    j: int
    k: int | None
    i: int
    fma: int
    machine: int = 0
    start: int = 0

    @property
    def split(self) -> int:
        """k, as columns hold it: 0 where it means nothing."""
        return 0 if self.k is None else self.k


@dataclass(frozen=True, eq=False)
class Operations(Sequence[Operation]):
    """Operations in an executable order, in columns of shape (operations,); `step` holds `Step` codes."""

    step: npt.NDArray[np.uint8]
    j: IntArray
    k: IntArray
    i: IntArray
    fma: IntColumn
    machine: npt.NDArray[np.int32]
    start: IntColumn

    def __post_init__(self) -> None:
        for column in fields(self):
            getattr(self, column.name).flags.writeable = False

    def __len__(self) -> int:
        return len(self.j)

    @overload
    def __getitem__(self, index: int) -> Operation: ...
    @overload
    def __getitem__(self, index: slice) -> list[Operation]: ...
    def __getitem__(self, index: int | slice) -> Operation | list[Operation]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        return _operation(*(int(getattr(self, column.name)[place]) for column in fields(self)))

    def __iter__(self) -> Iterator[Operation]:
        columns = (getattr(self, column.name).tolist() for column in fields(self))
        return (_operation(*row) for row in zip(*columns, strict=True))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Operations):
            return NotImplemented
        names = [column.name for column in fields(self)]
        return all(np.array_equal(getattr(self, name), getattr(other, name)) for name in names)

    def __hash__(self) -> int:
        return hash((len(self), total(self.fma)))


def _operation(code: int, j: int, k: int, i: int, fma: int, machine: int, start: int) -> Operation:
    step = Step(code)
    between = None if step.action is Action.ACCUMULATE else k
    return Operation(step.action, step.mode, j, between, i, fma, machine, start)


@dataclass(frozen=True, eq=False)
class Timetable:
    """Where and when the steps of a plan run: columns of shape (steps,).

    Attributes
    ----------
    machine
        Counted from 0.
    start
        In fma from the start of the plan.
    transfer
        The delay, in fma for each stored entry, that the starts allow operands made on another machine.
    """

    machine: npt.NDArray[np.int32]
    start: IntColumn
    transfer: int = 0


@dataclass(frozen=True)
class Plan(Claims):
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
        What was minimised: ``fma``, or ``makespan``.
    why
        Why this solver, in a sentence.
    transfer
        The delay, in fma for each stored entry, of an operand that was made on another machine.
    estimate
        How its fma and peak memory were estimated; None if they are exact.
    """

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
        fills: Fills | None = None,
    ) -> Plan:
        """The plan that runs the given steps one after the other, or by a timetable; prices them.

        With `optimal` the bound is the cost itself; a plan that costs what a bound says is optimal.

        Raises
        ------
        PlanError
            If a step uses a model that its elemental does not have, or cannot use within the memory.
        """
        prices = price(chain, steps, fills)
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
        )
        bound = made.cost if optimal else lower_bound
        return replace(made, optimal=bound == made.cost, lower_bound=bound)

    @property
    def fma(self) -> int:
        """Fused multiply–adds of all operations."""
        return total(self.operations.fma)

    @property
    def makespan(self) -> int:
        """When the last operation ends."""
        ends = self.operations.start + self.operations.fma
        return int(ends.max()) if len(ends) else 0

    @property
    def machines(self) -> int:
        """Machines that it was made for."""
        return self.chain.machines

    @property
    def cost(self) -> int:
        """What was minimised: its fma, or its makespan."""
        return self.makespan if self.objective == "makespan" else self.fma

    @property
    def bracketing(self) -> str:
        """The order as text, output first: ``(F3 F2) F1``."""
        return format_bracketing(len(self.chain), self.operations.j, self.operations.i)

    @property
    def claim(self) -> str:
        """What is proved of it, in words."""
        if self.estimate is not None:
            return f"heuristic: estimated fill, fma ± {self.estimate.error:.1%}"
        if not self.optimal and (self.operations.step == Step.REUSE).any():
            return "heuristic: equal products reused"
        return super().claim

    def validate(self) -> None:
        """Recheck everything from scratch, slowly and obviously; raises `PlanError`."""
        from chainorder.validation import validate

        validate(self)

    def to_json(self, *, indent: int | None = None) -> str:
        """The plan as JSON, with its chain; entries of matrices only by the paths of their files."""
        from chainorder.plan_json import dumps

        return dumps(self, indent=indent)

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """The plan that `to_json` saved; raises `PlanError` or `SpecError` for anything else."""
        from chainorder.plan_json import loads

        return loads(text)

    def to_networkx(self) -> nx.DiGraph[str]:
        """The operations as a tree: nodes are Jacobians such as ``F'3,1``, edges lead to results."""
        import networkx as nx

        graph: nx.DiGraph[str] = nx.DiGraph(name=self.chain.name or "", fma=self.fma)
        for number in range(1, len(self.chain) + 1):
            graph.add_node(node_name(number, number), action="elemental")
        for operation in self.operations:
            result = node_name(operation.j, operation.i)
            graph.add_node(result, action=str(operation.action), fma=operation.fma)
            if operation.k is not None:
                left, right = operand_names(operation.j, operation.k, operation.i)
                graph.add_edge(left, result, side="left")
                graph.add_edge(right, result, side="right")
        return graph

    def __str__(self) -> str:
        about = "" if self.estimate is None else "about "
        lines = [
            self.chain.title,
            f"{about}{self.fma:,} fma, peak memory {self.peak_memory:,} entries, "
            f"{self.solver} ({self.claim})",
        ]
        if self.machines > 1:
            lines.append(f"makespan {self.makespan:,} on {self.machines:,} machines")
        for o in self.operations[:SHOWN]:
            place = f", machine {o.machine} at {o.start:,}" if self.machines > 1 else ""
            lines.append(f"  {node_name(o.j, o.i)} = {formula(o)}  {o.fma:,} fma{place}")
        if len(self.operations) > SHOWN:
            lines.append(f"  … and {len(self.operations) - SHOWN:,} more operations")
        return "\n".join(lines)


def node_name(j: int, i: int) -> str:
    """How texts and graphs name the Jacobian of the subchain i..j."""
    return f"F'{j}" if i == j else f"F'{j},{i}"


def operand_names(j: int, k: int, i: int) -> tuple[str, str]:
    """What a product multiplies; of a step, one is the elemental whose model is evaluated."""
    return node_name(j, k + 1), node_name(k, i)


def formula(operation: Operation) -> str:
    """What an operation computes, in words: ``F'3 · F'2,1 by tangents``."""
    product = "" if operation.k is None else " · ".join(operand_names(operation.j, operation.k, operation.i))
    match operation.action, operation.mode:
        case Action.MULTIPLY, _:
            return product
        case Action.REUSE, _:
            return f"{node_name(*source_of(operation.j, operation.split, operation.i))} again"
        case Action.ACCUMULATE, mode:
            return f"accumulated by {mode}s"
        case action, _:
            return f"{product} by {action}s"

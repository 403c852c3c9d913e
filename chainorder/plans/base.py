"""What the plans of chains and of graphs have in common: what they claim, their JSON, their text."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from chainorder.costs.estimate import Estimate
from chainorder.costs.prediction import SECOND, Prediction
from chainorder.errors import PlanError
from chainorder.plans.saved import SCHEMA_VERSION, parse
from chainorder.plans.saved_paths import folder_of, relocated
from chainorder.problems.problem import Problem
from chainorder.reading.words import show
from chainorder.system.output import Output
from chainorder.system.showing import Shown

LARGE = 10**7
"""fma beyond which sparse patterns are not multiplied only to show something."""


def gap_between(cost: int, bound: int) -> float | None:
    """How far a cost may be above the least, as a fraction of a bound; None if only the bound is 0."""
    more = cost - bound
    return more / bound if bound else (0.0 if not more else None)


def excess(gap: float) -> str:
    """A gap in words."""
    return f"at most {1 + gap:,.1f} times" if gap >= 1 else f"at most {max(gap, 1e-4):.2%} above"


class BasePlan(Shown):
    """An order of operations for a chain or a graph. Immutable; prints itself; saves itself.

    Attributes
    ----------
    kind
        ``chain`` or ``graph``, as of its problem.
    solver
        The registered name of the solver that made it.
    optimal
        Whether nothing costs less, by proof.
    lower_bound
        What every alternative costs at least; None if no bound is known.
    operations
        In an executable order.
    peak_memory
        The most stored entries of Jacobians live at once, run in that order.
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

    kind: ClassVar[str]
    derived: ClassVar[tuple[str, ...]]
    """Attributes that its JSON states although its operations imply them: they have to agree."""

    solver: str
    optimal: bool
    lower_bound: int | None
    operations: Sequence[Any]
    peak_memory: int
    objective: str
    why: str
    transfer: int = 0
    estimate: Estimate | None = None
    predicted: Prediction | None = None

    @property
    @abstractmethod
    def problem(self) -> Problem:
        """The chain or graph that it is a plan for."""

    @property
    def name(self) -> str | None:
        """The name of the chain or graph."""
        return self.problem.name

    @property
    def machines(self) -> int:
        """Machines that it was made for."""
        return self.problem.machines

    @property
    @abstractmethod
    def fma(self) -> int:
        """Fused multiply–adds of all operations."""

    @property
    def flops(self) -> int:
        """Floating point operations: two per fma; additions of parallel Jacobians apart."""
        return 2 * self.fma

    @property
    @abstractmethod
    def makespan(self) -> int:
        """When the last operation ends, in the unit of the plan."""

    @property
    def unit(self) -> str:
        """What its cost, its bounds and the starts of its operations count: ``fma``, or ``ps``."""
        return "fma" if self.times is None else "ps"

    @property
    def times(self) -> tuple[int, ...] | None:
        """The picoseconds that operations of a plan by seconds take; None where they take their fma."""
        return self.predicted.times if self.predicted is not None and self.objective == "seconds" else None

    @property
    def expected(self) -> float | None:
        """Seconds that running it is predicted to take; None if nothing is predicted of its schedule."""
        if self.predicted is None or (self.machines > 1 and self.times is None):
            return None
        return self.predicted.seconds if self.times is None else self.makespan / SECOND

    @property
    def durations(self) -> Sequence[int]:
        """How long each operation takes, in the unit of the plan."""
        return [operation.fma for operation in self.operations] if self.times is None else self.times

    @property
    def has_small_patterns(self) -> bool:
        """Whether the patterns of its results are made at once, only to show something."""
        return self.estimate is None and (self.fma <= LARGE or not self.problem.sparse)

    @property
    def cost(self) -> int:
        """What was minimised: its fma; or its makespan, in fma or in picoseconds."""
        return self.fma if self.objective == "fma" else self.makespan

    @property
    def gap(self) -> float | None:
        """How far the cost may be above the least, as a fraction of it; None if no bound is known."""
        if self.lower_bound is None:
            return None
        return gap_between(self.cost, self.lower_bound)

    @property
    def in_model(self) -> str:
        """Of what a proof is: by seconds, of the model of a profile."""
        timed = None if self.times is None else self.predicted
        return "" if timed is None else f" in the model of {timed.profile.name}"

    @property
    def claim(self) -> str:
        """What is proved of it, in words."""
        if self.optimal:
            return f"optimal{self.in_model}"
        if self.lower_bound is None:
            return "no claim"
        if self.gap is None:
            return "heuristic"
        return f"heuristic, {excess(self.gap)} the optimum"

    @abstractmethod
    def validate(self) -> None:
        """Recheck everything from scratch, slowly and obviously; raises `PlanError`."""

    def to_data(self) -> dict[str, Any]:
        """The plan as plain data, keys as documented in the README."""
        return {
            "schema": SCHEMA_VERSION,
            self.kind: self.problem.to_data(),
            **self._attributes(),
            "operations": [operation.to_data() for operation in self.operations],
        }

    @abstractmethod
    def called(self, operation: Any) -> str:
        """What people call the result of one of its operations."""

    @abstractmethod
    def _attributes(self) -> dict[str, Any]:
        """What its data state beside the problem and the operations."""

    def _prediction(self) -> dict[str, Any]:
        """What its data state of its prediction."""
        if self.predicted is None:
            return {"seconds": None, "profile": None}
        found = self.predicted
        return {"seconds": found.seconds, "profile": found.profile.name, "predicted": found.to_data()}

    def to_json(self, *, indent: int | None = None) -> str:
        """The plan as JSON, with what it is for; entries of matrices only by the paths of their files."""
        return json.dumps(self.to_data(), indent=indent, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The plan that `to_json` saved; raises `PlanError` or `SpecError` for anything else."""
        return cls.from_data(parse(text, f"{cls.__name__}.to_json"), Path())

    def save(self, path: str | Path) -> None:
        """Keep it in a JSON file, which `load` and the command line read; a file that is there is replaced.

        Paths of matrices are kept relative to it; entries that are in memory only are not kept.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        folder = Path(path).parent
        data = relocated(self.to_data(), folder)
        Output.at(path).write([json.dumps(data, indent=2, ensure_ascii=False), "\n"])

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The plan in a file that `save` or ``chainorder plan -o`` wrote, validated.

        Raises
        ------
        PlanError, SpecError
            If it is none, or not right.
        """
        from chainorder.reading.files import Source, read_text  # start-up does without

        source = Source.of(Path(path))
        data = parse(read_text(source), f"{cls.__name__}.save")
        try:
            plan = cls.from_data(data, folder_of(data, source.folder) if isinstance(data, dict) else Path())
            plan.validate()
        except PlanError as error:
            raise PlanError(f"{source.name}: {error}") from None
        return plan

    @classmethod
    def from_data(cls, data: Any, folder: Path) -> Self:
        """The plan of plain data; relative paths of matrices are resolved against `folder`.

        The structure of the data is checked here, its claims by `validate`.

        Raises
        ------
        PlanError
            If it is not a plan, and says which key.
        SpecError
            If its chain is not a chain, or its graph no graph.
        """
        plan = cls(**cls._read(data, folder))
        for key in cls.derived:
            if data.get(key) != getattr(plan, key):
                stated, right = show(data.get(key)), show(getattr(plan, key))
                raise PlanError(f"{key} is {stated}; the operations say {right}")
        return plan

    @classmethod
    @abstractmethod
    def _read(cls, data: Any, folder: Path) -> dict[str, Any]:
        """The attributes that data state, checked one by one."""

    @property
    def brief(self) -> str:
        """What it costs, in a line."""
        timed = f"makespan {self.makespan:,} {self.unit} on {self.machines:,} machines, "
        cost = timed if self.machines > 1 else ""
        about = "" if self.estimate is None else "about "
        return f"of {self.problem.title}; {cost}{about}{self.fma:,} fma, {self.solver} ({self.claim})"

"""A graph's plan as instructions, and what its edges are at run time.

A plan is carried out on the line graph once; what remains is a list of instructions on numbered places, so
that running the same plan again, as every step of a training does, costs its products and little else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chainorder.costs.steps import Instruction, replay
from chainorder.elimination.replay import Replay
from chainorder.errors import PlanError
from chainorder.execution.backends import CHUNK_ENTRIES, Backend, Form, Settings
from chainorder.execution.model import Model
from chainorder.execution.numpy_backend import NumPyBackend
from chainorder.execution.operand import Operand
from chainorder.execution.operations import Stepped
from chainorder.execution.provenance import Provenance
from chainorder.plans.graph_plan import GraphPlan
from chainorder.plans.graph_validation import find_move
from chainorder.problems.graph import Graph

Key = tuple[str, str]
"""The source and target of an edge, or an input and an output."""


@dataclass(frozen=True, eq=False)
class Program:
    """A plan as instructions.

    Attributes
    ----------
    plan
        The plan.
    instructions
        Those of its operations, in order, on numbered arcs.
    blocks
        The arc of every block of the Jacobian, by (input, output).
    """

    plan: GraphPlan
    instructions: tuple[Instruction[int], ...]
    blocks: Mapping[Key, int]

    @classmethod
    def of(cls, plan: GraphPlan) -> Program:
        """Carry out a plan on the line graph; raises `PlanError` if an operation is not possible."""
        replayed = Replay(plan.graph)
        instructions: list[Instruction[int]] = []
        for number, operation in enumerate(plan.operations):
            move = find_move(replayed, operation, f"operation {number + 1}")
            instructions += replayed.instructions(move, number)
        left, arcs = replayed.line.before, replayed.line.arcs
        names = list(plan.graph.vertices)
        if any(True for _ in replayed.line.faces()):
            raise PlanError("the plan ends before the Jacobian is there")
        blocks = {(names[arcs[arc].source], names[arcs[arc].target]): arc for arc in left}
        return cls(plan, tuple(instructions), blocks)

    def run(
        self, operands: Mapping[int, Operand], models: Mapping[int, Model], chunk: int = CHUNK_ENTRIES
    ) -> dict[Key, Operand]:
        """The blocks of the Jacobian by NumPy, without counting."""
        return self.run_on(NumPyBackend(Settings(chunk)), operands, models)

    def run_on(
        self,
        backend: Backend[Operand, Model, Form],
        operands: Mapping[int, Operand],
        models: Mapping[int, Model],
    ) -> dict[Key, Operand]:
        """The same by a backend."""

        def make(instruction: Instruction[int], factors: list[Form]) -> Form:
            model = None if instruction.through is None else models[instruction.through]
            return backend.carry_out(instruction, factors, model).result

        live = {arc: backend.take(operand) for arc, operand in operands.items()}
        for _ in replay(self.instructions, live, make):
            pass
        return {key: backend.to_host(live[arc]) for key, arc in self.blocks.items()}


@dataclass(frozen=True, eq=False)
class EdgeJacobians:
    """The edges of a graph at run time.

    Attributes
    ----------
    operands
        The Jacobians of explicit edges, by their place.
    models
        Tangents and adjoints of all edges, by their place.
    provenance
        Where the Jacobians came from.
    """

    operands: Mapping[int, Operand]
    models: Mapping[int, Model]
    provenance: Provenance = Provenance()


def stepped_of(graph: Graph, source: EdgeJacobians, edge: int) -> Stepped:
    """An edge of a graph with its model."""
    return Stepped(graph.elementals[edge], graph.pattern(edge), source.models[edge])

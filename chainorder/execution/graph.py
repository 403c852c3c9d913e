"""The executor for graphs: the operations of a plan on operands that are freed as soon as they are used.

A plan is carried out on the line graph once; what remains is a list of instructions on numbered places, so
that running the same plan again, as every step of a training does, costs its products and little else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainorder.costs.steps import Instruction, Ledger, replay
from chainorder.elimination.replay import Replay
from chainorder.errors import ExecutionError, PlanError, SolverError
from chainorder.execution.backends import CHUNK_ENTRIES, Backend, Form, Settings
from chainorder.execution.checks import PROBES, Check, Tolerances, dot_products
from chainorder.execution.conversions import owned
from chainorder.execution.graph_checks import against_blocks, against_program, against_sweeps
from chainorder.execution.memory import check_memory, check_probes
from chainorder.execution.model import Model
from chainorder.execution.numpy_backend import NumPyBackend
from chainorder.execution.operand import Array, Operand
from chainorder.execution.operations import OperationRecord, Stepped, run_here
from chainorder.execution.options import Options, run
from chainorder.execution.premises import check_finite, given_program, nonzero, rounding, told_zero
from chainorder.execution.provenance import Printed, Provenance, Source, refuse_unsaved, trace
from chainorder.execution.result import FULL_CHECK, TOLERANCE
from chainorder.execution.sources import Function, fit, operand_and_model
from chainorder.execution.storing import random_operand
from chainorder.plans.graph_operations import GraphOperation
from chainorder.plans.graph_plan import GraphPlan
from chainorder.plans.graph_validation import find_move
from chainorder.problems.graph import Graph
from chainorder.problems.matrix_files import MatrixFile, Unsaved
from chainorder.solvers import plan as make_plan

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


@dataclass(frozen=True, eq=False, repr=False)
class GraphExecution(Printed):
    """What came of running a plan for a graph.

    Attributes
    ----------
    plan
        The plan.
    blocks
        ∂output/∂input by (input, output), each of shape (size of output, size of input); none where no path
        leads from one to the other.
    fma, adds
        Counted over all operations.
    seconds
        Wall time of all operations, without making Jacobians and checking.
    peak_memory
        The most stored entries live at once.
    records
        One for each operation.
    checks
        Every comparison that was made.
    provenance
        Where the elemental Jacobians came from; `source` is that in a word.
    """

    plan: GraphPlan
    blocks: Mapping[Key, Any]
    fma: int
    adds: int
    seconds: float
    peak_memory: int
    records: tuple[OperationRecord[GraphOperation], ...]
    checks: tuple[Check, ...] = ()
    provenance: Provenance = Provenance()

    @property
    def title(self) -> str:
        """The graph in a line."""
        return self.plan.graph.title

    @property
    def jacobian(self) -> Any:
        """All blocks as one matrix, outputs × inputs, in the order of the graph's vertices."""
        return assemble(self.plan.graph, self.blocks)

    @property
    def passed(self) -> bool:
        """Whether every check passed and the counts are those of the plan."""
        plan = self.plan
        counted = (self.fma, self.adds, self.peak_memory) == (plan.fma, plan.adds, plan.peak_memory)
        return counted and all(check.passed for check in self.checks)


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


@run.register
def _(plan: GraphPlan, jacobians: Mapping[Key, Any] | None, options: Options) -> GraphExecution:
    """Run the plan of a graph, and check the result."""
    graph = plan.graph
    if options.scheduler is not None or not options.symbolic:
        raise ExecutionError("plans of graphs run here, and count symbolic patterns; leave that option out")
    function: Function | None
    function, point = given_program(options.function, options.point, graph.columns, graph.rows)
    largest = max(graph.vertices.values())
    check_memory(max(plan.peak_memory, largest))
    if options.verify:
        check_probes(PROBES, largest)
    backend = options.made()
    sample = None
    if jacobians is None and graph.network is not None:
        sample = graph.network.sample(options.seed)
        jacobians = sample.jacobians()
    source = gather(graph, jacobians, options.seed, stand_ins=options.stand_ins)
    if sample is not None:
        source = replace(source, provenance=Provenance((Source.NETWORK,)))
    execution, blocks = _run(Program.of(plan), source, backend)
    if not options.verify:
        return execution
    if sample is not None and function is None:
        function, point = sample, sample.point
    checks = _checks(plan, source, blocks, backend, replace(options, function=function, point=point))
    return replace(execution, checks=tuple(checks))


def _checks(
    plan: GraphPlan,
    source: EdgeJacobians,
    blocks: Mapping[Key, Operand],
    backend: Backend[Operand, Model, Any],
    options: Options,
) -> list[Check]:
    """Every comparison of a result."""
    graph, models, seed = plan.graph, source.models, options.seed
    ends = [f"{edge.source} → {edge.target}" for edge in graph.edges]
    check_finite(blocks.values(), source.operands, models, ends.__getitem__)
    rounded = rounding([*blocks.values(), *source.operands.values()], models.values())
    tolerances = Tolerances.of(options.tolerance, max(TOLERANCE, rounded))
    checks = _check_orders(plan, source, blocks, backend, tolerances.exact)
    checks += against_sweeps(graph, models, blocks, seed, tolerances.exact)
    checks += dot_products(models, seed, tolerances.exact, ends.__getitem__)
    checks += against_program(graph, models, blocks, options.function, options.point, seed, tolerances)
    return checks if any(map(nonzero, blocks.values())) else told_zero(checks)


def gather(
    graph: Graph, given: Mapping[Key, Any] | None, seed: int, *, stand_ins: bool = False
) -> EdgeJacobians:
    """The given Jacobians; else the matrices of the edges, random where there is none.

    With `stand_ins` also where there was one in memory when the graph was saved.
    """
    generator = np.random.default_rng(seed)
    operands: dict[int, Operand] = {}
    models: dict[int, Model] = {}
    drawn: dict[str, Operand | Model] = {}  # of edges that are said to be the same
    _check_keys(graph, given)
    origins = [((edge.source, edge.target), edge.matrix, edge.structure) for edge in graph.edges]
    if given is None and not stand_ins:
        refuse_unsaved(origins)
    for place, edge in enumerate(graph.edges):
        here = f"the Jacobian of {edge.source} → {edge.target}"
        source = edge.matrix if given is None else given.get((edge.source, edge.target))
        if source is None and given is not None and not edge.structure.known:
            raise ExecutionError(f"{here} is missing; give one for every edge")
        if isinstance(source, MatrixFile):
            source = source.load()
        if isinstance(source, Unsaved):
            source = None
        pattern = graph.pattern(place)
        if source is not None:
            fitted = fit(pattern, source, here)
        elif edge.same is None or edge.same not in drawn:
            fitted = random_operand(pattern, generator)
            drawn |= {} if edge.same is None else {edge.same: fitted}
        else:
            fitted = drawn[edge.same]
        operand, models[place] = operand_and_model(graph.elementals[place], fitted, here)
        if operand is not None:
            operands[place] = operand
    return EdgeJacobians(operands, models, Provenance() if given is not None else trace(origins))


def _check_keys(graph: Graph, given: Mapping[Key, Any] | None) -> None:
    keys = {(edge.source, edge.target) for edge in graph.edges}
    if given is not None and not isinstance(given, Mapping):
        raise ExecutionError(
            f"the Jacobians are a {type(given).__name__}; give a graph's as {{(source, target): matrix}}"
        )
    for key in given or ():
        if key not in keys:
            raise ExecutionError(
                f"a Jacobian is given for {key!r}, which is no edge; keys are (source, target)"
            )


def _run(
    program: Program, source: EdgeJacobians, backend: Backend[Operand, Model, Any]
) -> tuple[GraphExecution, dict[Key, Operand]]:
    """Run a program, and count."""
    plan, graph = program.plan, program.plan.graph

    def stepped(edge: int) -> Stepped:
        return Stepped(graph.elementals[edge], graph.pattern(edge), source.models[edge])

    live = {arc: backend.take(operand) for arc, operand in source.operands.items()}
    ledger = Ledger({arc: operand.pattern.entries for arc, operand in source.operands.items()})
    records = run_here(backend, plan.operations, program.instructions, live, ledger, stepped)
    blocks = {key: backend.to_host(live[arc]) for key, arc in program.blocks.items()}
    execution = GraphExecution(
        plan,
        {key: owned(operand, source.operands.values()) for key, operand in blocks.items()},
        sum(record.fma for record in records),
        sum(record.adds for record in records),
        sum(record.seconds for record in records),
        ledger.peak,
        records,
        provenance=source.provenance,
    )
    return execution, blocks


def _check_orders(
    plan: GraphPlan,
    source: EdgeJacobians,
    blocks: Mapping[Key, Operand],
    backend: Backend[Operand, Model, Any],
    tolerance: float,
) -> list[Check]:
    """Compare with the forward and reverse orders, if those do not take much longer."""
    checks = []
    for name in ("forward", "reverse"):
        try:
            other = make_plan(plan.graph, solver=name)
        except SolverError:
            continue  # a pure sweep that lacks a model
        if other.operations == plan.operations or other.fma > FULL_CHECK * max(plan.fma, 10**7):
            continue
        again = Program.of(other).run_on(backend, source.operands, source.models)
        checks.append(against_blocks(blocks, again, name, tolerance))
    return checks


def assemble(graph: Graph, blocks: Mapping[Key, Any]) -> Any:
    """Blocks as one matrix: dense if they all are, else SciPy sparse."""
    if all(isinstance(block, np.ndarray) for block in blocks.values()):
        kind = np.result_type(*(block.dtype for block in blocks.values()))
        matrix: Array = np.zeros((graph.rows, graph.columns), kind)
        rows, columns = offsets(graph, graph.outputs), offsets(graph, graph.inputs)
        for (source, target), block in blocks.items():
            matrix[rows[target], columns[source]] = block
        return matrix
    from scipy.sparse import block_array, csr_array

    grid = [
        [
            blocks.get((source, target), csr_array((graph.vertices[target], graph.vertices[source])))
            for source in graph.inputs
        ]
        for target in graph.outputs
    ]
    return block_array(grid, format="csr")


def offsets(graph: Graph, names: Sequence[str]) -> dict[str, slice]:
    """Where each of some vertices lies when their values stand one after the other."""
    ends = np.cumsum([graph.vertices[name] for name in names]).tolist()
    return {name: slice(end - graph.vertices[name], end) for name, end in zip(names, ends, strict=True)}

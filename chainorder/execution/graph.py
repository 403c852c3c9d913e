"""The executor for graphs: the operations of a plan on operands that are freed as soon as they are used.

A plan is carried out on the line graph once; what remains is a list of instructions on numbered places, so
that running the same plan again, as every step of a training does, costs its products and little else.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, assert_never

import numpy as np

from chainorder.costs.steps import Step
from chainorder.elimination.replay import Replay
from chainorder.errors import ExecutionError, PlanError, SolverError
from chainorder.execution.checks import PROBES, Check, Tolerances, dot_products
from chainorder.execution.conversions import owned
from chainorder.execution.graph_checks import against_blocks, against_program, against_sweeps
from chainorder.execution.kernels import multiply
from chainorder.execution.memory import check_memory, check_probes
from chainorder.execution.model import CHUNK_ENTRIES, Model, by_adjoints, by_tangents
from chainorder.execution.operand import Array, Operand
from chainorder.execution.premises import check_finite, check_seed, given_program, nonzero, rounding
from chainorder.execution.provenance import Printed, Provenance, Source, refuse_unsaved, trace
from chainorder.execution.result import FULL_CHECK, TOLERANCE
from chainorder.execution.sources import fit, operand_and_model, random_operand
from chainorder.execution.sums import add
from chainorder.plans.graph_operations import GraphOperation
from chainorder.plans.graph_plan import GraphPlan
from chainorder.plans.graph_validation import find_move
from chainorder.problems.graph import Graph
from chainorder.problems.matrix_files import MatrixFile, Unsaved
from chainorder.structures.banded import Identity
from chainorder.structures.pattern import Pattern, counted_fma

Key = tuple[str, str]
"""The source and target of an edge, or an input and an output."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """An operation on numbered places.

    Attributes
    ----------
    step
        What is done.
    a, b
        Places of the operands (of the model's edge, where a model is evaluated); b is −1 for an accumulation.
    result
        Where the result goes, before it is added to others.
    pattern
        Of the result.
    sums
        Places to add and where their sum goes.
    freed
        Places that are not needed any more.
    """

    step: Step
    a: int
    b: int
    result: int
    pattern: Pattern
    sums: tuple[tuple[int, int, int], ...]
    freed: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Program:
    """A plan as instructions.

    Attributes
    ----------
    plan
        The plan.
    instructions
        One for each operation.
    blocks
        The place of every block of the Jacobian, by (input, output).
    """

    plan: GraphPlan
    instructions: tuple[Instruction, ...]
    blocks: Mapping[Key, int]

    @classmethod
    def of(cls, plan: GraphPlan) -> Program:
        """Carry out a plan on the line graph; raises `PlanError` if an operation is not possible."""
        replay = Replay(plan.graph)
        instructions = []
        for number, operation in enumerate(plan.operations, 1):
            move = find_move(replay, operation, f"operation {number}")
            result, sums = replay.run(move)
            arcs = replay.line.arcs
            instructions.append(
                Instruction(
                    move.step,
                    move.a,
                    -1 if move.b is None else move.b,
                    result,
                    arcs.patterns[arcs[result].pattern],
                    tuple((each.first, each.second, each.result) for each in sums),
                    tuple(replay.line.gone),
                )
            )
        left, arcs = replay.line.before, replay.line.arcs
        names = list(plan.graph.vertices)
        if any(True for _ in replay.line.faces()):
            raise PlanError("the plan ends before the Jacobian is there")
        blocks = {(names[arcs[arc].source], names[arcs[arc].target]): arc for arc in left}
        return cls(plan, tuple(instructions), blocks)

    def run(
        self, operands: Mapping[int, Operand], models: Mapping[int, Model], chunk: int = CHUNK_ENTRIES
    ) -> dict[Key, Operand]:
        """The blocks of the Jacobian, without counting."""
        live = dict(operands)
        for instruction in self.instructions:
            operate(instruction, live, models, chunk)
        return {key: live[place] for key, place in self.blocks.items()}


def operate(
    instruction: Instruction, live: dict[int, Operand], models: Mapping[int, Model], chunk: int
) -> tuple[Operand, int, int]:
    """Run one instruction: the result before sums, the evaluations of models, and the additions."""
    evaluations = adds = 0
    result: Operand
    match instruction.step:
        case Step.MULTIPLY:
            result = multiply(live[instruction.b], live[instruction.a])
        case Step.TANGENT:
            done = by_tangents(models[instruction.b], live[instruction.a], instruction.pattern, chunk)
            result, evaluations = done.result, done.evaluations
        case Step.ADJOINT:
            done = by_adjoints(models[instruction.a], live[instruction.b], instruction.pattern, chunk)
            result, evaluations = done.result, done.evaluations
        case Step.ACCUMULATE_TANGENT:
            done = by_tangents(models[instruction.a], None, instruction.pattern, chunk)
            result, evaluations = done.result, done.evaluations
        case Step.ACCUMULATE_ADJOINT:
            done = by_adjoints(models[instruction.a], None, instruction.pattern, chunk)
            result, evaluations = done.result, done.evaluations
        case Step.REUSE:
            raise AssertionError("only chains reuse products")
        case _:
            assert_never(instruction.step)
    live[instruction.result] = result
    for first, second, place in instruction.sums:
        a, b = live.pop(first), live.pop(second)
        live[place] = add(a, b)
        adds += a.pattern.nnz + b.pattern.nnz - live[place].pattern.nnz
    for place in instruction.freed:
        live.pop(place, None)
    return result, evaluations, adds


@dataclass(frozen=True, slots=True)
class GraphRecord:
    """What one operation did: as `OperationRecord`, and the additions."""

    operation: GraphOperation
    fma: int
    adds: int
    evaluations: int
    seconds: float
    format: str


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
    records: tuple[GraphRecord, ...]
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


def execute_graph(
    plan: GraphPlan,
    jacobians: Mapping[Key, Any] | None = None,
    *,
    function: Any = None,
    point: Any = None,
    seed: int = 0,
    verify: bool = True,
    tolerance: float | None = None,
    chunk_entries: int = CHUNK_ENTRIES,
    stand_ins: bool = False,
    scheduler: Any = None,
) -> GraphExecution:
    """Compute the Jacobian of a graph in the order of a plan.

    Parameters
    ----------
    plan
        The order.
    jacobians
        Elemental Jacobians by (source, target), those of identities may be left out; each is what
        `chainorder.execute` takes for an elemental. By default
        those of the network, the matrices of the edges, or random stand-ins.
    function, point
        The program itself, from the values of all inputs, one after the other, to those of all outputs, and
        where it was differentiated. By default that of the network; else a nonlinear program that has these
        elemental Jacobians at 0.
    seed, verify, tolerance, chunk_entries, stand_ins, scheduler
        As of `chainorder.execute`.

    Raises
    ------
    ExecutionError
        If a Jacobian does not fit its edge, a matrix was in memory when the plan was saved and is not given,
        the plan needs more memory than there is, or workers were asked for and there are none.
    """
    check_seed(seed)
    graph = plan.graph
    function, point = given_program(function, point, graph.columns, graph.rows)
    Tolerances.of(tolerance, TOLERANCE)  # a wrong one is refused before the work
    largest = max(graph.vertices.values())
    check_memory(max(plan.peak_memory, largest))
    if verify:
        check_probes(PROBES, largest)
    sample = None
    if jacobians is None and graph.network is not None:
        sample = graph.network.sample(seed)
        jacobians = sample.jacobians()
    source = gather(graph, jacobians, seed, stand_ins=stand_ins)
    if sample is not None:
        source = replace(source, provenance=Provenance((Source.NETWORK,)))
    program = Program.of(plan)
    if scheduler is None:
        execution, blocks = _run(program, source, chunk_entries)
    else:
        from chainorder.execution.graph_workers import run_on_workers

        execution, blocks = run_on_workers(program, source, chunk_entries, scheduler)
    if not verify:
        return execution
    ends = [f"{edge.source} → {edge.target}" for edge in graph.edges]
    check_finite(blocks.values(), source.operands, source.models, ends.__getitem__)
    rounded = rounding(source.operands.values(), source.models.values())
    tolerances = Tolerances.of(tolerance, max(TOLERANCE, rounded))
    if sample is not None and function is None:
        function, point = sample, sample.point
    checks = list(_check_orders(plan, source, blocks, tolerances.exact))
    checks += against_sweeps(graph, source.models, blocks, seed, tolerances.exact)
    checks += dot_products(source.models, seed, tolerances.exact, ends.__getitem__)
    checks += against_program(graph, source.models, blocks, function, point, seed, tolerances)
    if not any(map(nonzero, blocks.values())):
        checks = [replace(check, name=f"{check.name} (all zero: underflow?)") for check in checks]
    return replace(execution, checks=tuple(checks))


def gather(
    graph: Graph, given: Mapping[Key, Any] | None, seed: int, *, stand_ins: bool = False
) -> EdgeJacobians:
    """The given Jacobians; else the matrices of the edges, random where there is none.

    With `stand_ins` also where there was one in memory when the graph was saved.
    """
    generator = np.random.default_rng(seed)
    operands: dict[int, Operand] = {}
    models: dict[int, Model] = {}
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
    origins = [((edge.source, edge.target), edge.matrix, edge.structure) for edge in graph.edges]
    if given is None and not stand_ins:
        refuse_unsaved(origins)
    for place, edge in enumerate(graph.edges):
        here = f"the Jacobian of {edge.source} → {edge.target}"
        source = edge.matrix if given is None else given.get((edge.source, edge.target))
        if source is None and given is not None and not isinstance(edge.structure, Identity):
            raise ExecutionError(f"{here} is missing; give one for every edge")
        if isinstance(source, MatrixFile):
            source = source.load()
        if isinstance(source, Unsaved):
            source = None
        pattern = graph.pattern(place)
        fitted = random_operand(pattern, generator) if source is None else fit(pattern, source, here)
        operand, models[place] = operand_and_model(graph.elementals[place], fitted, here)
        if operand is not None:
            operands[place] = operand
    return EdgeJacobians(operands, models, Provenance() if given is not None else trace(origins))


def _run(program: Program, source: EdgeJacobians, chunk: int) -> tuple[GraphExecution, dict[Key, Operand]]:
    live = dict(source.operands)
    entries = peak = _entries(live)
    records = []
    for operation, instruction in zip(program.plan.operations, program.instructions, strict=True):
        patterns = {place: live[place].pattern for place in (instruction.a, instruction.b) if place in live}
        started = time.perf_counter()
        result, evaluations, adds = operate(instruction, live, source.models, chunk)
        seconds = time.perf_counter() - started
        fma = count(program.plan.graph, instruction, patterns, evaluations)
        peak = max(peak, entries + result.pattern.entries, entries := _entries(live))
        records.append(GraphRecord(operation, fma, adds, evaluations, seconds, result.format))
    blocks = {key: live[place] for key, place in program.blocks.items()}
    execution = GraphExecution(
        program.plan,
        {key: owned(operand, source.operands.values()) for key, operand in blocks.items()},
        sum(record.fma for record in records),
        sum(record.adds for record in records),
        sum(record.seconds for record in records),
        peak,
        tuple(records),
        provenance=source.provenance,
    )
    return execution, blocks


def _entries(live: Mapping[int, Operand]) -> int:
    return sum(operand.pattern.entries for operand in live.values())


def count(graph: Graph, instruction: Instruction, patterns: Mapping[int, Pattern], evaluations: int) -> int:
    """fma of what was done, from the operands that were at hand."""
    if instruction.step is Step.MULTIPLY:
        return counted_fma(patterns[instruction.b], patterns[instruction.a])
    by_b = instruction.step is Step.TANGENT
    elemental = graph.elementals[instruction.b if by_b else instruction.a]
    cost = elemental.tangent if instruction.step.by_tangents else elemental.adjoint
    return evaluations * (0 if cost is None else cost) + elemental.overhead


def _check_orders(
    plan: GraphPlan, source: EdgeJacobians, blocks: Mapping[Key, Operand], tolerance: float
) -> list[Check]:
    """Compare with the forward and reverse orders, if those do not take much longer."""
    from chainorder.solvers.graphs.registry import Search, find_solver

    checks = []
    for name in ("forward", "reverse"):
        try:
            other = find_solver(name).solve(plan.graph, Search())
        except SolverError:
            continue  # a pure sweep that lacks a model
        if other.operations == plan.operations or other.fma > FULL_CHECK * max(plan.fma, 10**7):
            continue
        again = Program.of(other).run(source.operands, source.models)
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

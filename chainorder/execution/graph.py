"""The executor for graphs: the operations of a plan on operands that are freed as soon as they are used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from chainorder.costs.steps import Ledger
from chainorder.errors import ExecutionError, SolverError
from chainorder.execution.backends import Backend
from chainorder.execution.checks import PROBES, Check, Tolerances, dot_products
from chainorder.execution.conversions import owned
from chainorder.execution.graph_checks import against_blocks, against_program, against_sweeps
from chainorder.execution.graph_program import EdgeJacobians, Key, Program, stepped_of
from chainorder.execution.graph_result import GraphExecution
from chainorder.execution.graph_workers import run_on_workers
from chainorder.execution.memory import check_memory, check_probes
from chainorder.execution.model import Model
from chainorder.execution.operand import Operand
from chainorder.execution.operations import run_here
from chainorder.execution.options import Options, run
from chainorder.execution.premises import check_finite, given_program, nonzero, rounding, told_zero
from chainorder.execution.provenance import Provenance, Source, refuse_unsaved, trace
from chainorder.execution.result import FULL_CHECK, TOLERANCE
from chainorder.execution.sources import Function, fit, operand_and_model
from chainorder.execution.storing import random_operand
from chainorder.plans.graph_plan import GraphPlan
from chainorder.problems.graph import Graph
from chainorder.problems.matrix_files import MatrixFile, Unsaved
from chainorder.solvers import plan as make_plan
from chainorder.system.phases import phase


@run.register
def _(plan: GraphPlan, jacobians: Mapping[Key, Any] | None, options: Options) -> GraphExecution:
    """Run the plan of a graph, and check the result."""
    graph = plan.graph
    if not options.symbolic:
        raise ExecutionError("runs of graphs count symbolic patterns; leave that option out")
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
    program = Program.of(plan)
    if options.scheduler is None:
        execution, blocks = _run(program, source, backend)
    else:
        execution, blocks = run_on_workers(program, source, options.settings, options.scheduler)
    if not options.verify:
        return execution
    if sample is not None and function is None:
        function, point = sample, sample.point
    checks = _checks(plan, source, blocks, backend, replace(options, function=function, point=point))
    return replace(execution, checks=tuple(checks))


@phase("verifying")
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


@phase("making Jacobians")
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
    plan, stepped = program.plan, partial(stepped_of, program.plan.graph, source)
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

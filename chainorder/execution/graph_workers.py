"""The operations of a graph's plan as tasks of Dask workers, each on the worker that stands for its machine.

Sums are tasks of their own, on the worker of the operation that they follow. Elemental Jacobians and models
are everywhere before the first operation. If a worker dies, what it held is made again by others.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chainorder.costs.steps import Step
from chainorder.execution.cluster import Client
from chainorder.execution.conversions import owned
from chainorder.execution.graph import (
    EdgeJacobians,
    GraphExecution,
    GraphRecord,
    Instruction,
    Key,
    Program,
    count,
    operate,
)
from chainorder.execution.model import Model
from chainorder.execution.operand import Operand
from chainorder.execution.sums import add
from chainorder.execution.workers import everywhere, on_cluster
from chainorder.structures.pattern import counted_fma

Event = Mapping[str, Any]
"""What a task did: when, for how long, and what came out."""

SUMS_FROM = 1
"""Parts of an operation: 0 is its product or evaluation, sums are numbered from here."""


def run_on_workers(
    program: Program, source: EdgeJacobians, chunk: int, scheduler: Any
) -> tuple[GraphExecution, dict[Key, Operand]]:
    """Run a program on a cluster, and the blocks of the Jacobian.

    Raises
    ------
    ExecutionError
        If there is no cluster, its workers keep dying, or a model cannot be sent to them.
    """
    used = len({operation.machine for operation in program.plan.operations})
    return on_cluster(scheduler, max(1, used), lambda client: _run(client, program, source, chunk))


def _run(
    client: Client, program: Program, source: EdgeJacobians, chunk: int
) -> tuple[GraphExecution, dict[Key, Operand]]:
    addresses = sorted(client.scheduler_info(n_workers=-1)["workers"])
    topic = f"chainorder-{uuid.uuid4().hex}"
    live = everywhere(client, source.operands)
    models = everywhere(client, {place: source.models[place] for place in _evaluated(program)})
    pairs = zip(program.plan.operations, program.instructions, strict=True)
    for number, (operation, instruction) in enumerate(pairs):
        where = {
            "workers": [addresses[operation.machine % len(addresses)]],
            "allow_other_workers": True,  # when the worker has gone
            "priority": -number,
        }
        a, b = instruction.a, instruction.b
        live[instruction.result] = client.submit(
            _operate,
            replace(instruction, sums=(), freed=()),
            {place: live[place] for place in (a, b) if place in live},
            {place: models[place] for place in (a, b) if place in models},
            (chunk, topic, number),
            key=f"{topic}-{number}",
            **where,
        )
        for part, (first, second, place) in enumerate(instruction.sums, SUMS_FROM):
            operands = live.pop(first), live.pop(second)
            name = f"{topic}-{number}-{part}"
            live[place] = client.submit(_add, *operands, (topic, number, part), key=name, **where)
        for place in instruction.freed:
            live.pop(place, None)
    blocks = {key: live[place] for key, place in program.blocks.items()}
    results: dict[Key, Operand] = client.gather(blocks)
    events = {(event["number"], event["part"]): event for _, event in client.get_events(topic)}
    return _execution(program, source, results, events), results


def _evaluated(program: Program) -> set[int]:
    """The edges whose models are evaluated."""
    found = set()
    for instruction in program.instructions:
        match instruction.step:
            case Step.TANGENT:
                found.add(instruction.b)
            case Step.ADJOINT | Step.ACCUMULATE_TANGENT | Step.ACCUMULATE_ADJOINT:
                found.add(instruction.a)
            case Step.MULTIPLY | Step.REUSE:
                pass
    return found


def _operate(
    instruction: Instruction,
    operands: dict[int, Operand],
    models: Mapping[int, Model],
    task: tuple[int, str, int],
) -> Operand:
    """A task: one operation with one thread; what it took goes to the scheduler as an event."""
    from threadpoolctl import threadpool_limits

    chunk, topic, number = task
    patterns = {place: operand.pattern for place, operand in operands.items()}
    with threadpool_limits(1):
        start = time.time()
        result, evaluations, _ = operate(instruction, dict(operands), models, chunk)
        seconds = time.time() - start
    multiplied = instruction.step is Step.MULTIPLY
    fma = counted_fma(patterns[instruction.b], patterns[instruction.a]) if multiplied else 0
    _log(topic, number, 0, start, seconds, result, fma=fma, evaluations=evaluations, form=result.format)
    return result


def _add(a: Operand, b: Operand, task: tuple[str, int, int]) -> Operand:
    """A task: the sum of two Jacobians."""
    topic, number, part = task
    start = time.time()
    result = add(a, b)
    adds = a.pattern.nnz + b.pattern.nnz - result.pattern.nnz
    _log(topic, number, part, start, time.time() - start, result, adds=adds)
    return result


def _log(
    topic: str, number: int, part: int, start: float, seconds: float, result: Operand, **counts: Any
) -> None:
    from distributed import get_worker

    place = {"number": number, "part": part, "start": start, "seconds": seconds}
    get_worker().log_event(topic, place | {"entries": result.pattern.entries} | counts)


def _execution(
    program: Program,
    source: EdgeJacobians,
    results: Mapping[Key, Operand],
    events: Mapping[tuple[int, int], Event],
) -> GraphExecution:
    """What the events say, as of the last time that each task ran; memory in the order of the plan."""
    entries = {place: operand.pattern.entries for place, operand in source.operands.items()}
    peak = stored = sum(entries.values())
    records = []
    pairs = zip(program.plan.operations, program.instructions, strict=True)
    for number, (operation, instruction) in enumerate(pairs):
        event = events[number, 0]
        entries[instruction.result] = event["entries"]
        peak = max(peak, stored + event["entries"])
        adds = 0
        for part, (first, second, place) in enumerate(instruction.sums, SUMS_FROM):
            entries.pop(first)
            entries.pop(second)
            entries[place] = events[number, part]["entries"]
            adds += events[number, part]["adds"]
        for place in instruction.freed:
            entries.pop(place, None)
        stored = sum(entries.values())
        peak = max(peak, stored)
        evaluations = event["evaluations"]
        multiplied = instruction.step is Step.MULTIPLY
        fma = event["fma"] if multiplied else count(program.plan.graph, instruction, {}, evaluations)
        records.append(GraphRecord(operation, fma, adds, evaluations, event["seconds"], event["form"]))
    began = min((event["start"] for event in events.values()), default=0.0)
    ended = max((event["start"] + event["seconds"] for event in events.values()), default=0.0)
    return GraphExecution(
        program.plan,
        {key: owned(operand, source.operands.values()) for key, operand in results.items()},
        sum(record.fma for record in records),
        sum(record.adds for record in records),
        ended - began,
        peak,
        tuple(records),
        provenance=source.provenance,
    )

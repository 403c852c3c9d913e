"""The operations of a graph's plan as tasks of Dask workers, each on the worker that stands for its machine.

Sums are tasks of their own, on the worker of the operation that they follow. Elemental Jacobians and models
are everywhere before the first operation. If a worker dies, what it held is made again by others.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chainorder.costs.steps import Instruction, Ledger, replay
from chainorder.execution.backends import Settings
from chainorder.execution.cluster import Client
from chainorder.execution.conversions import owned
from chainorder.execution.graph_program import EdgeJacobians, Key, Program, stepped_of
from chainorder.execution.graph_result import GraphExecution
from chainorder.execution.operand import Operand
from chainorder.execution.operations import OperationRecord
from chainorder.execution.workers import Future, everywhere, on_cluster, operate
from chainorder.plans.graph_operations import GraphOperation

Event = Mapping[str, Any]
"""What a task did: when, where, for how long, and what came out."""


def run_on_workers(
    program: Program, source: EdgeJacobians, settings: Settings, scheduler: Any
) -> tuple[GraphExecution, dict[Key, Operand]]:
    """Run a program on a cluster, and the blocks of the Jacobian.

    Raises
    ------
    ExecutionError
        If there is no cluster, its workers keep dying, or a model cannot be sent to them.
    """
    used = len({operation.machine for operation in program.plan.operations})
    return on_cluster(scheduler, max(1, used), lambda client: _run(client, program, source, settings))


def _run(
    client: Client, program: Program, source: EdgeJacobians, settings: Settings
) -> tuple[GraphExecution, dict[Key, Operand]]:
    addresses = sorted(client.scheduler_info(n_workers=-1)["workers"])
    topic = f"chainorder-{uuid.uuid4().hex}"
    operations, graph = program.plan.operations, program.plan.graph
    through = {each.through for each in program.instructions if each.through is not None}
    models = everywhere(client, {edge: stepped_of(graph, source, edge) for edge in sorted(through)})
    live = everywhere(client, source.operands)
    tasks = iter(range(len(program.instructions)))  # an operation may have several, for its sums

    def submit(instruction: Instruction[int], operands: list[Future]) -> Future:
        task = next(tasks)
        return client.submit(
            operate,
            instruction,
            operands,
            None if instruction.through is None else models[instruction.through],
            (settings, topic, task),
            key=f"{topic}-{task}",
            workers=[addresses[operations[instruction.number].machine % len(addresses)]],
            allow_other_workers=True,  # when the worker has gone
            priority=-task,
        )

    for _ in replay(program.instructions, live, submit):
        pass
    results: dict[Key, Operand] = client.gather({key: live[arc] for key, arc in program.blocks.items()})
    events = {event["number"]: event for _, event in client.get_events(topic)}
    return _execution(program, source, results, events), results


def _execution(
    program: Program, source: EdgeJacobians, results: Mapping[Key, Operand], events: Mapping[int, Event]
) -> GraphExecution:
    """What the events say, as of the last time that each task ran; memory in the order of the plan."""
    began = min((event["start"] for event in events.values()), default=0.0)
    ended = max((event["start"] + event["seconds"] for event in events.values()), default=0.0)
    ledger = Ledger({arc: operand.pattern.entries for arc, operand in source.operands.items()})
    records: list[OperationRecord[GraphOperation]] = []
    for task, instruction in enumerate(program.instructions):
        event = events[task]
        ledger.enter(instruction, event["entries"])
        if instruction.number < len(records):  # a sum that follows from the operation
            last = records[-1]
            seconds, adds = last.seconds + event["seconds"], last.adds + event["adds"]
            records[-1] = replace(last, seconds=seconds, adds=adds)
            continue
        operation = program.plan.operations[instruction.number]
        took = event["fma"], event["evaluations"], event["seconds"], event["format"]
        start = event["start"] - began
        records.append(OperationRecord(operation, *took, start, operation.machine, event["adds"]))
    return GraphExecution(
        program.plan,
        {key: owned(operand, source.operands.values()) for key, operand in results.items()},
        sum(record.fma for record in records),
        sum(record.adds for record in records),
        ended - began,
        ledger.peak,
        tuple(records),
        provenance=source.provenance,
    )

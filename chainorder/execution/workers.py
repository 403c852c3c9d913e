"""The operations of a plan as tasks of Dask workers, each on the worker that stands for its machine.

Results stay on the worker that made them, until an operation on another one uses them. Elemental Jacobians
and models are everywhere before the first operation. If a worker dies, what it held is made again by others.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, TypeVar

from chainorder.costs.steps import How, Instruction, Ledger, Place, replay
from chainorder.errors import ExecutionError
from chainorder.execution.backends import Settings
from chainorder.execution.cluster import Client, connected, dask_distributed
from chainorder.execution.conversions import owned
from chainorder.execution.numpy_backend import NumPyBackend
from chainorder.execution.operand import Operand
from chainorder.execution.operations import OperationRecord, Stepped, perform, stepped_of, stored_at_start
from chainorder.execution.result import Execution
from chainorder.execution.sources import Jacobians
from chainorder.plans.chain_plan import Plan

Result = TypeVar("Result")

Future: TypeAlias = Any
"""A `distributed.Future`."""

RESTART_SECONDS = 30
"""How long workers that died may take to come back, if there are no others."""

ATTEMPTS = 3
"""How often a plan is begun again when workers died with what only they held."""


def run_on_workers(
    plan: Plan, source: Jacobians, settings: Settings, scheduler: Any
) -> tuple[Operand, Execution]:
    """Run a plan on a cluster.

    Raises
    ------
    ExecutionError
        If there is no cluster, its workers keep dying, or a model cannot be sent to them.
    """
    used = len(set(plan.operations.machine.tolist()))
    return on_cluster(scheduler, max(1, used), lambda client: _run(client, plan, source, settings))


def on_cluster(scheduler: Any, workers: int, run: Callable[[Client], Result]) -> Result:
    """Run something on a cluster, again if workers died with what only they held.

    Raises
    ------
    ExecutionError
        If there is no cluster, or its workers keep dying.
    """
    distributed = dask_distributed()
    with connected(scheduler, workers) as client:
        for _ in range(ATTEMPTS):
            try:
                return run(client)
            except (distributed.CancelledError, distributed.KilledWorker, OSError) as error:
                if client.status != "running":
                    raise ExecutionError(
                        "the scheduler went away while the plan ran; start it again, or run it here"
                    ) from None
                if isinstance(error, OSError):
                    raise
                lost = error
                _await_workers(client)
    raise ExecutionError(
        f"workers died {ATTEMPTS} times while the plan ran ({type(lost).__name__}); see their logs"
    )


def _await_workers(client: Client) -> None:
    """Wait for workers that are started again."""
    try:
        client.wait_for_workers(1, timeout=RESTART_SECONDS)
    except TimeoutError:
        raise ExecutionError("all workers died; start some, or run it here") from None


def _run(client: Client, plan: Plan, source: Jacobians, settings: Settings) -> tuple[Operand, Execution]:
    addresses = sorted(client.scheduler_info(n_workers=-1)["workers"])
    topic = f"chainorder-{uuid.uuid4().hex}"
    instructions = list(plan.operations.steps.instructions())
    through = {each.through for each in instructions if each.through is not None}
    models = everywhere(client, {n: stepped_of(plan.chain, source, n) for n in sorted(through)})
    live = {(n, n): future for n, future in everywhere(client, source.operands).items()}
    machines = plan.operations.machine.tolist()

    def submit(instruction: Instruction[Place], operands: list[Future]) -> Future:
        if instruction.how is How.REUSE:
            return operands[0]
        return client.submit(
            operate,
            instruction,
            operands,
            None if instruction.through is None else models[instruction.through],
            (settings, topic, instruction.number),
            key=f"{topic}-{instruction.number}",
            workers=[addresses[machines[instruction.number] % len(addresses)]],
            allow_other_workers=True,  # when the worker has gone
            priority=-instruction.number,
        )

    for _ in replay(instructions, live, submit):
        pass
    (final,) = live.values()
    result: Operand = final.result()
    events = {event["number"]: event for _, event in client.get_events(topic)}
    return result, _execution(plan, source, result, events, addresses)


def everywhere(client: Client, values: Mapping[int, Any]) -> dict[int, Future]:
    """Send values to all workers; raises `ExecutionError` if one cannot be sent."""
    if not values:
        return {}
    try:
        futures = client.scatter(list(values.values()), broadcast=True, hash=False)
    except (TypeError, AttributeError) as error:
        raise ExecutionError(
            f"a model or Jacobian cannot be sent to workers ({error}); run it here"
        ) from None
    return dict(zip(values, futures, strict=True))


def operate(
    instruction: Instruction[Any],
    operands: list[Operand],
    stepped: Stepped | None,
    task: tuple[Settings, str, int],
) -> Operand:
    """A task: one instruction with one thread; what it took goes to the scheduler as an event."""
    from distributed import get_worker
    from threadpoolctl import threadpool_limits

    settings, topic, number = task
    worker, backend = get_worker(), NumPyBackend(settings)
    with threadpool_limits(1):
        start = time.time()
        done = perform(backend, instruction, operands, stepped)
        seconds = time.time() - start
    event = {
        "number": number,
        "worker": worker.address,
        "start": start,
        "seconds": seconds,
        "fma": done.fma,
        "adds": done.adds,
        "evaluations": done.evaluations,
        "entries": backend.entries(done.result),
        "format": done.result.format,
    }
    worker.log_event(topic, event)
    return done.result


def _execution(
    plan: Plan,
    source: Jacobians,
    result: Operand,
    events: Mapping[int, Mapping[str, Any]],
    addresses: Sequence[str],
) -> Execution:
    """What the events say, as of the last time that each operation ran."""
    began = min((event["start"] for event in events.values()), default=0.0)
    others = [event["worker"] for event in events.values() if event["worker"] not in addresses]
    numbers = {address: number for number, address in enumerate([*addresses, *dict.fromkeys(others)])}
    ledger = Ledger(stored_at_start(source))
    records = []
    made: dict[Place, Mapping[str, Any]] = {}
    steps = plan.operations.steps.instructions()
    for operation, instruction in zip(plan.operations, steps, strict=True):
        if instruction.how is How.REUSE:  # took nothing, where its source was made
            event = made[instruction.operands[0]]
            event = {
                **event,
                "start": event["start"] + event["seconds"],
                "seconds": 0.0,
                "fma": 0,
                "evaluations": 0,
            }
        else:
            event = events[instruction.number]
        made[instruction.result] = event
        ledger.enter(instruction, event["entries"])
        record = OperationRecord(
            operation, event["fma"], event["evaluations"], event["seconds"], event["format"]
        )
        machine = operation.machine
        if numbers[event["worker"]] != machine % len(addresses):
            machine = numbers[event["worker"]]
        records.append(replace(record, start=event["start"] - began, machine=machine))
    ends = (record.start + record.seconds for record in records)
    fma = sum(record.fma for record in records)
    seconds = max(ends, default=0.0)
    return Execution(plan, owned(result, source.operands.values()), fma, seconds, ledger.peak, tuple(records))

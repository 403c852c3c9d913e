"""The operations of a graph's plan on several machines: list scheduling by what has to follow."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace

from chainorder.elimination.line_graph import Arcs
from chainorder.elimination.path_bounds import longest_path
from chainorder.elimination.replay import Replay
from chainorder.plans.graph_plan import GraphPlan
from chainorder.plans.graph_validation import find_move


@dataclass(frozen=True, eq=False)
class Tasks:
    """Operations, and sums of their results, which take no time, as a directed acyclic graph.

    Attributes
    ----------
    fma
        How long each takes; sums stand behind all operations.
    operands
        Places of the tasks whose results each uses; what is at hand from the start is none of them.
    operations
        How many are operations.
    order
        Places in an executable order.
    """

    fma: Sequence[int]
    operands: Sequence[tuple[int, ...]]
    operations: int
    order: Sequence[int]

    @classmethod
    def of(cls, plan: GraphPlan) -> Tasks:
        """Those of a plan; a result may be added to others before it is used."""
        replay = Replay(plan.graph)
        made: dict[int, int] = {}
        fma = [operation.fma for operation in plan.operations]
        operands: list[tuple[int, ...]] = [()] * len(fma)
        order: list[int] = []
        for number, operation in enumerate(plan.operations):
            move = find_move(replay, operation, f"operation {number + 1}")
            used = (arc for arc in (move.a, move.b) if arc is not None)
            operands[number] = tuple(made[arc] for arc in used if arc in made)
            order.append(number)
            result, sums = replay.run(move)
            made[result] = number
            for each in sums:
                operands.append(tuple(made[arc] for arc in (each.first, each.second) if arc in made))
                fma.append(0)
                made[each.result] = len(fma) - 1
                order.append(len(fma) - 1)
        return cls(fma, operands, len(plan.operations), order)

    def tails(self) -> list[int]:
        """What has to run from the start of each task to the end of the plan, one after the other."""
        after = list(self.fma)
        for place in reversed(self.order):
            for operand in self.operands[place]:
                after[operand] = max(after[operand], self.fma[operand] + after[place])
        return after

    def least(self, machines: int) -> int:
        """What every schedule of these operations takes at least: its work shared, or its longest path."""
        return max(-(-sum(self.fma) // machines), max(self.tails(), default=0))


@dataclass(frozen=True)
class Slot:
    """Where and when an operation runs."""

    machine: int
    start: int


def list_schedule(tasks: Tasks, machines: int) -> list[Slot]:
    """Whenever a machine is free, start the ready operation with the longest tail; O(n log n) and edges.

    No schedule is more than 2 − 1 / machines times shorter (R. Graham, *Bounds for certain multiprocessing
    anomalies*, 1966).
    """
    after = tasks.tails()
    users: list[list[int]] = [[] for _ in tasks.fma]
    for place, operands in enumerate(tasks.operands):
        for operand in operands:
            users[operand].append(place)
    waiting = [len(operands) for operands in tasks.operands]
    ready = [(-after[place], place) for place in range(tasks.operations) if not waiting[place]]
    heapq.heapify(ready)
    free = list(range(min(machines, tasks.operations)))
    running: list[tuple[int, int, int]] = []
    slots = [Slot(0, 0)] * tasks.operations
    now = 0
    while ready or running:
        while ready and free:
            _, place = heapq.heappop(ready)
            slots[place] = Slot(heapq.heappop(free), now)
            heapq.heappush(running, (now + tasks.fma[place], place, slots[place].machine))
        now, place, machine = heapq.heappop(running)
        heapq.heappush(free, machine)
        done = [place]
        while done:
            for user in users[done.pop()]:
                waiting[user] -= 1
                if waiting[user]:
                    continue
                if user < tasks.operations:
                    heapq.heappush(ready, (-after[user], user))
                else:
                    done.append(user)
    return slots


def scheduled(plan: GraphPlan, machines: int) -> GraphPlan:
    """A plan for one machine on several: the same operations, with the least makespan that is found.

    Its bounds become those of the makespan of any order: all machines at work all the time, for what must be
    done, or the path that takes longest.
    """
    tasks = Tasks.of(plan)
    slots = list_schedule(tasks, machines)
    operations = tuple(
        replace(operation, machine=slot.machine, start=slot.start)
        for operation, slot in zip(plan.operations, slots, strict=True)
    )
    makespan = max((each.start + each.fma for each in operations), default=0)
    these = tasks.least(machines)
    lower = longest_path(Arcs(plan.graph))
    lower = lower if plan.lower_bound is None else max(lower, -(-plan.lower_bound // machines))
    least = None if plan.vertex_bound is None else max(lower, -(-plan.vertex_bound // machines))
    share = "as early as any schedule of them" if makespan == these else f"any schedule takes {these:,}"
    return replace(
        plan,
        graph=plan.graph.on(machines),
        operations=operations,
        objective="makespan",
        lower_bound=lower,
        vertex_bound=least,
        optimal=lower == makespan,
        why="; ".join(part for part in (plan.why, f"scheduled by longest tails first: {share}") if part),
    )

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
    """Operations, and sums of their results, as a directed acyclic graph.

    Sums take no time where fma are counted. By seconds they end the operation that they follow, which then
    waits for what is added.

    Attributes
    ----------
    lasting
        How long each takes; sums stand behind all operations.
    operands
        Places of the tasks whose results each uses; what is at hand from the start is none of them.
    operations
        How many are operations.
    order
        Places in an executable order.
    """

    lasting: Sequence[int]
    operands: Sequence[tuple[int, ...]]
    operations: int
    order: Sequence[int]

    @classmethod
    def of(cls, plan: GraphPlan) -> Tasks:
        """Those of a plan; a result may be added to others before it is used."""
        replay = Replay(plan.graph)
        made: dict[int, int] = {}
        lasting = list(plan.durations)
        operands: list[tuple[int, ...]] = [()] * len(lasting)
        order: list[int] = []
        for number, operation in enumerate(plan.operations):
            move = find_move(replay, operation, f"operation {number + 1}")
            used = (arc for arc in (move.a, move.b) if arc is not None)
            operands[number] = tuple(made[arc] for arc in used if arc in made)
            order.append(number)
            result, sums = replay.run(move)
            made[result] = number
            for each in sums:
                parts = tuple(made[arc] for arc in (each.first, each.second) if arc in made)
                made[each.result] = number
                if plan.times is not None:
                    operands[number] += tuple(part for part in parts if part != number)
                    continue
                operands.append(parts)
                lasting.append(0)
                made[each.result] = len(lasting) - 1
                order.append(len(lasting) - 1)
        return cls(lasting, operands, len(plan.operations), order)

    def tails(self) -> list[int]:
        """What has to run from the start of each task to the end of the plan, one after the other."""
        after = list(self.lasting)
        for place in reversed(self.order):
            for operand in self.operands[place]:
                after[operand] = max(after[operand], self.lasting[operand] + after[place])
        return after

    def least(self, machines: int) -> int:
        """What every schedule of these operations takes at least: its work shared, or its longest path."""
        return max(-(-sum(self.lasting) // machines), max(self.tails(), default=0))


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
    users: list[list[int]] = [[] for _ in tasks.lasting]
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
            heapq.heappush(running, (now + tasks.lasting[place], place, slots[place].machine))
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
    machine, start = tuple(slot.machine for slot in slots), tuple(slot.start for slot in slots)
    makespan = max((slot.start + lasts for slot, lasts in zip(slots, plan.durations, strict=True)), default=0)
    these = tasks.least(machines)
    lower = longest_path(Arcs(plan.graph, plan.priced_by))
    lower = lower if plan.lower_bound is None else max(lower, -(-plan.lower_bound // machines))
    least = None if plan.vertex_bound is None else max(lower, -(-plan.vertex_bound // machines))
    least_of_these = f"any schedule takes {these:,} {plan.unit}"
    share = "as early as any schedule of them" if makespan == these else least_of_these
    return replace(
        plan,
        graph=plan.graph.on(machines),
        operations=replace(plan.operations, machine=machine, start=start),
        objective="makespan" if plan.times is None else "seconds",
        lower_bound=lower,
        vertex_bound=least,
        optimal=lower == makespan,
        why="; ".join(part for part in (plan.why, f"scheduled by longest tails first: {share}") if part),
    )

"""Solvers compare integers and never ask what they mean: other models than fma, against all bracketings."""

from __future__ import annotations

import random
from itertools import permutations
from typing import ClassVar

import pytest

from chainorder import Chain, InfeasibleError, SolverError
from chainorder.costs.fma import FMA
from chainorder.costs.model import AskedTables, CostModel
from chainorder.costs.steps import Step, Steps
from chainorder.elimination.line_graph import Arcs
from chainorder.elimination.path_bounds import PathBound
from chainorder.elimination.vertex_orders import VertexGraph, order_cost
from chainorder.problems.elementals import ModelCosts
from chainorder.solvers.chains import dynamic, exhaustive
from chainorder.solvers.graphs.face import search_faces
from chainorder.solvers.graphs.vertex import exact_order
from chainorder.solvers.machines.alternatives import Alternatives
from chainorder.solvers.machines.bounds import critical_paths, least_work
from chainorder.solvers.machines.deadline_search import hunt
from chainorder.solvers.options import Options
from chainorder.structures.pattern import Pattern
from tests.chains import MIXES, random_chains
from tests.graph_oracle import cheapest_faces
from tests.graphs import random_graph


class Bytes(CostModel):
    """Matrix entries read and written, eight bytes each."""

    unit: ClassVar[str] = "bytes"

    def product(self, left: Pattern, right: Pattern) -> int:
        return 8 * (left.entries + right.entries + (left @ right).entries)

    def evaluation(self, kind: ModelCosts, step: Step, result: Pattern, memory: int | None) -> int | None:
        cost = kind.tangent if step.by_tangents else kind.adjoint_within(memory)
        tape = 0 if step.by_tangents else kind.tape
        return None if cost is None else 8 * (result.entries + tape)


class Drawn(CostModel):
    """Integers that mean nothing, some of them above int64; the same operation costs the same, sums too."""

    unit: ClassVar[str] = "nothing"
    sums: ClassVar[bool] = True

    def product(self, left: Pattern, right: Pattern) -> int:
        return _drawn(*left.shape, left.nnz, *right.shape, right.nnz)

    def evaluation(self, kind: ModelCosts, step: Step, result: Pattern, memory: int | None) -> int | None:
        cost = kind.tangent if step.by_tangents else kind.adjoint_within(memory)
        return None if cost is None else _drawn(int(step), cost, *result.shape, result.nnz)

    def least_product(self, left: Pattern, right: Pattern) -> int:
        return 0  # more positions may make a product cheaper

    def sum(self, first: Pattern, second: Pattern, both: Pattern) -> int:
        return _drawn(*both.shape, both.nnz)


def _drawn(*key: int) -> int:
    return 10 ** random.Random(repr(key)).randrange(25) * random.Random(repr(key)).randrange(1, 100)


def recounted(chain: Chain, steps: Steps, model: CostModel) -> int:
    """What steps cost, one after the other."""
    patterns = {(n, n): chain.pattern(n) for n in range(1, len(chain) + 1)}
    total = 0
    for step, j, k, i in steps:
        if k:
            left, right = patterns[j, k + 1], patterns[k, i]
            patterns[j, i] = left @ right
        if step is Step.MULTIPLY:
            total += model.product(left, right)
        else:
            kind = chain.kind_of(j if step is Step.TANGENT else i)
            cost = model.evaluation(kind, step, patterns[j, i], chain.memory)
            assert cost is not None
            total += cost
    return total


@pytest.mark.parametrize("model", [Bytes(), Drawn(), FMA], ids=lambda model: model.unit)
@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize("matrix_free", [0.0, 0.5])
def test_every_model_is_planned_as_by_exhaustive_search(
    model: CostModel, mix: str, matrix_free: float
) -> None:
    for chain in random_chains(mix, 12, seed=31, longest=7, matrix_free=matrix_free):
        try:
            steps, least = exhaustive.best_steps(chain, model)
        except InfeasibleError:
            continue
        assert recounted(chain, steps, model) == least
        found, _ = dynamic.exact_steps(chain, model)
        assert recounted(chain, found, model) == least
        assert recounted(chain, dynamic.best_steps(AskedTables(model, chain)), model) == least
        alternatives = Alternatives.of_chain(chain, model)
        assert least_work(alternatives)[alternatives.whole] == least


def test_searches_on_machines_take_any_integers() -> None:
    for chain in random_chains(next(iter(MIXES)), 8, seed=7, longest=6, matrix_free=0.3):
        alternatives = Alternatives.of_chain(chain, Drawn())
        *_, best = hunt(alternatives, 2, 0, None)
        assert best.proved
        path, work = (each(alternatives)[alternatives.whole] for each in (critical_paths, least_work))
        assert path <= best.schedule.makespan <= work <= 2 * best.schedule.makespan


@pytest.mark.parametrize("model", [Bytes(), Drawn(), FMA], ids=lambda model: model.unit)
@pytest.mark.parametrize("seed", range(3))
def test_graphs_are_planned_under_every_model_as_by_searches_over_everything(
    model: CostModel, seed: int
) -> None:
    generator = random.Random(seed)
    for _ in range(5):
        graph = random_graph(generator, 4, density=0.5, matrix_free=0.3, structured=True)
        arcs = Arcs(graph, model)
        try:
            order = exact_order(arcs, Options())
        except SolverError:  # a vertex that only faces eliminate
            continue
        least = order_cost(VertexGraph.of(arcs), order)
        assert least == min(order_cost(VertexGraph.of(arcs), each) for each in permutations(order))
        small = random_graph(generator, 2, density=0.5, matrix_free=0.4, structured=True)
        arcs = Arcs(small, model)
        bound = PathBound.of(arcs)
        proved = search_faces(arcs, bound, 10**40, Options()).lower_bound
        assert bound.cost <= proved == search_faces(arcs, PathBound(()), 10**40, Options()).lower_bound
        assert proved == cheapest_faces(small, model)

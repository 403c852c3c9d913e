"""What the drop-in Jacobians of all frameworks share: cuts, kinds, the choice, missing extras."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest

from chainorder import Dense, Diagonal
from chainorder.autodiff.choice import Mode, Rates, choose
from chainorder.autodiff.cutting import dominators, narrowest
from chainorder.autodiff.explanation import explain_choice, framework_fma
from chainorder.autodiff.pieces import Kind, Piece, classify, joined
from chainorder.autodiff.segments import Segment, Work


@pytest.mark.parametrize("seed", range(50))
def test_cuts_are_the_values_that_all_paths_pass(seed: int) -> None:
    generator = np.random.default_rng(seed)
    size = int(generator.integers(2, 9))
    edges = [(a, b) for a in range(size) for b in range(a + 1, size) if generator.random() < 0.4]
    edges += [(a, a + 1) for a in range(size - 1) if generator.random() < 0.7]
    graph = nx.DiGraph(edges)
    paths = []
    if 0 in graph and size - 1 in graph:
        paths = [set(path) for path in nx.all_simple_paths(graph, 0, size - 1)]
    if not paths:
        with pytest.raises(KeyError):
            dominators(edges, 0, size - 1)
    else:
        assert dominators(edges, 0, size - 1) == sorted(set.intersection(*paths))


def test_the_widest_cuts_are_given_up() -> None:
    sizes = {0: 9, 1: 5, 2: 1, 3: 7, 4: 2, 5: 9}
    assert narrowest(list(sizes), 3, sizes.__getitem__) == [0, 2, 4, 5]
    assert narrowest(list(sizes), 1, sizes.__getitem__) == [0, 5]


def test_kinds_of_pieces_and_neighbours_that_are_joined() -> None:
    def kind(equations: str) -> Kind:
        return classify(equations, "v".__eq__, "p".__eq__, "m".__eq__)

    cases = {
        "": Kind.VIEW,
        "vv": Kind.VIEW,
        "vp": Kind.ELEMENTWISE,
        "vmv": Kind.PRODUCT,
        "mm": Kind.MAP,
        "x": Kind.MAP,
    }
    assert {equations: kind(equations) for equations in cases} == cases
    pieces = [Piece(n, n + 1, (each,), kind(each)) for n, each in enumerate("vmppvxvm")]
    assert ["".join(piece.equations) for piece in joined(pieces)] == ["vm", "ppv", "xv", "m"]


def network(*sizes: int) -> list[Segment]:
    """The segments of dense layers with a diagonal between them."""
    segments = []
    for inputs, outputs in itertools.pairwise(sizes):
        work = Work(products=inputs * outputs, moved=outputs, constants=inputs * outputs, kernels=1)
        segments.append(Segment("matrix", (inputs,), (outputs,), Dense(), work, work, explicit=True))
        elementwise = Work(elements=outputs, moved=outputs, kernels=1)
        segments.append(Segment("tanh", (outputs,), (outputs,), Diagonal(), elementwise, elementwise))
    return segments[:-1]


@pytest.mark.parametrize(
    ("sizes", "mode"),
    [
        ((1000, 1, 1000, 1, 1000), Mode.PLAN),
        ((784, 512, 256, 128, 10), Mode.REVERSE),
        ((10, 128, 256, 512, 784), Mode.FORWARD),
        ((500,) * 9, Mode.REVERSE),
    ],
)
def test_a_plan_is_chosen_only_where_it_pays(sizes: tuple[int, ...], mode: Mode) -> None:
    choice = choose(network(*sizes), Rates(launch=50_000))
    assert choice.mode is mode
    assert choice.plan.optimal
    assert min(choice.factor(each) for each in choice.times if each is not Mode.PLAN) >= 1
    assert ("the plan is used" if mode is Mode.PLAN else mode.value) in explain_choice(choice)


def test_a_solver_that_is_asked_for_is_used() -> None:
    choice = choose(network(784, 512, 10), Rates(launch=50_000), solver="forward")
    assert (choice.mode, choice.plan.solver) == (Mode.PLAN, "forward")


def test_a_mode_that_cannot_be_is_no_candidate() -> None:
    work = Work(products=100, kernels=1)
    choice = choose([Segment("map", (20,), (20,), tangent=work)], Rates(launch=1))
    assert Mode.REVERSE not in choice.times
    assert framework_fma(choice, Mode.REVERSE) is None
    assert framework_fma(choice, Mode.FORWARD) == 2000

"""What the drop-in Jacobians of all frameworks share: cuts, kinds, the choice, missing extras."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest

from chainorder.autodiff.choice import Mode, Rates, choose
from chainorder.autodiff.cutting import dominators, narrowest, separator
from chainorder.autodiff.explanation import explain_choice, framework_fma
from chainorder.autodiff.pieces import AnyPiece, Kind, Piece, classify, merged
from chainorder.autodiff.work import Work


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


@pytest.mark.parametrize("seed", range(60))
def test_separators_are_the_least_that_all_paths_pass(seed: int) -> None:
    generator = np.random.default_rng(seed)
    size = int(generator.integers(3, 9))
    edges = [(a, b) for a in range(size) for b in range(a + 1, size) if generator.random() < 0.35]
    edges += [(0, 1), (size - 2, size - 1)]
    sizes = generator.integers(1, 9, size).tolist()
    paths = [set(path[1:-1]) for path in nx.all_simple_paths(nx.DiGraph(edges), 0, size - 1)]

    def separates(values: tuple[int, ...]) -> bool:
        return all(path.intersection(values) for path in paths)

    subsets = (s for count in range(size - 1) for s in itertools.combinations(range(1, size - 1), count))
    least = min((sum(sizes[v] for v in s) for s in subsets if separates(s)), default=None)
    found = separator(edges, 0, size - 1, sizes.__getitem__, 100)
    if not paths or least is None:
        assert found == ()
    else:
        assert separates(found)
        assert sum(sizes[value] for value in found) == least
        assert separator(edges, 0, size - 1, sizes.__getitem__, least) == ()


def test_the_widest_cuts_are_given_up() -> None:
    sizes = {0: 9, 1: 5, 2: 1, 3: 7, 4: 2, 5: 9}
    assert narrowest(list(sizes), 3, sizes.__getitem__) == [0, 2, 4, 5]
    assert narrowest(list(sizes), 1, sizes.__getitem__) == [0, 5]


def test_kinds_of_pieces_and_neighbours_that_are_one() -> None:
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
    equations = "vmppvxvm"
    pieces = merged(range(9), lambda source, target: kind(equations[source:target]))
    assert [equations[source:target] for source, target, _ in pieces] == ["vm", "ppv", "xv", "m"]
    assert [kind for *_, kind in pieces] == [Kind.PRODUCT, Kind.ELEMENTWISE, Kind.MAP, Kind.PRODUCT]


def piece(kind: Kind, inputs: int, outputs: int, tangent: Work, adjoint: Work | None) -> AnyPiece:
    return Piece(0, 1, (), kind, kind.value, (inputs,), (outputs,), kind.structure, tangent, adjoint)


def network(*sizes: int) -> list[AnyPiece]:
    """The pieces of dense layers with a diagonal between them."""
    pieces = []
    for inputs, outputs in itertools.pairwise(sizes):
        work = Work(products=inputs * outputs, moved=outputs, constants=inputs * outputs, kernels=1)
        pieces.append(piece(Kind.PRODUCT, inputs, outputs, work, work))
        elementwise = Work(elements=outputs, moved=outputs, kernels=1)
        pieces.append(piece(Kind.ELEMENTWISE, outputs, outputs, elementwise, elementwise))
    return pieces[:-1]


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
    choice = choose([piece(Kind.MAP, 20, 20, work, None)], Rates(launch=1))
    assert Mode.REVERSE not in choice.times
    assert framework_fma(choice, Mode.REVERSE) is None
    assert framework_fma(choice, Mode.FORWARD) == 2000

"""What a prompt shows and takes: lines for objects, tables for print, parts of chains, files of plans."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import chainorder as co
from chainorder.comparison.scaling import sweep_memory

DATA = Path(__file__).parent.parent / "data"


def objects() -> list[Any]:
    """One of everything that is public, some of it large."""
    chain, simulator, graph = (
        co.load(DATA / f"{name}.yaml")[0] for name in ("heat", "simulator", "residual-block")
    )
    plan, table = co.plan(chain), co.ChainTable.of([[3, 4, 5]] * 1000)
    run = co.execute(plan)
    structures = [
        co.Banded(1, 2),
        co.BlockDiagonal([(2, 2)] * 500),
        co.Dense(),
        co.Selection(range(9999)),
        co.Solve(sp.eye_array(500).tocsr()),
        co.Sparse(sp.eye_array(500).tocsr()),
        co.Triangular(),
    ]
    chains = [chain, *chain, chain.elementals, co.Chain.from_dims([2] * 10_000), simulator, table]
    plans = [plan, plan.operations, *plan.operations, co.plan_many(table), co.plan(graph)]
    compared = [co.compare(chain), co.compare(graph), sweep_memory(simulator), co.scale(simulator, [1, 2])]
    ran = [run, run.checks[0], *run.records, co.execute(co.plan(graph))]
    networks = [
        each.network for name in ("mnist", "mnist-training") for each in co.load(DATA / f"{name}.yaml")
    ]
    return [*structures, *chains, graph, *graph.edges, *plans, *compared, *ran, *networks]


def test_every_repr_is_a_few_lines() -> None:
    for each in objects():
        assert len(repr(each)) <= 400 and repr(each).count("\n") < 5, type(each)


def test_a_line_says_what_counts() -> None:
    comparison = co.compare([1000, 100, 10, 1])
    assert repr(comparison.best) == (
        "<Plan of chain: 3 elementals, 1,000 → 1; 101,000 fma, hu-shing (optimal): (F3 F2) F1>"
    )
    assert repr(comparison) == (
        "<Comparison of chain: 3 elementals, 1,000 → 1; best 101,000 (optimal); times that: "
        "forward 10, reverse 1>"
    )
    assert repr(co.Elemental(3, 4)) == ("Elemental(inputs=3, outputs=4, explicit=True)")


def test_print_shows_a_table() -> None:
    for each in objects():
        if hasattr(each, "brief"):
            first, *others = str(each).splitlines()
            assert first.split(":")[0] in str(each.brief)
            assert any(line.lstrip().startswith("──") for line in others), type(each)


def test_the_package_lists_what_is_public() -> None:
    assert dir(co) == sorted(co.__all__)
    assert all(hasattr(co, name) for name in dir(co))


def test_a_chain_is_a_sequence() -> None:
    chain = co.load(DATA / "heat.yaml")[0]
    assert list(chain) == [chain[place] for place in range(len(chain))]
    assert chain[-1] == chain[5] and chain[0].inputs == chain.inputs
    part = chain[2:5]
    assert list(part) == list(chain)[2:5]
    matrices = [matrix.toarray() for matrix in map(_read, range(2, 5))]
    assert np.allclose(co.execute(co.plan(part)).jacobian.toarray(), matrices[2] @ matrices[1] @ matrices[0])
    with pytest.raises(IndexError):
        chain[6]
    with pytest.raises(co.ChainError, match="contiguous"):
        chain[::2]


def _read(place: int) -> Any:
    return co.execute(co.plan(co.load(DATA / "heat.yaml")[0][place : place + 1])).jacobian


def test_a_comparison_gives_plans_by_their_labels() -> None:
    comparison = co.compare(DATA / "residual-block.yaml")
    assert [comparison[label] for label in comparison] == list(comparison.plans)
    assert comparison["best"] is comparison.best
    with pytest.raises(co.ChainorderError, match="no 'forwards'; did you mean 'forward'"):
        comparison["forwards"]


A, B = np.ones((4, 3)), np.ones((2, 4))


@pytest.mark.parametrize(
    ("given", "sizes"),
    [
        ([1000, 100, 1], [1000, 100, 1]),
        (np.array([3, 4, 5]), [3, 4, 5]),
        ("1e3,100,1", [1000, 100, 1]),
        ([A, B], [3, 4, 2]),
        ([sp.csr_array(A), B], [3, 4, 2]),
        (str(DATA / "stackexchange.yaml"), [1000, 100, 10, 1]),
        (DATA / "cross-country.yaml", [1000, 1, 1000, 1, 1000]),
    ],
)
def test_what_stands_in_for_a_chain(given: Any, sizes: list[int]) -> None:
    assert co.plan(given).chain.sizes.tolist() == sizes
    assert co.compare(given).best.fma == co.plan(given).fma


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (3, "a int is no chain and no graph"),
        ([], "dims has 0 entry"),
        ("missing.yaml", "there is no such file"),
        ([3, 0], r"dims\[1\] is 0"),
    ],
)
def test_what_does_not(given: Any, says: str) -> None:
    with pytest.raises(co.ChainorderError, match=says):
        co.plan(given)


def test_a_file_of_several_chains_is_no_chain(tmp_path: Path) -> None:
    file = tmp_path / "two.jsonl"
    file.write_text('{"dims": [3, 4]}\n{"dims": [3, 4, 5]}\n')
    with pytest.raises(co.SpecError, match=r"holds 2 chains; plan those of load\("):
        co.plan(file)


@pytest.mark.parametrize("name", ["heat", "simulator", "residual-block"])
def test_a_saved_plan_is_the_same(name: str, tmp_path: Path) -> None:
    plan, file = co.plan(DATA / f"{name}.yaml"), tmp_path / "plan.json"
    plan.save(file)
    assert type(plan).load(file) == plan
    file.write_text(file.read_text().replace(f'"peak_memory": {plan.peak_memory}', '"peak_memory": 1'))
    with pytest.raises(co.PlanError, match=r"plan.json: .*peak_memory"):
        type(plan).load(file)

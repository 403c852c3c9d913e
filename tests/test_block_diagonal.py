"""Block-diagonal Jacobians: closed forms of equal and of listed blocks, specs, plans and runs."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import block_diag

from chainorder import (
    Banded,
    BlockDiagonal,
    Chain,
    Dense,
    Diagonal,
    Elemental,
    Identity,
    Selection,
    Sparse,
    SpecError,
    StructureError,
    execute,
    load,
    plan,
)
from chainorder.structures.axes import AxesPattern
from chainorder.structures.block_diagonal import BlocksPattern
from chainorder.structures.pattern import Pattern, fma
from tests.structures import check_chains, check_pair, check_pattern, check_spec

SIDES = {  # ways to cut a side of 6 into blocks
    "halves": (3, 3),
    "thirds": (2, 2, 2),
    "ones": (1,) * 6,
    "whole": (6,),
    "uneven": (1, 4, 1),
    "other": (3, 1, 2),
    "two": (5, 1),
}


def blocks(rows: tuple[int, ...], columns: tuple[int, ...]) -> Pattern | None:
    """The pattern of blocks of these sizes."""
    if len(rows) != len(columns):
        return None
    return BlockDiagonal(list(zip(rows, columns, strict=True))).pattern(6, 6)


def patterns() -> list[Pattern]:
    """Blocks of all these sizes."""
    return [made for pair in product(SIDES.values(), repeat=2) if (made := blocks(*pair)) is not None]


def others(generator: np.random.Generator) -> list[Pattern]:
    """What they are multiplied by."""
    structures = (
        *(Dense(), Diagonal(), Identity(), Banded(1, 0), Banded(5, 0)),
        *(Sparse(generator.random((6, 6)) < 0.3), Selection([3, 1, 0, 5, 4, 2])),
    )
    return [structure.pattern(6, 6) for structure in structures]


def test_closed_forms_are_those_of_compressed_rows() -> None:
    generator = np.random.default_rng(51)
    made = patterns()
    assert {AxesPattern, BlocksPattern} < set(map(type, made))
    for pattern in made:
        check_pattern(pattern, generator)
    for left, right in product(made, made + others(generator)):
        check_pair(left, right)
        check_pair(right, left)


def test_blocks_are_where_they_are_said_to_be() -> None:
    shapes = [(2, 1), (1, 3), (3, 2)]
    expected = block_diag(*map(np.ones, shapes)).astype(bool)
    assert np.array_equal(BlockDiagonal(shapes).pattern(6, 6).csr().toarray(), expected)
    expected = np.kron(np.eye(4), np.ones((2, 3))).astype(bool)
    assert np.array_equal(BlockDiagonal([(2, 3)]).pattern(8, 12).csr().toarray(), expected)


def test_the_pattern_of_a_subchain_does_not_depend_on_the_bracketing() -> None:
    generator = np.random.default_rng(52)
    among = patterns() + others(generator)
    for _ in range(600):
        c, b, a = (among[int(place)] for place in generator.integers(len(among), size=3))
        left, right = (a @ b) @ c, a @ (b @ c)
        assert np.array_equal(left.csr().toarray(), right.csr().toarray())
        assert left.entries == right.entries


def test_equal_blocks_have_closed_forms_in_any_number_and_others_at_any_size() -> None:
    count = 10**18
    a = BlockDiagonal([(3, 2)]).pattern(3 * count, 2 * count)
    b = BlockDiagonal([(2, 5)]).pattern(2 * count, 5 * count)
    assert (a @ b).nnz == 15 * count and fma(a, b) == 30 * count
    chain = Chain([Elemental(5 * count, 2 * count, BlockDiagonal([(2, 5)])), Elemental(2 * count, 7)])
    assert plan(chain).fma == 7 * 10 * count
    large = 10**20
    a = BlockDiagonal([(large, 2), (3, large)]).pattern(large + 3, large + 2)
    b = BlockDiagonal([(2, 4), (large, 1)]).pattern(large + 2, 5)
    assert (a @ b).nnz == 4 * large + 3 and fma(a, b) == 8 * large + 3 * large


def test_blocks_that_meet_multiply_to_blocks() -> None:
    a = BlockDiagonal([(2, 1), (1, 3)]).pattern(3, 4)
    assert a @ BlockDiagonal([(1, 2), (3, 2)]).pattern(4, 4) == BlocksPattern(((2, 2), (1, 2)))
    assert a @ BlockDiagonal([(1, 2), (3, 1)]).pattern(4, 3) == BlocksPattern(((2, 2), (1, 1)))
    assert a @ Diagonal().pattern(4, 4) == Diagonal().pattern(3, 3) @ a == a
    assert BlockDiagonal([(1, 1)]).pattern(5, 5) == Diagonal().pattern(5, 5)
    assert BlockDiagonal([(4, 5)]).pattern(4, 5) == Dense().pattern(4, 5)


@pytest.mark.parametrize("matrix_free", [0.0, 0.5])
def test_optima_hold_in_chains_of_all_kinds(matrix_free: float) -> None:
    kinds = ("block-diagonal", "triangular", "dense", "diagonal", "banded", "sparse", "selection")
    check_chains(("block-diagonal", *kinds), 25, 53, matrix_free)
    check_chains(("block-diagonal",), 10, 54, matrix_free)


@pytest.mark.parametrize("shapes", [[(2, 3)] * 8, [(3, 3)] * 5 + [(1, 9)]])
def test_a_run_on_stand_ins_and_one_on_matrices_count_what_was_planned(shapes: list[tuple[int, int]]) -> None:
    generator = np.random.default_rng(55)
    rows, columns = (sum(sizes) for sizes in zip(*shapes, strict=True))
    back = BlockDiagonal([(width, height) for height, width in shapes])
    chain = Chain(
        [
            Elemental(7, columns),
            Elemental(columns, rows, BlockDiagonal(shapes)),
            Elemental(rows, columns, back, tangent=2, adjoint=3),
            Elemental(columns, columns, Diagonal()),
            Elemental(columns, rows, BlockDiagonal(shapes)),
        ]
    )
    matrices = [
        generator.standard_normal((each.outputs, each.inputs)) * chain.pattern(number).csr().toarray()
        for number, each in enumerate(chain.elementals, 1)
    ]
    best = plan(chain)
    assert best.fma == plan(chain, solver="exhaustive").fma
    for given in (None, matrices):
        done = execute(best, given)
        assert (done.fma, done.peak_memory) == (best.fma, best.peak_memory)
        assert all(check.passed for check in done.checks)
    np.testing.assert_allclose(np.asarray(done.jacobian), np.linalg.multi_dot(matrices[::-1]), rtol=1e-9)


def test_a_model_of_equal_blocks_is_evaluated_once_for_each_column_of_a_block() -> None:
    chain = Chain([Elemental(300, 200, BlockDiagonal([(2, 3)]), tangent=600)])
    assert plan(chain).fma == 3 * 600


def test_specs(tmp_path: Path) -> None:
    (tmp_path / "chain.yaml").write_text(
        "elementals:\n"
        "  - {inputs: 6, outputs: 4, structure: block-diagonal, blocks: [[2, 3]]}\n"
        "  - {outputs: 5, structure: block-diagonal, blocks: [[4, 1], [1, 3]], adjoint: 9}\n"
    )
    (chain,) = load(tmp_path / "chain.yaml")
    listed = Elemental(4, 5, BlockDiagonal([(4, 1), (1, 3)]), adjoint=9)
    assert chain == Chain([Elemental(6, 4, BlockDiagonal([(2, 3)])), listed])
    check_spec(tmp_path, chain)


@pytest.mark.parametrize(
    ("elemental", "words"),
    [
        ("inputs: 6, outputs: 5, {}, blocks: [[2, 3]]", "2 × 3 in all where 5 × 6 .*no number of such"),
        ("inputs: 6, outputs: 5, {}, blocks: [[2, 3], [3, 2]]", "5 × 5 in all where 5 × 6 .*make them agree"),
        (
            "inputs: 6, outputs: 5, {}, blocks: [[5, 3, 3]]",
            r"blocks\[0\] is \[5, 3, 3\]; a block has two sizes",
        ),
        ("inputs: 6, outputs: 5, {}, blocks: [[5]]", "has 1 entry; a block has at least 2 sizes"),
        ("inputs: 6, outputs: 5, {}, blocks: []", "it has at least 1 block"),
        ("inputs: 6, outputs: 5, {}, blocks: [[0, 6]]", "is 0; a size is a whole number of at least 1"),
        ("inputs: 6, outputs: 5, {}", "blocks is missing; a block-diagonal elemental has blocks"),
        ("inputs: 6, {}, blocks: [[2, 3]]", "outputs is missing"),
        ("inputs: 6, outputs: 5, blocks: [[2, 3]]", "only a block-diagonal elemental has it"),
    ],
)
def test_what_is_wrong_in_a_spec_is_said_at_its_place(tmp_path: Path, elemental: str, words: str) -> None:
    text = elemental.replace("{}", "structure: block-diagonal")
    (tmp_path / "bad.yaml").write_text(f"elementals: [{{{text}}}]\n")
    with pytest.raises(SpecError, match=words):
        load(tmp_path / "bad.yaml")


@pytest.mark.parametrize("given", [[], [(1, 2, 3)], [3], [(1, 0)], [(1.5, 2)], [(True, 1)]])
def test_arguments_are_checked(given: object) -> None:
    with pytest.raises(StructureError, match="block"):
        BlockDiagonal(given)

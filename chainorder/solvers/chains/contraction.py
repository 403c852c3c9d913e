"""Long structured or matrix-free chains: contract first, then plan what is left. A heuristic with a bound.

Three contractions, from the safest on:

1. A run of diagonals and identities is multiplied to one diagonal. No order is better: the product of two
   diagonals of size n costs n, which is what the cheapest other product with either would cost.
2. Where all that is left besides square symbolic elementals (diagonals, bands) is dense, the dense ones are
   planned by Hu & Shing as if the others were not there (they do not change a size), and each run of
   symbolic ones is applied to the narrowest subchain of that plan that ends at its place.
3. Otherwise (and with matrix-free elementals) pieces of the chain, cut at narrow places, are planned exactly
   and then count as one elemental, until few enough are left for the dynamic program.

Where a sweep costs less than what comes of that, the answer is the sweep.

The bounds. Take the bracketing of any plan and strike out the symbolic elementals: what is left is a
bracketing of the dense ones, with the same sizes, so 2. costs at least Hu & Shing's optimum for those; and a
run of r symbolic elementals takes part in exactly r products more, of which at least one is with something
dense. For 3., each boundary of the chain is where two subchains are multiplied once, which costs at least the
size there if no row or column is empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import accumulate, pairwise

from chainorder.costs.evaluations import check_feasible
from chainorder.costs.product_bounds import alive
from chainorder.costs.steps import Row, Step, Steps
from chainorder.costs.tables import PatternCosts
from chainorder.errors import InfeasibleError
from chainorder.plans.chain_plan import Plan
from chainorder.problems.chain import Chain
from chainorder.problems.numbers import as_sizes
from chainorder.solvers.chains import dynamic, hu_shing
from chainorder.solvers.chains.sweeps import forward, reverse
from chainorder.structures.banded import BandPattern, IdentityPattern
from chainorder.structures.dense import DensePattern
from chainorder.structures.pattern import Pattern, fma

PIECE = 48
"""Elementals of a piece that is planned exactly."""

FEW = 400
"""Blocks that the dynamic program takes at the end."""

Product = tuple[int, int, int]


@dataclass(frozen=True)
class Block:
    """A subchain first..last that has been planned already, and its pattern."""

    first: int
    last: int
    pattern: Pattern


def solve(chain: Chain) -> Plan:
    """Contract, plan what is left, and bound the optimum from below. Heuristic, about O(n).

    Raises
    ------
    InfeasibleError
        If the memory admits no plan.
    """
    contracted = _solve_modelled(chain) if chain.modelled else _solve_explicit(chain)
    best = contracted
    for sweep in (forward, reverse):
        try:
            plan = sweep(chain)
        except InfeasibleError:
            continue
        if plan.fma < best.fma:
            best = plan
    if best is contracted:
        return contracted
    why = f"the {best.solver} sweep costs less than what contraction found"
    bound = contracted.lower_bound
    return replace(best, solver="contraction", optimal=best.fma == bound, lower_bound=bound, why=why)


def _solve_explicit(chain: Chain) -> Plan:
    blocks = [Block(number, number, chain.pattern(number)) for number in range(1, len(chain) + 1)]
    products: list[Product] = []
    blocks = _contract_diagonals(blocks, products)
    skeleton = [block for block in blocks if not _symbolic(block.pattern)]
    if skeleton and all(isinstance(b.pattern, DensePattern) and b.pattern.full for b in skeleton):
        bound = _plan_skeleton(blocks, products)
        why = "dense elementals planned without the symbolic ones between them"
    else:
        bound = _boundary_bound(chain)
        _plan_pieces(blocks, products)
        why = f"planned in pieces of at most {PIECE} elementals"
    steps = Steps.of_products(products)
    return Plan.of(chain, steps, solver="contraction", lower_bound=bound, why=why)


def _solve_modelled(chain: Chain) -> Plan:
    """Plan pieces with their models; then each is an explicit block."""
    check_feasible(chain)
    rows: list[Row] = []
    blocks: list[Block] = []
    first = 0
    while first < len(chain):
        last = _cut(chain.sizes.tolist(), first)
        piece = Chain(chain.elementals[first:last], memory=chain.memory)
        for step, j, k, i in dynamic.exact_steps(piece)[0]:
            rows.append((step, j + first, k + first if k else 0, i + first))
        patterns = (chain.pattern(number) for number in range(first + 1, last + 1))
        blocks.append(Block(first + 1, last, reduce(lambda right, left: left @ right, patterns)))
        first = last
    products: list[Product] = []
    _plan_pieces(blocks, products)
    rows += [(Step.MULTIPLY, *product) for product in products]
    why = f"planned in pieces of at most {PIECE} elementals, the first time with their models"
    bound = _model_bound(chain)
    return Plan.of(chain, Steps.of_rows(rows), solver="contraction", lower_bound=bound, why=why)


def _model_bound(chain: Chain) -> int:
    """What evaluations cost at least: each matrix-free elemental is accumulated or stepped through once.

    Tangents of a dense elemental come from the columns of some subchain that ends there, so there are at
    least as many as the least size before it; adjoints, as the least size after it. Elsewhere, at least one,
    if the product of the chain is not empty.
    """
    patterns = [chain.pattern(number) for number in range(1, len(chain) + 1)]
    some = int(patterns[0].nnz > 0 and all(reached is None or len(reached) for reached in alive(patterns)))
    sizes = chain.sizes.tolist()
    before = list(accumulate(sizes[:-1], min))
    after = list(accumulate(sizes[:0:-1], min))[::-1]
    bound = 0
    for number in range(1, len(chain) + 1):
        kind = chain.kind_of(number)
        if not kind.explicit:
            evaluations = (before[number - 1], after[number - 1]) if chain.dense else (some, some)
            models = (kind.tangent, kind.adjoint_within(chain.memory))
            costs = [
                count * cost for count, cost in zip(evaluations, models, strict=True) if cost is not None
            ]
            bound += min(costs) + kind.overhead
    return bound


def _symbolic(pattern: Pattern) -> bool:
    return isinstance(pattern, IdentityPattern | BandPattern)


def _multiply(left: Block, right: Block, products: list[Product]) -> Block:
    """Multiply two neighbours."""
    products.append((left.last, right.last, right.first))
    return Block(right.first, left.last, left.pattern @ right.pattern)


def _contract_diagonals(blocks: Sequence[Block], products: list[Product]) -> list[Block]:
    """Multiply neighbouring diagonals and identities."""
    contracted: list[Block] = []
    for block in blocks:
        if contracted and contracted[-1].pattern.diagonal and block.pattern.diagonal:
            contracted[-1] = _multiply(block, contracted[-1], products)
        else:
            contracted.append(block)
    return contracted


def _plan_skeleton(blocks: Sequence[Block], products: list[Product]) -> int:
    """Plan the dense blocks by Hu & Shing and apply the symbolic ones where it is narrowest; the bound."""
    dense: list[Block] = []
    runs: list[list[Block]] = [[]]  # the symbolic blocks before, between and behind the dense ones
    for block in blocks:
        if _symbolic(block.pattern):
            runs[-1].append(block)
        else:
            dense.append(block)
            runs.append([])
    sizes = [dense[0].pattern.shape[1], *(block.pattern.shape[0] for block in dense)]
    plan = hu_shing.best_products(as_sizes(sizes))
    bound = sum(sizes[j] * sizes[k] * sizes[i - 1] for j, k, i in _rows(plan))
    narrowest = min(sizes)
    bound += sum(_run_bound(run, narrowest) for run in runs)

    owner = _narrowest(sizes, plan, runs)
    made: dict[tuple[int, int], Block] = {}
    for j, k, i in [(number, None, number) for number in range(1, len(dense) + 1)] + _rows(plan):
        block = dense[j - 1] if k is None else _multiply(made.pop((j, k + 1)), made.pop((k, i)), products)
        if owner.get(i - 1) == (j, i):
            for symbolic in reversed(runs[i - 1]):
                block = _multiply(block, symbolic, products)
        if owner.get(j) == (j, i):
            for symbolic in runs[j]:
                block = _multiply(symbolic, block, products)
        made[j, i] = block
    return bound


def _rows(steps: Steps) -> list[Product]:
    return [(j, k, i) for _, j, k, i in steps]


def _narrowest(
    sizes: Sequence[int], plan: Steps, runs: Sequence[Sequence[Block]]
) -> dict[int, tuple[int, int]]:
    """For every boundary with symbolic blocks, the subchain (j, i) ending there whose other size is least."""
    best: dict[int, tuple[int, tuple[int, int]]] = {}
    leaves = [(number, number) for number in range(1, len(sizes))]
    for j, i in leaves + [(j, i) for j, _, i in _rows(plan)]:
        for boundary, other in ((i - 1, sizes[j]), (j, sizes[i - 1])):
            if runs[boundary] and (boundary not in best or other < best[boundary][0]):
                best[boundary] = other, (j, i)
    return {boundary: subchain for boundary, (_, subchain) in best.items()}


def _run_bound(run: Sequence[Block], narrowest: int) -> int:
    """What the products with the symbolic blocks of one boundary cost at least.

    Each multiplies a band at least as wide as the narrowest of the run by another such, or by something dense
    that is at least `narrowest` wide; one of them, by something dense.
    """
    heavy = [block.pattern for block in run if not block.pattern.free]
    if not heavy:
        return 0
    least = _least_band(heavy)
    to_dense = least.nnz * narrowest
    return (len(heavy) - 1) * min(fma(least, least), to_dense) + to_dense


def _least_band(patterns: Sequence[Pattern]) -> Pattern:
    """A band within each of the given bands, and so within every product of some of them."""
    bands = [pattern for pattern in patterns if isinstance(pattern, BandPattern)]
    lower, upper = min(band.lower for band in bands), min(band.upper for band in bands)
    return BandPattern(bands[0].size, lower, upper)


def _boundary_bound(chain: Chain) -> int:
    """What the products at the boundaries cost at least.

    Between two elementals that are not free, selections may lie: these change sizes, and the product
    of the two may lie at any boundary between them. It costs at least the indices there that the input
    reaches and that reach the output.
    """
    patterns = [chain.pattern(number) for number in range(1, len(chain) + 1)]
    if all(_symbolic(pattern) for pattern in patterns):
        bands = [pattern for pattern in patterns if not pattern.free]
        return (len(bands) - 1) * fma(_least_band(bands), _least_band(bands)) if bands else 0
    sizes = [
        pattern.shape[0] if indices is None else len(indices)
        for pattern, indices in zip(patterns, alive(patterns), strict=False)
    ]
    costly = [place for place, pattern in enumerate(patterns) if not pattern.free]
    return sum(min(sizes[right:left]) for right, left in pairwise(costly))


def _plan_pieces(blocks: list[Block], products: list[Product]) -> None:
    """Plan pieces exactly, again and again, until one block is left."""
    while len(blocks) > FEW:
        pieces = []
        first = 0
        sizes = [blocks[0].pattern.shape[1], *(block.pattern.shape[0] for block in blocks)]
        while first < len(blocks):
            last = _cut(sizes, first)
            pieces.append(_plan_exactly(blocks[first:last], products))
            first = last
        blocks = pieces
    _plan_exactly(blocks, products)


def _cut(sizes: Sequence[int], first: int) -> int:
    """Where the piece that starts at `first` ends: at the narrowest place in the second half of its reach."""
    length = len(sizes) - 1
    if length - first <= PIECE:
        return length
    return min(range(first + PIECE // 2, first + PIECE + 1), key=sizes.__getitem__)


def _plan_exactly(blocks: Sequence[Block], products: list[Product]) -> Block:
    """Multiply blocks by the dynamic program."""
    best = dynamic.best_steps(PatternCosts([block.pattern for block in blocks]))
    made = {(number, number): block for number, block in enumerate(blocks, 1)}
    for j, k, i in _rows(best):
        made[j, i] = _multiply(made.pop((j, k + 1)), made.pop((k, i)), products)
    return made[len(blocks), 1]

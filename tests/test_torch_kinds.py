"""The kinds of functions of the benchmark: what they return is what `jacrev` returns, recorded or not."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch.func import jacrev  # noqa: E402
from torch.utils import _pytree as pytree  # noqa: E402

from chainorder.torch import jacobian  # noqa: E402
from scripts.torch_kinds import KINDS, Kind  # noqa: E402
from tests.slow import slow_but  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("kind", slow_but(KINDS[::5], KINDS), ids=lambda kind: kind.name)
def test_kinds_are_differentiated_as_by_jacrev(kind: Kind) -> None:
    function, argument = kind.case(small=True)
    ours, theirs = jacobian(function), jacrev(function)
    for _ in range(3):
        mine, other = ours(argument), theirs(argument)
        assert pytree.tree_structure(mine) == pytree.tree_structure(other)
        for block, own in zip(*map(pytree.tree_leaves, (mine, other)), strict=True):
            torch.testing.assert_close(block, own, rtol=1e-8, atol=1e-10)
        argument = pytree.tree_map(lambda leaf: 1.1 * leaf, argument)

"""Each operation that is not taken for a general one is held against `jacrev` over all its parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch.func import jacrev  # noqa: E402

from chainorder.torch import jacobian, parts  # noqa: E402
from chainorder.torch.calls import Call  # noqa: E402
from chainorder.torch.task import TorchTask  # noqa: E402
from tests import torch_rules  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")

SHIFTS = ("add.Scalar", "add.Tensor", "sub.Scalar", "sub.Tensor")

CASES = torch_rules.VIEWS | torch_rules.TURNS | torch_rules.ELEMENTWISE | torch_rules.MATRICES


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def point() -> Any:
    """Numbers between 0 and 1 in no order."""
    return torch.tensor([[[0.31, 0.87, 0.52]], [[0.74, 0.12, 0.63]]])


@pytest.mark.parametrize("name", ["VIEWS", "TURNS", "SHIFTS", "ELEMENTWISE", "MATRICES"])
def test_tables_are_those_of_the_rules(name: str) -> None:
    """An operation that is added there needs cases here."""
    tested = SHIFTS if name == "SHIFTS" else getattr(torch_rules, name)
    assert set(map(torch_rules.operation, tested)) == getattr(parts, name)


def between(case: torch_rules.Map) -> torch_rules.Map:
    """It amid others."""
    return lambda x: torch.cumsum(case(x.flip(0) * 0.9 + 0.05).reshape(-1), 0)[::2]


@pytest.mark.parametrize("name", CASES)
def test_what_is_known_of_operations_holds(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Alone and amid others."""
    caplog.set_level("INFO", "chainorder")
    found = set()
    for number, case in enumerate(CASES[name]):
        program = TorchTask(case)._capture(Call.of((point(),), {}, 0)).program
        found |= {node.target for node in program.nodes}
        for function in (case, between(case)):
            caplog.clear()
            mine, other = jacobian(function, solver="dynamic")(point()), jacrev(function)(point())
            assert (mine.shape, mine.dtype) == (other.shape, other.dtype)
            bound = 2e-7 * float(other.abs().max())
            assert torch.allclose(mine, other, rtol=0, atol=bound, equal_nan=True), f"case {number}"
            assert not (caplog.records and other.any()), f"case {number} is left to PyTorch"
    assert torch_rules.operation(name) in found

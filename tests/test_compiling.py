"""Loops that cannot be compiled run plainly."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from chainorder.elimination import order_kernel
from chainorder.system.compiling import compiled


def twice(number: int) -> int:
    return 2 * number


def test_without_numba_there_are_no_compiled_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    assert compiled(__name__, globals(), [twice]) is None
    assert order_kernel.fast.__wrapped__() is None


def test_loops_that_could_not_be_kept_are_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    numba = pytest.importorskip("numba")

    def refuse(**_: Any) -> Any:
        raise RuntimeError("cannot cache function 'twice': no locator available for file '<string>'")

    monkeypatch.setattr(numba, "njit", refuse)
    assert compiled(__name__, globals(), [twice]) is None

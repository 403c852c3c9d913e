"""NumPy and SciPy as a backend: every pair of representations by its own kernel, counted as held."""

from __future__ import annotations

from chainorder.execution.backends import Backend, Evaluated, Settings
from chainorder.execution.kernels import multiply
from chainorder.execution.model import Model, by_adjoints, by_tangents
from chainorder.execution.operand import Operand, fma_between, stored_entries
from chainorder.execution.sums import add
from chainorder.structures.pattern import Pattern


class NumPyBackend(Backend[Operand, Model, Operand]):
    """Operands as they are."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def take(self, matrix: Operand) -> Operand:
        return matrix

    def multiply(self, left: Operand, right: Operand) -> Operand:
        return multiply(left, right, symbolic=self.settings.symbolic)

    def add(self, left: Operand, right: Operand) -> Operand:
        return add(left, right)

    def tangents(self, model: Model, right: Operand | None, pattern: Pattern) -> Evaluated[Operand]:
        return by_tangents(model, right, pattern, self.settings.chunk)

    def adjoints(self, model: Model, left: Operand | None, pattern: Pattern) -> Evaluated[Operand]:
        return by_adjoints(model, left, pattern, self.settings.chunk)

    def to_host(self, value: Operand) -> Operand:
        return value

    def fma(self, left: Operand, right: Operand) -> int:
        return fma_between(left, right)

    def entries(self, value: Operand) -> int:
        return stored_entries(value)

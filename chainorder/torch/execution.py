"""The evaluations of a plan on the pieces of a captured function, by `torch.func`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.func import jvp, vjp, vmap
from torch.fx import Node

from chainorder.autodiff.execution import Executor, Factor
from chainorder.structures.pattern import Pattern
from chainorder.torch.parts import TorchPart, constant_factor, is_view
from chainorder.torch.program import TorchProgram, size


def as_matrix(factor: Factor, length: int, like: Any) -> Any:
    """A Jacobian as a matrix; `length` is the size of an identity, `like` has its dtype and device."""
    if factor.values is None:
        return torch.eye(length, dtype=like.dtype, device=like.device)
    return torch.diag(factor.values) if factor.diagonal else factor.values


class TorchExecutor(Executor):
    """Evaluates the parts of a captured function at a point.

    Parameters
    ----------
    values
        Of all its nodes, at that point.
    """

    def __init__(
        self, program: TorchProgram, parts: Sequence[TorchPart], values: dict[Node, Any], chunk: int
    ) -> None:
        super().__init__(parts, chunk)
        self.program, self.values = program, values

    def matrix(self, part: TorchPart) -> Any:
        (node,) = (each for each in part.piece.equations if not is_view(self.program, each))
        places = constant_factor(self.program, node)
        assert places is not None
        vector, constant = places
        matrix = self.values[node.args[constant]]
        turned = matrix if vector > constant or matrix.ndim == 1 else matrix.T
        return turned.reshape(part.segment.outputs, part.segment.inputs)

    def diagonal(self, part: TorchPart) -> Any:
        output, pull = self._pull(part)
        return pull(torch.ones_like(output))[0].reshape(-1)

    def tangents(self, part: TorchPart, right: Factor, pattern: Pattern) -> Any:
        value = self.values[part.piece.source].contiguous()  # an expanded one cannot carry tangents
        columns = as_matrix(right, part.segment.inputs, value).T

        def one(column: Any) -> Any:
            return jvp(self._function(part), (value,), (column.reshape(value.shape),))[1].reshape(-1)

        return vmap(one, chunk_size=self._width(part))(columns.to(value.dtype)).T

    def adjoints(self, part: TorchPart, left: Factor, pattern: Pattern) -> Any:
        output, pull = self._pull(part)
        rows = as_matrix(left, part.segment.outputs, output)

        def one(row: Any) -> Any:
            return pull(row.reshape(output.shape))[0].reshape(-1)

        return vmap(one, chunk_size=self._width(part))(rows.to(output.dtype))

    def _pull(self, part: TorchPart) -> tuple[Any, Callable[[Any], Any]]:
        output, pull, *_ = vjp(self._function(part), self.values[part.piece.source])
        return output, pull

    def _function(self, part: TorchPart) -> Callable[[Any], Any]:
        return lambda value: self.program.run(part.piece, self.values, value)

    def _width(self, part: TorchPart) -> int:
        return self.width(part, max(size(node) for node in part.piece.equations))

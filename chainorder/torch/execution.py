"""The evaluations of a plan on the pieces of a captured function, by `torch.func`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.func import jvp, vjp, vmap
from torch.fx import Node

from chainorder.autodiff.execution import Executor
from chainorder.execution.arrays import Factor
from chainorder.execution.backends import Evaluated
from chainorder.execution.torch_arrays import Torch
from chainorder.structures.pattern import Pattern
from chainorder.torch.parts import TorchPart, constant_factor, is_view
from chainorder.torch.program import TorchProgram, size


class TorchExecutor(Executor[TorchPart]):
    """Evaluates the parts of a captured function at a point.

    Parameters
    ----------
    values
        Of all its nodes, at that point.
    """

    def __init__(
        self, program: TorchProgram, parts: Sequence[TorchPart], values: dict[Node, Any], chunk: int
    ) -> None:
        super().__init__(Torch(), parts, chunk)
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

    def along_columns(self, part: TorchPart, right: Factor | None, pattern: Pattern) -> Evaluated[Factor]:
        value = self.values[part.piece.source].contiguous()  # an expanded one cannot carry tangents
        columns = self.seeds(right, part.segment.inputs, value).T

        def one(column: Any) -> Any:
            return jvp(self._function(part), (value,), (column.reshape(value.shape),))[1].reshape(-1)

        values = vmap(one, chunk_size=self._width(part))(columns.to(value.dtype)).T
        return Evaluated(Factor(values, pattern), len(columns))

    def along_rows(self, part: TorchPart, left: Factor | None, pattern: Pattern) -> Evaluated[Factor]:
        output, pull = self._pull(part)
        rows = self.seeds(left, part.segment.outputs, output)

        def one(row: Any) -> Any:
            return pull(row.reshape(output.shape))[0].reshape(-1)

        values = vmap(one, chunk_size=self._width(part))(rows.to(output.dtype))
        return Evaluated(Factor(values, pattern), len(rows))

    def _pull(self, part: TorchPart) -> tuple[Any, Callable[[Any], Any]]:
        output, pull, *_ = vjp(self._function(part), self.values[part.piece.source])
        return output, pull

    def _function(self, part: TorchPart) -> Callable[[Any], Any]:
        return lambda value: self.program.run(part.piece, self.values, value)

    def _width(self, part: TorchPart) -> int:
        return self.width(part, max(size(node) for node in part.piece.equations))

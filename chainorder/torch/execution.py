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
from chainorder.torch.pieces import TorchPiece, constant_factor, is_view
from chainorder.torch.program import TorchProgram, size


class TorchExecutor(Executor[TorchPiece]):
    """Evaluates the pieces of a captured function at a point.

    Parameters
    ----------
    values
        Of all its nodes, at that point.
    most
        Directions that are in flight at once, at most.
    """

    def __init__(
        self,
        program: TorchProgram,
        pieces: Sequence[TorchPiece],
        values: dict[Node, Any],
        chunk: int,
        most: int | None = None,
    ) -> None:
        super().__init__(Torch(), pieces, chunk)
        self.program, self.values, self.most = program, values, most

    def matrix(self, piece: TorchPiece) -> Any:
        (node,) = (each for each in piece.equations if not is_view(self.program, each))
        places = constant_factor(self.program, node)
        assert places is not None
        vector, constant = places
        matrix = self.values[node.args[constant]]
        ordered = matrix if vector > constant or matrix.ndim == 1 else matrix.T
        return ordered.reshape(piece.outputs, piece.inputs)

    def diagonal(self, piece: TorchPiece) -> Any:
        output, pull = self._pull(piece)
        return pull(torch.ones_like(output))[0].reshape(-1)

    def along_columns(self, piece: TorchPiece, right: Factor | None, pattern: Pattern) -> Evaluated[Factor]:
        value = self.values[piece.source].contiguous()  # an expanded one cannot carry tangents
        columns = self.seeds(right, piece.inputs, value).T

        def one(column: Any) -> Any:
            return jvp(self._function(piece), (value,), (column.reshape(value.shape),))[1].reshape(-1)

        values = vmap(one, chunk_size=self._width(piece))(columns.to(value.dtype)).T
        return Evaluated(Factor(values, pattern), len(columns))

    def along_rows(self, piece: TorchPiece, left: Factor | None, pattern: Pattern) -> Evaluated[Factor]:
        output, pull = self._pull(piece)
        rows = self.seeds(left, piece.outputs, output)

        def one(row: Any) -> Any:
            return pull(row.reshape(output.shape))[0].reshape(-1)

        values = vmap(one, chunk_size=self._width(piece))(rows.to(output.dtype))
        return Evaluated(Factor(values, pattern), len(rows))

    def _pull(self, piece: TorchPiece) -> tuple[Any, Callable[[Any], Any]]:
        output, pull, *_ = vjp(self._function(piece), self.values[piece.source])
        return output, pull

    def _function(self, piece: TorchPiece) -> Callable[[Any], Any]:
        return lambda value: self.program.run(piece.source, piece.target, value, self.values)

    def _width(self, piece: TorchPiece) -> int:
        width = self.width(piece, max(size(node) for node in piece.equations))
        return width if self.most is None else min(width, self.most)

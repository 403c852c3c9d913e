"""Sparsity of the whole of a captured function, and its entries by colours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch.func import jvp, vjp, vmap

from chainorder.autodiff.captures import told
from chainorder.autodiff.colours import Colouring, Positions
from chainorder.autodiff.footprints import BudgetError
from chainorder.torch.patterns import Guard, footprint
from chainorder.torch.program import TorchProgram, size

FEWEST = 4
"""Inputs and outputs from which sparsity is looked for."""

FULLEST = 0.75
"""The share of all entries up to which positions are listed."""

LEAST, EACH = 1_500_000, 15_000
"""The budget in members of sets, some 20 ns each: in all, and for an operation."""


def positions_of(program: TorchProgram) -> tuple[Positions | None, Guard]:
    """Where the Jacobian may be nonzero, and as long as what is the same.

    None if nearly everywhere, or if it would take too long to find out.
    """
    rows, columns = size(program.target), size(program.source)
    if min(rows, columns) < FEWEST:
        return None, Guard({})
    try:
        sets, labels, guard = footprint(program, LEAST + EACH * len(program.nodes))
    except BudgetError:
        return None, Guard({})
    except Exception as reason:  # noqa: BLE001 – an operation in an unknown way: it is done without
        told(reason)
        return None, Guard({})
    full = sets.counts(labels).sum() > FULLEST * rows * columns
    return (None, Guard({})) if full else (Positions.of(sets, labels), guard)


@dataclass(frozen=True, eq=False)
class Compression:
    """A Jacobian by colours: one direction for all columns (or rows) of a colour.

    Attributes
    ----------
    positions
        Where it may be nonzero.
    colouring
        What is evaluated.
    dtype, device
        Of the directions.
    """

    positions: Positions
    colouring: Colouring
    dtype: Any
    device: Any

    @cached_property
    def tangents(self) -> Any:
        """A row for each colour of the columns: the sum of their directions."""
        return self._seeds(self.colouring.columns, self.colouring.tangents)

    @cached_property
    def adjoints(self) -> Any:
        """The same of rows."""
        return self._seeds(self.colouring.rows, self.colouring.adjoints)

    @cached_property
    def places(self) -> Any:
        """Where each entry is found in the evaluations, tangents first."""
        rows, columns = self.positions.shape
        ours, colouring = self.positions, self.colouring
        of_tangents = colouring.columns[ours.columns] * rows + ours.rows
        of_adjoints = colouring.tangents * rows + colouring.rows[ours.rows] * columns + ours.columns
        return self._index(np.where(colouring.adjoint, of_adjoints, of_tangents))

    @property
    def tensors(self) -> tuple[Any, ...]:
        """The tensors that it uses, which never change."""
        return self.tangents, self.adjoints, self.places

    def entries(self, function: Callable[[Any], Any], point: Any, chunk: int | None) -> Any:
        """The entries at the positions, in their order; `chunk` directions at once, at most."""
        made = []
        if self.colouring.tangents:
            made.append(self._tangents(function, point, chunk).reshape(-1))
        if self.colouring.adjoints:
            made.append(self._adjoints(function, point, chunk).reshape(-1))
        return (made[0] if len(made) == 1 else torch.cat(made)).index_select(0, self.places)

    def _tangents(self, function: Callable[[Any], Any], point: Any, chunk: int | None) -> Any:
        def one(direction: Any) -> Any:
            return jvp(function, (point,), (direction.reshape(point.shape),))[1].reshape(-1)

        return vmap(one, chunk_size=chunk)(self.tangents)

    def _adjoints(self, function: Callable[[Any], Any], point: Any, chunk: int | None) -> Any:
        value, pull, *_ = vjp(function, point)

        def one(direction: Any) -> Any:
            return pull(direction.reshape(value.shape))[0].reshape(-1)

        return vmap(one, chunk_size=chunk)(self.adjoints)

    def _seeds(self, colours: Any, count: int) -> Any:
        made = np.arange(count)[:, None] == colours
        return torch.as_tensor(made).to(device=self.device, dtype=self.dtype)

    def _index(self, places: Any) -> Any:
        return torch.as_tensor(places).to(device=self.device)

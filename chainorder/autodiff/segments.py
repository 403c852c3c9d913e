"""Segments: the elementals into which a traced function is cut, whatever framework traced it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from chainorder.problems.chain import Chain
from chainorder.problems.elementals import Elemental
from chainorder.structures.dense import Dense
from chainorder.structures.structure import Structure

MAX_SEGMENTS = 120
"""Segments that are planned; of more, the widest cuts are given up (planning takes cubic time)."""


@dataclass(frozen=True, slots=True)
class Work:
    """What evaluating a linear map in one direction takes.

    Attributes
    ----------
    products
        fma in dense products and convolutions.
    elements
        fma elsewhere: one for each entry of an element-wise operation.
    moved
        Entries written.
    constants
        Entries of constants (weights, residuals) read: once, however many directions there are.
    kernels
        Operations launched, however many directions there are.
    """

    products: int = 0
    elements: int = 0
    moved: int = 0
    constants: int = 0
    kernels: int = 0

    @property
    def fma(self) -> int:
        """All fused multiply–adds."""
        return self.products + self.elements

    def __add__(self, other: Work) -> Work:
        return Work(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __mul__(self, times: int) -> Work:
        return Work(*(getattr(self, f.name) * times for f in fields(self)))


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a function between two values through which everything flows.

    Attributes
    ----------
    name
        What it does, for reports.
    source, target
        Shapes of the value that it takes and of the one that it makes.
    structure
        Of its Jacobian.
    tangent, adjoint
        Work of one evaluation; None where the framework has no such rule.
    explicit
        Whether the Jacobian is at hand: the weights of a dense layer.
    tape
        Entries of the residuals that its evaluations read.
    """

    name: str
    source: tuple[int, ...]
    target: tuple[int, ...]
    structure: Structure = Dense()
    tangent: Work | None = None
    adjoint: Work | None = None
    explicit: bool = False
    tape: int = 0

    @property
    def inputs(self) -> int:
        """Entries of the value that it takes."""
        return entries(self.source)

    @property
    def outputs(self) -> int:
        """Entries of the value that it makes."""
        return entries(self.target)

    @property
    def elemental(self) -> Elemental:
        """It as an elemental of a chain, in fma."""
        return Elemental(
            self.inputs,
            self.outputs,
            self.structure,
            name=self.name,
            tangent=None if self.explicit or self.tangent is None else self.tangent.fma,
            adjoint=None if self.explicit or self.adjoint is None else self.adjoint.fma,
            tape=0 if self.explicit else self.tape,
            explicit=self.explicit,
        )


def chain_of(segments: Sequence[Segment], name: str | None) -> Chain:
    """The chain of the segments' Jacobians."""
    return Chain([segment.elemental for segment in segments], name)


def entries(shape: Sequence[int]) -> int:
    """Entries of an array of a shape, as an exact Python int."""
    product = 1
    for size in shape:
        product *= int(size)
    return product

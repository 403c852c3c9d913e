"""What evaluating a piece of a traced function takes, whatever framework traced it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields


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
    sums
        Entries added up one by one, by a reduction: compilers do not vectorise those.
    kernels
        Operations launched, however many directions there are.
    """

    products: int = 0
    elements: int = 0
    moved: int = 0
    constants: int = 0
    kernels: int = 0
    sums: int = 0

    @property
    def fma(self) -> int:
        """All fused multiply–adds."""
        return self.products + self.elements

    def __add__(self, other: Work) -> Work:
        return Work(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __mul__(self, times: int) -> Work:
        return Work(*(getattr(self, f.name) * times for f in fields(self)))


def entries(shape: Sequence[int]) -> int:
    """Entries of an array of a shape, as an exact Python int."""
    product = 1
    for size in shape:
        product *= int(size)
    return product

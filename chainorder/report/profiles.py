"""Profiles of machines as tables: what each kernel takes, and how well that fits what was measured."""

from __future__ import annotations

from collections.abc import Iterable

from chainorder.costs.machine import Machine
from chainorder.costs.profile import DENSE, Profile
from chainorder.report.model import Report, Sheet
from chainorder.report.numbers import Cell

SHAPES = {
    "large": (1000, 1000, 1000),
    "small": (30, 30, 30),
    "thin": (1000, 10, 1000),
    "tall": (1000, 1000, 10),
    "matrix–vector": (1000, 1000, 1),
    "outer": (1000, 1, 1000),
}
"""Dense products that a table shows, of the grid."""


def profile_report(profile: Profile, *, file: str, notes: Iterable[str] = ()) -> Report:
    """A profile, where it comes from, and what makes it doubtful here."""
    error = profile.errors[DENSE]
    rows: list[tuple[Cell, ...]] = [
        (f"dense, {name}", _micro(profile.dense.time(*shape)), " × ".join(map(str, shape)), f"{error:.1%}")
        for name, shape in SHAPES.items()
    ]
    for kernel, rates in profile.kernels.items():
        counted = {count: rate for count, rate in rates.items() if count != "call"}
        what = ", ".join(f"{count} {rate / 1000:,.2f} ns" for count, rate in counted.items())
        error = profile.errors[kernel]
        rows.append((kernel.replace("_", " · "), _micro(rates["call"]), what, f"{error:.1%}"))
    machine = profile.machine
    versions = f"numpy {machine.numpy}, scipy {machine.scipy}"
    said = (
        f"measured on {machine.processor}: {machine.blas}, {machine.words_of_threads}, {versions}; "
        f"{profile.dtype}",
        f"file: {file}",
        *notes,
        *profile.notes(Machine.here()),
    )
    columns = "kernel", "µs a call", "and for each of its", "error of the fit"
    sheet = Sheet(columns, rows, leave=("and for each of its",))
    return Report(profile.name, columns, rows, said, profile.to_data, shown=lambda: sheet)


def _micro(picoseconds: int) -> float:
    return picoseconds / 1e6

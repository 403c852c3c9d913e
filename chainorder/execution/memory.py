"""What fits this machine, told from shapes, before anything is made."""

from __future__ import annotations

import os

from chainorder.errors import ExecutionError

ENTRY_BYTES = 8


def check_memory(entries: int) -> None:
    """Raise `ExecutionError` if the entries that are live at once would not fit this machine."""
    _check(
        entries,
        f"the plan needs {{}} for {entries:,} live entries",
        "choose a better order, or declare structures",
    )


def check_probes(count: int, largest: int) -> None:
    """Raise `ExecutionError` if so many random vectors of the largest size would not fit, twice."""
    _check(
        2 * count * largest,
        f"checking the result needs {{}} for {count} random vectors of {largest:,} entries and what becomes "
        "of them",
        "leave it out: --no-verify, verify=False",
    )


def check_full(rows: int, columns: int) -> None:
    """Raise `ExecutionError` if a matrix with all its zeros would not fit."""
    _check(
        rows * columns,
        f"the Jacobian, {rows:,} × {columns:,} with its zeros, needs {{}}",
        "select fewer rows or columns of it, or declare the Jacobians sparse",
    )


def _check(entries: int, need: str, remedy: str) -> None:
    needed, there = entries * ENTRY_BYTES, physical_memory()
    if needed > there:
        gib = [f"{size / 2**30:,.1f} GiB" for size in (needed, there)]
        raise ExecutionError(f"{need.format(gib[0])}; this machine has {gib[1]}: {remedy}")


def physical_memory() -> int:
    """Bytes of this machine."""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 2**62  # not known: let the machine refuse

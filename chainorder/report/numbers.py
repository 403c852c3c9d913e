"""Numbers that know their unit, and how people read them: three digits and a unit, or exactly."""

from __future__ import annotations

from typing import TypeAlias

from chainorder.reading.magnitudes import duration, short
from chainorder.reading.numerals import as_bytes

Cell: TypeAlias = int | float | str | bool | None
"""A value of a table."""


class Seconds(float):
    """A time."""


class Share(float):
    """A part of 1."""


class Entries(int):
    """Stored entries, which take eight bytes each."""


def write_cell(cell: Cell, *, exact: bool = True) -> str:
    """A value for people: nothing for None; with `exact` whole numbers to the unit, thousands separated."""
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case Share():
            return f"{cell:.1%}"
        case Seconds() if not exact:
            return duration(cell)
        case Entries() if not exact:
            return as_bytes(cell)
        case int():
            return f"{cell:,}" if exact else short(cell)
        case float():
            return f"{cell:,.2f}" if 0.1 <= abs(cell) < 1e6 else f"{cell:.3g}"
        case str():
            return cell

"""Numbers that know their unit, and how people read them: three digits and a unit, or exactly."""

from __future__ import annotations

from typing import TypeAlias

from chainorder.reading.numerals import as_bytes

Cell: TypeAlias = int | float | str | bool | None
"""A value of a table."""

PLAIN = 100_000
"""Whole numbers below it are written out."""

LETTERS = "kMGTPEZYRQ"
"""Of thousand, million, and so on."""

DURATIONS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


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


def short(number: int) -> str:
    """A whole number to three digits and a letter, ``4.82 G``; up to five digits to the unit."""
    return f"{number:,}" if abs(number) < PLAIN else _scaled(number)


def _scaled(number: int) -> str:
    """Three digits and a letter, exactly rounded whatever the size."""
    digits = str(abs(round(number, 3 - len(str(abs(number))))))
    sign, power = "-" * (number < 0), (len(digits) - 1) // 3
    if power > len(LETTERS):
        return f"{sign}{digits[0]}.{digits[1:3]}e{len(digits) - 1}"
    whole = len(digits) - 3 * power
    return (
        f"{sign}{digits[:3]} {LETTERS[power - 1]}"
        if whole == 3
        else (f"{sign}{digits[:whole]}.{digits[whole:3]} {LETTERS[power - 1]}")
    )


def duration(seconds: float) -> str:
    """Three digits and a unit: ``1.25 ms``."""
    unit, name = next((each for each in DURATIONS if seconds >= each[0]), DURATIONS[-1])
    return f"{seconds / unit:,.3g} {name}" if seconds / unit < 1000 else f"{seconds / unit:,.0f} {name}"

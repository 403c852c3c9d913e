"""Numbers as people read them: three digits and a unit."""

from __future__ import annotations

PLAIN = 100_000
"""Whole numbers below it are written out."""

LETTERS = "kMGTPEZYRQ"
"""Of thousand, million, and so on."""

DURATIONS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def short(number: float) -> str:
    """Three digits and a letter, ``4.82 G``; up to five digits to the unit, and fractions of small ones."""
    if isinstance(number, float):
        if abs(number) < 1000 and not number.is_integer():
            return f"{number:.3g}"
        number = round(number)
    return f"{number:,}" if abs(number) < PLAIN else _scaled(number)


def _scaled(number: int) -> str:
    """Three digits and a letter, exactly rounded whatever the size."""
    digits = str(abs(round(number, 3 - len(str(abs(number))))))
    sign, power = "-" * (number < 0), (len(digits) - 1) // 3
    if power > len(LETTERS):
        return f"{sign}{digits[0]}.{digits[1:3]}e{len(digits) - 1}"
    whole = len(digits) - 3 * power
    point = f".{digits[whole:3]}" if whole < 3 else ""
    return f"{sign}{digits[:whole]}{point} {LETTERS[power - 1]}"


def duration(seconds: float) -> str:
    """Three digits and a unit: ``1.25 ms``."""
    unit, name = next((each for each in DURATIONS if seconds >= each[0]), DURATIONS[-1])
    return f"{seconds / unit:,.3g} {name}" if seconds / unit < 1000 else f"{seconds / unit:,.0f} {name}"

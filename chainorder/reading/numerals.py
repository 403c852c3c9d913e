"""Whole numbers as people write them: 1000, 1_000, 1e3, 2.0; and amounts of memory: 100k, 2GiB.

All of it is exact: no number goes through a float, and none is written out that is longer than one may be.
"""

from __future__ import annotations

import re

MAX_DIGITS = 600
"""Digits that Python converts under any setting; a size has at most a hundred."""

ENTRY_BYTES = 8
"""Bytes of a matrix entry in double precision."""

ENTRIES = {"k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
"""Units of a number of entries."""

BYTES = {
    "B": 1,
    **{f"{prefix}B": factor for prefix, factor in ENTRIES.items()},
    **{f"{prefix}iB": 2 ** (10 * power) for power, prefix in enumerate(("K", "M", "G", "T"), 1)},
}
"""Units of a number of bytes."""

UNIT_LETTERS = "kKMGTiB"

MEMORY_PATTERN = rf"^[0-9][0-9_]*(\.[0-9]+)?([eE][-+]?[0-9]+)? ?({'|'.join((*ENTRIES, *BYTES))})$"
"""An amount of memory with its unit, as a regular expression that JSON Schema can use."""

_NUMBER = re.compile(
    r"([-+]?)"
    r"(?=\.?[0-9])(0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:_[0-9]{3})+)?"  # no zeros in front
    r"(?:\.([0-9]*))?"
    r"(?:[eE]([-+]?[0-9]+))?"
)


class TooLongError(ValueError):
    """A number with more digits than are read."""


def as_number(text: str) -> int | float | str | None:
    """What an unquoted word is worth as a number.

    Returns
    -------
    int
        Of a whole number, however written.
    float
        Of one that is not whole; the text itself where a float would look whole.
    None
        Of a word that is no number, or would read as another than it looks like: ``010``, ``0x10``, ``1_00``.

    Raises
    ------
    TooLongError
        If it has more digits than are read.
    """
    parts = _parts(text)
    if parts is None:
        return None
    whole = _scaled(*parts)
    if whole is not None:
        return whole
    value = float(text.replace("_", ""))
    return text if value.is_integer() else value


def whole_number(text: str) -> int | None:
    """The whole number that a text stands for, None if it is none; raises as `as_number`."""
    value = as_number(text.strip())
    return value if isinstance(value, int) else None


def memory_entries(text: str) -> int | None:
    """The entries that an amount of memory stands for: bytes are rounded down to entries of eight.

    ``100k`` are 100,000 entries; ``2GiB`` are bytes, 268,435,456 entries.

    Returns
    -------
    int or None
        None if the text is no such amount, or no whole number of entries or bytes.
    """
    amount = text.strip().rstrip(UNIT_LETTERS)
    unit = text.strip()[len(amount) :]
    parts = _parts(amount.rstrip())
    if parts is None or (unit and unit not in ENTRIES and unit not in BYTES):
        return None
    mantissa, exponent = parts
    whole = _scaled(mantissa * (ENTRIES | BYTES | {"": 1})[unit], exponent)
    return whole if whole is None or unit not in BYTES else whole // ENTRY_BYTES


def as_bytes(entries: int) -> str:
    """How much memory so many entries take: ``2.0 GiB``."""
    size, power = entries * ENTRY_BYTES, 0
    while size >= 1024 ** (power + 1) and power < 4:
        power += 1
    tenths = 10 * size // 1024**power
    return f"{size} bytes" if power == 0 else f"{tenths // 10:,}.{tenths % 10} {'KMGT'[power - 1]}iB"


def _parts(text: str) -> tuple[int, int] | None:
    """Mantissa and exponent of a number: it is mantissa · 10^exponent."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    sign, whole, fraction, exponent = (part or "" for part in match.groups())
    digits = whole.replace("_", "") + fraction
    _check_length(len(digits) if len(exponent) < MAX_DIGITS else len(exponent))
    return int(f"{sign}{digits}"), int(exponent or "0") - len(fraction)


def _scaled(mantissa: int, exponent: int) -> int | None:
    """mantissa · 10^exponent where that is whole, else None."""
    if mantissa == 0:
        return 0
    digits = str(abs(mantissa))
    if exponent >= 0:
        _check_length(len(digits) + exponent)
        return mantissa * int(10**exponent)
    zeros = len(digits) - len(digits.rstrip("0"))
    return mantissa // int(10**-exponent) if -exponent <= zeros else None


def _check_length(digits: int) -> None:
    if digits > MAX_DIGITS:
        count = f"{digits:,}" if digits < 10**12 else "far too many"
        raise TooLongError(f"a number of {count} digits is too long")

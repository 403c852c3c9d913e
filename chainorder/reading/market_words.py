"""The words that a line of a Matrix Market file consists of: what they are, and what is wrong with others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from math import isfinite

import numpy as np

INDEX = rb"[1-9]\d{0,8}+"
"""A row or column, counted from 1: of at most nine digits, which is more than matrices have that are read."""

WHOLE = rb"-?+\d++"

NUMBER = rb"-?+(?:(?:\d++\.?+\d*+|\.\d++)(?:[eE][-+]?+\d++)?+|(?i:inf(?:inity)?+|nan))"

Word = tuple[str, bytes]
"""What a word stands for, and the pattern of such words."""

_SKIPPED = re.compile(rb"^[ \t\r]*(?:%[^\n]*)?\n", re.MULTILINE)
_BEFORE_NUMBER = re.compile(rb"(?:^|(?<=[ \t]))(?:\+?0*(?=\d)|\+(?=[.iInN]))", re.MULTILINE)
_D_AS_E = bytes.maketrans(b"Dd", b"Ee")
_WITHOUT_E = re.compile(rb"([-+]?[\d.]+)([-+]\d+)")


def proof(words: tuple[Word, ...]) -> re.Pattern[bytes]:
    """What matches as many lines of such words as there are."""
    patterns = [pattern for _, pattern in words]
    plain = b" ".join(patterns) + rb"\n"  # as most are, and quicker to match
    line = rb"[ \t]*+" + rb"[ \t]++".join(patterns) + rb"[ \t\r]*+\n"
    return re.compile(rb"(?:(?:" + plain + rb")++|" + line + rb")*+")


def line_count(text: bytes) -> int:
    """How many lines end in it."""
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == ord("\n")))


def tidied(text: bytes) -> bytes:
    """Lines without comments, blank lines, and a + or zeros before a number, which SciPy does not take."""
    return _BEFORE_NUMBER.sub(b"", _SKIPPED.sub(b"", text)).translate(_D_AS_E)


def ways_to_read(text: bytes) -> Iterator[bytes]:
    """The same entries in ways that SciPy reads, the quickest first."""
    yield text
    yield text.translate(_D_AS_E)
    yield tidied(text)


def place(text: bytes, entry: int) -> tuple[int, bytes]:
    """Where a line of tidied text was before, counted from 0, and that line."""
    for at, line in enumerate(text.split(b"\n")):
        entry -= not _SKIPPED.match(line + b"\n")
        if entry < 0:
            return at, line
    raise IndexError(entry)


def shown(text: bytes) -> str:
    """A part of a line, quoted, as it can be printed."""
    line = text.strip(b" \t\r\n").decode("ascii", "backslashreplace")
    return repr(line if len(line) <= 60 else line[:60] + "…")


def split(line: bytes) -> list[bytes]:
    """The words of a line."""
    return re.split(rb"[ \t]+", line.strip(b" \t\r\n"))


def misfit(line: bytes, words: tuple[Word, ...], shape: tuple[int, int]) -> str:
    """Why a line does not consist of the words that are expected."""
    found, names = split(line), [name for name, _ in words]
    if len(found) != len(words):
        count = f"{len(found)} words" if len(found) > 1 else "1 word"
        hint = "; a comment stands on a line of its own" if b"%" in line else ""
        return f"{shown(line)} has {count}, expected are {len(words)}: {', '.join(names)}{hint}"
    for (name, pattern), word in zip(words, found, strict=True):
        if not re.fullmatch(pattern, tidied(word)):
            size = {"row": shape[0], "column": shape[1]}.get(name)
            why = f"; it is a whole number from 1 to {size}" if size else _no_number(word, pattern)
            return f"{name} is {shown(word)}{why}"
    return f"{shown(line)} cannot be read; write it as {' '.join(names)}, with blanks between them"


def _no_number(word: bytes, pattern: bytes) -> str:
    """Why a word is not the number that is expected, and the remedy."""
    if pattern == WHOLE and re.fullmatch(NUMBER, tidied(word)):
        return " but the header says integer; write real there, or whole numbers"
    if found := _WITHOUT_E.fullmatch(word):
        return f", which is no number; write {b'E'.join(found.groups()).decode()}"
    if b"," in word:
        return ", which is no number; write a decimal point"
    return ", which is no number; mend it"


def loss(word: bytes, *, whole: bool) -> str | None:
    """What double precision would make of a number that it does not hold; None if it does."""
    value = float(word)
    if not isfinite(value):
        digits = any(letter in b"0123456789" for letter in word)
        return "is beyond double precision; scale the matrix" if digits else None
    if whole and Decimal(word.decode()) != Decimal(value):
        return f"would be rounded to {value:.0f}; scale it, or write real in the header"
    return None

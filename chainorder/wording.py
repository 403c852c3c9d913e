"""Suggestions for names that are not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import islice
from typing import Any

WIDTH = 60
"""Characters of a word that are looked at."""

LOOKED_AT = 1000
"""Names among which the nearest is looked for."""

LISTED = 30
"""Names that are listed where none is near."""


def nearest(word: Any, known: Iterable[str]) -> str:
    """``did you mean 'dims'?`` where there is something near, else what is known."""
    names = list(islice(known, LOOKED_AT))
    near = difflib.get_close_matches(str(word)[:WIDTH], names, 1)
    return f"did you mean {near[0]!r}?" if near else _listed(names)


def nearest_of(word: Any, known: Iterable[str]) -> str:
    """The same for names that are few: they are listed even where one is near."""
    names = list(known)
    hint, everything = nearest(word, names), _listed(names)
    return hint if hint == everything else f"{hint} {everything}"


def _listed(names: list[str]) -> str:
    more = ", …" if len(names) > LISTED else ""
    return f"the known ones are {', '.join(names[:LISTED])}{more}"

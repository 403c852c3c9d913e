"""Names: which ones there may be, and which one was meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

BREAKING = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"
"""Characters that would break the line of a table: no name has them."""

WIDTH = 60
"""Characters of a word that are looked at."""

LOOKED_AT = 1000
"""Names among which the nearest is looked for."""

LISTED = 30
"""Names that are listed where none is near."""


def fault_of_name(name: Any) -> str | None:
    """What is wrong with a name, if something is; None is no name, and right."""
    if name is None or (isinstance(name, str) and not re.search(BREAKING, name)):
        return None
    return f"is {name!r}; a name is a text without line breaks or controls"


def without_breaks(text: str) -> str:
    """A text as a name."""
    return re.sub(BREAKING, "?", text)


def shortened(word: Any) -> str:
    """A word as an error quotes it, or its beginning."""
    text = str(word)
    return repr(text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…")


def nearest(word: Any, known: Iterable[str]) -> str:
    """``did you mean 'dims'?`` where there is something near, else what is known."""
    import difflib  # start-up does without

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

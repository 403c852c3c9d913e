"""Whether a file is an input, however it is called: what a report must not replace by mistake."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from chainorder.errors import SpecError
from chainorder.problems.schema import CHAIN
from chainorder.reading.files import PACKED
from chainorder.reading.foreign import KINDS, LOOKED_AT, foreign
from chainorder.reading.matrix_formats import BEGINNINGS, SUFFIXES
from chainorder.reading.tokens import CLOSE, LIST, MAPPING, SCALAR, Token, json_tokens, yaml_tokens
from chainorder.system.output import CALL

HEAD_BYTES = 2**16
"""As far as the keys of a spec are looked for."""

REPORTED = frozenset({"schema", "source"})
"""Keys that reports begin with, and no spec has."""

ENDINGS = {".yaml": "spec", ".yml": "spec"} | dict.fromkeys(SUFFIXES, "matrix")
"""Of files that no report is written to by itself: they are inputs, unless they hold one all the same."""


def kind_of_input(path: Path) -> str | None:
    """``spec``, ``matrix`` or ``batch in the making`` if a file begins or is called like one, else None.

    Reads no more than `HEAD_BYTES`. A spec may be broken, as long as its name or one of its first keys tells.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        if head.startswith(PACKED):
            head = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, HEAD_BYTES)
    except (OSError, zlib.error):
        return None
    if head.startswith(CALL):
        return "batch in the making"
    if head.lstrip(b" \t").lower().startswith(BEGINNINGS):
        return "matrix"
    found = _holds_spec(head.decode("utf-8-sig", "ignore"))  # cut within a letter perhaps
    if found is None and head:
        named = path.with_suffix("") if path.suffix.lower() == ".gz" else path
        return ENDINGS.get(named.suffix.lower())
    return "spec" if found else None


def _holds_spec(text: str) -> bool | None:
    """Whether a text begins like a spec; None if like nothing that is known."""
    if text.lstrip()[:1] == "<":
        # Drawings of plans are GraphML, too; the attribute below is theirs.
        return "<graphml" in text and 'attr.name="action"' not in text
    try:
        for key, kind in _top_keys(_tokens(text)):
            if key in REPORTED:
                return False
            if KINDS.get(key) == kind:
                return True
    except (SpecError, ValueError):
        return None  # the rest is of no known form, or cut off
    return None


def of_others(text: str) -> bool:
    """Whether a text that cannot be read as a spec has keys, and none of them is one of a spec.

    So are files of several documents or with tags of their own, as many a program has.
    """
    keys: dict[str, None] = {}
    with suppress(SpecError, ValueError):  # the keys before what cannot be read
        for key, _ in islice(_top_keys(_tokens(text[:HEAD_BYTES])), LOOKED_AT):
            keys[key] = None
    return bool(keys) and foreign(keys) and keys.keys().isdisjoint(CHAIN["properties"])


def _tokens(text: str) -> Iterator[Token]:
    return json_tokens(text) if text.lstrip()[:1] in ("{", "[") else yaml_tokens(text)


def _top_keys(tokens: Iterable[Token]) -> Iterator[tuple[str, str]]:
    """The keys of the outermost mapping, or of the first of a list, and the kinds of their values."""
    depth, key = 0, None
    for place, (kind, _, value, _) in enumerate(tokens):
        if place == 0 and kind is LIST:
            continue
        if depth == 0 and kind is not MAPPING:
            return
        if depth == 1 and key is not None and kind is not CLOSE:
            yield key, kind
            key = None
        elif depth == 1 and kind is SCALAR:
            key = str(value)
        depth += {LIST: 1, MAPPING: 1, CLOSE: -1}.get(kind, 0)
        if depth == 0:
            return

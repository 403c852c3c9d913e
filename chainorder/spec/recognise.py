"""Whether a file holds a spec, however it is called: what a report must not replace by mistake."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from chainorder.errors import SpecError
from chainorder.spec.tokens import CLOSE, LIST, MAPPING, SCALAR, Token, json_tokens, yaml_tokens

HEAD_BYTES = 2**16
"""As far as the keys of a spec are looked for."""

DECLARING = {
    "dims": LIST,
    "layers": LIST,
    "elementals": LIST,
    "chains": LIST,
    "edges": LIST,
    "vertices": MAPPING,
}
"""Keys of which a spec has one, and what stands under them."""

REPORTED = frozenset({"schema", "source"})
"""Keys that reports begin with, and no spec has."""


def holds_spec(path: Path) -> bool:
    """Whether a file begins like a spec; a broken one does, too, as far as its first keys can be read.

    Reads no more than `HEAD_BYTES`; false if there is nothing to read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError:
        return False
    text = head.decode("utf-8-sig", "ignore")  # the end may be cut within a letter
    if text.lstrip()[:1] == "<":
        # Drawings of plans are GraphML, too; the attribute below is theirs.
        return "<graphml" in text and 'attr.name="action"' not in text
    try:
        for key, kind in _top_keys(_tokens(text)):
            if key in REPORTED:
                return False
            if DECLARING.get(key) == kind:
                return True
    except (SpecError, ValueError):
        return False  # the rest is of no known form, or cut off
    return False


def _tokens(text: str) -> Iterator[Token]:
    return json_tokens(text) if text.lstrip()[:1] in ("{", "[") else yaml_tokens(text)


def _top_keys(tokens: Iterable[Token]) -> Iterator[tuple[str, str]]:
    """The keys of the outermost mapping, and the kinds of their values."""
    depth, key = 0, None
    for kind, _, value, _ in tokens:
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

"""A document: plain values from text that nobody vouches for, and the places where they stand.

Reading keeps no places. An error, which is rare, replays the tokens to find its own. Nothing here recurses:
neither depth nor size of a document is bounded by the interpreter's stack.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, groupby, islice
from operator import itemgetter
from typing import Any

from chainorder.errors import MAX_FAULTS, SpecError
from chainorder.reading.numerals import as_number
from chainorder.reading.tokens import (
    ALIAS,
    CLOSE,
    LIST,
    MAPPING,
    SCALAR,
    Mark,
    Token,
    json_tokens,
    misread,
    yaml_tokens,
)
from chainorder.reading.words import KeyPath, join, show

MAX_DEPTH = 64
"""Levels of lists and mappings in one another; a spec has six."""

MAX_ALIASED = 20_000_000
"""Values that the aliases of a document may add to those written in it."""

MAX_KEPT = 100_000
"""Tokens of a chain that are kept to find further places in it."""


@dataclass
class Document:
    """The value of a text, with the places of its parts.

    Attributes
    ----------
    data
        None, bool, int, float, str, and lists and mappings of such.
    tokens
        Replays the text.
    repeated
        An error for every key that stands in a mapping again; its value there is left out.
    """

    data: Any
    tokens: Callable[[], Iterator[Token]]
    repeated: tuple[SpecError, ...] = ()
    _chains: Iterator[tuple[int, Iterator[tuple[int, Token]]]] = field(default_factory=lambda: iter(()))
    _chain: tuple[int, list[Token]] | None = None

    def locate(self, path: KeyPath, *, of_key: bool = False) -> Mark:
        """The place of the value at a path (or of its key), or of the nearest around it that is there.

        Places in ``chains[0]``, ``chains[1]``, … asked for in this order take one replay, not one each, and
        those in one of them neither, unless it is long.
        """
        match path:
            case ("chains", int(index), *rest) if tokens := self._chain_tokens(index):
                return find(tokens, tuple(rest), of_key)[1]
            case _:
                return find(self.tokens(), path, of_key)[1]

    def _chain_tokens(self, index: int) -> Iterator[Token] | None:
        if self._chain is not None and self._chain[0] == index:
            return iter(self._chain[1])
        for replay in (False, True):
            if replay:
                tokens = self.tokens()
                if find(tokens, ("chains",))[0] is not LIST:  # an alias: what it stands for is elsewhere
                    return None
                self._chains = groupby(_numbered(tokens), itemgetter(0))
            for number, numbered in self._chains:
                if number == index:
                    return self._kept(index, (token for _, token in numbered))
        return None

    def _kept(self, index: int, tokens: Iterator[Token]) -> Iterator[Token]:
        """Tokens of a chain, which are kept for the next place in it if they are few."""
        first = list(islice(tokens, MAX_KEPT))
        if len(first) < MAX_KEPT:
            self._chain = index, first
        return chain(first, tokens)


def parse(text: str, *, strict: bool = False) -> Document:
    """Read a document: YAML or JSON, or if `strict`, JSON only.

    JSON is YAML as well, but its own parser is a hundred times as fast.

    Raises
    ------
    SpecError
        With line and column, but without the file.
    """
    if strict or text.lstrip()[:1] in ("{", "["):
        try:
            return _of_json(text)
        except json.JSONDecodeError as error:
            if strict:
                message = f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}"
                raise misread(message, Mark(error.lineno - 1, error.colno - 1)) from None
    return _constructed(lambda: yaml_tokens(text))


def _of_json(text: str) -> Document:
    """A document of JSON; raises `json.JSONDecodeError` if it is none."""
    try:
        data = json.loads(text, object_pairs_hook=_unique, parse_float=as_number)
    except json.JSONDecodeError:
        raise
    except (_Repeated, ValueError, RecursionError):  # a repeated key, a long number, great depth
        with suppress(RecursionError):
            json.loads(text, parse_int=str, parse_float=str)  # what follows may be no JSON
        return _constructed(lambda: json_tokens(text))
    if shallow(data):
        return Document(data, lambda: json_tokens(text))
    return _constructed(lambda: json_tokens(text))


class _Repeated(Exception):  # noqa: N818 - it reports no error, it asks for the slow way that knows the place
    """A key stands twice in a JSON object."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise _Repeated
    return mapping


def _constructed(tokens: Callable[[], Iterator[Token]]) -> Document:
    constructor = _Constructor()
    return Document(constructor.run(tokens()), tokens, tuple(constructor.repeated))


def shallow(data: Any) -> bool:
    """Whether the data is nested in at most `MAX_DEPTH` levels; False for data that holds itself."""
    level = {id(data): data}
    for _ in range(MAX_DEPTH + 1):
        level = {id(child): child for node in level.values() for child in _children(node)}
        if not level:
            return True
    return False


def _children(node: Any) -> Iterable[Any]:
    values = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [value for value in values if isinstance(value, (dict, list))]


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read."""

    value: list[Any] | dict[str, Any]
    anchor: str | None
    key: str | None = None
    again: bool = False
    nested: int = 0
    height: int = 1

    @property
    def size(self) -> int:
        """How many values it has, those of its lists and mappings included."""
        return 1 + len(self.value) + self.nested


@dataclass(slots=True)
class _Constructor:
    """Values from tokens."""

    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, tuple[Any, int, int] | None] = field(default_factory=dict)
    aliased: int = 0
    repeated: list[SpecError] = field(default_factory=list)
    root: Any = None

    def run(self, tokens: Iterator[Token]) -> Any:
        empty = True
        for kind, mark, value, anchor in tokens:
            empty = False
            if kind is SCALAR:
                self._put(value, mark)
                if anchor is not None:
                    self.anchors[anchor] = value, 1, 0
            elif kind is CLOSE:
                self._close(mark)
            elif kind is ALIAS:
                self._add_alias(value, mark)
            else:
                self._open([] if kind is LIST else {}, anchor, mark)
        if empty:
            raise misread("there is nothing in it; write a chain, such as dims: [1000, 100, 1]", Mark(0, 0))
        return self.root

    def _put(self, value: Any, mark: Mark) -> None:
        if not self.stack:
            self.root = value
            return
        top = self.stack[-1]
        if isinstance(top.value, list):
            top.value.append(value)
        elif top.key is None:
            top.key = self._checked_key(value, mark)
            top.again = top.key in top.value
            if top.again and len(self.repeated) < MAX_FAULTS:
                message = f"the key {show(value)} is here a second time; keep one"
                self.repeated.append(self._error(message, mark))
        else:
            if not top.again:
                top.value[top.key] = value
            top.key = None

    def _put_nested(self, value: Any, size: int, height: int, mark: Mark) -> None:
        self._put(value, mark)
        for top in self.stack[-1:]:
            top.nested += size - 1
            top.height = max(top.height, height + 1)

    def _checked_key(self, key: Any, mark: Mark) -> str:
        if not isinstance(key, str):
            raise self._error(f"a key is {show(key)}; a key is a word (in quotes if need be)", mark)
        return key

    def _open(self, value: list[Any] | dict[str, Any], anchor: str | None, mark: Mark) -> None:
        self._check_depth(len(self.stack) + 1, mark)
        if self.stack and isinstance(self.stack[-1].value, dict) and self.stack[-1].key is None:
            self._checked_key(value, mark)
        if anchor is not None:
            self.anchors[anchor] = None
        self.stack.append(_Open(value, anchor))

    def _close(self, mark: Mark) -> None:
        done = self.stack.pop()
        if done.anchor is not None:
            self.anchors[done.anchor] = done.value, done.size, done.height
        self._put_nested(done.value, done.size, done.height, mark)

    def _add_alias(self, name: str, mark: Mark) -> None:
        if name not in self.anchors:
            raise self._error(f"the alias *{name} has no anchor &{name} before it", mark)
        anchored = self.anchors[name]
        if anchored is None:
            raise self._error(f"the alias *{name} stands inside what it stands for", mark)
        value, size, height = anchored
        self._check_depth(len(self.stack) + height, mark)
        self.aliased += size
        if self.aliased > MAX_ALIASED:
            message = f"the aliases expand to more than {MAX_ALIASED:,} values; write a smaller spec"
            raise self._error(message, mark)
        self._put_nested(value, size, height, mark)

    def _check_depth(self, depth: int, mark: Mark) -> None:
        if depth > MAX_DEPTH:
            raise misread(f"nested in more than {MAX_DEPTH} levels; a spec has at most six", mark)

    def _error(self, message: str, mark: Mark) -> SpecError:
        steps = (len(top.value) if isinstance(top.value, list) else top.key for top in self.stack)
        return misread(message, mark, join(tuple(step for step in steps if step is not None)))


def find(tokens: Iterator[Token], path: KeyPath, of_key: bool = False) -> tuple[str, Mark]:
    """Kind and place of the value at `path` under the next one, or of the nearest around it that is there.

    With `of_key`, the place of its key. The tokens are used up to just after what was found.
    """
    found, mark, _, _ = next(tokens)
    step = 0
    while step < len(path) and found in (LIST, MAPPING):
        place = _enter(tokens, path[step], found is MAPPING, of_key and step + 1 == len(path))
        if place is None:
            break
        found, mark = place
        step += 1
    return found, mark


def _enter(
    tokens: Iterator[Token], wanted: str | int, mapping: bool, of_key: bool
) -> tuple[str, Mark] | None:
    """Go on, within a list or mapping just opened, to one of its values."""
    for index, (kind, mark, value, _) in enumerate(tokens):  # further tokens of a value are skipped
        if kind is CLOSE:
            return None
        if not mapping:
            if index == wanted:
                return kind, mark
            _skip(tokens, kind)
        elif value == wanted:
            return (SCALAR, mark) if of_key else next(tokens)[:2]
        else:
            _skip(tokens, next(tokens)[0])
    return None


def _skip(tokens: Iterator[Token], kind: str) -> None:
    """Go on to the end of the value whose first token had the given kind."""
    depth = _step(kind)
    while depth > 0:
        depth += _step(next(tokens)[0])


def _step(kind: str) -> int:
    """How a token changes the depth."""
    return 1 if kind in (LIST, MAPPING) else -1 if kind is CLOSE else 0


def _numbered(tokens: Iterator[Token]) -> Iterator[tuple[int, Token]]:
    """The tokens of a list just opened, each with the index of the value that it belongs to."""
    index, depth = 0, 0
    for token in tokens:
        depth += _step(token[0])
        if depth < 0:
            return
        yield index, token
        index += depth == 0

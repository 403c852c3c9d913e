"""Text to tokens that know their place; those of YAML and of JSON are alike."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

from chainorder.errors import SpecError
from chainorder.reading.numerals import MAX_DIGITS, TooLongError, as_number
from chainorder.reading.words import one_line, shorten


class Mark(NamedTuple):
    """A place in a text, counted from 0 as PyYAML does, whose own marks are used just like this one."""

    line: int
    column: int


Token: TypeAlias = tuple[str, Mark, Any, str | None]
"""Kind, place, value (of a scalar; the name of an alias) and anchor."""

LIST, MAPPING, CLOSE, SCALAR, ALIAS = "list", "mapping", "close", "scalar", "alias"

_KINDS = {
    "ScalarEvent": SCALAR,
    "SequenceStartEvent": LIST,
    "MappingStartEvent": MAPPING,
    "SequenceEndEvent": CLOSE,
    "MappingEndEvent": CLOSE,
    "AliasEvent": ALIAS,
}

_NO_NUMBER = re.compile(r"[-+]?\.(inf|nan)", re.I)
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_JSON_TOKEN = re.compile(r'\n|[{}\[\]]|"(?:[^"\\]|\\.)*"|[^\s{}\[\],:"]+')


def plain_value(text: str) -> Any:
    """The value of an unquoted word.

    The core schema of YAML 1.2, but a whole number is one however it is written: ``1_000``, ``1e3``, ``2.0``.
    What reads as another number than it looks like stays a string: ``010``, ``0x10`` and ``1:30``, as do
    ``no`` and dates.
    """
    if text.isascii() and text.isdigit() and text[0] != "0" and len(text) <= MAX_DIGITS:
        return int(text)
    if text in _WORDS:
        return _WORDS[text]
    if (value := as_number(text)) is not None:
        return value
    if _NO_NUMBER.fullmatch(text):
        return float(text.lower().replace(".", ""))
    return text


def yaml_tokens(text: str) -> Iterator[Token]:
    """Tokens of a YAML document, from the parser's events: composing nodes would take five times as long.

    Raises
    ------
    SpecError
        If the text is no YAML, states a tag, or has more than one document.
    """
    import yaml

    if bad := _UNPRINTABLE.search(text):
        raise misread(f"the character U+{ord(bad[0]):04X} is not text; remove it", mark_at(text, bad.start()))
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    documents = 0
    try:
        events: Iterable[Any] = yaml.parse(text, Loader=loader)
        for event in events:
            kind, mark = _KINDS.get(type(event).__name__), event.start_mark
            if kind is SCALAR:
                _refuse_tag(event.tag, mark)
                value = scalar(event.value, mark) if event.implicit[0] else event.value
                yield SCALAR, mark, value, event.anchor
            elif kind is CLOSE:
                yield CLOSE, mark, None, None
            elif kind is ALIAS:
                yield ALIAS, mark, event.anchor, None
            elif kind is not None:
                _refuse_tag(event.tag, mark)
                yield kind, mark, None, event.anchor
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                _refuse_second(documents, mark)
    except yaml.YAMLError as error:
        raise _not_yaml(error, text) from None


def _refuse_tag(tag: str | None, mark: Mark) -> None:
    if tag is not None:
        name = shorten(tag.replace("tag:yaml.org,2002:", "!!"))
        raise misread(f"the tag {name} is not allowed; write a plain value", mark)


def _refuse_second(documents: int, mark: Mark) -> None:
    if documents > 1:
        raise misread(
            "a second document starts here; list several chains under chains:, or write JSON Lines", mark
        )


def _not_yaml(error: Any, text: str) -> SpecError:
    parts = [getattr(error, name, None) for name in ("problem", "context")]
    reason = "; ".join(part for part in parts if part) or str(error)
    end = mark_at(text, len(text))
    mark = getattr(error, "problem_mark", None) or end
    return misread(f"not YAML: {reason}", end if mark.line > end.line else mark)


def json_tokens(text: str) -> Iterator[Token]:
    """Tokens of JSON that is valid, but for repeated keys, great depth and long numbers perhaps."""
    line, start = 0, 0
    for match in _JSON_TOKEN.finditer(text):
        lexeme, mark = match[0], Mark(line, match.start() - start)
        if lexeme == "\n":
            line, start = line + 1, match.end()
        elif lexeme in "[{":
            yield LIST if lexeme == "[" else MAPPING, mark, None, None
        elif lexeme in "]}":
            yield CLOSE, mark, None, None
        elif lexeme[0] == '"':
            yield SCALAR, mark, json.loads(lexeme), None
        else:
            yield SCALAR, mark, scalar(lexeme, mark), None


def scalar(text: str, mark: Mark) -> Any:
    """`plain_value`, with an error that knows its place for more digits than Python converts."""
    try:
        return plain_value(text)
    except TooLongError as error:
        raise misread(str(error), mark) from None


def misread(message: str, mark: Mark, key: str = "") -> SpecError:
    """The error for what stands at a place."""
    return SpecError(one_line(message), None, mark.line + 1, mark.column + 1, key)


def mark_at(text: str, offset: int) -> Mark:
    """The place of a character."""
    return Mark(text.count("\n", 0, offset), offset - text.rfind("\n", 0, offset) - 1)

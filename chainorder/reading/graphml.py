"""GraphML: what nodes and edges say, in plain values; anything that would be lost is refused.

The reader of networkx is not used: it keeps the last of what is there twice, and gives defaults to nobody.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias
from xml.parsers import expat

from chainorder.errors import SpecError

Attributes = dict[str, Any]

SILENT = ("desc", "locator")
"""Elements that say nothing about the graph itself."""

BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


class Place(NamedTuple):
    """Where an element begins, counted from 1."""

    line: int
    column: int


class _Element(ElementTree.Element):
    """An element that knows its place."""

    place: Place


@dataclass
class Contents:
    """A graph as others hold it, too: nodes and edges with attributes, perhaps not fit for anything.

    Attributes
    ----------
    nodes
        Names and attributes.
    edges
        Source, target and attributes.
    attributes
        Of the graph itself.
    places
        Where a text has its nodes and edges, by ``nodes`` or ``edges`` and their index.
    """

    nodes: list[tuple[Any, Attributes]] = field(default_factory=list)
    edges: list[tuple[Any, Any, Attributes]] = field(default_factory=list)
    attributes: Attributes = field(default_factory=dict)
    places: dict[tuple[str | int, ...], Place] = field(default_factory=dict)


def read_contents(text: str) -> list[Contents]:
    """The graphs of a GraphML document.

    Raises
    ------
    SpecError
        If it is none, or has something that a computational graph cannot have; with its line and column.
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise SpecError("declares a document type or entities; remove the declaration")
    root = _parsed(text)
    if _tag(root) != "graphml":
        raise _error(root, f"is no GraphML: it starts with <{_tag(root)}>; save the graph as GraphML")
    errors: list[SpecError] = []
    keys: _Keys = {}
    for element in root:
        if _tag(element) == "key":
            with _noting(errors):
                _add_key(element, keys)
    for element in root:
        with _noting(errors):
            _check_outermost(element, keys)
    if errors:
        raise SpecError.of(errors)
    graphs = [_contents(element, keys, errors) for element in root if _tag(element) == "graph"]
    if errors:
        raise SpecError.of(errors)
    if not graphs:
        raise _error(root, "is no GraphML: there is no graph in it; write it again")
    return graphs


def _parsed(text: str) -> Any:
    """The root of a document, its elements with their places, which ElementTree by itself does not keep."""
    builder = ElementTree.TreeBuilder(element_factory=_Element)
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True

    def start(tag: str, attributes: dict[str, str]) -> None:
        element: Any = builder.start(tag, attributes)
        element.place = Place(parser.CurrentLineNumber, parser.CurrentColumnNumber + 1)

    parser.StartElementHandler = start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        message = f"is no GraphML ({expat.ErrorString(error.code)}); write it again"
        raise SpecError(message, line=error.lineno, column=error.offset + 1) from None
    except ValueError as error:
        raise SpecError(f"is no GraphML ({' '.join(str(error).split())}); write it again") from None
    return builder.close()


@dataclass(frozen=True)
class _Key:
    """What a GraphML key declares: an attribute of nodes, edges or both, and its default."""

    name: str
    kind: str
    domain: str
    default: str | None
    element: _Element

    @classmethod
    def of(cls, element: Any) -> _Key:
        name = element.get("attr.name", _get(element, "id", "a key"))
        kind = "drawing" if element.get("yfiles.type") else element.get("attr.type", "string")
        default = next((child.text or "" for child in element if _tag(child) == "default"), None)
        return cls(name, kind, element.get("for", "all"), default, element)

    def value(self, text: str, element: Any) -> Any:
        """A text as a value: numbers are read where it is known what they are for."""
        if self.kind != "boolean":
            return text
        if text.lower() not in BOOLEANS:
            raise _error(element, f"{self.name} is {text!r}; a boolean is true or false")
        return BOOLEANS[text.lower()]


_Keys: TypeAlias = dict[str, _Key]


def _add_key(element: Any, keys: _Keys) -> None:
    key, own = _Key.of(element), element.get("id")
    if own in keys:
        raise _error(element, f"there are two keys {own!r}; rename one")
    keys[own] = key


def _check_outermost(element: Any, keys: _Keys) -> None:
    """Refuse what stands outside of graphs and says something: it would be lost."""
    match _tag(element):
        case "data":
            _unique(_stated([element], keys, "the file"), element, "the file")
            key = keys[element.get("key")]
            if key.kind != "drawing" and (element.text or "").strip():
                raise _error(element, f"{key.name} stands outside of a graph; move it into one")
        case "graph" | "key" | "desc" | "locator":
            pass
        case other:
            raise _error(element, f"has a <{other}> outside of a graph; move it into one")


def _contents(graph: Any, keys: _Keys, errors: list[SpecError]) -> Contents:
    """What a graph says; what is wrong with parts of it joins the errors."""
    contents = Contents()
    ids = {element.get("id") for element in graph if _tag(element) == "node"}
    seen: set[str] = set()
    with _noting(errors):
        contents.attributes |= _attributes(graph, keys, "the graph")
    for element in graph:
        with _noting(errors):
            match _tag(element):
                case "node":
                    contents.places["nodes", len(contents.nodes)] = element.place
                    contents.nodes.append(_node(element, keys, seen))
                case "edge":
                    contents.places["edges", len(contents.edges)] = element.place
                    contents.edges.append(_edge(element, graph, keys, ids))
                case "data" | "desc" | "locator":
                    pass
                case other:
                    raise _error(element, f"has a <{other}>, which is not read; write it with plain edges")
    return contents


def _node(element: Any, keys: _Keys, seen: set[str]) -> tuple[str, Attributes]:
    name = _get(element, "id", "a node")
    if name in seen:
        raise _error(element, f"there are two nodes {name!r}; rename one")
    seen.add(name)
    return name, _attributes(element, keys, f"node {name!r}")


def _edge(element: Any, graph: Any, keys: _Keys, ids: set[str]) -> tuple[str, str, Attributes]:
    source, target = _get(element, "source", "an edge"), _get(element, "target", "an edge")
    if element.get("directed", str(graph.get("edgedefault") == "directed").lower()) != "true":
        raise _error(element, f"the edge {source} — {target} has no direction; write a directed graph")
    for end in (source, target):
        if end not in ids:
            raise _error(element, f"the edge {source} → {target} is at {end!r}, which is no node; add it")
    return source, target, _attributes(element, keys, f"the edge {source} → {target}")


def _attributes(element: Any, keys: _Keys, here: str) -> Attributes:
    """The attributes of an element: what it says, else the defaults of its kind."""
    domain = _tag(element)
    domains = (domain,) if domain == "graph" else (domain, "all")
    declared = [key for key in keys.values() if key.default is not None and key.domain in domains]
    defaults = {key.name: key.value(key.default or "", key.element) for key in declared}
    parts = []
    for child in element:
        if _tag(child) == "data":
            parts.append(child)
        elif domain != "graph" and _tag(child) not in SILENT:
            raise _error(child, f"{here} has a <{_tag(child)}>, which is not read; write it without")
    return defaults | _unique(_stated(parts, keys, here), element, here)


def _stated(parts: Iterable[Any], keys: _Keys, here: str) -> Iterator[tuple[str, Any]]:
    """Names and values of data elements."""
    for data in parts:
        key = keys.get(_get(data, "key", f"data of {here}"))
        if key is None:
            raise _error(data, f"{here} has a value of {data.get('key')!r}, which is no key; declare it")
        if key.kind == "drawing":
            labels = ((each.text or "").strip() for each in data.iter() if _tag(each) in DRAWN)
            yield from (("name", label) for label in labels if label)
        elif len(data):
            raise _error(data[0], f"{key.name} of {here} holds a <{_tag(data[0])}>; a value is a text")
        elif text := (data.text or "").strip():  # nothing is what many write where there is no value
            yield key.name, key.value(text, data)


DRAWN = ("NodeLabel", "EdgeLabel")
"""Elements in which yEd keeps names, among much about shapes."""


def _unique(pairs: Iterable[tuple[str, Any]], element: Any, here: str) -> Attributes:
    """A mapping of pairs; a key that comes twice is an error."""
    found: Attributes = {}
    for key, value in pairs:
        if key in found:
            raise _error(element, f"{here} has two values of {key!r}; keep one")
        found[key] = value
    return found


@contextmanager
def _noting(errors: list[SpecError]) -> Iterator[None]:
    """What is wrong in its body joins the errors, so that all are said in one go."""
    try:
        yield
    except SpecError as error:
        errors.append(error)


def _error(element: Any, message: str) -> SpecError:
    return SpecError(message, line=element.place.line, column=element.place.column)


def _get(element: Any, name: str, here: str) -> str:
    value = element.get(name)
    if value is None:
        raise _error(element, f"{here} has no {name}; add it")
    return str(value)


def _tag(element: Any) -> str:
    """The tag without its namespace."""
    return str(element.tag).rpartition("}")[2]

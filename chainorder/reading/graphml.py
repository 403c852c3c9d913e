"""GraphML: what nodes and edges say, in plain values; anything that would be lost is refused.

The reader of networkx is not used: it keeps the last of what is there twice, and gives defaults to nobody.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from chainorder.errors import GraphError

Attributes = dict[str, Any]

SILENT = ("desc", "locator")
"""Elements that say nothing about the graph itself."""

BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


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
    """

    nodes: list[tuple[Any, Attributes]] = field(default_factory=list)
    edges: list[tuple[Any, Any, Attributes]] = field(default_factory=list)
    attributes: Attributes = field(default_factory=dict)


def read_contents(text: str) -> list[Contents]:
    """The graphs of a GraphML document.

    Raises
    ------
    GraphError
        If it is none, or has something that a computational graph cannot have.
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise GraphError("declares a document type or entities; remove the declaration")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:
        raise GraphError(f"is no GraphML ({' '.join(str(error).split())}); write it again") from None
    if _tag(root) != "graphml":
        raise GraphError(f"is no GraphML: it starts with <{_tag(root)}>; write it again")
    keys = [_Key.of(element) for element in root if _tag(element) == "key"]
    known = _unique(((key.id, key) for key in keys), "there are two keys {!r}; rename one")
    graphs = [_contents(element, known) for element in root if _tag(element) == "graph"]
    if not graphs:
        raise GraphError("is no GraphML: there is no graph in it; write it again")
    return graphs


@dataclass(frozen=True)
class _Key:
    """What a GraphML key declares: an attribute of nodes, edges or both, and its default."""

    id: str
    name: str
    kind: str
    domain: str
    default: str | None

    @classmethod
    def of(cls, element: ElementTree.Element) -> _Key:
        own = _get(element, "id", "a key")
        kind = "drawing" if element.get("yfiles.type") else element.get("attr.type", "string")
        default = next((child.text or "" for child in element if _tag(child) == "default"), None)
        return cls(own, element.get("attr.name", own), kind, element.get("for", "all"), default)

    def value(self, text: str) -> Any:
        """A text as a value: numbers are read where it is known what they are for."""
        if self.kind != "boolean":
            return text
        if text.lower() not in BOOLEANS:
            raise GraphError(f"{self.name} is {text!r}; a boolean is true or false")
        return BOOLEANS[text.lower()]


def _contents(graph: ElementTree.Element, keys: dict[str, _Key]) -> Contents:
    contents = Contents(attributes=_attributes(graph, "graph", keys, "the graph"))
    ids: set[str] = set()
    for element in graph:
        match _tag(element):
            case "node":
                name = _get(element, "id", "a node")
                if name in ids:
                    raise GraphError(f"there are two nodes {name!r}; rename one")
                ids.add(name)
                contents.nodes.append((name, _attributes(element, "node", keys, f"node {name!r}")))
            case "edge":
                contents.edges.append(_edge(element, graph, keys))
            case "data" | "desc" | "locator":
                pass
            case other:
                raise GraphError(f"has a <{other}>, which is not read; write it with plain edges")
    for source, target, _ in contents.edges:
        for end in (source, target):
            if end not in ids:
                raise GraphError(f"the edge {source} → {target} is at {end!r}, which is no node; add it")
    return contents


def _edge(
    element: ElementTree.Element, graph: ElementTree.Element, keys: dict[str, _Key]
) -> tuple[str, str, Attributes]:
    source, target = _get(element, "source", "an edge"), _get(element, "target", "an edge")
    if element.get("directed", str(graph.get("edgedefault") == "directed").lower()) != "true":
        raise GraphError(f"the edge {source} — {target} has no direction; write a directed graph")
    return source, target, _attributes(element, "edge", keys, f"the edge {source} → {target}")


def _attributes(element: ElementTree.Element, domain: str, keys: dict[str, _Key], here: str) -> Attributes:
    """The attributes of an element: what it says, else the defaults of its kind."""
    declared = [key for key in keys.values() if key.default is not None and key.domain in (domain, "all")]
    defaults = {key.name: key.value(key.default or "") for key in declared if domain != "graph"}
    return defaults | _unique(
        _stated(element, domain, keys, here), f"{here} has two values of {{!r}}; keep one"
    )


def _stated(
    element: ElementTree.Element, domain: str, keys: dict[str, _Key], here: str
) -> Iterator[tuple[str, Any]]:
    for child in element:
        if _tag(child) != "data":
            if domain != "graph" and _tag(child) not in SILENT:
                raise GraphError(f"{here} has a <{_tag(child)}>, which is not read; write it without")
            continue
        key = keys.get(_get(child, "key", f"data of {here}"))
        if key is None:
            raise GraphError(f"{here} has a value of {child.get('key')!r}, which is no key; declare it")
        if key.kind == "drawing":
            labels = ((each.text or "").strip() for each in child.iter() if _tag(each) == DRAWN.get(domain))
            yield from (("name", label) for label in labels if label)
        elif text := (child.text or "").strip():  # nothing is what many write where there is no value
            yield key.name, key.value(text)


DRAWN = {"node": "NodeLabel", "edge": "EdgeLabel"}
"""Elements in which yEd keeps names, among much about shapes."""


def _unique(pairs: Iterable[tuple[str, Any]], message: str) -> dict[str, Any]:
    """A mapping of pairs; a key that comes twice is an error."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise GraphError(message.format(key))
        found[key] = value
    return found


def _get(element: ElementTree.Element, name: str, here: str) -> str:
    value = element.get(name)
    if value is None:
        raise GraphError(f"{here} has no {name}; add it")
    return value


def _tag(element: ElementTree.Element) -> str:
    """The tag without its namespace."""
    return str(element.tag).rpartition("}")[2]

"""Graphs of other programs, networkx and GraphML, as specs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from numbers import Rational
from typing import Any

import numpy as np

from chainorder.errors import GraphError, SpecError
from chainorder.reading.graphml import Contents, read_contents
from chainorder.reading.numerals import TooLongError, as_number


def spec_of_networkx(graph: Any, name: str | None = None) -> dict[str, Any]:
    """The spec of a ``networkx.DiGraph``, perhaps under another name; raises `GraphError` as `spec_of`."""
    if not graph.is_directed():
        raise GraphError(
            f"a {type(graph).__name__} is no DiGraph; a derivative has a direction, so give it one"
        )
    nodes, edges = (graph.graph.get(key) or {} for key in DEFAULTS)
    contents = Contents(
        [(node, nodes | attributes) for node, attributes in graph.nodes(data=True)],
        [(*ends, edges | attributes) for *ends, attributes in graph.edges(data=True)],
        {key: value for key, value in graph.graph.items() if key not in DEFAULTS},
    )
    contents.attributes |= {} if name is None else {"name": name}
    return spec_of(contents)


DEFAULTS = ("node_default", "edge_default")
"""Where networkx keeps the defaults of a GraphML file, which it gives to no node and no edge."""


def spec_of(contents: Contents) -> dict[str, Any]:
    """The spec of a graph that another program has written: names are texts, whole numbers whole.

    Raises
    ------
    GraphError
        If two nodes have one name, or an attribute would be lost.
    """
    names: dict[Any, str] = {}
    nodes: dict[str, tuple[Any, Any]] = {}
    for node, attributes in contents.nodes:
        _check_known(
            attributes, ("size", "name", "id"), f"node {node!r}", "a node has a size, and perhaps a name"
        )
        name = names[node] = str(attributes.get("name") or node)
        if name in nodes:
            raise GraphError(f"nodes {nodes[name][0]!r} and {node!r} are both named {name!r}; rename one")
        nodes[name] = node, plain(attributes.get("size"))
    edges = []
    for source, target, attributes in contents.edges:
        ends = {"source": names[source], "target": names[target]}
        for key in ends.keys() & attributes.keys():
            if str(attributes[key]) != ends[key]:
                where = f"the edge {ends['source']} → {ends['target']}"
                raise GraphError(
                    f"{where} has an attribute {key!r} of its own, {attributes[key]!r}; rename it"
                )
        edges.append({key: plain(value, key) for key, value in attributes.items() if key != "id"} | ends)
    stated = {key: value for key, value in contents.attributes.items() if value not in (None, "")}
    _check_known(stated, KEPT, "the graph", f"a graph has {', '.join(KEPT)}")
    vertices = {name: size for name, (_, size) in nodes.items()}
    kept = {key: plain(value, key) for key, value in stated.items()}
    return kept | {"vertices": vertices, "edges": edges}


KEPT = ("name", "description", "memory")
"""Attributes of a graph itself."""

TEXTS = ("name", "description", "structure", "matrix", "axis", "key", "same")
"""Attributes that are texts, even if they look like a number."""


def _check_known(attributes: Mapping[str, Any], known: Iterable[str], here: str, remedy: str) -> None:
    unknown = sorted(str(key) for key in attributes if key not in known)
    if unknown:
        raise GraphError(f"{here} has an unknown attribute {unknown[0]!r}; {remedy}")


def plain(value: Any, key: str = "size") -> Any:
    """A value as a spec holds it: a whole number of any type, or as text, is an int; what is none stays."""
    match value:
        case np.ndarray() | np.generic():
            return plain(value.tolist(), key)
        case list() | tuple():
            return [plain(each, key) for each in value]
        case dict():
            return {each: plain(entry, each) for each, entry in value.items()}
        case float() if value.is_integer():
            return int(value)
        case Rational() if value.denominator == 1 and not isinstance(value, bool):
            return int(value.numerator)
        case Decimal():
            return plain(str(value), key)
        case "true" | "false" if key == "explicit":
            return value == "true"
        case str() if key not in TEXTS:
            return _number_or_text(value)
        case _:
            return value


def _number_or_text(text: str) -> Any:
    try:
        number = as_number(text.strip())
    except TooLongError as error:
        raise GraphError(str(error)) from None
    return text if number is None else number


def specs_of_graphml(text: str, stem: str) -> Iterator[dict[str, Any] | SpecError]:
    """The specs of the graphs of a text, or what is wrong with them; one alone is called `stem`.

    Raises
    ------
    SpecError
        If the text as a whole cannot be read.
    """
    try:
        found = read_contents(text)
    except GraphError as error:
        raise SpecError(str(error)) from None
    for contents in found:
        if len(found) == 1:
            contents.attributes.setdefault("name", stem)
        try:
            yield spec_of(contents)
        except GraphError as error:
            yield SpecError(str(error))

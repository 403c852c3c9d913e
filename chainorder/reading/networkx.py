"""Graphs of other programs, networkx and GraphML, as specs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from numbers import Rational
from typing import Any

import numpy as np

from chainorder.errors import GraphError, SpecError, raise_first
from chainorder.reading.graphml import Attributes, Contents, Place, read_contents
from chainorder.reading.numerals import TooLongError, as_number


@dataclass(frozen=True)
class GraphSpec:
    """The spec of a graph of a text, and where the text has what it says."""

    data: dict[str, Any]
    places: Mapping[tuple[str | int, ...], Place]

    def place(self, path: Sequence[Any]) -> Place | None:
        """Line and column of the node or edge that a path of keys leads into."""
        match path:
            case ("vertices", name, *_) if name in self.data["vertices"]:
                return self.places.get(("nodes", list(self.data["vertices"]).index(name)))
            case ("edges", int(index), *_):
                return self.places.get(("edges", index))
            case _:
                return None


def spec_of_networkx(graph: Any, name: str | None = None) -> dict[str, Any]:
    """The spec of a ``networkx.DiGraph``, perhaps under another name; raises `GraphError` as `spec_of`."""
    if not all(hasattr(graph, part) for part in ("is_directed", "nodes", "edges", "graph")):
        raise GraphError(f"the graph is a {type(graph).__name__}; give a DiGraph of networkx")
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
    errors: list[GraphError] = []
    names: dict[Any, str] = {}
    vertices: dict[str, tuple[Any, Any]] = {}
    for index, (node, attributes) in enumerate(contents.nodes):
        with _noting(errors, ("nodes", index)):
            _add_vertex(node, attributes, names, vertices)
    edges = []
    for index, (source, target, attributes) in enumerate(contents.edges):
        with _noting(errors, ("edges", index)):
            edges.append(_edge(names[source], names[target], attributes))
    stated = {key: value for key, value in contents.attributes.items() if value not in (None, "")}
    with _noting(errors, ()):
        _check_known(stated, KEPT, "the graph", f"a graph has {', '.join(KEPT)}")
    raise_first(errors)
    kept = {key: plain(value, key) for key, value in stated.items()}
    return kept | {"vertices": {name: size for name, (_, size) in vertices.items()}, "edges": edges}


@contextmanager
def _noting(errors: list[GraphError], path: tuple[str | int, ...]) -> Iterator[None]:
    """What is wrong in its body joins the errors, so that all are said in one go."""
    try:
        yield
    except GraphError as error:
        errors.append(GraphError(str(error), path))


def _add_vertex(
    node: Any, attributes: Attributes, names: dict[Any, str], vertices: dict[str, tuple[Any, Any]]
) -> None:
    """Keep the name of a node, and under that the node and its size."""
    stated = attributes.get("name")
    name = names[node] = str(node if stated in (None, "") else stated)
    if name in vertices:
        raise GraphError(f"nodes {vertices[name][0]!r} and {node!r} are both named {name!r}; rename one")
    vertices[name] = node, None
    _check_known(
        attributes, ("size", "name", "id"), f"node {node!r}", "a node has a size, and perhaps a name"
    )
    vertices[name] = node, plain(attributes.get("size"))


def _edge(source: str, target: str, attributes: Attributes) -> Attributes:
    """The keys of an edge."""
    ends = {"source": source, "target": target}
    for key in ends.keys() & attributes.keys():
        if str(attributes[key]) != ends[key]:
            message = f"has an attribute {key!r} of its own, {attributes[key]!r}; rename it"
            raise GraphError(f"the edge {source} → {target} {message}")
    return {key: plain(value, key) for key, value in attributes.items() if key != "id"} | ends


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


def specs_of_graphml(text: str, stem: str) -> Iterator[GraphSpec | SpecError]:
    """The specs of the graphs of a text, or what is wrong with them; one alone is called `stem`.

    Raises
    ------
    SpecError
        If the text as a whole cannot be read.
    """
    found = read_contents(text)
    for contents in found:
        if len(found) == 1:
            contents.attributes.setdefault("name", stem)
        try:
            yield GraphSpec(spec_of(contents), contents.places)
        except GraphError as error:
            yield SpecError.of([_located(each, contents) for each in (error, *error.others)])


def _located(error: GraphError, contents: Contents) -> SpecError:
    """The same with the place of the node or the edge."""
    line, column = contents.places.get(error.path, (None, None))
    return SpecError(str(error), line=line, column=column)

"""Computational graphs: vertices with sizes, edges with elemental Jacobians."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from chainorder.errors import GraphError, SpecError, raise_first
from chainorder.problems import graph_checks as checks
from chainorder.problems.chain import Chain
from chainorder.problems.edge import Edge
from chainorder.problems.elementals import MODELS, Elemental
from chainorder.problems.matrix_files import files_of
from chainorder.problems.parameter_network import ParameterNetwork
from chainorder.problems.problem import Problem
from chainorder.reading.wording import fault_of_name
from chainorder.structures.pattern import Pattern

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Graph(Problem):
    """A directed acyclic graph of elementals: its sources are the inputs, its sinks the outputs.

    The Jacobian of outputs with respect to inputs is the sum, over all paths between them, of the products
    of the elemental Jacobians along the path.

    Parameters
    ----------
    vertices
        Sizes by name.
    edges
        At most one from a vertex to another.
    name
        For reports.
    machines
        Identical machines that a plan may use, each for one operation at a time.
    memory
        Entries that the tape of one edge may take; None for no limit.
    inputs, outputs
        If given, all sources and all sinks, so that one left dangling by mistake is found.
    network
        The network that the graph was made from, if it was.

    Raises
    ------
    GraphError
        If there is a cycle (it is named), an unknown or dangling vertex, a duplicate edge, or an edge whose
        structure does not fit its ends, or equal labels stand for unlike edges.
    """

    kind: ClassVar[str] = "graph"

    vertices: Mapping[str, int]
    edges: tuple[Edge, ...]
    name: str | None
    machines: int
    memory: int | None
    network: ParameterNetwork | None

    def __init__(
        self,
        vertices: Mapping[str, int],
        edges: Iterable[Edge],
        name: str | None = None,
        *,
        machines: int = 1,
        memory: int | None = None,
        inputs: Iterable[str] | None = None,
        outputs: Iterable[str] | None = None,
        network: ParameterNetwork | None = None,
    ) -> None:
        for key, value in (
            ("vertices", checks.sizes_of(vertices)),
            ("edges", tuple(edges)),
            ("name", name),
            ("machines", checks.machines_of(machines)),
            ("memory", None if memory is None else checks.limit(memory)),
            ("network", network),
        ):
            object.__setattr__(self, key, value)
        if (fault := fault_of_name(name)) is not None:
            raise GraphError(f"name {fault}", ("name",))
        raise_first(checks.edge_faults(self.vertices, self.edges))
        raise_first(checks.path_faults(self.vertices, self.edges))
        ends = (("inputs", self.inputs, inputs), ("outputs", self.outputs, outputs))
        raise_first(fault for each in ends for fault in checks.end_faults(self.vertices, *each))
        object.__setattr__(self, "elementals", checks.elementals_of(self.vertices, self.edges))
        raise_first(checks.label_faults(self.edges, self.elementals))

    elementals: tuple[Elemental, ...] = field(init=False, repr=False)
    """The edges with the sizes of their ends."""

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Vertices to which no edge leads, in their order."""
        targets = {edge.target for edge in self.edges}
        return tuple(name for name in self.vertices if name not in targets)

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """Vertices that no edge leaves, in their order."""
        sources = {edge.source for edge in self.edges}
        return tuple(name for name in self.vertices if name not in sources)

    @cached_property
    def inner(self) -> tuple[str, ...]:
        """The other vertices, in topological order."""
        import networkx as nx

        ends = {*self.inputs, *self.outputs}
        places = {name: place for place, name in enumerate(self.vertices)}
        digraph = checks.digraph_of(self.vertices, self.edges)
        order = nx.lexicographical_topological_sort(digraph, places.__getitem__)
        return tuple(name for name in order if name not in ends)

    @property
    def columns(self) -> int:
        """Sizes of all inputs together."""
        return sum(self.vertices[name] for name in self.inputs)

    @property
    def rows(self) -> int:
        """Sizes of all outputs together."""
        return sum(self.vertices[name] for name in self.outputs)

    @property
    def title(self) -> str:
        """It in a line: name, vertices, edges, sizes."""
        counts = f"{len(self.vertices):,} vertices, {len(self.edges):,} edges"
        return f"{self.name or 'graph'}: {counts}, {self.columns:,} → {self.rows:,}"

    @property
    def files(self) -> frozenset[Path]:
        """The files that its matrices are read from."""
        return files_of(edge.matrix for edge in self.edges)

    @property
    def _kinds(self) -> tuple[Elemental, ...]:
        return self.elementals

    def pattern(self, place: int) -> Pattern:
        """The pattern of an edge, by its place in `edges`."""
        elemental = self.elementals[place]
        return elemental.structure.pattern(elemental.outputs, elemental.inputs)

    @property
    def is_chain(self) -> bool:
        """Whether it is one path."""
        return len(self.vertices) == len(self.edges) + 1 and len(self.inputs) == len(self.outputs) == 1

    def chain(self) -> Chain:
        """The chain that it is; raises `GraphError` if it branches."""
        if not self.is_chain:
            raise GraphError("the graph branches, so it is no chain; plan it as a graph")
        order = {edge.source: place for place, edge in enumerate(self.edges)}
        places = [order[name] for name in (*self.inputs, *self.inner)]
        matrices = {
            n: self.edges[at].matrix for n, at in enumerate(places) if self.edges[at].matrix is not None
        }
        return Chain([self.elementals[at] for at in places], self.name, memory=self.memory, matrices=matrices)

    @classmethod
    def from_chain(cls, chain: Chain) -> Graph:
        """A chain as a graph; its vertices are x0, x1, …"""
        names = [f"x{place}" for place in range(len(chain) + 1)]
        edges = []
        for place, elemental in enumerate(chain.elementals):
            stated = {key: getattr(elemental, key) for key in ("name", "same", *MODELS)}
            matrix = chain.matrices.get(place)
            edges.append(Edge(names[place], names[place + 1], elemental.structure, **stated, matrix=matrix))
        sizes = dict(zip(names, chain.sizes.tolist(), strict=True))
        return cls(sizes, edges, chain.name, memory=chain.memory)

    @classmethod
    def from_networkx(cls, graph: Any, name: str | None = None) -> Graph:
        """A graph of a ``networkx.DiGraph``: nodes have a ``size``, edges the keys of a spec's edge.

        Whole numbers may be of any type. Defaults, which networkx keeps of GraphML files, hold for
        nodes and edges that state nothing else. An ``id`` is left out.

        Raises
        ------
        SpecError
            If an attribute is unknown or of a wrong type; and as `Graph`, with the place of the edge.
        GraphError
            If its edges have no direction, two nodes have one name (1 and "1"), or an attribute would get
            lost.
        """
        from chainorder.reading.networkx import spec_of_networkx  # start-up does without

        return cls.from_spec(spec_of_networkx(graph, name))

    @classmethod
    def from_graphml(cls, path: str | Path) -> Graph:
        """The graph of a GraphML file, with the same attributes.

        Vertices are called by the attribute ``name`` of their node, or the label that yEd draws, else its id.

        Raises
        ------
        SpecError
            If the file cannot be read, has several graphs, or as `from_networkx`.
        """
        from chainorder.reading.files import Source, read_text  # start-up does without
        from chainorder.reading.networkx import specs_of_graphml

        source = replace(Source.of(Path(path)), kind=".graphml")
        try:
            spec, *others = specs_of_graphml(read_text(source), source.stem)
            if others:
                raise SpecError(f"holds {1 + len(others)} graphs; load reads them all")
            if isinstance(spec, SpecError):
                raise spec
            return cls.from_spec(spec.data, source.folder, place=spec.place)
        except SpecError as error:
            raise error.within(source.name) from None

    @classmethod
    def from_layers(
        cls,
        layers: Iterable[int],
        activation: str | None = None,
        *,
        output_activation: str | None = None,
        loss: str | None = None,
        batch: int | None = None,
        name: str | None = None,
    ) -> Graph:
        """The parameter graph of a fully connected network: see `ParameterNetwork`."""
        return cls.of(ParameterNetwork(tuple(layers), activation, output_activation, loss, batch), name)

    @classmethod
    def of(cls, network: ParameterNetwork, name: str | None = None) -> Graph:
        """The graph of a network whose weights, biases and samples are its inputs."""
        return cls(network.vertices(), network.edges(), name, network=network)

    def to_networkx(self) -> nx.DiGraph[str]:
        """A ``networkx.DiGraph`` with the attributes that `from_networkx` reads."""
        import networkx as nx

        digraph: nx.DiGraph[str] = nx.DiGraph(name=self.name or "")
        if self.memory is not None:
            digraph.graph["memory"] = self.memory
        for name, size in self.vertices.items():
            digraph.add_node(name, size=size)
        for edge in self.edges:
            spec = edge.to_spec()
            digraph.add_edge(spec.pop("source"), spec.pop("target"), **spec)
        return digraph

    def _items(self) -> dict[str, Any]:
        return {"vertices": dict(self.vertices), "edges": [edge.to_spec() for edge in self.edges]}

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of its Jacobian."""
        return self.rows, self.columns

    @property
    def joints(self) -> int:
        """How many values lie between inputs and outputs, where products meet."""
        return len(self.inner)

    @property
    def counts(self) -> dict[str, int]:
        """What tells how large it is, by the keys of reports."""
        return {
            "vertices": len(self.vertices),
            "edges": len(self.edges),
            "inputs": self.columns,
            "outputs": self.rows,
        }

    def on(self, machines: int) -> Self:
        """The same graph on another number of machines."""
        return self if machines == self.machines and machines is not True else super().on(machines)

    def to_spec(self) -> dict[str, Any]:
        """The spec that declares it, as plain data: without machines, which only its plans state."""
        return {key: value for key, value in super().to_spec().items() if key != "machines"}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Graph):
            return NotImplemented
        mine, others = (
            (g.name, g.machines, g.memory, g.network, list(g.vertices.items()), g.edges)
            for g in (self, other)
        )
        return mine == others

    def __hash__(self) -> int:
        return hash((self.name, tuple(self.vertices.items())))

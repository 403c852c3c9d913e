"""The JSON Schema (draft 2020-12) of a spec: it is published, and it is what specs are validated with.

Its descriptions are the reference of the format. A `title` says what a value is and appears in error
messages: "dims[2] is 'ten'; a size is a whole number of at least 1".

It describes what a text has been read as: 1e3 and 2.0 are whole numbers, as the standard has it, and in YAML,
so is 1_000.

A new key of a chain goes into `CHAIN`, one of an elemental into `ELEMENTAL`; `only` and `needs` tie keys to
each other. The keys of structures come with them, from the catalogue.
"""

from __future__ import annotations

from chainorder.problems.elementals import MAX_MACHINES
from chainorder.problems.network import ACTIVATIONS, LOSSES
from chainorder.reading.matrix_formats import SUFFIXES
from chainorder.reading.numerals import MEMORY_PATTERN
from chainorder.reading.wording import BREAKING
from chainorder.structures.catalogue import STRUCTURES
from chainorder.structures.fragments import (
    MOST,
    Schema,
    choice,
    flag,
    given,
    listing,
    needs,
    one_of,
    only,
    text,
    whole,
)

STATING = {kind.stated_by: kind for kind in STRUCTURES.values() if kind.stated_by is not None}
"""Structures by the key that states them without `structure`."""

SIZED = ("matrix", *STATING)
"""Keys whose values tell how many outputs there are."""

SQUARE = tuple(name for name, kind in STRUCTURES.items() if kind.square)
"""Structures of square matrices: their outputs equal their inputs."""


def _size(description: str) -> Schema:
    return whole("a size", description, 1, maximum=MOST)


def _cost(description: str) -> Schema:
    return whole("a cost", description, 0, maximum=MOST)


def _time(mode: str) -> Schema:
    parts = {
        "call": "Of an evaluation, however many directions there are.",
        "direction": "Of each direction.",
    }
    return {
        "title": "a time",
        "description": f"Picoseconds of an evaluation of the {mode}, as chainorder.measure finds them.",
        "type": "object",
        "properties": {key: whole("picoseconds", text, 0, maximum=MOST) for key, text in parts.items()},
        "additionalProperties": False,
        "required": list(parts),
    }


def _activation(description: str) -> Schema:
    return choice("an activation", description, *ACTIVATIONS, "none", None)


# No control characters: they would break a table's line. (\s\S instead of a dot, which ends at a line break.)
NAME: Schema = {
    **text("a name", "For reports. One line."),
    "pattern": rf"^(?![\s\S]*{BREAKING})",
}
SIZE = _size("The number of values that pass from one elemental to the next.")
DESCRIPTION = text("a description", "For readers of the spec; otherwise ignored.")

MEMORY: Schema = {
    "title": "a limit",
    "description": "Entries that the tape of one elemental may take. A text has a unit: 100k (M, G, T) are "
    "entries; 800kB and 2GiB (B, MB, GB, TB, KiB, MiB, TiB) are bytes, of which eight are an entry.",
    "type": ["integer", "string"],
    "minimum": 0,
    "maximum": MOST,
    "pattern": MEMORY_PATTERN,
}

MODELLED: Schema = {"anyOf": [given("tangent"), given("adjoint")]}
EVALUATED: Schema = {
    "anyOf": [
        MODELLED,
        *(given(key) for key, kind in STATING.items() if kind.modelled),
        *(given("structure", name) for name, kind in STRUCTURES.items() if kind.modelled),
    ]
}

ELEMENTAL: Schema = {
    "title": "an elemental",
    "description": "One step of the program and its Jacobian, of shape outputs × inputs.",
    "type": "object",
    "properties": {
        "name": NAME,
        "description": DESCRIPTION,
        "inputs": _size(
            "Columns of the Jacobian. May be left out after another elemental and with a matrix."
        ),
        "outputs": _size(
            "Rows of the Jacobian. May be left out with a matrix, and with a structure that is square."
        ),
        "structure": choice(
            "a structure",
            "Where the Jacobian may be nonzero; by default dense, or as a sparse matrix.",
            *STRUCTURES,
        ),
        "tangent": _cost("fma of one tangent (jvp). With it or adjoint the elemental is matrix-free."),
        "adjoint": _cost("fma of one adjoint (vjp)."),
        "tape": _cost("Entries recorded for adjoints, which are possible only within the chain's memory."),
        "overhead": _cost("fma added to each accumulation and each step by tangents or adjoints."),
        "tangent_time": _time("tangent"),
        "adjoint_time": _time("adjoint"),
        "explicit": flag(
            "explicit", "Whether the matrix is at hand beside the tangent or adjoint; by default not."
        ),
        "same": text(
            "a label",
            "Elementals with equal labels have the same Jacobian, so that their powers can be reused.",
        ),
        "repeat": whole("a number of repeats", "How many of it follow one another.", 1, default=1),
        "matrix": text(
            "the path of a matrix",
            f"A file with the Jacobian's entries ({', '.join(SUFFIXES)}), relative to the spec's folder.",
        ),
        "in_memory": flag(
            "in_memory",
            "Whether its matrix was in memory when this program wrote the spec, which keeps "
            "its pattern only.",
        ),
        **{key: schema for kind in STRUCTURES.values() for key, schema in kind.keys.items()},
    },
    "additionalProperties": False,
    "allOf": [
        only(MODELLED, "only an elemental with tangent or adjoint has it", "tape", "explicit"),
        only(EVALUATED, "only an elemental with tangent or adjoint has it", "overhead"),
        only(given("tangent"), "only an elemental with tangent has it", "tangent_time"),
        only(given("adjoint"), "only an elemental with adjoint has it", "adjoint_time"),
        only({"not": {"anyOf": [*map(given, SIZED)]}}, "its matrix is at hand", "in_memory"),
        *(rule for kind in STRUCTURES.values() for rule in kind.rules),
    ],
}

ELEMENTAL_SIZES = [
    needs(given("axis", "columns"), "a selection of columns", "outputs"),
    needs(
        {"not": {"anyOf": [*map(given, SIZED), given("structure", *SQUARE)]}},
        "an elemental without a matrix or a square structure",
        "outputs",
    ),
]
"""What an elemental has to say of its sizes; those of an edge are the sizes of its ends."""

_NOT_OF_EDGES = ("inputs", "outputs", "repeat", *(key for key, kind in STATING.items() if kind.loads))
"""Keys of elementals that edges do not have: their ends have the sizes, and each has one file, its matrix."""

EDGE: Schema = {
    "title": "an edge",
    "description": "An elemental partial derivative, of shape (size of target) × (size of source).",
    "type": "object",
    "properties": {
        "source": text("a vertex", "The name of the vertex that it leaves."),
        "target": text("a vertex", "The name of the vertex that it leads to."),
        **{key: value for key, value in ELEMENTAL["properties"].items() if key not in _NOT_OF_EDGES},
    },
    "additionalProperties": False,
    "required": ["source", "target"],
    "allOf": ELEMENTAL["allOf"],
}

VERTICES: Schema = {
    "title": "a mapping",
    "description": "The vertices of a graph: sizes by name. Sources are inputs, sinks are outputs.",
    "type": "object",
    "propertyNames": NAME | {"title": "the name of a vertex"},
    "additionalProperties": SIZE,
}

CHAIN: Schema = {
    "title": "a chain",
    "description": "A Jacobian chain: exactly one of dims, layers and elementals.",
    "type": "object",
    "properties": {
        "name": NAME,
        "description": DESCRIPTION,
        "machines": whole(
            "their number", "Identical machines that a plan may use.", 1, maximum=MAX_MACHINES, default=1
        ),
        "memory": MEMORY,
        "dims": listing("a chain", "Sizes, input first, of dense Jacobians between them.", 2, SIZE),
        "layers": listing("a network", "The layer sizes of a fully connected network, input first.", 2, SIZE),
        "activation": _activation("Follows the hidden layers."),
        "output_activation": _activation("Follows the output layer."),
        "loss": choice(
            "a loss", "A scalar function of the output that ends the chain.", *LOSSES, "none", None
        ),
        "parameters": flag(
            "parameters", "Whether weights and biases are inputs, too: the graph of backpropagation."
        ),
        "batch": whole("a batch", "Samples that go through a network with parameters.", 1, maximum=MOST),
        "elementals": listing(
            "a chain",
            "The steps of the program in the order in which they run.",
            1,
            {"title": "an elemental", "$ref": "#/$defs/elemental"},
        ),
        "vertices": VERTICES,
        "edges": listing(
            "a graph",
            "The elemental partial derivatives of a graph; at most one from a vertex to another.",
            1,
            {"title": "an edge", "$ref": "#/$defs/edge"},
        ),
        "inputs": listing("a graph", "All sources of the graph, to be sure that no other dangles.", 1, NAME),
        "outputs": listing("a graph", "All sinks of the graph, to be sure that no other dangles.", 1, NAME),
    },
    "additionalProperties": False,
    "oneOf": one_of("dims", "layers", "elementals", "vertices"),
    "allOf": [
        only(given("layers"), "only layers have it", "activation", "output_activation", "loss", "parameters"),
        only(given("parameters"), "only layers with parameters have it", "batch"),
        only(given("vertices"), "only a graph has it", "edges", "inputs", "outputs"),
        needs(given("vertices"), "a graph", "edges"),
        only(
            {
                "not": {
                    "anyOf": [
                        given("vertices"),
                        {"properties": {"parameters": {"const": True}}, "required": ["parameters"]},
                    ]
                }
            },
            "only a chain states them; --machines plans a graph for several",
            "machines",
        ),
    ],
}

SCHEMA: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "chainorder spec",
    "description": "One Jacobian chain, or several under chains. Whole numbers may be written 1000, 1e3 or "
    "2.0, and in YAML 1_000.",
    "if": given("chains"),
    "then": {
        "properties": {
            "chains": listing("a file", "Several chains.", 1, {"title": "a chain", "$ref": "#/$defs/chain"}),
            "description": DESCRIPTION,
        },
        "additionalProperties": False,
    },
    "else": {"$ref": "#/$defs/chain"},
    "$defs": {
        "chain": CHAIN,
        "elemental": ELEMENTAL | {"allOf": [*ELEMENTAL["allOf"], *ELEMENTAL_SIZES]},
        "edge": EDGE,
    },
}
"""The schema of a spec file."""

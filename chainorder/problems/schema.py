"""The JSON Schema (draft 2020-12) of a spec: it is published, and it is what specs are validated with.

Its descriptions are the reference of the format. A `title` says what a value is and appears in error
messages: "dims[2] is 'ten'; a size is a whole number of at least 1".

It describes what a text has been read as: 1e3 and 2.0 are whole numbers, as the standard has it, and in YAML,
so is 1_000.

A new key of a chain goes into `CHAIN`, one of an elemental into `ELEMENTAL`; `_only` and `_needs` tie keys
to each other.
"""

from __future__ import annotations

from typing import Any

from chainorder.problems.elementals import MAX_MACHINES
from chainorder.problems.network import ACTIVATIONS, LOSSES
from chainorder.reading.numerals import MEMORY_PATTERN, MOST
from chainorder.reading.wording import BREAKING
from chainorder.structures.catalogue import STRUCTURES
from chainorder.structures.selection import AXES

Schema = dict[str, Any]

MODEL_KEYS = ("tangent", "adjoint", "tape", "explicit")
"""Keys of models, but for `overhead`, which a solve has too."""

SIZED = ("matrix", "solve", "select")
"""Keys whose values tell how many outputs there are."""

SQUARE = ("diagonal", "identity", "banded", "solve")
"""Structures of square matrices: their outputs equal their inputs."""


def _whole(title: str, description: str, minimum: int, **more: Any) -> Schema:
    return {"title": title, "description": description, "type": "integer", "minimum": minimum, **more}


def _size(description: str) -> Schema:
    return _whole("a size", description, 1, maximum=MOST)


def _cost(description: str) -> Schema:
    return _whole("a cost", description, 0, maximum=MOST)


def _list(title: str, description: str, minimum: int, items: Schema) -> Schema:
    return {"title": title, "description": description, "type": "array", "minItems": minimum, "items": items}


def _text(title: str, description: str) -> Schema:
    return {"title": title, "description": description, "type": "string"}


def _activation(description: str) -> Schema:
    return {"title": "an activation", "description": description, "enum": [*ACTIVATIONS, "none", None]}


def _given(key: str, *values: str) -> Schema:
    """Where the key is there, and has one of the values if there are any."""
    there: Schema = {"type": "object", "required": [key]}
    return there | {"properties": {key: {"enum": list(values)}}} if values else there


def _only(condition: Schema, why: str, *keys: str) -> Schema:
    """Refuse the keys unless the condition holds."""
    return {
        "if": {"not": condition},
        "then": {"properties": {key: {"not": {}, "title": why} for key in keys}},
    }


def _needs(condition: Schema, what: str, *keys: str) -> Schema:
    """Ask for the keys where the condition holds, that is, of what."""
    return {"if": condition, "then": {"title": what, "required": list(keys)}}


def _one_of(*keys: str) -> list[Schema]:
    return [{"required": [key]} for key in keys]


# No control characters: they would break a table's line. (\s\S instead of a dot, which ends at a line break.)
NAME: Schema = {
    **_text("a name", "For reports. One line."),
    "pattern": rf"^(?![\s\S]*{BREAKING})",
}
SIZE = _size("The number of values that pass from one elemental to the next.")
POSITION = _whole("a position", "A place in a list, or a column.", 0, maximum=2**63 - 1)
DESCRIPTION = _text("a description", "For readers of the spec; otherwise ignored.")

MEMORY: Schema = {
    "title": "a limit",
    "description": "Entries that the tape of one elemental may take. A text has a unit: 100k (M, G, T) are "
    "entries; 800kB and 2GiB (B, MB, GB, TB, KiB, MiB, TiB) are bytes, of which eight are an entry.",
    "type": ["integer", "string"],
    "minimum": 0,
    "maximum": MOST,
    "pattern": MEMORY_PATTERN,
}

MODELLED: Schema = {"anyOf": [_given("tangent"), _given("adjoint")]}
EVALUATED: Schema = {"anyOf": [MODELLED, _given("solve"), _given("structure", "solve")]}

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
        "structure": {
            "title": "a structure",
            "description": "Where the Jacobian may be nonzero; by default dense, or as a sparse matrix.",
            "enum": list(STRUCTURES),
        },
        "lower": _whole("a bandwidth", "Diagonals below the main one.", 0, maximum=MOST),
        "upper": _whole("a bandwidth", "Diagonals above the main one.", 0, maximum=MOST),
        "tangent": _cost("fma of one tangent (jvp). With it or adjoint the elemental is matrix-free."),
        "adjoint": _cost("fma of one adjoint (vjp)."),
        "tape": _cost("Entries recorded for adjoints, which are possible only within the chain's memory."),
        "overhead": _cost("fma added to each accumulation and each step by tangents or adjoints."),
        "explicit": {
            "title": "explicit",
            "description": "Whether the matrix is at hand beside the tangent or adjoint; by default not.",
            "type": "boolean",
        },
        "same": _text(
            "a label",
            "Elementals with equal labels have the same Jacobian, so that their powers can be reused.",
        ),
        "repeat": _whole("a number of repeats", "How many of it follow one another.", 1, default=1),
        "matrix": _text(
            "the path of a matrix",
            "A file with the Jacobian's entries (.mtx, .mtx.gz, .npz, .npy), relative to the spec's folder.",
        ),
        "in_memory": {
            "title": "in_memory",
            "description": "Whether its matrix was in memory when this program wrote the spec, which keeps "
            "its pattern only.",
            "type": "boolean",
        },
        "solve": _text(
            "the path of a matrix",
            "A file with a square matrix; the Jacobian is its inverse, which is applied by solving with it.",
        ),
        "factors": _whole("a cost", "fma of one solve, where the matrix itself is not at hand.", 1),
        "key": _text("a digest", "Of the matrix of a solve; written by this program."),
        "select": _list(
            "a selection",
            "Which rows of the identity, counted from 0, in their order in the result; each at most once.",
            1,
            POSITION,
        ),
        "axis": {
            "title": "an axis",
            "description": "Whether rows are selected (by default), or columns.",
            "enum": list(AXES),
        },
        "pattern": {
            "title": "a pattern",
            "description": "The positions of a sparse Jacobian as compressed rows.",
            "type": "object",
            "properties": {
                "indptr": _list(
                    "it",
                    "Row r has the columns indices[indptr[r]:indptr[r + 1]]: outputs + 1 numbers.",
                    1,
                    POSITION,
                ),
                "indices": _list(
                    "it", "The columns of row after row, counted from 0, rising within a row.", 0, POSITION
                ),
                "rows": _list(
                    "it",
                    "The rows that indptr is about, rising, where nearly all are empty; by default all.",
                    0,
                    POSITION,
                ),
            },
            "additionalProperties": False,
            "required": ["indptr", "indices"],
        },
    },
    "additionalProperties": False,
    "allOf": [
        _only(MODELLED, "only an elemental with tangent or adjoint has it", "tape", "explicit"),
        _only(EVALUATED, "only an elemental with tangent or adjoint has it", "overhead"),
        _only(_given("structure", "banded"), "only a banded elemental has it", "lower", "upper"),
        _needs(_given("structure", "banded"), "a banded elemental", "lower", "upper"),
        _only({"not": {"anyOf": [*map(_given, SIZED)]}}, "its matrix is at hand", "in_memory"),
        _only(_given("structure", "sparse"), "only a sparse elemental has it", "pattern"),
        {"if": _given("structure", "sparse"), "then": {"oneOf": _one_of("pattern", "matrix")}},
        _only(
            {"not": _given("solve")}, "the elemental is a solve", "matrix", "select", "structure", *MODEL_KEYS
        ),
        _only({"not": _given("select")}, "the elemental is a selection", "matrix"),
        _only(_given("select"), "only a selection has it", "axis"),
        _only(_given("structure", "solve"), "only a solve without a matrix has it", "factors", "key"),
        _needs(_given("structure", "solve"), "a solve without a matrix", "factors"),
        _needs(_given("structure", "selection"), "a selection", "select"),
    ],
}

ELEMENTAL_SIZES = [
    _needs(_given("axis", "columns"), "a selection of columns", "outputs"),
    _needs(
        {"not": {"anyOf": [*map(_given, SIZED), _given("structure", *SQUARE)]}},
        "an elemental without a matrix or a square structure",
        "outputs",
    ),
]
"""What an elemental has to say of its sizes; those of an edge are the sizes of its ends."""

_EDGE_KEYS = (
    "name",
    "description",
    "structure",
    "lower",
    "upper",
    "tangent",
    "adjoint",
    "tape",
    "overhead",
    "explicit",
    "matrix",
    "in_memory",
    "pattern",
    "select",
    "axis",
    "factors",
    "key",
)

EDGE: Schema = {
    "title": "an edge",
    "description": "An elemental partial derivative, of shape (size of target) × (size of source).",
    "type": "object",
    "properties": {
        "source": _text("a vertex", "The name of the vertex that it leaves."),
        "target": _text("a vertex", "The name of the vertex that it leads to."),
        **{key: ELEMENTAL["properties"][key] for key in _EDGE_KEYS},
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
        "machines": _whole(
            "their number", "Identical machines that a plan may use.", 1, maximum=MAX_MACHINES, default=1
        ),
        "memory": MEMORY,
        "dims": _list("a chain", "Sizes, input first, of dense Jacobians between them.", 2, SIZE),
        "layers": _list("a network", "The layer sizes of a fully connected network, input first.", 2, SIZE),
        "activation": _activation("Follows the hidden layers."),
        "output_activation": _activation("Follows the output layer."),
        "loss": {
            "title": "a loss",
            "description": "A scalar function of the output that ends the chain.",
            "enum": [*LOSSES, "none", None],
        },
        "parameters": {
            "title": "parameters",
            "description": "Whether weights and biases are inputs, too: the graph of backpropagation.",
            "type": "boolean",
        },
        "batch": _whole("a batch", "Samples that go through a network with parameters.", 1, maximum=MOST),
        "elementals": _list(
            "a chain",
            "The steps of the program in the order in which they run.",
            1,
            {"title": "an elemental", "$ref": "#/$defs/elemental"},
        ),
        "vertices": VERTICES,
        "edges": _list(
            "a graph",
            "The elemental partial derivatives of a graph; at most one from a vertex to another.",
            1,
            {"title": "an edge", "$ref": "#/$defs/edge"},
        ),
        "inputs": _list("a graph", "All sources of the graph, to be sure that no other dangles.", 1, NAME),
        "outputs": _list("a graph", "All sinks of the graph, to be sure that no other dangles.", 1, NAME),
    },
    "additionalProperties": False,
    "oneOf": _one_of("dims", "layers", "elementals", "vertices"),
    "allOf": [
        _only(
            _given("layers"), "only layers have it", "activation", "output_activation", "loss", "parameters"
        ),
        _only(_given("parameters"), "only layers with parameters have it", "batch"),
        _only(_given("vertices"), "only a graph has it", "edges", "inputs", "outputs"),
        _needs(_given("vertices"), "a graph", "edges"),
        _only(
            {
                "not": {
                    "anyOf": [
                        _given("vertices"),
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
    "if": _given("chains"),
    "then": {
        "properties": {
            "chains": _list("a file", "Several chains.", 1, {"title": "a chain", "$ref": "#/$defs/chain"}),
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

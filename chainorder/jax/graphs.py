"""The graph of a function: the values that its derivative passes through, and partial derivatives between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from chainorder.autodiff.footprints import BudgetError, Footprints
from chainorder.autodiff.task import UNCONNECTED, Function, NotPlannedError, composed
from chainorder.errors import GraphError
from chainorder.jax.calls import Call
from chainorder.jax.capture import Options, Traced
from chainorder.jax.patterns.facts import Fact
from chainorder.jax.patterns.reading import step
from chainorder.jax.program import Equation, JaxProgram
from chainorder.jax.rules import ELEMENTWISE, MOVES, contraction, is_elementwise, is_view
from chainorder.jax.sparsity import EACH, LEAST, structure_at
from chainorder.jax.unrolling import unrolled
from chainorder.jax.work import work
from chainorder.problems.edge import Edge
from chainorder.problems.graph import Graph
from chainorder.structures.banded import Diagonal, Identity
from chainorder.structures.dense import Dense
from chainorder.structures.structure import Structure

SUMS = {"add", "add_any", "convert_element_type", "copy"}
"""Element-wise equations that multiply by nothing."""

KNOWN = ELEMENTWISE | MOVES | {"reduce_sum"}
"""Equations whose partial derivatives are constants of the derivative, or ones."""


def graph(
    fun: Function,
    *args: Any,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    entries: bool = False,
    **kwargs: Any,
) -> Graph:
    """The computational graph of a function at some arguments, to plan, compare, schedule or save it.

    Its vertices are the arrays of the arguments, those of the result, and all values between them that depend
    on the one and lead to the other; its edges the partial derivatives. Which vertex is eliminated first
    is what `chainorder.plan` finds (Griewank & Naumann 2003; see docs/graphs.md).

    Parameters
    ----------
    fun, args, argnums, has_aux, kwargs
        As for `explain`.
    entries
        Whether edges hold their entries, as dense arrays, so that plans can be executed: each takes an
        evaluation for each of its columns. The arguments have to be numbers then, not shapes.

    Returns
    -------
    Graph
        Edges of element-wise operations, of those that only move or add entries and of products with constant
        matrices are explicit; all others are matrix-free and state what a tangent and an adjoint cost.

    Raises
    ------
    chainorder.autodiff.task.NotPlannedError
        If the function cannot be captured as it is (it has effects, say), or computes with complex numbers.
    GraphError
        If no result depends on the arguments.
    """
    function = composed(fun)
    call, arrays = Call.of(args, kwargs, argnums)
    found: list[Graph] = []

    def look(given: Sequence[Any]) -> None:
        traced = Traced.of(function, Options(argnums, has_aux), *call.restored(given))
        found.append(_Reading.of(traced).graph(getattr(function, "__name__", None), entries))

    if entries:
        look(arrays)
    else:
        jax.eval_shape(look, arrays)
    return found[0]


@dataclass(frozen=True)
class _Link:
    """A partial derivative of a result of an equation by an operand; of a copy of a value (no equation)."""

    source: int
    target: int
    structure: Structure
    equation: Equation | None = None


@dataclass(frozen=True)
class _Reading:
    """A derivative, and the names of its inputs and outputs by their values.

    Attributes
    ----------
    program
        The derivative.
    inputs, outputs
        Names, and the numbers of the values.
    """

    program: JaxProgram
    inputs: list[tuple[str, int]]
    outputs: list[tuple[str, int]]

    @classmethod
    def of(cls, traced: Traced) -> _Reading:
        """Differentiate what was traced."""
        paths, tree = jax.tree_util.tree_flatten_with_path(traced.args)
        made: list[str] = []

        def flat(*values: Any) -> list[Any]:
            result = traced.function(*jax.tree.unflatten(tree, values))
            leaves, _ = jax.tree_util.tree_flatten_with_path(result[0] if traced.options.has_aux else result)
            made[:] = [f"result{jax.tree_util.keystr(path)}" for path, _ in leaves]
            return [leaf for _, leaf in leaves]

        leaves = [leaf for _, leaf in paths]
        _, linear = jax.linearize(flat, *leaves)
        program, given, results = JaxProgram.linear(unrolled(jax.make_jaxpr(linear)(*leaves)))
        if any(np.issubdtype(program.avals[value].dtype, np.complexfloating) for value in program.dependent):
            raise NotPlannedError("there are complex numbers in it, of which derivatives are not products")
        names = [f"argument{jax.tree_util.keystr(path)}" for path, _ in paths]
        return cls(program, list(zip(names, given, strict=True)), list(zip(made, results, strict=True)))

    def graph(self, name: str | None, entries: bool) -> Graph:
        """The graph of what leads from inputs to outputs; results that are used or given are copied."""
        program = self.program
        links = [link for equation in program.equations for link in _links(program, equation)]
        names = {value: label for label, value in self.inputs}
        used = {link.source for link in links}
        for label, result in self.outputs:
            value = result
            if value in used or value in names:
                value = program.copied(result)
                links.append(_Link(result, value, Identity()))
            names[value] = label
        live = _between(links, self.inputs, set(names) - {value for _, value in self.inputs})
        if not live:
            raise GraphError(UNCONNECTED)
        names |= _inner(program, live - set(names))
        if entries:
            program.settle()
        kept = [link for link in links if {link.source, link.target} <= live]
        edges = [_edge(program, link, names, entries) for link in kept]
        return Graph({names[value]: program.size(value) for value in names if value in live}, edges, name)


def _inner(program: JaxProgram, values: set[int]) -> dict[int, str]:
    """Names of values by what makes them: ``mul1``, ``mul2``."""
    counts, names = Counter[str](), dict[int, str]()
    for equation in program.equations:
        for value in equation.results:
            if value in values:
                counts[equation.name] += 1
                names[value] = f"{equation.name}{counts[equation.name]}"
    return names


def _edge(program: JaxProgram, link: _Link, names: dict[int, str], entries: bool) -> Edge:
    tangent, adjoint = _costs(program, link.equation)
    return Edge(
        names[link.source],
        names[link.target],
        link.structure,
        tangent=tangent,
        adjoint=adjoint,
        explicit=True if entries else None,
        matrix=_entries(program, link) if entries else None,
    )


def _costs(program: JaxProgram, equation: Equation | None) -> tuple[int | None, int | None]:
    """What a tangent and an adjoint of an equation cost; nothing is stated where its entries are at hand."""
    if equation is None or equation.name in KNOWN or contraction(program, equation):
        return None, None
    works = [work(program, equation, adjoint=adjoint) for adjoint in (False, True)]
    tangent, adjoint = (None if each is None else each.fma for each in works)
    return tangent, adjoint


def _entries(program: JaxProgram, link: _Link) -> Any:
    """A partial derivative as a dense array; an identity needs none."""
    equation = link.equation
    if equation is None or isinstance(link.structure, Identity):
        return None
    place = equation.results.index(link.target)

    def along(direction: Any) -> Any:
        operands = [_operand(program, link.source, direction, each) for each in equation.operands]
        return equation.bind(operands)[place].reshape(-1)

    aval = program.avals[link.source]
    if work(program, equation, adjoint=False) is not None:
        units = jnp.eye(program.size(link.source), dtype=aval.dtype).reshape(-1, *aval.shape)
        return np.asarray(jax.vmap(along, out_axes=1)(units))
    transposed = jax.linear_transpose(along, jax.ShapeDtypeStruct(aval.shape, aval.dtype))
    rows = jnp.eye(program.size(link.target), dtype=program.avals[link.target].dtype)
    return np.asarray(jax.vmap(lambda row: transposed(row)[0].reshape(-1))(rows))


def _operand(program: JaxProgram, source: int, direction: Any, value: int) -> Any:
    if value == source:
        return direction
    aval = program.avals[value]
    return program.constants[value] if program.constant(value) else jnp.zeros(aval.shape, aval.dtype)


def _links(program: JaxProgram, equation: Equation) -> Iterator[_Link]:
    """The partial derivatives of an equation that are not zero."""
    for source in dict.fromkeys(equation.operands):
        if not program.constant(source):
            found = _structures(program, equation, source)
            for target, structure in zip(equation.results, found, strict=True):
                if structure is not None:
                    yield _Link(source, target, structure, equation)


def _structures(program: JaxProgram, equation: Equation, source: int) -> list[Structure | None]:
    """Of the partial derivatives of the results by one operand; None of one that is zero."""
    once = equation.operands.count(source) == 1
    if is_view(program, equation) or (equation.name in SUMS and once and is_elementwise(program, equation)):
        return [Identity()]
    if is_elementwise(program, equation):
        return [Diagonal()]
    shapes = [(program.size(result), program.size(source)) for result in equation.results]
    sets = Footprints(program.size(source), LEAST + EACH)
    operands = [
        Fact(program.shape(each), sets.inputs(program.shape(each)) if each == source else None)
        for each in equation.operands
    ]
    try:
        found = [sets.listed(fact.footprint.reshape(-1)) for fact in step(sets, equation.eqn, operands)]
    except BudgetError:
        return [Dense() for _ in shapes]
    return [_structure(*each, shape) for each, shape in zip(found, shapes, strict=True)]


def _structure(rows: Any, columns: Any, shape: tuple[int, int]) -> Structure | None:
    if not len(rows):
        return None
    return Dense() if len(rows) == shape[0] * shape[1] else structure_at(rows, columns, shape)


def _between(links: Sequence[_Link], inputs: Iterable[tuple[str, int]], targets: Iterable[int]) -> set[int]:
    """The values on a path from an input to a target; none that has no edge."""
    reached, needed = {value for _, value in inputs}, set(targets)
    for link in links:
        if link.source in reached:
            reached.add(link.target)
    for link in reversed(links):
        if link.target in needed:
            needed.add(link.source)
    ends = ((link.source, link.target) for link in links)
    return {value for both in ends if {*both} <= reached & needed for value in both}

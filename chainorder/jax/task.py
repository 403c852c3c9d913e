"""One Jacobian: trace and differentiate the function, choose a plan, and emit its operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from typing import Any, assert_never

import jax
import jax.numpy as jnp
from jax.extend import core

from chainorder.autodiff.captures import told
from chainorder.autodiff.choice import OWN, Choice, Leaf, Mode, Rates, choose
from chainorder.autodiff.colours import Positions
from chainorder.autodiff.execution import TRACED_ENTRIES
from chainorder.autodiff.task import UNCONNECTED, NotPlannedError, Output, Task
from chainorder.autodiff.work import entries
from chainorder.jax.branches import join_branches
from chainorder.jax.capture import Options, Traced, is_array
from chainorder.jax.compression import entries_of
from chainorder.jax.division import Division
from chainorder.jax.execution import JaxExecutor, adjoints, tangents
from chainorder.jax.parts import Parts
from chainorder.jax.pieces import pieces_of
from chainorder.jax.program import JaxProgram
from chainorder.jax.results import Results, formed_as
from chainorder.jax.separating import separated, separation_of
from chainorder.jax.sparsity import positions_of
from chainorder.jax.unrolling import unrolled

RATES = Rates(launch=24_000, call=500_000)
"""Compiled operations take half a microsecond to launch, a call ten, by `scripts/bench_kinds.py`."""


@dataclass(frozen=True, eq=False)
class Linearised:
    """A differentiated function, as one array to one array.

    Attributes
    ----------
    point
        Where it is differentiated.
    inputs, outputs
        The trees of the differentiated arguments and of the output; of shapes.
    restored
        Makes what the function returned beside its output of the arrays in it.
    program
        Its derivative, and those arrays.
    parts
        That for some of the arrays only; None of one array, or where it cannot be taken apart.
    """

    point: Any
    inputs: Any
    outputs: Any
    restored: Callable[[Sequence[Any]], Any]
    program: JaxProgram
    parts: Parts | None

    @classmethod
    def of(cls, traced: Traced) -> Linearised:
        """Differentiate what was traced."""
        options = traced.options
        if options.holomorphic or options.allow_int:
            raise NotPlannedError("only real functions are planned")
        leaves, tree = jax.tree.flatten(traced.args)
        point = _concatenated(leaves, "input")
        made: list[Any] = []

        def flat(value: Any) -> Any:
            result = traced.function(*jax.tree.unflatten(tree, _split(value, leaves)))
            result, aux = result if options.has_aux else (result, None)
            made[:] = [jax.tree.map(_shape, result), *_parted(aux)]
            return _concatenated(jax.tree.leaves(result), "output"), made[1]

        def both(value: Any, direction: Any) -> list[Any]:
            _, linear, arrays = jax.linearize(flat, value, has_aux=True)
            closed = unrolled(jax.make_jaxpr(linear)(direction))
            if closed.effects:
                raise NotPlannedError("its derivative has effects")
            return [*core.jaxpr_as_fun(closed)(direction), *arrays]

        direction = jax.ShapeDtypeStruct(point.shape, point.dtype)
        program = JaxProgram.of(jax.make_jaxpr(both)(point, direction))
        results = jax.tree.leaves(made[0])
        parts = Parts.of(program, leaves, results) if len(leaves) * len(results) > 1 else None
        join_branches(program)
        inputs = traced.args[0] if options.argnums == 0 else traced.args
        return cls(point, inputs, made[0], made[2], program, parts)

    @property
    def aux(self) -> Any:
        """What the function returned beside its output, after the constants of the program were evaluated."""
        return self.restored([self.program.constants[number] for number in self.program.extras])


@dataclass(frozen=True, eq=False)
class JaxTask(Task):
    """What to differentiate, and how."""

    function: Callable[..., Any]
    options: Options = Options()
    solver: str | None = None
    chunk_entries: int = TRACED_ENTRIES
    output: Output = Output.DENSE
    mode: Mode | None = None
    batch: int = 1

    @property
    def rates(self) -> Rates:
        """What JAX makes of work for one of a batch."""
        return RATES.shared(self.batch)

    def jacobian(self, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """What `jax.jacrev` of the function returns; may raise `NotPlannedError`."""
        traced = Traced.of(self.function, self.options, args, kwargs)
        try:
            return self._chosen(traced)
        except Exception as reason:  # noqa: BLE001 – JAX's own mode does it, or says what is wrong
            told(reason)
        return self.own(traced.function, traced.args, {}, traced.options)

    def own(
        self, function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], options: Options
    ) -> Any:
        """JAX's own mode, its blocks in the wanted form."""
        made = options.own(function, args, kwargs)
        if self.output is Output.DENSE:
            return made
        given = jax.tree.leaves([args[number] for number in options.of(args)])
        return _formed(made, options, lambda jacobian: formed_as(self.output, jacobian, given))

    def _chosen(self, traced: Traced) -> Any:
        linearised = Linearised.of(traced)
        program, options = linearised.program, traced.options
        choice = self._choice(linearised) if program.connected else None
        positions = choice.places if choice else Positions.none(program.sizes)
        results = Results(linearised.inputs, linearised.outputs, self.output, positions)
        if choice and choice.mode in OWN:
            differentiate = jax.jacfwd if choice.mode is Mode.FORWARD else jax.jacrev
            made = differentiate(traced.function, options.argnums, options.has_aux)(*traced.args)
            return _formed(made, options, results.of_blocks)
        program.evaluate(linearised.point)
        jacobian = self._made(choice, linearised, results)
        return (jacobian, linearised.aux) if options.has_aux else jacobian

    def _made(self, choice: Choice | None, linearised: Linearised, results: Results) -> Any:
        """What groups of blocks, a plan or colours make; without a choice there are only zeros."""
        program = linearised.program
        if choice is None:
            return results.of_entries(jnp.zeros(0, program.avals[program.source].dtype))
        if choice.mode is not Mode.BLOCKS:
            return self._part(choice, program, results)
        parts = linearised.parts
        assert parts is not None
        return results.of_parts(
            (
                group.rows,
                group.columns,
                self._part(
                    group.choice,
                    parts.part(group.rows, group.columns),
                    results.part(group.rows, group.columns, group.choice.places),
                ),
            )
            for group in choice.groups
        )

    def _part(self, choice: Choice, program: JaxProgram, results: Results) -> Any:
        """What a plan, colours or a mode make of a program whose constants are evaluated."""
        ends, dtype = (program.source, program.target), program.avals[program.source].dtype
        match choice.mode:
            case Mode.PLAN:
                executor = JaxExecutor(program, choice.pieces, self.chunk_entries)
                return results.of_matrix(executor.framework.matrix(executor.execute(choice.plan), dtype))
            case Mode.COLOURS:
                assert choice.positions is not None
                assert choice.colouring is not None
                return results.of_entries(
                    entries_of(program, choice.positions, choice.colouring, self.chunk_entries)
                )
            case Mode.SEPARABLE:
                assert choice.separation is not None
                return results.of_entries(separated(choice.separation, self.chunk_entries))
            case Mode.FORWARD:
                every = jnp.eye(program.size(program.source), dtype=dtype)
                return results.of_matrix(tangents(program, *ends, every, chunk=self.chunk_entries).T)
            case Mode.REVERSE:
                every = jnp.eye(program.size(program.target), dtype=dtype)
                return results.of_matrix(adjoints(program, *ends, every, chunk=self.chunk_entries))
            case Mode.BLOCKS:
                raise AssertionError("groups are not divided")
            case _:
                assert_never(choice.mode)

    def choice(self, args: Sequence[Any], kwargs: dict[str, Any]) -> Choice:
        """The choice that is made for some arguments; raises `NotPlannedError` if there is none."""
        linearised = Linearised.of(Traced.of(self.function, self.options, args, kwargs))
        if not linearised.program.connected:
            raise NotPlannedError(UNCONNECTED)
        return self._choice(linearised)

    def _choice(self, linearised: Linearised) -> Choice:
        program = linearised.program
        source, target = (program.avals[value].dtype for value in (program.source, program.target))
        if source != target:
            raise NotPlannedError(
                f"the output is {target}, the input {source}, and each mode rounds otherwise"
            )
        whole = self.choice_for(program, positions_of(program))
        if linearised.parts is not None and whole.forced is None:
            choose = partial(self.choice_for, separable=False)
            whole = Division(linearised.parts, choose, self.rates, whole).best()
            results, arguments = (_leaves(tree) for tree in (linearised.outputs, linearised.inputs))
            whole = replace(whole, results=results, arguments=arguments)
        return replace(whole, forced=self.mode) if self.mode in whole.times else whole

    def choice_for(
        self, program: JaxProgram, positions: Positions | None, *, separable: bool = True
    ) -> Choice:
        """The choice for a program, and where its Jacobian may be nonzero if that is known."""
        name = getattr(self.function, "__name__", None)
        dense = self.output is Output.DENSE
        separation = partial(separation_of, program) if separable and not self.solver else lambda: None
        return choose(pieces_of(program), self.rates, name, self.solver, positions, separation, dense=dense)


def _concatenated(leaves: Sequence[Any], what: str) -> Any:
    """One array of all of them: the only one itself."""
    if not leaves:
        raise NotPlannedError(f"the {what} holds no array")
    dtypes = {jnp.result_type(leaf) if is_array(leaf) else None for leaf in leaves}
    if len(dtypes) > 1 or not all(dtype and jnp.issubdtype(dtype, jnp.floating) for dtype in dtypes):
        raise NotPlannedError(f"the {what} is not of one real floating dtype")
    if not sum(jnp.size(leaf) for leaf in leaves):
        raise NotPlannedError(f"the {what} has no entries")
    return (
        jnp.asarray(leaves[0]) if len(leaves) == 1 else jnp.concatenate([jnp.ravel(leaf) for leaf in leaves])
    )


def _leaves(tree: Any) -> tuple[Leaf, ...]:
    """The arrays of a tree, by their places in it."""
    leaves = jax.tree.leaves_with_path(tree)
    return tuple(Leaf(jax.tree_util.keystr(path) or "all", entries(jnp.shape(leaf))) for path, leaf in leaves)


def _split(value: Any, leaves: Sequence[Any]) -> list[Any]:
    """The arrays that were concatenated."""
    if len(leaves) == 1:
        return [value]
    flat = jnp.split(value, _ends(leaves))
    return [each.reshape(jnp.shape(leaf)) for each, leaf in zip(flat, leaves, strict=True)]


def _ends(leaves: Sequence[Any]) -> list[int]:
    """Where arrays end that follow each other, but for the last."""
    return list(accumulate(entries(jnp.shape(leaf)) for leaf in leaves))[:-1]


def _formed(made: Any, options: Options, form: Callable[[Any], Any]) -> Any:
    """What JAX returned, its Jacobian in another form."""
    return (form(made[0]), made[1]) if options.has_aux else form(made)


def _parted(aux: Any) -> tuple[list[Any], Callable[[Sequence[Any]], Any]]:
    """The arrays in what a function returns beside its output, and how to put others in their places."""
    leaves, tree = jax.tree.flatten(aux)
    still = [None if isinstance(leaf, jax.Array) else (leaf,) for leaf in leaves]

    def restored(arrays: Sequence[Any]) -> Any:
        given = iter(arrays)
        return jax.tree.unflatten(tree, [next(given) if each is None else each[0] for each in still])

    return [leaf for leaf in leaves if isinstance(leaf, jax.Array)], restored


def _shape(leaf: Any) -> Any:
    return jax.ShapeDtypeStruct(jnp.shape(leaf), jnp.result_type(leaf)) if is_array(leaf) else leaf

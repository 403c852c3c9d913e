"""One Jacobian: capture the function, choose a plan, and run it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from traceback import walk_tb
from typing import Any, assert_never

import torch
from torch.func import jacfwd, jacrev
from torch.utils import _pytree as pytree

from chainorder.autodiff.captures import Run, check_unchanged
from chainorder.autodiff.choice import Choice, Mode, Rates, choose
from chainorder.autodiff.colours import Positions
from chainorder.autodiff.execution import TRACED_ENTRIES
from chainorder.autodiff.task import UNCONNECTED, NotPlannedError, Output, Task
from chainorder.autodiff.work import entries
from chainorder.plans.chain_plan import Plan
from chainorder.torch.branches import join_branches
from chainorder.torch.calls import Call
from chainorder.torch.checking import agrees
from chainorder.torch.execution import TorchExecutor
from chainorder.torch.inputs import Inputs, is_real
from chainorder.torch.patterns import Guard
from chainorder.torch.pieces import TorchPiece, pieces_of
from chainorder.torch.program import TorchProgram, shape_of
from chainorder.torch.replay import Replay
from chainorder.torch.results import Results, as_rows
from chainorder.torch.sparsity import Compression, positions_of

RATES = Rates(launch=150_000)
"""A replayed operation takes some 3 microseconds to launch."""


@dataclass(frozen=True, eq=False)
class Captured:
    """A captured function.

    Attributes
    ----------
    outputs
        The shapes of the outputs.
    tree
        Their tree.
    """

    program: TorchProgram
    outputs: list[tuple[int, ...]]
    tree: Any


@dataclass(frozen=True, eq=False)
class Way:
    """How a Jacobian is made.

    Attributes
    ----------
    mode
        What was chosen.
    replay
        Its operations, recorded.
    results
        The form in which it is returned.
    guard
        As long as what is the same.
    """

    mode: Mode
    replay: Replay
    results: Results
    guard: Guard


@dataclass(frozen=True, eq=False)
class TorchTask(Task):
    """What to differentiate, and how."""

    function: Callable[..., Any]
    argnums: int | tuple[int, ...] = 0
    has_aux: bool = False
    chunk_size: int | None = None
    solver: str | None = None
    chunk_entries: int = TRACED_ENTRIES
    output: Output = Output.DENSE

    def jacobian(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """PyTorch's own reverse mode; where that has no rule and its forward mode has, that one."""
        try:
            return self._formed(self._own_reverse(*args, **kwargs), args)
        except RuntimeError as error:
            if not _lacks_a_rule(error):
                raise
            failure = error
        with suppress(RuntimeError):
            return self._formed(self._own_forward(*args, **kwargs), args)
        raise failure

    def _formed(self, made: Any, args: tuple[Any, ...]) -> Any:
        """What PyTorch returned, its blocks in the wanted form."""
        if self.output is not Output.CSR:
            return made
        inputs = Inputs.of(args, self.argnums)
        sizes = cycle(map(entries, inputs.shapes))
        jacobian, *aux = made if self.has_aux else (made,)
        formed = pytree.tree_map(lambda block: as_rows(block, next(sizes)), jacobian)
        return (formed, *aux) if self.has_aux else formed

    def choice(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Choice:
        """The choice that is made for some arguments; raises `NotPlannedError` if there is none."""
        program = self._capture(Call.of(args, kwargs, self.argnums)).program
        if not program.connected:
            raise NotPlannedError(UNCONNECTED)
        return self._choose(program, pieces_of(program), positions_of(program)[0])

    def planned(self, call: Call) -> tuple[Run, Any]:
        """What makes the Jacobian of calls of a kind, and that of this one; held against one adjoint."""
        captured = self._capture(call)
        if not captured.program.connected:
            return self._own, self._own(call)
        way = self._way(captured, call.inputs.emptied())
        run: Run = partial(self._run, way, captured.program)
        result, concrete = run(call), call.concrete()
        jacobian = result if concrete is call else run(concrete)
        blocks = pytree.tree_leaves(jacobian[0] if self.has_aux else jacobian)
        outputs = partial(self._outputs, concrete)
        if not agrees(way.results.rows_of(blocks), outputs, concrete.point, captured.program.precision):
            raise ArithmeticError(f"{way.mode.value} differs from jacrev")
        return run, result

    def _own(self, call: Call) -> Any:
        return self.jacobian(call.args, call.kwargs)

    @property
    def _own_reverse(self) -> Callable[..., Any]:
        own: Callable[..., Any] = jacrev(
            self.function, self.argnums, has_aux=self.has_aux, chunk_size=self.chunk_size
        )
        return own

    @property
    def _own_forward(self) -> Callable[..., Any]:
        own: Callable[..., Any] = jacfwd(self.function, self.argnums, has_aux=self.has_aux)
        return own

    def _outputs(self, call: Call, value: Any) -> tuple[Any, ...]:
        args, kwargs = call.arguments(call.given, value)
        result = self.function(*args, **kwargs)
        return tuple(pytree.tree_leaves(result[0] if self.has_aux else result))

    def _way(self, captured: Captured, inputs: Inputs) -> Way:
        """How the Jacobian of a captured function is made."""
        program, point = captured.program, captured.program.source.meta["val"]
        pieces, (positions, guard) = pieces_of(program), positions_of(program)
        choice = self._choose(program, pieces, positions)
        used = choice.mode is Mode.COLOURS or self.output is not Output.DENSE
        positions = choice.positions if used else None
        results = Results(captured.outputs, captured.tree, inputs, self.output, positions, point.device)
        compression = None
        if choice.mode is Mode.COLOURS:
            assert choice.positions is not None
            assert choice.colouring is not None
            compression = Compression(choice.positions, choice.colouring, point.dtype, point.device)
        fixed = (*results.tensors, *(compression.tensors if compression else ()))
        mode = choice.mode
        if mode is Mode.FORWARD and self.chunk_size is not None:  # it knows no chunks
            mode = Mode.REVERSE
        transformed = partial(self._transformed, program, pieces, choice.plan, mode, compression, results)
        return Way(mode, Replay(transformed, fixed), results, guard if used else Guard({}))

    def _choose(
        self, program: TorchProgram, pieces: Sequence[TorchPiece], positions: Positions | None
    ) -> Choice:
        name = getattr(self.function, "__name__", type(self.function).__name__)
        return choose(pieces, RATES, name, self.solver, positions, dense=self.output is Output.DENSE)

    def _capture(self, call: Call) -> Captured:
        seen: list[tuple[list[Any], Any]] = []

        def flat(given: Sequence[Any], value: Any) -> Any:
            args, kwargs = call.arguments(given, value)
            before = pytree.tree_flatten((args, kwargs))
            result = self.function(*args, **kwargs)
            check_unchanged(before, pytree.tree_flatten((args, kwargs)))
            if self.has_aux and not (isinstance(result, tuple) and len(result) == 2):
                raise NotPlannedError("a function with aux returns a pair")
            if self.has_aux and not all(isinstance(t, torch.Tensor) for t in pytree.tree_leaves(result[1])):
                raise NotPlannedError("its aux holds what is no tensor, which PyTorch refuses")
            leaves, tree = pytree.tree_flatten(result[0] if self.has_aux else result)
            seen.append((leaves, tree))
            if not leaves or not all(is_real(leaf) for leaf in leaves):
                raise NotPlannedError("an output is no real floating tensor")
            if any(leaf.dtype != value.dtype for leaf in leaves):
                raise NotPlannedError(
                    "an output is of another dtype than the input: each mode rounds otherwise"
                )
            return leaves[0] if len(leaves) == 1 else torch.cat([leaf.reshape(-1) for leaf in leaves])

        concrete = call.concrete()
        program = TorchProgram.capture(flat, concrete.given, concrete.point)
        if not entries(shape_of(program.source)) or not entries(shape_of(program.target)):
            raise NotPlannedError("there are no entries")
        join_branches(program)
        leaves, tree = seen[-1]
        return Captured(program, [tuple(leaf.shape) for leaf in leaves], tree)

    def _run(self, way: Way, program: TorchProgram, call: Call) -> Any:
        """The Jacobian of a call of a kind that was captured: replayed, or as it was chosen."""
        tensors = program.tensors(call.given, call.point)
        if not way.guard.holds(tensors):
            return self._own(call)
        blocks = way.replay.blocks(tensors)
        if blocks is None and way.mode is Mode.REVERSE and self.output is Output.DENSE:
            result = self._own_reverse(*call.args, **call.kwargs)
            way.replay.learn(tensors, tuple(pytree.tree_leaves(result[0] if self.has_aux else result)))
            return result
        if blocks is None:
            blocks = way.replay.transformed(*tensors)
            way.replay.learn(tensors, blocks)
        result = way.results.returned(blocks)
        return (result, self.function(*call.args, **call.kwargs)[1]) if self.has_aux else result

    def _transformed(
        self,
        program: TorchProgram,
        pieces: Sequence[TorchPiece],
        plan: Plan,
        mode: Mode,
        compression: Compression | None,
        results: Results,
        *tensors: Any,
    ) -> tuple[Any, ...]:
        """What is kept of the blocks of the Jacobian, by transformations of the captured program."""
        point = tensors[-1]

        def function(value: Any) -> Any:
            return program.evaluate(*tensors[:-1], value)[program.target]

        match mode:
            case Mode.PLAN:
                values = program.evaluate(*tensors)
                executor = TorchExecutor(program, pieces, values, self.chunk_entries, self.chunk_size)
                matrix = executor.framework.matrix(executor.execute(plan), point).to(point.dtype)
            case Mode.COLOURS:
                assert compression is not None
                return results.of_entries(compression.entries(function, point, self.chunk_size))
            case Mode.FORWARD:
                matrix = jacfwd(function)(point)
            case Mode.REVERSE:
                matrix = jacrev(function, chunk_size=self.chunk_size)(point)
            case Mode.SEPARABLE | Mode.BLOCKS:
                raise AssertionError("they are not looked for in PyTorch")
            case _:
                assert_never(mode)
        return results.of_matrix(matrix.reshape(-1, entries(point.shape)))


def _lacks_a_rule(error: RuntimeError) -> bool:
    """Whether an error says that reverse mode has no rule, and not that a hook asks for one of its own."""
    frames = (frame.f_globals.get("__name__") for frame, _ in walk_tb(error.__traceback__))
    own = "autograd.Function" in str(error) and "torch.utils.hooks" not in frames
    return own or isinstance(error, NotImplementedError)

"""One Jacobian: capture the function, choose a plan, and run it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from traceback import walk_tb
from typing import Any, assert_never

import torch
from torch.func import jacfwd, jacrev
from torch.utils import _pytree as pytree

from chainorder.autodiff.captures import Run, check_unchanged
from chainorder.autodiff.choice import Choice, Mode, Rates, choose
from chainorder.autodiff.execution import TRACED_ENTRIES
from chainorder.autodiff.task import UNCONNECTED, NotPlannedError, Task
from chainorder.autodiff.work import entries
from chainorder.torch.branches import join_branches
from chainorder.torch.calls import Call, is_real
from chainorder.torch.checking import agrees
from chainorder.torch.execution import TorchExecutor
from chainorder.torch.pieces import TorchPiece, pieces_of
from chainorder.torch.program import TorchProgram, shape_of
from chainorder.torch.replay import Replay

RATES = Rates(launch=450_000, transform=6_000_000)
"""An adjoint of an operation takes some 9 microseconds to launch, a transformation some 120."""


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
class TorchTask(Task):
    """What to differentiate, and how."""

    function: Callable[..., Any]
    argnums: int | tuple[int, ...] = 0
    has_aux: bool = False
    chunk_size: int | None = None
    solver: str | None = None
    chunk_entries: int = TRACED_ENTRIES

    def jacobian(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """PyTorch's own reverse mode; where that has no rule and its forward mode has, that one."""
        try:
            return self._own_reverse(*args, **kwargs)
        except RuntimeError as error:
            if not _lacks_a_rule(error):
                raise
            failure = error
        with suppress(RuntimeError):
            return self._own_forward(*args, **kwargs)
        raise failure

    def choice(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Choice:
        """The choice that is made for some arguments; raises `NotPlannedError` if there is none."""
        program = self._capture(Call.of(args, kwargs, self.argnums)).program
        if not program.connected:
            raise NotPlannedError(UNCONNECTED)
        return self._choose(program, pieces_of(program))

    def planned(self, call: Call) -> tuple[Run, Any]:
        """What makes the Jacobian of calls of a kind, and that of this one; held against one adjoint."""
        captured = self._capture(call)
        if not captured.program.connected:
            return self._reverse, self._reverse(call)
        pieces = pieces_of(captured.program)
        choice = self._choose(captured.program, pieces)
        if choice.mode is Mode.FORWARD and self.chunk_size is not None:  # it knows no chunks
            choice = replace(choice, times={Mode.REVERSE: 0})
        replay = Replay(partial(self._transformed, captured, pieces, choice))
        run: Run = partial(self._run, captured, choice.mode, replay)
        result, concrete = run(call), call.concrete()
        jacobian = result if concrete is call else run(concrete)
        blocks = pytree.tree_leaves(jacobian[0] if self.has_aux else jacobian)
        outputs = partial(self._outputs, concrete)
        if not agrees(blocks, outputs, concrete.point, captured.program.precision):
            raise ArithmeticError(f"{choice.mode.value} differs from jacrev")
        return run, result

    def _reverse(self, call: Call) -> Any:
        return self._own_reverse(*call.args, **call.kwargs)

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

    def _choose(self, program: TorchProgram, pieces: Sequence[TorchPiece]) -> Choice:
        """The choice; a plan evaluates all values first, and forward mode takes an eighth longer."""
        name = getattr(self.function, "__name__", type(self.function).__name__)
        choice = choose(pieces, RATES, name, self.solver)
        times = dict(choice.times)
        times[Mode.PLAN] += RATES.transform + RATES.launch * len(program.graph.nodes)
        if Mode.FORWARD in times:
            times[Mode.FORWARD] += times[Mode.FORWARD] // 8
        return replace(choice, times=times)

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

    def _run(self, captured: Captured, mode: Mode, replay: Replay, call: Call) -> Any:
        """The Jacobian of a call of a kind that was captured: replayed, or as it was chosen."""
        tensors = captured.program.tensors(call.given, call.point)
        blocks = replay.blocks(tensors)
        if blocks is not None:
            return self._assembled(captured, blocks, call)
        match mode:
            case Mode.PLAN:
                result = self._assembled(captured, replay.transformed(*tensors), call)
            case Mode.FORWARD:
                result = self._own_forward(*call.args, **call.kwargs)
            case Mode.REVERSE:
                result = self._own_reverse(*call.args, **call.kwargs)
            case Mode.COLOURS | Mode.SEPARABLE | Mode.BLOCKS:
                raise AssertionError("sparsity is not looked for in PyTorch")
            case _:
                assert_never(mode)
        replay.learn(tensors, tuple(pytree.tree_leaves(result[0] if self.has_aux else result)))
        return result

    def _transformed(
        self, captured: Captured, pieces: Sequence[TorchPiece], choice: Choice, *tensors: Any
    ) -> tuple[Any, ...]:
        """The blocks of the Jacobian by transformations of the captured program."""
        program, point = captured.program, tensors[-1]
        if choice.mode is Mode.PLAN:
            values = program.evaluate(*tensors)
            executor = TorchExecutor(program, pieces, values, self.chunk_entries, self.chunk_size)
            matrix = executor.framework.matrix(executor.execute(choice.plan), point).to(point.dtype)
        else:
            own = jacfwd if choice.mode is Mode.FORWARD else partial(jacrev, chunk_size=self.chunk_size)
            matrix = own(lambda value: program.evaluate(*tensors[:-1], value)[program.target])(point)
            matrix = matrix.reshape(-1, entries(point.shape))
        ends = list(accumulate(entries(shape) for shape in captured.outputs))[:-1]
        rows = torch.tensor_split(matrix, ends) if ends else [matrix]
        return tuple(
            row.reshape((*shape, *point.shape)) for row, shape in zip(rows, captured.outputs, strict=True)
        )

    def _assembled(self, captured: Captured, blocks: Sequence[Any], call: Call) -> Any:
        """What is returned for the blocks of a Jacobian."""
        tuples = blocks if isinstance(self.argnums, int) else [(block,) for block in blocks]
        result = pytree.tree_unflatten(tuples, captured.tree)
        return (result, self.function(*call.args, **call.kwargs)[1]) if self.has_aux else result


def _lacks_a_rule(error: RuntimeError) -> bool:
    """Whether an error says that reverse mode has no rule, and not that a hook asks for one of its own."""
    frames = (frame.f_globals.get("__name__") for frame, _ in walk_tb(error.__traceback__))
    own = "autograd.Function" in str(error) and "torch.utils.hooks" not in frames
    return own or isinstance(error, NotImplementedError)

"""One Jacobian: capture the function, choose a plan, and run it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, assert_never

import torch
from torch.func import functional_call, jacfwd, jacrev
from torch.utils import _pytree as pytree

from chainorder.autodiff.choice import Choice, Mode, Rates, choose
from chainorder.autodiff.execution import CHUNK_ENTRIES
from chainorder.autodiff.segments import entries
from chainorder.autodiff.task import NotPlannedError, Task
from chainorder.torch.execution import TorchExecutor, as_matrix
from chainorder.torch.parts import TorchPart, parts_of
from chainorder.torch.program import TorchProgram, shape_of

RATES = Rates(launch=1_000_000, transform=4_000_000)
"""An operation under a transformation takes some 60 microseconds to launch, a transformation some 250."""


class Holder(torch.nn.Module):  # type: ignore[misc]
    """A function, with the modules in it whose parameters and buffers are given from outside."""

    def __init__(self, function: Callable[..., Any], modules: Sequence[torch.nn.Module]) -> None:
        super().__init__()
        self.held = torch.nn.ModuleList(modules)
        self.called = (function,)  # in a tuple: a module that were registered twice would be swapped twice

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.called[0](*args, **kwargs)

    def tensors(self) -> dict[str, Any]:
        """The parameters and buffers at present."""
        return {**dict(self.named_parameters()), **dict(self.named_buffers())}


@dataclass(frozen=True, eq=False)
class Captured:
    """What is kept of a function for arguments of some shapes.

    Attributes
    ----------
    outputs
        The shapes of the outputs.
    tree
        Their tree.
    """

    program: TorchProgram
    parts: list[TorchPart]
    choice: Choice | None
    outputs: list[tuple[int, ...]]
    tree: Any


@dataclass(frozen=True, eq=False)
class Call:
    """The arguments of a call: where its tensors are, and what else there is.

    Attributes
    ----------
    given, point
        The tensors that are not differentiated, those of modules first, and the one that is.
    key
        Its shapes, dtypes and devices, and all that is no tensor.
    """

    given: list[Any]
    point: Any
    key: Hashable
    rebuild: Callable[[Sequence[Any], Any], tuple[tuple[Any, ...], dict[str, Any]]]


@dataclass(frozen=True, eq=False)
class TorchTask(Task):
    """What to differentiate, and how; it keeps what it captured."""

    function: Callable[..., Any]
    modules: Sequence[torch.nn.Module] = ()
    argnums: int | tuple[int, ...] = 0
    has_aux: bool = False
    solver: str | None = None
    chunk_entries: int = CHUNK_ENTRIES
    known: dict[Hashable, Captured | NotPlannedError] = field(default_factory=dict)

    def jacobian(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What `torch.func.jacrev` of the function returns."""
        reverse = jacrev(self.function, self.argnums, has_aux=self.has_aux)
        try:
            call = self._call(args, kwargs)
            captured = self._captured(call)
        except NotPlannedError:
            return reverse(*args, **kwargs)
        mode = Mode.REVERSE if captured.choice is None else captured.choice.mode
        match mode:
            case Mode.PLAN:
                return self._planned(captured, call, args, kwargs)
            case Mode.FORWARD:
                return jacfwd(self.function, self.argnums, has_aux=self.has_aux)(*args, **kwargs)
            case Mode.REVERSE:
                return reverse(*args, **kwargs)
            case _:
                assert_never(mode)

    def _find(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Choice | None:
        return self._captured(self._call(args, kwargs)).choice

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        number = self.argnums if isinstance(self.argnums, int) else self.argnums[0]
        several = not isinstance(self.argnums, int) and len(self.argnums) > 1
        if several or not -len(args) <= number < len(args) or not _is_real(args[number]):
            raise NotPlannedError("only one real floating tensor is planned for")
        point, place = args[number], number % len(args)
        leaves, tree = pytree.tree_flatten(((*args[:place], None, *args[place + 1 :]), kwargs))
        tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
        static = tuple(None if isinstance(leaf, torch.Tensor) else (type(leaf), leaf) for leaf in leaves)
        given = [*self._holder.tensors().values(), *tensors]
        facts = tuple((tensor.shape, tensor.dtype, tensor.device) for tensor in (*given, point))

        def rebuild(others: Sequence[Any], value: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
            fresh = iter(others)
            filled = [next(fresh) if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves]
            rebuilt, named = pytree.tree_unflatten(filled, tree)
            return (*rebuilt[:place], value, *rebuilt[place + 1 :]), named

        return Call(given, point, (facts, static, self._training()), rebuild)

    @property
    def _holder(self) -> Holder:
        return Holder(self.function, self.modules)

    def _training(self) -> tuple[bool, ...]:
        return tuple(module.training for held in self.modules for module in held.modules())

    def _captured(self, call: Call) -> Captured:
        """What is known for a call; captured if it is the first of its kind."""
        try:
            known = self.known.get(call.key)
        except TypeError:
            raise NotPlannedError("an argument is neither a tensor nor hashable") from None
        if known is None:
            try:
                known = self._capture(call)
            except NotPlannedError as reason:
                known = reason
            self.known[call.key] = known
        if isinstance(known, NotPlannedError):
            raise known
        return known

    def _capture(self, call: Call) -> Captured:
        holder = self._holder
        names = list(holder.tensors())
        seen: list[tuple[list[Any], Any]] = []

        def flat(given: Sequence[Any], value: Any) -> Any:
            args, kwargs = call.rebuild(given[len(names) :], value)
            swapped = dict(zip(names, given, strict=False))
            result = functional_call(holder, swapped, args, kwargs)
            if self.has_aux and not (isinstance(result, tuple) and len(result) == 2):
                raise TypeError("a function with aux returns a pair")
            leaves, tree = pytree.tree_flatten(result[0] if self.has_aux else result)
            seen.append((leaves, tree))
            if not leaves or not all(_is_real(leaf) for leaf in leaves):
                raise TypeError("an output is no real floating tensor")
            return leaves[0] if len(leaves) == 1 else torch.cat([leaf.reshape(-1) for leaf in leaves])

        program = TorchProgram.capture(flat, call.given, call.point)
        outputs = [tuple(leaf.shape) for leaf in seen[-1][0]]
        if not entries(shape_of(program.source)) or not entries(shape_of(program.target)):
            raise NotPlannedError("there are no entries")
        if not program.connected:
            return Captured(program, [], None, outputs, seen[-1][1])
        parts = parts_of(program)
        name = getattr(self.function, "__name__", type(self.function).__name__)
        choice = choose([part.segment for part in parts], RATES, name, self.solver)
        return Captured(program, parts, choice, outputs, seen[-1][1])

    def _planned(self, captured: Captured, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        assert captured.choice is not None
        values = captured.program.evaluate(call.given, call.point)
        executor = TorchExecutor(captured.program, captured.parts, values, self.chunk_entries)
        factor = executor.execute(captured.choice.plan)
        matrix = as_matrix(factor, call.point.numel(), call.point).to(call.point.dtype)
        ends = list(accumulate(entries(shape) for shape in captured.outputs))[:-1]
        rows = torch.tensor_split(matrix, ends) if ends else [matrix]
        blocks = [
            row.reshape((*shape, *call.point.shape))
            for row, shape in zip(rows, captured.outputs, strict=True)
        ]
        if not isinstance(self.argnums, int):
            blocks = [(block,) for block in blocks]
        result = pytree.tree_unflatten(blocks, captured.tree)
        return (result, self.function(*args, **kwargs)[1]) if self.has_aux else result


def _is_real(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.dtype.is_floating_point

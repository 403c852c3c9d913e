"""Jacobians that are recorded once and run again: the operations that make them, without what finds these.

Most of a small Jacobian's time in PyTorch goes to its transformations: levels of `torch.func`, graphs of
`autograd`, rules of batching. What they end in are operations on plain tensors, and those are the same in
every call of a kind. They are recorded in the second call, simplified, and compiled to a function in Python.
Parameters and all other tensors from outside are its arguments, never its constants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias

import torch
from torch._functorch.pyfunctorch import temporarily_clear_interpreter_stack
from torch.autograd import forward_ad
from torch.func import functionalize

from chainorder.autodiff.captures import Captures, told
from chainorder.autodiff.task import NotPlannedError
from chainorder.torch.checking import numbers_like
from chainorder.torch.knowledge import wrapped
from chainorder.torch.simplification import compiled
from chainorder.torch.watch import recorded

Blocks: TypeAlias = tuple[Any, ...]
"""The parts of a Jacobian, one for each output."""

MOST = 2**27
"""Entries of all values that a recording may hold: 1 GiB of float64."""

RECORDED = 2
"""The call that is recorded: a function that is called once would not repay it."""

FLAGS = 64
"""Ways in which tensors are tracked by autograd that are kept."""


class Around(Enum):
    """What a call is part of."""

    NOTHING = "numbers in, numbers out"
    GRADIENT = "what is returned may be differentiated by autograd"
    VMAP = "only vmap"
    MORE = "transformations that have to see what is done"

    @classmethod
    def of(cls, tensors: Sequence[Any]) -> Around:
        """Of a call with some tensors."""
        if forward_ad._current_level >= 0:
            return cls.MORE
        levels = torch._C._functorch.get_interpreter_stack() or ()
        tracked = torch.is_grad_enabled() and any(map(_tracked, tensors))
        if levels:
            vmap = torch._C._functorch.TransformType.Vmap
            alone = not tracked and all(level.key() == vmap for level in levels)
            return cls.VMAP if alone else cls.MORE
        return cls.GRADIENT if tracked else cls.NOTHING


@dataclass(eq=False)
class Replay:
    """A Jacobian as a function of all tensors that it depends on.

    Attributes
    ----------
    transform
        Makes its blocks of the tensors, by transformations.
    fixed
        Other tensors that it uses, which never change.
    calls
        How often it was done without a recording.
    recording
        Makes them by the recorded operations; None before that, and where they do not tell all.
    tracked
        By which tensors are tracked by autograd, which blocks are.
    """

    transform: Callable[..., Blocks]
    fixed: tuple[Any, ...] = ()
    calls: int = 0
    recording: Callable[..., Blocks] | None = None
    tracked: dict[tuple[bool, ...], list[bool]] = field(default_factory=dict)

    def transformed(self, *tensors: Any) -> Blocks:
        """Its blocks by transformations; in one thread at a time, or forward mode's tangents become zeros."""
        with Captures.lock:
            return self.transform(*tensors)

    def blocks(self, tensors: Sequence[Any]) -> Blocks | None:
        """What the recording makes of the tensors; None where that is not known to be right."""
        if self.recording is None:
            return None
        match Around.of(tensors):
            case Around.NOTHING | Around.VMAP:
                return self.recording(*tensors)
            case Around.GRADIENT if (tracked := self.tracked.get(_flags(tensors))) is not None:
                made: Blocks = _Differentiable.apply(self, tracked, *tensors)
                return made
            case _:
                return None

    def learn(self, tensors: Sequence[Any], blocks: Blocks) -> None:
        """Note what transformations made; what is done for the second time is recorded."""
        around = Around.of(tensors)
        if around is Around.MORE:
            return
        if around is Around.GRADIENT and len(self.tracked) < FLAGS:
            self.tracked[_flags(tensors)] = [block.requires_grad for block in blocks]
        with Captures.lock:
            self.calls += 1
            if self.calls == RECORDED:
                self._record(around, tensors, blocks)

    def _record(self, around: Around, tensors: Sequence[Any], blocks: Blocks) -> None:
        """Record what makes blocks of tensors; under vmap, what does of random numbers."""
        try:
            with temporarily_clear_interpreter_stack(), _silently():
                plain = [(numbers_like(each) if wrapped(each) else each).detach() for each in tensors]
                made = blocks if around is not Around.VMAP else self.transform(*plain)
                self.recording = _recorded(self.transform, plain, made, self.fixed)
        except Exception as reason:  # noqa: BLE001 – then it is done by transformations
            told(reason)


class _Differentiable(torch.autograd.Function):  # type: ignore[misc]
    """The blocks of a recording; their derivative is that of the transformations, made when asked for."""

    @staticmethod
    def forward(ctx: Any, replay: Replay, tracked: Sequence[bool], *tensors: Any) -> Blocks:
        assert replay.recording is not None
        ctx.replay, ctx.tracked = replay, tracked
        ctx.save_for_backward(*tensors)
        blocks = replay.recording(*tensors)
        untracked = (block for block, each in zip(blocks, tracked, strict=True) if not each)
        ctx.mark_non_differentiable(*untracked)
        return blocks

    @staticmethod
    def backward(ctx: Any, *adjoints: Any) -> tuple[Any, ...]:
        again = torch.is_grad_enabled()
        needed = ctx.needs_input_grad[2:]
        with torch.enable_grad():
            # Each stands for itself: what one tensor owes to another one is left to whoever made it.
            pairs = zip(ctx.saved_tensors, needed, strict=True)
            tensors = [tensor.view_as(tensor) if need else tensor for tensor, need in pairs]
            blocks = ctx.replay.transformed(*tensors)
            made = [(block, u) for block, u, each in zip(blocks, adjoints, ctx.tracked, strict=True) if each]
            wanted = [tensor for tensor, need in zip(tensors, needed, strict=True) if need]
            outputs, seeds = zip(*made, strict=True)
            found = torch.autograd.grad(outputs, wanted, seeds, create_graph=again, allow_unused=True)
        gradients = iter(found)
        return None, None, *(next(gradients) if need else None for need in needed)


def _recorded(
    function: Callable[..., Blocks], tensors: Sequence[Any], expected: Blocks, fixed: Sequence[Any]
) -> Callable[..., Blocks]:
    """The operations of a function of tensors, compiled.

    Raises
    ------
    NotPlannedError
        If they do not tell all, or make something else than expected.
    """
    given = [tensor.detach() for tensor in tensors]  # each an object of its own
    with recorded(MOST) as recorder:
        placeholders = [recorder.given(tensor) for tensor in given]
        outputs = functionalize(function)(*given)
        made = [recorder.node(output) for output in outputs]
    if not all(any(tensor is each for each in fixed) for tensor in recorder.constants.values()):
        raise NotPlannedError("its derivative holds tensors of its own")
    ordered = [block.is_contiguous() for block in expected]
    recording = compiled(recorder.graph, placeholders, made, ordered, recorder.constants)
    if not all(map(_alike, recording(*tensors), expected)):
        raise NotPlannedError("its derivative is another one when it is recorded")
    return recording


@contextmanager
def _silently() -> Iterator[None]:
    """Without what vmap says of operations that it has to repeat: once is said by the transformations."""
    torch._C._functorch._set_vmap_fallback_warning_enabled(False)
    try:
        yield
    finally:
        torch._C._functorch._set_vmap_fallback_warning_enabled(True)


def _flags(tensors: Sequence[Any]) -> tuple[bool, ...]:
    return tuple(tensor.requires_grad for tensor in tensors)


def _tracked(tensor: Any) -> bool:
    """Whether autograd follows a tensor, or one that it stands for in a transformation."""
    while torch._C._functorch.is_functorch_wrapped_tensor(tensor):
        if tensor.requires_grad:
            return True
        tensor = torch._C._functorch.get_unwrapped(tensor)
    return bool(tensor.requires_grad)


def _alike(mine: Any, theirs: Any) -> bool:
    """Whether two blocks are the same up to rounding."""
    theirs = theirs.detach()
    if (mine.shape, mine.dtype, mine.device) != (theirs.shape, theirs.dtype, theirs.device):
        return False
    near = float(torch.finfo(mine.dtype).eps) ** (1 / 2)
    bound = near * float(theirs.nan_to_num(0, 0, 0).abs().max()) if theirs.numel() else 0.0
    return bool(torch.allclose(mine, theirs, rtol=near, atol=bound, equal_nan=True))

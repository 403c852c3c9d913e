"""What `chainorder.torch` takes for an identity, a diagonal or a matrix, over all parameters of it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import torch

aten = torch.ops.aten

Map = Callable[[Any], Any]
"""Of a tensor of shape (2, 1, 3) with entries between 0.1 and 0.9."""


def constant(x: Any) -> Any:
    """Numbers like those of x."""
    return torch.linspace(0.2, 0.8, x.numel(), dtype=x.dtype).reshape(x.shape)


def operation(name: str) -> Any:
    """The operation of a name: ``squeeze.dim``."""
    packet, _, overload = name.partition(".")
    return getattr(getattr(aten, packet), overload or "default")


def of_one(names: str) -> dict[str, list[Map]]:
    """Operations without parameters."""

    def cases(op: Any) -> list[Map]:
        return [op, lambda x: op(x - 0.5)]

    return {name: cases(operation(name)) for name in names.split()}


def of_two(names: str, **options: Any) -> dict[str, list[Map]]:
    """Of two tensors, each or both of which depend on the input, of the same shape or broadcast."""

    def cases(op: Any) -> list[Map]:
        return [
            lambda x: op(x, constant(x), **options),
            lambda x: op(constant(x), x, **options),
            lambda x: op(x, x, **options),
            lambda x: op(x, x.sin().reshape(1, 2, 1, 3), **options),
            lambda x: op(x, constant(x)[:1], **options),
            lambda x: op(x[:1], constant(x), **options),
            lambda x: op(x, x[:1].cos(), **options),
            lambda x: op(x[:, :, :1], constant(x), **options),
            lambda x: op(x[0, 0, 0], constant(x), **options),
            lambda x: op(x.transpose(0, 2), x.reshape(3, 1, 2), **options),
            lambda x: op(x, x.flip(2), **options),
        ]

    return {name: cases(operation(name)) for name in names.split()}


def of_numbers(names: str, *numbers: tuple[Any, ...]) -> dict[str, list[Map]]:
    """Of a tensor and numbers."""

    def cases(op: Any) -> list[Map]:
        return [lambda x, n=n: op(x, *n) for n in numbers]

    return {name: cases(operation(name)) for name in names.split()}


PERMUTATIONS = tuple(permutations(range(3)))

VIEWS: dict[str, list[Map]] = {
    "_unsafe_view": [lambda x: aten._unsafe_view(x, [3, 2]), lambda x: x @ torch.eye(3, dtype=x.dtype)],
    "alias": [lambda x: aten.alias(x)],
    "clone": [
        lambda x: x.clone(),
        lambda x: x.transpose(0, 2).contiguous(),
        lambda x: x.reshape(1, 2, 1, 3).clone(memory_format=torch.channels_last),
    ],
    "expand": [
        *(
            lambda x, s=s: x.expand(*s)
            for s in ((2, 1, 3), (1, 2, 1, 3), (2, 4, 3), (4, 2, 1, 3), (-1, -1, -1))
        ),
        lambda x: x[:1].expand(2, 1, 3),
    ],
    "reshape": [
        lambda x: aten.reshape.default(x, [6]),
        lambda x: aten.reshape.default(x, [3, -1]),
        lambda x: x.view(3, 1, 2),
        lambda x: x.flatten(),
        lambda x: x.unflatten(0, (2, 1)),
        lambda x: x.permute(2, 0, 1).reshape(2, 3),
        lambda x: x.T.ravel() if x.ndim == 2 else x[:, 0].T.ravel(),
        lambda x: x.view_as(torch.ones(1, 6)),
    ],
    "squeeze": [lambda x: aten.squeeze.default(x), lambda x: aten.squeeze.default(x[:1])],
    "squeeze.dim": [lambda x, d=d: aten.squeeze.dim(x, d) for d in (0, 1, -2, 2)],
    "squeeze.dims": [lambda x, d=d: aten.squeeze.dims(x[None], d) for d in ((0, 1), (0, 2), (-2,), ())],
    "unsqueeze": [lambda x, d=d: x.unsqueeze(d) for d in (0, 1, 3, -1)],
}

TURNS: dict[str, list[Map]] = {
    "permute": [
        *(lambda x, p=p: x.permute(p) for p in PERMUTATIONS),
        *(lambda x, p=p: x[:1].permute(p) for p in PERMUTATIONS),
        lambda x: x.movedim(0, 2),
    ],
    "t": [
        lambda x: x[:, 0].t(),
        lambda x: x[0].t(),
        lambda x: aten.t.default(x[0, 0]),
        lambda x: x[:, :, 0].t(),
    ],
    "transpose.int": [
        *(lambda x, a=a, b=b: x.transpose(a, b) for a in range(-1, 2) for b in range(3)),
        lambda x: x[:1].mT,
        lambda x: x[:, 0].H,
    ],
}

ELEMENTWISE: dict[str, list[Map]] = {
    **of_one("""abs acos asin asinh atan atanh ceil cos cosh deg2rad digamma erf erfc erfinv exp exp2 expm1
        floor frac hardsigmoid lgamma log1p mish neg rad2deg reciprocal relu round sigmoid sign silu
        sin sinc sinh tan tanh trunc"""),
    **of_numbers("log log10 log2 rsqrt sqrt", ()),
    "acosh": [lambda x: aten.acosh(x + 1)],
    **of_two("""atan2 clamp_max.Tensor clamp_min.Tensor copysign.Tensor div.Tensor fmax fmin fmod.Tensor hypot
        logaddexp logaddexp2 maximum minimum mul.Tensor pow.Tensor_Tensor remainder.Tensor sigmoid_backward
        tanh_backward xlogy.Tensor"""),
    "add.Tensor": [
        *of_two("add.Tensor")["add.Tensor"],
        *of_two("add.Tensor", alpha=3)["add.Tensor"],
        lambda x: (x + (1 + 2j)).real,
        lambda x: ((x + 2j) * (1 - 3j)).imag,
        lambda x: x + constant(x).float(),
        lambda x: x + torch.arange(3),
        lambda x: x.float() + constant(x),
    ],
    "sub.Tensor": [*of_two("sub.Tensor")["sub.Tensor"], *of_two("sub.Tensor", alpha=3)["sub.Tensor"]],
    "add.Scalar": [lambda x: aten.add.Scalar(x, 3), lambda x: aten.add.Scalar(x, 3, 5)],
    "sub.Scalar": [lambda x: aten.sub.Scalar(x, 3), lambda x: aten.sub.Scalar(x, 3, 5)],
    **of_numbers("mul.Scalar div.Scalar", (3,), (0.5,), (-2,)),
    **of_numbers("rsub.Scalar", (3,), (3, 5)),
    **of_numbers("pow.Tensor_Scalar", (2,), (0,), (-1.5,), (1,)),
    "pow.Scalar": [lambda x: aten.pow.Scalar(3, x), lambda x: aten.pow.Scalar(0.5, x)],
    **of_numbers("copysign.Scalar", (-1,), (0.0,)),
    **of_numbers("fmod.Scalar remainder.Scalar", (0.3,), (-0.3,)),
    "div.Scalar_mode": [
        lambda x, m=m: aten.div.Scalar_mode(x, 0.3, rounding_mode=m) for m in (None, "floor", "trunc")
    ],
    "div.Tensor_mode": [
        case
        for m in (None, "floor", "trunc")
        for case in of_two("div.Tensor_mode", rounding_mode=m)["div.Tensor_mode"]
    ],
    **of_numbers("clamp", (0.3, 0.6), (None, 0.5), (0.5,), (0.6, 0.3)),
    **of_numbers("clamp_max clamp_min", (0.5,)),
    "clamp.Tensor": [
        lambda x: aten.clamp.Tensor(x, constant(x) - 0.2, constant(x) + 0.1),
        lambda x: aten.clamp.Tensor(x, None, x.sin()),
        lambda x: aten.clamp.Tensor(constant(x), x[:1]),
    ],
    **of_numbers("celu", (), (0.3,)),
    **of_numbers("elu", (), (0.3, 1.5, 0.7)),
    "gelu": [lambda x, a=a: aten.gelu(x - 0.5, approximate=a) for a in ("none", "tanh")],
    "gelu_backward": [
        case for a in ("none", "tanh") for case in of_two("gelu_backward", approximate=a)["gelu_backward"][:4]
    ],
    **of_numbers("hardshrink softshrink", (), (0.4,)),
    **of_numbers("hardtanh", (), (0.3, 0.6)),
    **of_numbers("leaky_relu", (), (0.3,)),
    **of_numbers("logit", (), (0.3,)),
    "lerp.Scalar": [
        lambda x: aten.lerp.Scalar(x, constant(x), 0.3),
        lambda x: aten.lerp.Scalar(constant(x), x, 0.7),
        lambda x: aten.lerp.Scalar(x[:1], x, 0.7),
    ],
    "lerp.Tensor": [
        lambda x: aten.lerp.Tensor(constant(x), x, constant(x)),
        lambda x: aten.lerp.Tensor(constant(x), constant(x) + 1, x),
        lambda x: aten.lerp.Tensor(x, x.sin(), x.cos()),
    ],
    "masked_fill.Scalar": [
        lambda x: x.masked_fill(constant(x) > 0.5, 7.0),
        lambda x: x.masked_fill(x > 0.5, 7.0),
        lambda x: x.masked_fill(x[:1] > 0.5, 7.0),
        lambda x: x[:1].masked_fill(torch.ones(2, 1, 3) > 0.5, 7.0),
    ],
    **of_numbers("nan_to_num", (), (1.0, 2.0, 3.0)),
    **of_numbers("softplus", (), (3, 0.5)),
    **of_numbers("threshold", (0.5, 7.0)),
    "threshold_backward": [
        lambda x: aten.threshold_backward(x, constant(x), 0.5),
        lambda x: aten.threshold_backward(constant(x), x, 0.5),
        lambda x: aten.threshold_backward(x, x, 0.5),
    ],
    "addcdiv": [
        lambda x: torch.addcdiv(x, constant(x), constant(x), value=3),
        lambda x: torch.addcdiv(constant(x), x, x.exp(), value=0.5),
        lambda x: torch.addcdiv(x, x[:1], constant(x)),
    ],
    "addcmul": [
        lambda x: torch.addcmul(x, constant(x), constant(x), value=3),
        lambda x: torch.addcmul(constant(x), x, x.exp(), value=0.5),
        lambda x: torch.addcmul(x, x[:1], constant(x)),
    ],
    "where.self": [
        lambda x: torch.where(constant(x) > 0.5, x, constant(x)),
        lambda x: torch.where(x > 0.5, constant(x), x),
        lambda x: torch.where(x.sum() > 0.5, x, x * 2),
        lambda x: torch.where(constant(x) > 0.5, x, x[:1]),
        lambda x: torch.where(constant(x) > 0.5, x[0, 0, 0], x),
    ],
    "xlogy.Scalar_Other": [lambda x: aten.xlogy.Scalar_Other(x, 3.0)],
    "xlogy.Scalar_Self": [lambda x: aten.xlogy.Scalar_Self(3.0, x)],
}


def matrix(rows: int, columns: int) -> Any:
    """Numbers in no order."""
    return torch.sin(torch.arange(1.0, rows * columns + 1, dtype=torch.float64)).reshape(rows, columns)


MATRICES: dict[str, list[Map]] = {
    "mv": [
        lambda x: matrix(4, 6) @ x.flatten(),
        lambda x: matrix(6, 4).T @ x.flatten(),
        lambda x: x[:, 0] @ matrix(1, 3)[0],
    ],
    "dot": [
        lambda x: matrix(1, 6)[0] @ x.flatten(),
        lambda x: torch.dot(x.flatten(), matrix(1, 6)[0]),
        lambda x: torch.dot(x.flatten(), x.flatten()),
    ],
    "mm": [
        lambda x: matrix(4, 6) @ x.reshape(6, 1),
        lambda x: x.reshape(1, 6) @ matrix(6, 4),
        lambda x: matrix(4, 2) @ x[:, 0],
        lambda x: x[:, 0] @ matrix(3, 4),
        lambda x: x.reshape(6, 1) @ matrix(1, 4),
        lambda x: matrix(4, 1) @ x.reshape(1, 6),
        lambda x: x[:, 0] @ x[:, 0].T,
    ],
    "addmv": [
        lambda x: torch.addmv(torch.ones(4), matrix(4, 6), x.flatten()),
        lambda x: torch.addmv(torch.ones(4), matrix(4, 6), x.flatten(), beta=0.5, alpha=3),
        lambda x: torch.addmv(x.flatten(), matrix(6, 6), x.flatten()),
        lambda x: torch.addmv(x.flatten(), matrix(6, 6), matrix(1, 6)[0]),
        lambda x: torch.addmv(torch.ones(2), x[:, 0], matrix(1, 3)[0]),
    ],
    "addmm": [
        lambda x: torch.addmm(torch.ones(4), x.reshape(1, 6), matrix(6, 4)),
        lambda x: torch.addmm(torch.ones(1), matrix(4, 6), x.reshape(6, 1), alpha=3),
        lambda x: torch.addmm(x.flatten(), matrix(6, 6), matrix(6, 6), beta=0.5),
        lambda x: torch.addmm(torch.ones(4), x[:, 0], matrix(3, 4)),
    ],
}

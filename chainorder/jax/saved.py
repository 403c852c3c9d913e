"""Prepared Jacobians in files: StableHLO by `jax.export`, behind a line that tells damage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import jax
from jax import export
from jax.experimental.sparse import BCOO, CSR

from chainorder.errors import SpecError
from chainorder.system.output import Output

BEGINNING = b"chainorder prepared 1 "
"""What a file begins with; a digest of all that follows stands behind it, to the end of the line."""


def write(
    path: str | Path, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Write a function of arguments of these shapes and dtypes.

    Raises
    ------
    ImportError
        By JAX, without the package flatbuffers.
    OutputError
        If the file cannot be written.
    """
    _register()
    output = Output.at(path)
    content = bytes(export.export(jax.jit(function))(*args, **kwargs).serialize())
    output.write([BEGINNING + _digest(content) + b"\n", content])


def read(path: str | Path) -> export.Exported:
    """What `write` wrote.

    Raises
    ------
    SpecError
        If it is something else, damaged, or by a JAX that this one does not understand.
    """
    _register()
    head, _, content = Path(path).read_bytes().partition(b"\n")
    if not head.startswith(BEGINNING):
        raise SpecError(f"{path}: is no prepared Jacobian; Prepared.save writes them")
    if head.removeprefix(BEGINNING) != _digest(content):
        raise SpecError(f"{path}: is damaged; save the prepared Jacobian anew")
    try:
        return export.deserialize(bytearray(content))
    except (ValueError, KeyError) as error:
        raise SpecError(
            f"{path}: JAX {jax.__version__} does not read it ({error}); prepare it anew"
        ) from None


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def _register() -> None:
    """Tell `jax.export` how sparse blocks are described, unless somebody has."""
    for kind in (BCOO, CSR):
        with suppress(ValueError):
            export.register_pytree_node_serialization(
                kind,
                serialized_name=f"jax.experimental.sparse.{kind.__name__}",
                serialize_auxdata=lambda described: json.dumps(described).encode(),
                deserialize_auxdata=_described,
                from_children=_unflattened(kind),
            )


def _described(text: bytes) -> dict[str, Any]:
    described: dict[str, Any] = json.loads(text)
    return described | {"shape": tuple(described["shape"])}


def _unflattened(kind: Any) -> Callable[[Any, Sequence[Any]], Any]:
    return lambda described, children: kind.tree_unflatten(described, children)

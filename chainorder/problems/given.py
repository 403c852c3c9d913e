"""What stands in for a chain or a graph: sizes, matrices, the name of a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy.typing as npt

from chainorder.errors import SpecError
from chainorder.problems.chain import Chain
from chainorder.problems.problem import Problem

Stated: TypeAlias = Sequence[int] | Sequence[npt.NDArray[Any]] | npt.NDArray[Any]
"""The sizes or the Jacobians of a chain."""


def problem_of(given: Any) -> Problem | None:
    """The chain or graph that is meant; None if that is neither.

    Parameters
    ----------
    given
        A chain or a graph; sizes, input first, in a sequence or as ``"1000,100,1"``; Jacobians, input first;
        or the path of a spec of one chain or graph.

    Raises
    ------
    SpecError, ChainError
        If there is something wrong with it, or the file holds several.
    """
    match given:
        case Problem():
            return given
        case str() | Path():
            return _read(given)
        case Sequence() if given and all(hasattr(each, "shape") and each.shape for each in given):
            return Chain.from_matrices(given)
        case Sequence():
            return Chain.from_dims(given)
        case _ if getattr(given, "ndim", None) == 1:
            return Chain.from_dims(given)
        case _:
            return None


def _read(given: str | Path) -> Problem:
    from chainorder.problems.inline_dims import looks_like_dims, parse_dims
    from chainorder.problems.load import load  # what nobody reads costs no time

    if isinstance(given, str) and looks_like_dims(given) and not Path(given).is_file():
        return parse_dims(given)
    found = load(given)
    if len(found) != 1:
        raise SpecError(f"{given}: holds {len(found):,} chains; plan those of load({str(given)!r})")
    problem = found[0]
    return problem if problem.name else problem.named(Path(given).stem)

"""An edge of a graph: a local Jacobian, by its matrix, its models, or both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chainorder.problems.elementals import MODELS, TIMES, Elemental, model_spec
from chainorder.problems.evaluation_time import EvaluationTime, read_time
from chainorder.problems.matrix_files import MatrixFile
from chainorder.structures.dense import Dense
from chainorder.structures.sparse import Sparse
from chainorder.structures.structure import Structure
from chainorder.system.showing import stated


@dataclass(frozen=True)
class Edge:
    """An elemental partial derivative ∂target/∂source, of shape (size of target, size of source).

    Parameters
    ----------
    source, target
        Names of vertices.
    structure, name, tangent, adjoint, tape, explicit, overhead, same, tangent_time, adjoint_time
        As of an `Elemental`.
    matrix
        Its entries, an array or a file; not part of equality.
    """

    source: str
    target: str
    structure: Structure = Dense()
    name: str | None = field(default=None, kw_only=True)
    tangent: int | None = field(default=None, kw_only=True)
    adjoint: int | None = field(default=None, kw_only=True)
    tape: int = field(default=0, kw_only=True)
    explicit: bool | None = field(default=None, kw_only=True)
    overhead: int = field(default=0, kw_only=True)
    same: str | None = field(default=None, kw_only=True)
    tangent_time: EvaluationTime | None = field(default=None, kw_only=True)
    adjoint_time: EvaluationTime | None = field(default=None, kw_only=True)
    matrix: Any = field(default=None, kw_only=True, compare=False, repr=False)

    __repr__ = stated

    def __post_init__(self) -> None:
        for key in TIMES:
            object.__setattr__(self, key, read_time(getattr(self, key), key))
        evaluation = getattr(self.structure, "evaluation", None)
        if self.explicit == ((self.tangent, self.adjoint, evaluation) == (None, None, None)):
            object.__setattr__(self, "explicit", None)  # as it is anyway: equal edges are stated alike

    def elemental(self, inputs: int, outputs: int) -> Elemental:
        """The edge between vertices of these sizes."""
        stated = {key: getattr(self, key) for key in ("name", "same", *MODELS)}
        return Elemental(inputs, outputs, self.structure, **stated)

    def to_spec(self) -> dict[str, Any]:
        """The keys that declare it in a spec."""
        labels = {key: getattr(self, key) for key in ("name", "same") if getattr(self, key) is not None}
        kept = labels | model_spec(self)
        if isinstance(self.matrix, MatrixFile):
            # A sparse pattern is that of its file, which may be dense all the same.
            sparse = isinstance(self.structure, Sparse)
            shape = {"structure": Sparse.name} if sparse else self.structure.to_spec()
            kept |= shape | {"matrix": str(self.matrix.path)}
        elif self.structure != Dense():
            kept |= self.structure.to_spec()
        if self.matrix is not None and not isinstance(self.matrix, MatrixFile):
            kept["in_memory"] = True
        return {"source": self.source, "target": self.target} | kept

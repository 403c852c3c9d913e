"""Where the elemental Jacobians of an execution come from: given, loaded, of a network, or random."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from chainorder.errors import ExecutionError, StructureError
from chainorder.execution.model import Model
from chainorder.execution.operand import (
    Array,
    AxesOperand,
    BandOperand,
    DenseOperand,
    Operand,
    SparseOperand,
)
from chainorder.execution.provenance import Provenance, Source, refuse_unsaved, trace
from chainorder.execution.storing import fitted, random_operand
from chainorder.problems.chain import Chain
from chainorder.problems.elementals import ModelCosts
from chainorder.problems.matrix_files import MatrixFile, Unsaved
from chainorder.structures.axes import AxesPattern
from chainorder.structures.compressed_rows import canonical
from chainorder.structures.number_types import as_floats
from chainorder.structures.pattern import Pattern
from chainorder.structures.positions import SparsePattern
from chainorder.structures.solve import Factorisation, Solve
from chainorder.structures.sparse_arrays import sound
from chainorder.system.phases import phase

Function = Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Jacobians:
    """The elementals of a chain at run time, and the function that they are of, if there is one.

    Attributes
    ----------
    operands
        The Jacobians of explicit elementals, by their number.
    models
        Tangents and adjoints of all elementals, by their number; explicit matrices have both.
    function, point
        A function of a vector of the chain's inputs, and where its Jacobian is wanted; None if not known.
    provenance
        Where the Jacobians came from.
    """

    operands: Mapping[int, Operand]
    models: Mapping[int, Model]
    function: Function | None = None
    point: Array | None = None
    provenance: Provenance = Provenance()


@phase("making Jacobians")
def gather(chain: Chain, given: Sequence[Any] | None, seed: int, *, stand_ins: bool = False) -> Jacobians:
    """The given Jacobians; else those of the network; else the chain's matrices, random where there is none.

    With `stand_ins` also where there was one in memory when the chain was saved.

    Raises
    ------
    ExecutionError
        If a given or loaded matrix does not fit its elemental, or one was in memory and is there no more.
    """
    if given is not None:
        check_count(chain, given)
        fitter = _Fitter(chain)
        return _sort(chain, (fitter.fit(place, matrix) for place, matrix in enumerate(given)))
    if chain.network is not None:
        network = chain.network.sample(seed)
        fitted = (_fit(chain, place, matrix) for place, matrix in enumerate(network.jacobians()))
        found = _sort(chain, fitted, network, network.point)
        return replace(found, provenance=Provenance((Source.NETWORK,)))
    numbers = range(1, len(chain) + 1)
    elementals = [(n, chain.matrices.get(n - 1), chain.kind_of(n).structure) for n in numbers]
    if not stand_ins:
        refuse_unsaved(elementals)
    found = _sort(chain, _loaded_or_random(chain, seed, stand_ins=stand_ins))
    return replace(found, provenance=trace(elementals))


def check_count(chain: Chain, given: Sequence[Any]) -> None:
    """Raise `ExecutionError` unless there is a Jacobian for each elemental."""
    if len(given) != len(chain):
        raise ExecutionError(f"{len(given)} Jacobians are given for {len(chain)} elementals; give one each")


def _sort(
    chain: Chain,
    sources: Iterable[Operand | Model],
    function: Function | None = None,
    point: Array | None = None,
) -> Jacobians:
    """Keep the matrices of explicit elementals; of all, keep the models that the chain says there are."""
    operands: dict[int, Operand] = {}
    models: dict[int, Model] = {}
    known: dict[tuple[int, int], tuple[Any, Operand | None, Model]] = {}  # what comes again is sorted once
    for number, (source, code) in enumerate(zip(sources, chain.elementals.codes.tolist(), strict=True), 1):
        key = id(source), code
        if key not in known:
            known[key] = source, *operand_and_model(chain.kind_of(number), source, f"elemental {number}")
        _, operand, models[number] = known[key]
        if operand is not None:
            operands[number] = operand
    return Jacobians(_marked(operands), models, function, point)


def _marked(operands: Mapping[int, Operand]) -> dict[int, Operand]:
    """The same, where sparse operands that stand at several places know that."""
    times = Counter(map(id, operands.values()))
    again = {id(each): each for each in operands.values() if times[id(each)] > 1}
    marked = {at: replace(each, again=True) for at, each in again.items() if isinstance(each, SparseOperand)}
    return {number: marked.get(id(operand), operand) for number, operand in operands.items()}


def operand_and_model(kind: ModelCosts, source: Operand | Model, here: str) -> tuple[Operand | None, Model]:
    """The matrix of an explicit elemental, None of others; and the models that it says there are."""
    if kind.explicit:
        if isinstance(source, Model):
            raise ExecutionError(f"{here} is explicit; give its matrix")
        return source, Model.of_operand(source)
    model = source if isinstance(source, Model) else Model.of_operand(source)
    tangents = None if kind.tangent is None else model.tangents
    adjoints = None if kind.adjoint is None else model.adjoints
    return None, replace(
        model, tangents=tangents, adjoints=adjoints, given=True
    )  # checked against each other


def _loaded_or_random(chain: Chain, seed: int, *, stand_ins: bool) -> Iterator[Operand | Model]:
    generator = np.random.default_rng(seed)
    files: dict[Path, Any] = {}
    drawn: dict[str, Operand] = {}  # of elementals that are said to be the same
    fitter = _Fitter(chain)
    for place in range(len(chain)):
        matrix = chain.matrices.get(place)
        match None if isinstance(matrix, Unsaved) else matrix, chain.kind_of(place + 1).structure:
            case None, Solve(factorisation=None) as solve if stand_ins:
                yield _random_solve(solve, int(chain.sizes[place]), generator)
            case None, Solve() as solve:
                yield fitter.fit(place, solve)
            case None, _ if (label := chain.kind_of(place + 1).same) is not None:
                if label not in drawn:
                    drawn[label] = random_operand(chain.pattern(place + 1), generator)
                yield drawn[label]
            case None, _:
                yield random_operand(chain.pattern(place + 1), generator)
            case MatrixFile(path) as file, _:
                if path not in files:
                    files[path] = file.load()
                yield fitter.fit(place, files[path])
            case _:
                yield fitter.fit(place, matrix)


class _Fitter:
    """Makes operands of given matrices; the same matrix in the same structure becomes one operand."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._fitted: dict[tuple[int, int], tuple[Any, Operand | Model]] = {}

    def fit(self, place: int, matrix: Any) -> Operand | Model:
        """The operand of an elemental."""
        key = id(matrix), int(self._chain.elementals.codes[place])
        if key not in self._fitted or self._fitted[key][0] is not matrix:
            self._fitted[key] = matrix, _fit(self._chain, place, matrix)
        return self._fitted[key][1]


def _random_solve(structure: Solve, size: int, generator: np.random.Generator) -> Model:
    """Solves with a random tridiagonal matrix, each counted as the one that it stands for."""
    from scipy.sparse import dia_array

    diagonals = generator.uniform(-0.25, 0.25, (3, size))
    diagonals[1] += 1
    matrix = dia_array((diagonals, [-1, 0, 1]), shape=(size, size)).tocsc()
    return replace(Model.of_solve(Factorisation.of(matrix)), fma=structure.factors)


def _fit(chain: Chain, place: int, matrix: Any) -> Operand | Model:
    """A given matrix as an operand of its elemental's pattern, or a model; a diagonal may be its vector."""
    structure, pattern = chain.kind_of(place + 1).structure, chain.pattern(place + 1)
    name = chain.kind_of(place + 1).name
    here = f"elemental {place + 1}" + (f" ({name})" if name else "")
    if isinstance(structure, Solve):
        return Model.of_solve(_factorised(structure, pattern.shape, matrix, here))
    return fit(pattern, matrix, f"the Jacobian of {here}")


def fit(pattern: Pattern, matrix: Any, here: str) -> Operand | Model:
    """A given matrix as an operand of a pattern, or a model; `here` names it in errors.

    One with axes may be its values, with a dimension for each axis, of size 1 where entries repeat.
    """
    if isinstance(matrix, Operand) and matrix.pattern == pattern:
        return matrix
    if isinstance(pattern, AxesPattern) and getattr(matrix, "shape", None) == pattern.values_shape:
        return AxesOperand(as_floats(matrix), pattern)
    model = Model.of(matrix, pattern.shape, here)
    if model is not None:
        return model
    if isinstance(matrix, np.ndarray):
        if isinstance(matrix, np.ma.MaskedArray):
            raise ExecutionError(f"{here} is a masked array; fill it first")
        matrix = np.asarray(matrix)
    shape = getattr(matrix, "shape", None)
    known = (1, 2) if isinstance(matrix, np.ndarray) else (2,) if hasattr(matrix, "toarray") else ()
    if shape is None or len(shape) not in known:
        raise ExecutionError(
            f"{here} is a {type(matrix).__name__}; give a NumPy array or SciPy sparse matrix"
        )
    if len(shape) == 1 and not (shape == pattern.shape[:1] and pattern.diagonal and not pattern.free):
        raise ExecutionError(f"{here} has shape {shape}; only a diagonal may be given as a vector")
    if len(shape) == 2 and shape != pattern.shape:
        raise ExecutionError(f"{here} has shape {shape}; its elemental is {pattern.shape} (outputs × inputs)")
    try:
        return _fit_sound(pattern, matrix, here)
    except StructureError as error:
        raise ExecutionError(f"{here}: {error}") from None


def _fit_sound(pattern: Pattern, matrix: Any, here: str) -> Operand:
    """A matrix of the right shape; its numbers become floats first, as sums of duplicates could overflow.

    Raises
    ------
    StructureError
        If it is broken, or does not hold numbers that floats can be.
    """
    if len(matrix.shape) == 1:
        return BandOperand(0, 0, as_floats(matrix)[None, :])
    if isinstance(pattern, SparsePattern) and (stored := _as_stored(pattern, matrix)) is not None:
        return SparseOperand(stored)
    if pattern.full:
        entries = sound(matrix, as_floats)
        return DenseOperand.full(entries if isinstance(entries, np.ndarray) else entries.toarray())
    csr = canonical(matrix, as_floats)
    if isinstance(pattern, SparsePattern) and pattern.stored_by(csr):
        return SparseOperand(csr)
    return fitted(pattern, csr, here)


def _as_stored(pattern: SparsePattern, matrix: Any) -> Any:
    """Compressed rows whose places are those of a pattern, so sound and sorted; None of others."""
    from scipy.sparse import csr_array, issparse

    if not (issparse(matrix) and matrix.format == "csr" and pattern.stored_by(matrix)):
        return None
    if np.shape(matrix.data) != pattern.indices.shape:
        return None
    data = as_floats(np.asarray(matrix.data))
    return csr_array((data, pattern.indices, pattern.indptr), shape=pattern.shape)


def _factorised(structure: Solve, shape: tuple[int, int], given: Any, here: str) -> Factorisation:
    """The factors of the matrix that a solve is given, or those that its structure has already."""
    if isinstance(given, Solve):
        made = given.factorisation
        if made is None:
            raise ExecutionError(
                f"{here} is a solve of which only the cost is known; give its matrix, or run on random "
                "stand-ins: stand_ins=True, --stand-ins"
            )
    else:
        try:
            made = Factorisation.of(given)
        except StructureError as error:
            raise ExecutionError(f"{here}: {error}") from None
        if structure.factorisation is not None and made.key == structure.key:
            made = structure.factorisation
    if made.shape != shape:
        raise ExecutionError(f"{here} solves with a matrix of shape {made.shape}; the elemental is {shape}")
    return made

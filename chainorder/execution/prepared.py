"""Prepared runs: a plan worked out on an example once, and run on new numbers with nothing on top.

What depends on where entries are is done when a run is prepared: fitting, patterns of results, colourings,
conversions, symbolic sparse products, and arrays for results. A call moves numbers alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import singledispatch
from threading import Lock, get_ident
from typing import Any

from chainorder.costs.steps import How, Instruction, Place, Step, replay, source_of
from chainorder.errors import ExecutionError
from chainorder.execution.backends import CHUNK_ENTRIES
from chainorder.execution.entries import aligned, entries_of, ones, with_entries
from chainorder.execution.kernels import FREE, multiply
from chainorder.execution.memory import check_full, check_memory
from chainorder.execution.model import Directions, Model, by_adjoints, by_tangents
from chainorder.execution.operand import (
    Array,
    BandOperand,
    DenseOperand,
    IdentityOperand,
    Operand,
    SparseOperand,
)
from chainorder.execution.operations import check_reuse
from chainorder.execution.prepared_inputs import Evaluations, Intake, Solves, intake_of
from chainorder.execution.prepared_kernels import product_of, written_out
from chainorder.execution.prepared_program import Call, Layout, Live, Memory, Program, Spot, check_sequence
from chainorder.execution.sources import fit, gather
from chainorder.plans.chain_plan import Plan


class Prepared:
    """A plan that takes new Jacobians of known form; made by `chainorder.prepare`.

    Calls from several threads wait for one another, as they share arrays; prepare a run for each thread that
    should not.

    Attributes
    ----------
    plan
        The plan.
    """

    def __init__(self, plan: Plan, program: Program) -> None:
        self.plan = plan
        self._program = program
        self._lock, self._runner = Lock(), 0

    def __call__(self, jacobians: Sequence[Any], out: Array | None = None) -> Any:
        """The Jacobian F' for new elemental Jacobians, as `chainorder.execute` computes it.

        Infinities and NaNs pass through. Cost: that of the plan, and O(stored entries) comparisons of the
        indices of sparse matrices with those of the example.

        Parameters
        ----------
        jacobians
            As the example, input first: of the same formats, shapes, types and stored places. A model or a
            matrix to solve with may be any of its shape.
        out
            Where a dense Jacobian is written, shape (outputs, inputs) and of its type; returned then. It
            must not overlap the given Jacobians; models must not keep it.

        Returns
        -------
        A NumPy array where the Jacobian was computed dense, else a SciPy sparse array that stores all places
        of its pattern, also those of entries that cancelled. It shares nothing with later ones.

        Raises
        ------
        ExecutionError
            If a Jacobian is of another form than the example, `out` does not suit the result or overlaps a
            Jacobian, reused products are of Jacobians that differ, a matrix to solve with is singular, a
            model fails, or one of them runs what runs it.
        """
        if self._runner == get_ident():
            raise ExecutionError("a model called the prepared run that it is part of; prepare another for it")
        with self._lock:
            self._runner = get_ident()
            try:
                return self._program.run(jacobians, out)
            finally:
                self._runner = 0

    def __repr__(self) -> str:
        return f"<Prepared run of {self.plan.chain.title}>"


class _Builder:
    """Makes a program of a plan and an example: runs the plan once, with ones at all places."""

    def __init__(self, plan: Plan, example: Sequence[Any], chunk: int) -> None:
        self.plan, self.chain, self.example, self.chunk = plan, plan.chain, example, chunk
        self.steps = list(plan.operations.steps.instructions())
        self.memory = Memory()
        self.calls: list[Call] = []
        self.slots = len(self.chain)
        self.matrices: dict[int, Operand] = {}
        self.intakes: dict[tuple[int, int], tuple[Intake, Operand | None]] = {}

    def program(self) -> Program:
        """The whole of it."""
        source = gather(self.chain, self.example, 0)
        check_reuse(self.plan, source)
        self.models = source.models
        intakes = [self._intake(n, source.operands.get(n)) for n in range(1, len(self.chain) + 1)]
        live: dict[Place, Spot] = {
            (n, n): Spot(n - 1, ones(operand)) for n, operand in source.operands.items()
        }
        for _ in replay(self.steps, live, self._make):
            self.memory.keep({spot.slot for spot in live.values()})
        (final,) = live.values()
        if isinstance(final.template, DenseOperand) and not final.template.filled.full:
            check_full(*final.template.filled.shape)
        calls = [replace(call, array=None) if call.slot == final.slot else call for call in self.calls]
        return Program(tuple(intakes), tuple(self._same()), tuple(calls), self.slots, final)

    def _intake(self, number: int, operand: Operand | None) -> Intake:
        """What takes an elemental in; the same for the same object in the same role, which is done once."""
        key = id(self.example[number - 1]), int(self.chain.elementals.codes[number - 1])
        if key not in self.intakes:
            self.intakes[key] = self._new_intake(number, operand)
        intake, template = self.intakes[key]
        if template is not None:
            self.matrices[number] = template
        return intake

    def _new_intake(self, number: int, operand: Operand | None) -> tuple[Intake, Operand | None]:
        """What takes an elemental in, and the template of its matrix, if it is one."""
        kind, pattern, example = (
            self.chain.kind_of(number),
            self.chain.pattern(number),
            self.example[number - 1],
        )
        here = f"the Jacobian of elemental {number}" + (f" ({kind.name})" if kind.name else "")
        factorisation = self.models[number].factorisation
        if factorisation is not None:
            return Solves.like(example, factorisation, here), None
        template = fit(pattern, example, here) if operand is None else operand
        if isinstance(template, Model):
            return Evaluations(pattern.shape, here), None
        return intake_of(pattern, example, template, here), ones(template)

    def _same(self) -> list[tuple[int, int]]:
        steps = self.plan.operations.steps
        pairs: list[tuple[int, int]] = []
        for step, j, k, i in steps if (steps.step == Step.REUSE).any() else ():
            last, first = source_of(j, k, i)
            mine, theirs = range(i - 1, j), range(first - 1, last)
            pairs += zip(mine, theirs, strict=True) if step is Step.REUSE else ()
        return [(one, other) for one, other in dict.fromkeys(pairs) if one != other]

    def _make(self, instruction: Instruction[Place], operands: list[Spot]) -> Spot:
        """The step of an instruction."""
        match instruction.how:
            case How.REUSE:
                return operands[0]
            case How.MULTIPLY:
                return self._multiply(*operands)
            case _:
                return self._evaluate(instruction, operands[0] if operands else None)

    def _multiply(self, left: Spot, right: Spot) -> Spot:
        if isinstance(left.template, IdentityOperand):
            return right
        if isinstance(right.template, IdentityOperand):
            return left
        made = multiply(left.template, right.template)
        spot = self._new(made)
        if isinstance(made, FREE):
            return spot
        layout = Layout.of(entries_of(made))
        fill = product_of(left.template, right.template, spot.template)
        first, second = left.slot, right.slot

        def make(live: Live, out: Array) -> Array:
            fill(live[first], live[second], out)
            return out

        self.calls.append(Call(make, spot.slot, layout, self.memory.take(spot.slot, layout)))
        return spot

    def _evaluate(self, instruction: Instruction[Place], operand: Spot | None) -> Spot:
        """Evaluations of a model, of which the example says what type they return."""
        number, by = instruction.through, by_tangents if instruction.how is How.TANGENTS else by_adjoints
        assert number is not None
        own = self.chain.pattern(number)
        pattern = instruction.how.pattern(own, [] if operand is None else [operand.template.pattern])
        directions = Directions(pattern if by is by_tangents else pattern.transposed())
        of_matrix = self.matrices.get(number)
        before = None if operand is None else operand.template
        spot = self._new(by(self.models[number], before, directions, self.chunk).result)
        here = f"what elemental {number} returned"
        renew, slot = _renewing(before, in_full=pattern.full), -1 if operand is None else operand.slot

        def make(live: Live, _: Any) -> Array:
            held = live[number - 1]
            model = held if of_matrix is None else Model.of_operand(with_entries(of_matrix, held))
            return aligned(by(model, renew(live[slot]), directions, self.chunk).result, spot.template, here)

        self.calls.append(Call(make, spot.slot))
        return spot

    def _new(self, made: Operand) -> Spot:
        """A slot for a result."""
        self.slots += 1
        return Spot(self.slots - 1, ones(made))


def _renewing(template: Operand | None, *, in_full: bool) -> Callable[[Array], Operand | None]:
    """What makes an operand of new entries, if there is one; in full where all directions are evaluated."""
    if template is None:
        return lambda _: None
    if in_full and isinstance(template, BandOperand | SparseOperand):
        write = written_out(template)
        return lambda entries: DenseOperand.full(write(entries))
    return lambda entries: with_entries(template, entries)


def prepare(plan: Plan, jacobians: Sequence[Any], *, chunk_entries: int = CHUNK_ENTRIES) -> Prepared:
    """A run of a chain's plan that takes new Jacobians of the form of an example, again and again.

    What Newton loops and ensembles need. Takes from a few to some tens of runs. Arrays for the results that
    a run holds at once stay, and converted copies of operands.

    Parameters
    ----------
    plan
        The order, of a chain.
    jacobians
        The example, as `chainorder.execute` takes it: it fixes the format, shape, type and stored places of
        each; models are evaluated once. Numbers do not matter.
    chunk_entries
        Entries of the tangents or adjoints that are in flight at once.

    Raises
    ------
    ExecutionError
        If it is no plan of a chain, a Jacobian does not fit its elemental or has a format whose entries have
        no fixed order (``lil``, ``dok``), or the plan needs more memory than there is.
    """
    prepared: Prepared = _prepared(plan, jacobians, chunk_entries)
    return prepared


@singledispatch
def _prepared(plan: Any, jacobians: Any, chunk: int) -> Prepared:
    raise ExecutionError(f"a {type(plan).__name__} is no plan of a chain; prepared runs are of chains")


@_prepared.register
def _(plan: Plan, jacobians: Sequence[Any], chunk: int) -> Prepared:
    check_sequence(jacobians, len(plan.chain))
    check_memory(max(plan.peak_memory, int(plan.chain.sizes.max())))
    return Prepared(plan, _Builder(plan, jacobians, chunk).program())

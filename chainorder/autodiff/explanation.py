"""What was found in a function and what is done about it, for people."""

from __future__ import annotations

from collections.abc import Sequence

import click
import numpy as np

from chainorder.autodiff.choice import OWN, Choice, Mode, Unplanned
from chainorder.autodiff.colours import Positions
from chainorder.autodiff.pieces import AnyPiece
from chainorder.autodiff.work import Work
from chainorder.report.model import Report
from chainorder.report.numbers import Cell
from chainorder.report.table import render

SPY = (12, 48)
"""Lines and columns of the picture of a pattern."""

MOST_BLOCKS = 50
"""Blocks up to which each is shown."""


def explain_choice(choice: Choice | Unplanned) -> str:
    """The chain, the plan and the estimates, as text; or why there is none."""
    if isinstance(choice, Unplanned):
        return f"not planned, this is {choice.mode.value}: {choice.why}"
    sparsity = [] if choice.positions is None else [sparsity_report(choice, choice.positions)]
    blocks = [blocks_report(choice)] if 1 < len(choice.results) * len(choice.arguments) <= MOST_BLOCKS else []
    return render([chain_report(choice), *sparsity, *blocks, plan_report(choice)])


def tell(choice: Choice | Unplanned) -> Choice | Unplanned:
    """Print it, and hand it on."""
    click.echo(explain_choice(choice))
    return choice


def chain_report(choice: Choice) -> Report:
    """The pieces: what they do, their shapes, what one direction costs, where it is narrow."""
    labels = choice.plan.names.labels
    rows = [_piece_row(label, piece) for label, piece in zip(labels, choice.pieces, strict=True)]
    title = f"{choice.chain.name or 'function'}: {_size(choice.chain.inputs, choice.chain.outputs)}"
    columns = ("elemental", "from", "to", "Jacobian", "tangent fma", "adjoint fma")
    return Report(title, columns, rows, _waist(choice.pieces, labels))


def _piece_row(label: str, piece: AnyPiece) -> tuple[Cell, ...]:
    structure = f"{piece.structure}, at hand" if piece.explicit else str(piece.structure)
    costs = (None if work is None else work.fma for work in (piece.tangent, piece.adjoint))
    return label, _shape(piece.source_shape), _shape(piece.target_shape), structure, *costs


def _waist(pieces: Sequence[AnyPiece], labels: Sequence[str]) -> tuple[str, ...]:
    narrow = min(pieces[1:], key=lambda piece: piece.inputs, default=None)
    ends = pieces[0].inputs, pieces[-1].outputs
    if narrow is None or narrow.inputs >= min(ends):
        return ()
    place = pieces.index(narrow)
    joined = pieces[place - 1].joined
    together = f", {joined} values together," if joined > 1 else ""
    ends_at = f"between {labels[place - 1]} and {labels[place]}"
    return (f"narrow waist: {_entries(narrow.inputs)}{together} {ends_at}",)


def sparsity_report(choice: Choice, positions: Positions) -> Report:
    """Where the Jacobian may be nonzero, how few evaluations yield it, and what that may gain."""
    rows, columns = positions.shape
    share = positions.count / (rows * columns)
    found = f"{positions.count:,} of {rows * columns:,} entries ({share:.2%}) may be nonzero"
    notes = [found, *spy(positions)]
    if choice.colouring is not None:
        gains = [
            f"{choice.times[mode] / choice.times[Mode.COLOURS]:,.2f} times as fast as {mode.value}"
            for mode in OWN
            if mode in choice.times
        ]
        notes.append(f"colours: {choice.colouring} yield them; estimated {', '.join(gains)}")
    return Report("sparsity", (), [], tuple(notes))


def spy(positions: Positions) -> list[str]:
    """A small picture of the positions: a dot where there are some."""
    height, width = (min(size, most) for size, most in zip(positions.shape, SPY, strict=True))
    picture = np.full((height, width), "·")
    rows, columns = (
        positions.rows * height // positions.shape[0],
        positions.columns * width // positions.shape[1],
    )
    picture[rows, columns] = "■"
    return ["".join(line) for line in picture]


def blocks_report(choice: Choice) -> Report:
    """Blocks, of an array of the result and one of the arguments: what they look like, how they are made."""
    ends = [np.cumsum([leaf.size for leaf in side]) for side in (choice.results, choice.arguments)]
    ways = {
        (row, column): group.choice.way
        for group in choice.groups
        if choice.mode is Mode.BLOCKS
        for row in group.rows
        for column in group.columns
    }
    usual = "none needed" if choice.mode is Mode.BLOCKS else choice.way
    rows = []
    for row, result in enumerate(choice.results):
        for column, argument in enumerate(choice.arguments):
            sides = zip(ends, (row, column), (result, argument), strict=True)
            places = [np.arange(end[place] - leaf.size, end[place]) for end, place, leaf in sides]
            seen = None if choice.positions is None else choice.positions.within(*places).described
            size = f"{result.size:,} × {argument.size:,}"
            rows.append((result.name, argument.name, size, seen, ways.get((row, column), usual)))
    return Report("blocks", ("result", "argument", "size", "entries", "by"), rows)


def plan_report(choice: Choice) -> Report:
    """The operations of the plan, and whether it is used."""
    plan = choice.plan
    rows = [(plan.names.formula(operation), operation.fma) for operation in plan.operations]
    estimates = [
        f"{_fma(choice, mode)}{mode.value}: estimated {_times(choice.factor(mode))}"
        for mode in (Mode.FORWARD, Mode.REVERSE)
        if mode in choice.times
    ]
    notes = (f"plan: {plan.fma:,} fma by {plan.solver} ({plan.claim})", *estimates, verdict(choice))
    return Report("plan", ("operation", "fma"), rows, notes)


def verdict(choice: Choice) -> str:
    """What is done, in a sentence."""
    if choice.mode is Mode.PLAN:
        return "the plan is used"
    if choice.mode is Mode.SEPARABLE:
        return f"what is not linear is evaluated apart and added up: {choice.separation}"
    if choice.mode is Mode.BLOCKS:
        return f"blocks are computed apart, in {len(choice.groups)} groups"
    if choice.mode is Mode.COLOURS:
        return f"colours are used: {choice.colouring}"
    return f"planning brings nothing here: this is {choice.mode.value}"


def framework_fma(choice: Choice, mode: Mode) -> int | None:
    """What forward or reverse mode costs: every direction through every piece."""
    forward = mode is Mode.FORWARD
    works: list[Work | None] = [each.tangent if forward else each.adjoint for each in choice.pieces]
    known = [work.fma for work in works if work is not None]
    directions = choice.chain.inputs if forward else choice.chain.outputs
    return directions * sum(known) if len(known) == len(works) else None


def _fma(choice: Choice, mode: Mode) -> str:
    fma = framework_fma(choice, mode)
    return "" if fma is None else f"{fma:,} fma by "


def _times(factor: float) -> str:
    return "as fast" if 0.995 < factor < 1.005 else f"{factor:,.2f} times the time"


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{size:,}" for size in shape) or "scalar"


def _size(inputs: int, outputs: int) -> str:
    return f"{inputs:,} → {outputs:,}"


def _entries(count: int) -> str:
    return f"{count:,} entr{'y' if count == 1 else 'ies'}"

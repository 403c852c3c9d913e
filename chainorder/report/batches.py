"""What a screen shows of a batch: for each chain the sweeps beside the best order, and what that saves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from chainorder.reading.magnitudes import short
from chainorder.report.model import Sheet
from chainorder.report.numbers import Cell, Seconds, Share

SWEEPS = ("forward", "reverse")
SORTS = ("savings", "cost", "name")
"""What the rows of a batch can be sorted by: the greatest savings or costs first."""

PICOSECONDS = 10**12

_COLUMNS = ("source", *SWEEPS, "best", "savings", "claim", "name", "sizes", "solver", "error")
_LEAVE = ("error", "solver", "sizes", "name", "claim", "forward", "reverse")
_DETAILS = frozenset({"solver", "sizes", "name"})


def sheet(records: Iterable[Mapping[str, Any]], sort: str | None) -> Sheet:
    """The table, sorted; rows with errors last."""
    rows = sorted(records, key=_KEYS[sort]) if sort is not None else records
    return Sheet(_COLUMNS, list(map(_row, rows)), _LEAVE, _DETAILS)


def notes(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the whole batch saves, if all of it is counted in fma; and which chains failed."""
    planned = [each for each in records if each["error"] is None]
    failed = [each["source"] for each in records if each["error"] is not None]
    counted = [each for each in planned if each["objective"] == "fma" and _usual(each) is not None]
    best, usual = sum(map(_cost, counted)), sum(filter(None, map(_usual, counted)))
    said = f"{short(best)} fma in the best orders, {short(usual)} in the cheaper sweeps"
    saved = [f"{said}: {1 - best / usual:.1%} are saved"] if usual else []
    return [*saved, *([f"failed: {', '.join(failed)}"] if failed else [])]


def _cost(record: Mapping[str, Any]) -> int:
    cost: int = record["cost"]
    return cost


def _usual(record: Mapping[str, Any]) -> int | None:
    """What the cheaper sweep costs."""
    return min((record[name] for name in SWEEPS if record[name] is not None), default=None)


def _savings(record: Mapping[str, Any]) -> float | None:
    usual = _usual(record)
    return None if usual is None else 1 - _cost(record) / usual if usual else 0.0


def _falling(value: float | None) -> float:
    """A key that sorts the greatest first; what has no value, as if it were 0."""
    return 0 if value is None else -value


_KEYS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "savings": lambda each: (each["error"] is not None, _falling(_savings(each))),
    "cost": lambda each: (each["error"] is not None, _falling(each["cost"])),
    "name": lambda each: (each["error"] is not None, each["name"] or ""),
}


def _row(record: Mapping[str, Any]) -> tuple[Cell, ...]:
    error = record["error"]
    if error is not None:
        return (record["source"], *[None] * (len(_COLUMNS) - 2), error)
    timed = record["objective"] == "seconds"
    costs = [
        None if cost is None else Seconds(cost / PICOSECONDS) if timed else cost
        for cost in (*(record[name] for name in SWEEPS), record["cost"])
    ]
    savings = _savings(record)
    claim = "optimal" if record["optimal"] else "heuristic"
    sizes = f"{record['inputs']:,} → {record['outputs']:,}"
    shown = (None if savings is None else Share(savings), claim, record["name"], sizes, record["solver"])
    return (record["source"], *costs, *shown, None)

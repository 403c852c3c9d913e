"""Profiles: how long the operations of plans take on a machine, in integers of picoseconds.

A kernel is a product or a sum of two representations that the executor has a way of its own for. Its time is
that of a call and, of everything that it counts, so many picoseconds each; dense products have a grid of
times instead. A profile is of one type of numbers; a file holds those of several.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from chainorder.costs.grids import Cube, Grid
from chainorder.costs.machine import Machine
from chainorder.errors import ProfileError
from chainorder.structures.number_types import DTYPES

SCHEMA = "chainorder-profile-3"
"""What a profile says it is; another number is another format."""

REMEDY = "make one with: chainorder calibrate"

DENSE = "dense"
"""The kernel that has a grid."""

KERNELS: dict[str, tuple[str, ...]] = {
    "diagonal_dense": ("call", "entries"),
    "diagonal_sparse": ("call", "entries"),
    "sparse_diagonal": ("call", "entries"),
    "band_band": ("call", "diagonals", "multiplied", "entries"),
    "band_rows": ("call", "entries"),
    "sparse_dense": ("call", "multiplied", "entries", "stored"),
    "dense_sparse": ("call", "multiplied", "entries", "stored"),
    "sparse_sparse": ("call", "multiplied", "entries", "lookups", "rows"),
    "positions": ("call", "multiplied", "entries"),
    "written_out": ("call", "entries", "cells"),
    "picked_dense": ("call", "entries"),
    "picked_sparse": ("call", "entries"),
    "axes": ("call", "multiplied", "entries"),
    "solve": ("call", "multiplied", "entries"),
    "passed_on": ("call",),
    "add_dense": ("call", "entries"),
    "add_bands": ("call", "entries"),
    "add_rows": ("call", "stored", "entries"),
}
"""What each kernel takes time for: a call, multiplications (zeros of dense arrays, too), entries of the
result, entries stored in sparse operands, rows that are looked up (one for each entry of the left), diagonals
of the left, rows, cells of an array."""

NO_PRODUCTS = frozenset(
    {"band_rows", "positions", "written_out", "solve", "add_dense", "add_bands", "add_rows"}
)
"""Kernels that are parts of products, or something else."""

SIZES = (2, 64)
"""Least and greatest number of sizes of a grid."""


@dataclass(frozen=True)
class Profile:
    """What operations take on one machine, for one type of numbers.

    Attributes
    ----------
    name
        For reports.
    machine
        Where it was measured.
    dense
        Times of dense products.
    kernels
        Picoseconds by kernel and by what it counts, as `KERNELS` lists them.
    errors
        By kernel, the median relative error of the fit to what was measured.
    dtype
        The type of the numbers, one of `DTYPES`.
    """

    name: str
    machine: Machine
    dense: Grid
    kernels: Mapping[str, Mapping[str, int]]
    errors: Mapping[str, float]
    dtype: str = DTYPES[0]

    def time(self, kernel: str, *counts: int) -> int:
        """Picoseconds of a call of a kernel with these counts, in the order of `KERNELS`."""
        rates = self.kernels[kernel]
        names = KERNELS[kernel]
        return rates[names[0]] + sum(
            rates[name] * count for name, count in zip(names[1:], counts, strict=True)
        )

    def notes(self, here: Machine) -> list[str]:
        """What makes it less true on a machine: a sentence, if it is of another one or of other versions."""
        unlike = self.machine.unlike(here)
        if not unlike:
            return []
        foreign = any(not each.startswith(("numpy ", "scipy ")) for each in unlike)
        kind = "of another machine" if foreign else "stale"
        return [f"{self.name} is {kind} ({'; '.join(unlike)}): calibrate, for seconds that are of this one"]

    def to_data(self) -> dict[str, Any]:
        """It as plain data."""
        return profiles_data([self])


def profiles_data(profiles: Sequence[Profile]) -> dict[str, Any]:
    """The profiles of a machine, one of each type of numbers, as plain data."""
    types = {
        each.dtype: {
            "dense": {"sizes": list(each.dense.sizes), "picoseconds": each.dense.picoseconds},
            "kernels": {name: dict(rates) for name, rates in each.kernels.items()},
            "errors": dict(each.errors),
        }
        for each in profiles
    }
    first = profiles[0]
    return {"schema": SCHEMA, "name": first.name, "machine": asdict(first.machine), "types": types}


def profiles_json(profiles: Sequence[Profile]) -> str:
    """The same as JSON."""
    return json.dumps(profiles_data(profiles), ensure_ascii=False) + "\n"


def profiles_of(data: Any, file: str = "") -> dict[str, Profile]:
    """The profiles that plain data hold, by their types of numbers; `file` names them in errors.

    Raises
    ------
    ProfileError
        If they are none: of another schema, with an absent or negative rate.
    """
    found = data.get("schema") if isinstance(data, dict) else data
    if found != SCHEMA:
        raise ProfileError(f"{_at(file)}schema is {_shown(found)}, not {SCHEMA!r}; {REMEDY}")
    read = _Reader(file)
    machine = {
        key.name: read.value(data, f"machine.{key.name}", int if key.name == "threads" else str)
        for key in fields(Machine)
    }
    name, types = read.value(data, "name", str), read.value(data, "types", dict)
    if not types or not set(types) <= set(DTYPES):
        raise read.fault("types", list(types), f"some of {', '.join(DTYPES)}")
    here = Machine(**machine)
    return {dtype: Profile(name, here, *read.rates(data, f"types.{dtype}"), dtype) for dtype in types}


def profiles_of_json(text: str, file: str = "") -> dict[str, Profile]:
    """The same from JSON, which may be truncated."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProfileError(f"{_at(file)}no profile: {error}; {REMEDY}") from None
    return profiles_of(data, file)


@dataclass(frozen=True)
class _Reader:
    """Values of a profile by their keys, checked."""

    file: str

    def get(self, data: Any, key: str) -> Any:
        """The value of a dotted key; None if there is none."""
        for part in key.split("."):
            data = data.get(part) if isinstance(data, dict) else None
        return data

    def value(self, data: Any, key: str, kind: type) -> Any:
        """A value of a type."""
        found = self.get(data, key)
        if not isinstance(found, kind) or isinstance(found, bool):
            words = {str: "a text", int: "a whole number", list: "a list", dict: "an object"}[kind]
            raise self.fault(key, found, words)
        return found

    def rates(self, data: Any, key: str) -> tuple[Grid, dict[str, dict[str, int]], dict[str, float]]:
        """What was measured of a type of numbers: dense products, other kernels, errors of the fit."""
        kernels = {
            name: {count: self.rate(data, f"{key}.kernels.{name}.{count}") for count in counts}
            for name, counts in KERNELS.items()
        }
        errors = {name: self.error(data, f"{key}.errors.{name}") for name in (DENSE, *KERNELS)}
        return self.grid(data, f"{key}.dense"), kernels, errors

    def rate(self, data: Any, key: str) -> int:
        """A number of picoseconds."""
        found = self.get(data, key)
        if not _whole(found, 0):
            raise self.fault(key, found, "picoseconds, a whole number of at least 0")
        return int(found)

    def error(self, data: Any, key: str) -> float:
        """A relative error."""
        found = self.get(data, key)
        if not isinstance(found, int | float) or isinstance(found, bool) or not 0 <= found < float("inf"):
            raise self.fault(key, found, "a relative error of at least 0")
        return float(found)

    def grid(self, data: Any, key: str) -> Grid:
        """The times of dense products."""
        sizes = self.value(data, f"{key}.sizes", list)
        rising = all(_whole(each, 1) for each in sizes) and sizes == sorted(set(sizes))
        if not rising or not SIZES[0] <= len(sizes) <= SIZES[1] or sizes[0] != 1:
            raise self.fault(f"{key}.sizes", sizes, f"{SIZES[0]} to {SIZES[1]} rising sizes from 1")
        cube = self.value(data, f"{key}.picoseconds", list)
        count = len(sizes)
        planes = [cube, *cube, *(row for plane in cube if isinstance(plane, list) for row in plane)]
        if any(not isinstance(each, list) or len(each) != count for each in planes):
            wanted = f"{count} × {count} × {count} times, as there are sizes"
            raise self.fault(f"{key}.picoseconds", cube, wanted)
        for wrong in (each for plane in cube for row in plane for each in row if not _whole(each, 1)):
            raise self.fault(f"{key}.picoseconds", wrong, "times of at least 1, whole picoseconds")
        made: Cube = tuple(tuple(tuple(row) for row in plane) for plane in cube)
        return Grid(tuple(sizes), made)

    def fault(self, key: str, found: Any, wanted: str) -> ProfileError:
        """What is wrong with a value."""
        stated = "is missing" if found is None else f"is {_shown(found)}"
        return ProfileError(f"{_at(self.file)}{key} {stated}; it should be {wanted}: {REMEDY}")


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value < 2**63


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"


def _at(file: str) -> str:
    return f"{file}: " if file else ""

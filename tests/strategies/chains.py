"""Chains of every structure, valid as they are drawn; whether they have a plan depends on their memory."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from typing import Any

import numpy as np
from hypothesis import strategies as st

from chainorder.structures.fragments import MOST
from tests.strategies.matrices import DENSE, SPARSE, dominant, entries, matrix_files, positions
from tests.strategies.specs import NAMES, Spec

Item = dict[str, Any]

SQUARE = ("diagonal", "identity", "banded", "triangular", "solve", "factors", "permutation")
ALL = ("dense", "sparse", "axes", "matrix", "rows", "columns", "blocks", "repeated", *SQUARE)
"""Kinds of elementals."""

UNBOUNDED = (
    *(
        "dense",
        "diagonal",
        "identity",
        "banded",
        "triangular",
        "factors",
        "sparse",
        "rows",
        "columns",
        "blocks",
        "repeated",
    ),
)
"""Those that make sense at any size."""

SMALL = st.sampled_from((1, 1, 2, 2, 3, 4, 5, 7))
COSTS = st.sampled_from((0, 1, 2, 3, 10, 1000))
POWERS = st.sampled_from((20, 23, *range(31, 70)))
HUGE = st.one_of(
    st.sampled_from((1, 2, 3, 4)),
    st.builds(
        lambda power, more: max(1, 2**power + more),
        st.sampled_from((20, 23, *range(31, 70))),
        st.integers(-1, 1),
    ),
    st.sampled_from((3037000500, 10**20, 10**100)),
)
"""Sizes whose products are near the ends of the usual types; those of patterns that would just be kept are
left out, which take their time."""

EXPANDED = 64
"""Entries up to which a pattern is drawn position by position."""


def rarely(times: int) -> st.SearchStrategy[bool]:
    """True once in so many times and once more; what shrinks is false."""
    return st.integers(0, times).map(lambda number: number == times)


LAST = 2**63 - 1
"""The greatest index that a spec may state."""


@st.composite
def chains(
    draw: st.DrawFn,
    longest: int = 6,
    kinds: Sequence[str] = ALL,
    sizes: st.SearchStrategy[int] = SMALL,
    costs: st.SearchStrategy[int] = COSTS,
    machines: int = 1,
) -> Spec:
    """A chain of up to so many elementals, repeats among them."""
    drawing = Drawing(draw, sizes, costs)
    inputs, length = draw(sizes), draw(st.integers(1, longest))
    items: list[Item] = []
    while length > 0:
        item = drawing.elemental(draw(st.sampled_from(kinds)), inputs)
        square = item["outputs"] == item["inputs"]
        if square and length > 1 and draw(rarely(3)):
            item["repeat"] = draw(st.integers(2, length))
        if draw(rarely(3)):
            item["same"] = f"w{len(items)}"
        items.append(item)
        length -= item.get("repeat", 1)
        if square and length > 0 and draw(rarely(5)):
            items.append(item | {"repeat": 1})
            length -= 1
        inputs = item["outputs"]
    data = _head(draw, machines, costs) | {"elementals": _shortened(draw, items)}
    return Spec(data, drawing.files)


def huge_chains() -> st.SearchStrategy[Spec]:
    """Short chains whose sizes and costs are beyond any machine, in structures that need no entries."""
    return st.one_of(
        chains(5, UNBOUNDED, HUGE, HUGE), st.builds(_dims, st.lists(HUGE, min_size=2, max_size=6))
    )


def _dims(sizes: list[int]) -> Spec:
    return Spec({"dims": sizes})


def _head(draw: st.DrawFn, machines: int, costs: st.SearchStrategy[int]) -> Item:
    head: Item = {}
    if draw(st.booleans()):
        head["name"] = draw(NAMES)
    if draw(rarely(2)):
        head["memory"] = draw(costs)
    if machines > 1:
        head["machines"] = draw(st.integers(2, machines))
    return head


def _shortened(draw: st.DrawFn, items: list[Item]) -> list[Item]:
    """The same elementals without what a reader can tell from their neighbours."""
    if draw(st.booleans()):
        return items
    kept = [{key: value for key, value in item.items() if key != "inputs"} for item in items]
    return [items[0], *kept[1:]]


class Drawing:
    """Elementals of a chain, and the files that they need."""

    def __init__(self, draw: st.DrawFn, sizes: st.SearchStrategy[int], costs: st.SearchStrategy[int]) -> None:
        self.draw, self.sizes, self.costs = draw, sizes, costs
        self.files: dict[str, bytes] = {}

    def elemental(self, kind: str, inputs: int) -> Item:
        item: Item = {"inputs": inputs, "outputs": inputs} | getattr(self, f"_{kind}")(inputs)
        if kind not in ("rows", "columns", "permutation", "solve", "factors"):
            item |= self.models()
        if self.draw(rarely(4)):
            item["name"] = self.draw(NAMES)
        return item

    def models(self) -> Item:
        """Nothing for an explicit elemental; or a tangent, an adjoint or both, and what goes with them."""
        which = self.draw(st.sampled_from(((), (), ("tangent",), ("adjoint",), ("tangent", "adjoint"))))
        if not which:
            return {}
        more = self.draw(st.lists(st.sampled_from(("tape", "overhead")), unique=True))
        item: Item = {key: self.draw(self.costs) for key in (*which, *more)}
        if self.draw(rarely(4)):
            item |= {f"{mode}_time": {"call": self.draw(self.costs), "direction": 3} for mode in which}
        explicit = self.draw(st.sampled_from((None, None, False, True)))
        return item if explicit is None else item | {"explicit": explicit}

    def _dense(self, _: int) -> Item:
        return {"outputs": self.draw(self.sizes)}

    def _diagonal(self, _: int) -> Item:
        return {"structure": "diagonal"}

    def _identity(self, _: int) -> Item:
        return {"structure": "identity"}

    def _banded(self, inputs: int) -> Item:
        widths = st.integers(0, inputs - 1) if inputs < 2**24 else st.sampled_from((0, 1, 2, inputs - 1))
        return {"structure": "banded", "lower": self.draw(widths), "upper": self.draw(widths)}

    def _triangular(self, _: int) -> Item:
        keys = {"side": st.sampled_from(("lower", "upper")), "unit": st.booleans()}
        return {"structure": "triangular"} | self.draw(st.fixed_dictionaries({}, optional=keys))

    def _axes(self, inputs: int) -> Item:
        outputs = self.draw(self.sizes)
        linked = gcd(inputs, outputs)
        sizes = {"l": linked, "r": outputs // linked, "c": inputs // linked}
        varies = self.draw(st.lists(st.sampled_from("lrc"), unique=True))
        axes = {"rows": ["l", "r"], "columns": ["l", "c"], "sizes": sizes, "varies": varies}
        return {"structure": "axes", "axes": axes, "outputs": outputs}

    def _blocks(self, inputs: int) -> Item:
        cut = self.draw(st.integers(1, min(inputs, 5)))
        widths = [cut, inputs - cut] if cut < inputs else [inputs]
        blocks = [[min(self.draw(self.sizes), MOST // 2), width] for width in widths]
        return {"structure": "block-diagonal", "blocks": blocks, "outputs": sum(rows for rows, _ in blocks)}

    def _repeated(self, inputs: int) -> Item:
        count = self.draw(st.sampled_from([count for count in (1, 2, 3, inputs) if inputs % count == 0]))
        rows = self.draw(st.integers(1, min(3, MOST // count)))
        return {
            "structure": "block-diagonal",
            "blocks": [[rows, inputs // count]],
            "outputs": count * rows,
        }

    def _factors(self, _: int) -> Item:
        return {"structure": "solve", "factors": max(1, self.draw(self.costs))}

    def _rows(self, inputs: int) -> Item:
        count = self.draw(st.integers(1, min(inputs, 6)))
        indices = st.integers(0, min(inputs - 1, LAST))
        chosen = self.draw(st.lists(indices, min_size=count, max_size=count, unique=True))
        return {"select": chosen, "outputs": count}

    def _columns(self, inputs: int) -> Item:
        if inputs > 6:
            return self._rows(inputs)
        outputs = max(inputs, self.draw(self.sizes))
        indices = st.integers(0, min(outputs - 1, LAST))
        chosen = self.draw(st.lists(indices, min_size=inputs, max_size=inputs, unique=True))
        return {"select": chosen, "axis": "columns", "outputs": outputs}

    def _permutation(self, inputs: int) -> Item:
        return {"select": self.draw(st.permutations(range(inputs)))}

    def _sparse(self, inputs: int) -> Item:
        outputs = self.draw(self.sizes)
        if inputs * outputs <= EXPANDED:
            stored = self.draw(positions(outputs, inputs))
            return _pattern(outputs, np.argwhere(stored).tolist())
        if max(inputs, outputs) > 2**20 or outputs > EXPANDED:
            return self._dense(inputs)
        places = st.tuples(st.integers(0, outputs - 1), st.integers(0, inputs - 1))
        return _pattern(outputs, sorted(self.draw(st.sets(places, max_size=5))))

    def _matrix(self, inputs: int) -> Item:
        outputs = self.draw(self.sizes)
        matrix = entries(self.draw(positions(outputs, inputs)))
        item: Item = {"matrix": self._file(matrix, SPARSE + DENSE), "outputs": outputs}
        structure = self.draw(st.sampled_from((None, None, "dense", "sparse", "banded")))
        if structure == "banded" and inputs == outputs:
            item |= {"structure": "banded", "lower": inputs - 1, "upper": inputs - 1}
        elif structure in ("dense", "sparse"):
            item["structure"] = structure
        return item

    def _solve(self, inputs: int) -> Item:
        matrix = dominant(self.draw(positions(inputs, inputs)))
        return {"solve": self._file(matrix, SPARSE + DENSE)}

    def _file(self, matrix: Any, forms: tuple[str, ...]) -> str:
        ending, content = self.draw(matrix_files(matrix, forms))
        name = f"m{len(self.files)}.{ending}"
        self.files[name] = content
        return name


def _pattern(outputs: int, places: list[Any]) -> Item:
    counts = np.bincount([row for row, _ in places], minlength=outputs) if places else np.zeros(outputs, int)
    indptr = [0, *np.cumsum(counts).tolist()]
    indices = [column for _, column in places]
    return {"structure": "sparse", "outputs": outputs, "pattern": {"indptr": indptr, "indices": indices}}

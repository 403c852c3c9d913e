"""Valid specs through the commands, with the exit statuses that are right for them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from scripts.fuzzing.cases import Case
from scripts.fuzzing.samples import FORMATS, PRECIOUS
from tests import strategies as our

LARGE, BEYOND = 1000, 2**45
"""Sizes up to which a chain is soon multiplied, and from which it cannot be; between them it takes long."""

SPECS = st.one_of(
    our.chains(5),
    our.chains(5),
    our.chains(4, machines=3),
    our.graphs(5),
    our.networks(),
    our.networks(parameters=True),
    our.huge_chains(),
)

Statuses = tuple[int, ...]
Line = tuple[str, ...]


@st.composite
def calls(draw: st.DrawFn) -> Case:
    """A spec through two commands; then it is planned, and run as it was saved."""
    spec, form = draw(SPECS), draw(st.sampled_from(our.FORMS))
    data, name, several = spec.data, f"spec{form}", draw(our.rarely(4))
    text = our.written({"chains": [data, {"dims": [2, 3, 1]}]} if several else data, form)
    files = {name: text, **spec.files, "old.json": PRECIOUS, "old.npz": PRECIOUS}
    choices = right_statuses(data, name, several, draw(st.sampled_from(FORMATS)))
    lines = draw(st.lists(st.sampled_from(list(choices.items())), max_size=2, unique=True))
    planned = choices["plan", name, "-v", "--format", "json"]
    lines.append((("plan", name, "-o", "old.json"), planned))
    if 2 not in planned:
        ran = choices["run", name, "--seed", "3", "--no-verify", "-o", "new.txt"]
        lines.append((("run", "old.json", "--format", "json"), ran))
    if LARGE < greatest(data) < BEYOND:
        lines = [line for line in lines if line[0][0] != "run"]
    if "machines" in data:
        lines = [(_soon_and_here(line), statuses) for line, statuses in lines]
    return Case("calls", files, tuple(line for line, _ in lines), tuple(statuses for _, statuses in lines))


def _soon_and_here(line: Line) -> Line:
    """The same for several machines: without a long search, and without processes."""
    soon = () if line[1] == "old.json" else ("--time-limit", "0.05")  # a saved plan is not searched for
    return *line, *soon, *(("--scheduler", "here") if line[0] == "run" else ())


def right_statuses(data: dict[str, Any], name: str, several: bool, writing: str) -> dict[Line, Statuses]:
    """Command lines for a spec, and how each may end; `several` says whether its file holds another chain."""
    small, is_chain = greatest(data) <= LARGE, "vertices" not in data and not data.get("parameters")
    possible = (0,) if small else (0, 2)  # a pattern may be too large to be kept
    planned = possible if feasible(data) else (2,)
    known = small and not any("factors" in item for item in _items(data))
    ran = planned if known else (0, 2)
    one = (2,) if several else planned
    return {
        ("plan", name, "--format", writing): planned,
        ("plan", name, "-v", "--format", "json"): planned,
        ("plan", name, "-o", "new.graphml"): one,
        ("plan", name, "-o", "new.dot"): one,
        ("plan", name, "-o", "new.svg"): planned,
        ("compare", name, "--format", writing): planned,
        ("compare", name, "-v", "--format", "json"): planned,
        ("compare", name, "--memory-sweep", "-o", "new.md"): possible if is_chain else (2,),
        ("run", name, "--format", writing): ran,
        ("run", name, "--compare", "--format", "json", "-o", "old.npz"): (2,) if several else ran,
        ("run", name, "--seed", "3", "--no-verify", "-o", "new.txt"): ran,
        ("batch", name, "-o", "new.csv"): (0,) if planned == (0,) else (0, 1),
        ("batch", name, "-o", "new.jsonl"): (0,) if planned == (0,) else (0, 1),
        ("batch", ".", "--format", writing): (0, 1),
    }


def _items(data: dict[str, Any]) -> list[dict[str, Any]]:
    return list(data.get("elementals") or data.get("edges") or ())


def feasible(data: dict[str, Any]) -> bool:
    """Whether no elemental of a valid spec is known by adjoints alone whose tape exceeds the memory."""
    limit = data.get("memory", float("inf"))
    alone = [item for item in _items(data) if "adjoint" in item and "tangent" not in item]
    return all(item.get("explicit") or item.get("tape", 0) <= limit for item in alone)


def greatest(data: dict[str, Any]) -> int:
    """The greatest size that a valid spec states."""
    sizes = [*data.get("dims", ()), *data.get("vertices", {}).values()]
    sizes += [item.get(key, 1) for item in _items(data) for key in ("inputs", "outputs")]
    return int(max(sizes, default=1))

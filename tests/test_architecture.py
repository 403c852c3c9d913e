"""The floor plan of the package: rooms import only rooms below them, and nothing goes round in a circle.

The order of the rooms is the table in CONTRIBUTING.md. Imports inside functions and for type checkers count.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "chainorder"
FLAT = {"__init__", "__main__", "errors"}
KINDS = {"Chain", "Graph", "Plan", "GraphPlan"}
TOLD_APART_IN = {"problems", "plans"}


@cache
def rooms() -> tuple[str, ...]:
    """The rooms in the order of the table, the lowest first."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return tuple(re.findall(r"^\| `([a-z_]+)(?:/|\.py)` \|", text, re.MULTILINE))


def modules() -> dict[str, Path]:
    """All modules by their dotted name below the package."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        *rooms_of, stem = path.relative_to(PACKAGE).with_suffix("").parts
        parts = rooms_of if stem == "__init__" and rooms_of else [*rooms_of, stem]
        found[".".join(parts)] = path
    return found


def imports(source: str, known: set[str]) -> Iterator[str]:
    """The modules of the package that a source text imports, anywhere in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            head, _, inner = name.partition(".")
            if head != "chainorder":
                continue
            while inner and inner not in known:
                inner = inner.rpartition(".")[0]
            yield inner or "__init__"


@cache
def arrows() -> frozenset[tuple[str, str]]:
    """Who imports whom."""
    known = modules()
    texts = {name: path.read_text(encoding="utf-8") for name, path in known.items()}
    return frozenset((name, other) for name in known for other in imports(texts[name], set(known)))


def room_of(module: str) -> str:
    return module.partition(".")[0]


def upward(found: frozenset[tuple[str, str]], order: tuple[str, ...]) -> list[str]:
    """Imports of a room above the importing one."""
    floor = {room: height for height, room in enumerate(order)}
    return sorted(
        f"{name} imports {other}"
        for name, other in found
        if room_of(name) not in FLAT - {"errors"}
        and other != "__init__"
        and floor[room_of(other)] > floor[room_of(name)]
    )


def circles(found: frozenset[tuple[str, str]]) -> list[list[str]]:
    """Modules that import one another in the end."""
    graph = nx.DiGraph([(name, other) for name, other in found if "__init__" not in (name, other)])
    return [sorted(circle) for circle in nx.strongly_connected_components(graph) if len(circle) > 1]


def test_the_table_names_every_room_once() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert sorted(rooms()) == sorted({*folders, "errors"})


def test_only_the_named_files_lie_flat() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} == FLAT


def test_rooms_import_only_rooms_below_them() -> None:
    assert upward(arrows(), rooms()) == []


def test_no_import_goes_round_in_a_circle() -> None:
    assert circles(arrows()) == []


def test_renderers_plan_nothing() -> None:
    """They get finished results; of the solvers they know how far one is."""
    found = {pair for pair in arrows() if room_of(pair[0]) == "report" and room_of(pair[1]) == "solvers"}
    assert found == {("report.progress", "solvers.options")}


def test_the_package_itself_is_imported_for_its_version_only() -> None:
    """A room that took names from the package would import all rooms above it without saying so."""
    for name, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "chainorder":
                known = {alias.name for alias in node.names} <= {"__version__"}
                assert known or all(alias.name in modules() for alias in node.names), name


def _forks(source: str) -> Iterator[int]:
    """Lines that tell kinds of problems or plans apart."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id="isinstance"), args=[_, kinds]):
                if KINDS & {each.id for each in ast.walk(kinds) if isinstance(each, ast.Name)}:
                    yield node.lineno
            case ast.MatchClass(cls=ast.Name(id=name)) if name in KINDS:
                yield node.lineno


def test_kinds_are_told_apart_by_themselves() -> None:
    forks = [
        f"{name}:{line}"
        for name, path in modules().items()
        if room_of(name) not in TOLD_APART_IN
        for line in _forks(path.read_text(encoding="utf-8"))
    ]
    assert forks == []


def test_files_and_functions_are_short() -> None:
    lengths = sorted(len(path.read_text(encoding="utf-8").splitlines()) for path in modules().values())
    assert lengths[-1] <= 450
    assert lengths[len(lengths) // 2] <= 130
    functions = sorted(
        (node.end_lineno or node.lineno) - node.body[0].lineno + 1
        for path in modules().values()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    )
    assert functions[int(0.95 * len(functions))] <= 30


@pytest.mark.parametrize(
    "text",
    [
        "from chainorder.plans.base import Claims",
        "def f():\n    import chainorder.plans.base",
        "if TYPE_CHECKING:\n    from chainorder.plans import base",
    ],
)
def test_an_import_is_seen_wherever_it_stands(text: str) -> None:
    assert list(imports(text, {"plans", "plans.base"})) == ["plans.base"]


def test_broken_floor_plans_are_seen() -> None:
    low, high = rooms()[1:3]
    assert upward(frozenset({(f"{low}.a", f"{high}.b")}), rooms())
    assert not upward(frozenset({(f"{high}.b", f"{low}.a")}), rooms())
    ring = ("plans.a", "costs.b", "plans.c", "plans.a")
    assert circles(frozenset(pairwise(ring))) == [sorted(set(ring))]
    assert list(_forks("isinstance(plan, Plan | GraphPlan)")) == [1]

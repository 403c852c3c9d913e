"""The kinds of cases: how one is drawn, and what is held against it. A new kind is an entry of `KINDS`."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from scripts.fuzzing.calls import calls
from scripts.fuzzing.cases import Case, Fault
from scripts.fuzzing.samples import FORMATS, PRECIOUS, SMALL_GRAPH, SMALL_SPEC, samples
from tests import strategies as our
from tests.strategies.matrices import DENSE, ODD, PLAIN, SPARSE, entries

COMMANDS = ("plan", "compare", "run", "batch")
ENDINGS = ("json", "jsonl", "csv", "txt", "md", "svg", "dot", "graphml", "html", "npz")
OLD = tuple(f"old.{ending}" for ending in ENDINGS)
"""Files that are there before a command that may write to them."""


@dataclass(frozen=True)
class Kind:
    """A kind of cases.

    Attributes
    ----------
    cases
        Draws one.
    check
        Tries it in a folder with its files, the current one, and yields the faults.
    about
        What it is, in a line.
    """

    cases: st.SearchStrategy[Case]
    check: Callable[[Case, Path], Iterable[Fault]]
    about: str


def _check_commands(case: Case, folder: Path) -> Iterable[Fault]:
    from scripts.fuzzing.commands import check_commands

    return check_commands(case, folder)


def _check_problem(case: Case, folder: Path) -> Iterable[Fault]:
    from scripts.fuzzing.agreement import check_problem

    return check_problem(case, folder)


def _problem(kind: str, specs: st.SearchStrategy[our.Spec]) -> st.SearchStrategy[Case]:
    """Cases that are a spec to be held against everything in memory."""
    return specs.map(lambda spec: Case(kind, {"spec.json": our.written(spec.data, ".json"), **spec.files}))


@st.composite
def _broken(draw: st.DrawFn) -> Case:
    """Specs with wrong values, in any form."""
    spec = draw(st.one_of(our.chains(3), our.graphs(4), our.networks(True), our.huge_chains()))
    data = draw(our.damaged_data(spec.data))
    form = draw(st.sampled_from(our.FORMS))
    return _tried(draw, "broken", f"spec{form}", our.written(data, form), spec.files)


@st.composite
def _bytes(draw: st.DrawFn) -> Case:
    """Files of all formats, some of their bytes damaged."""
    name, others = draw(st.sampled_from(samples()))
    content = draw(our.damaged_bytes(others[name]))
    argument = next(each for each in others if not each.endswith((".mtx", ".mtx.gz", ".npz", ".npy")))
    return _tried(draw, "bytes", argument, None, {**others, name: content})


def _tried(draw: st.DrawFn, kind: str, name: str, content: bytes | None, others: Mapping[str, bytes]) -> Case:
    """A file through one or two commands, one of which may write where something is."""
    old = draw(st.sampled_from(("old.json", "old.csv", "old.txt", "old.svg", "old.jsonl")))
    lines = []
    for command in draw(st.lists(st.sampled_from(COMMANDS), min_size=1, max_size=2, unique=True)):
        writing = ("-o", old) if draw(st.booleans()) else ("--format", draw(st.sampled_from(FORMATS)))
        lines.append((command, name, *writing, *(("--scheduler", "here") if command == "run" else ())))
    files = {**others, old: PRECIOUS} | ({} if content is None else {name: content})
    return Case(kind, files, tuple(lines))


@st.composite
def _matrices(draw: st.DrawFn) -> Case:
    """Matrix files of odd types and false claims, as every kind of elemental that takes one."""
    matrix = entries(np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]], bool))
    if draw(st.booleans()):
        ending, content = "npz", draw(our.damaged_npz(matrix))
    else:
        ending, content = draw(our.matrix_files(matrix, SPARSE + DENSE, PLAIN + ODD))
    ending = draw(st.sampled_from((ending, ending, ending, "npz", "npy", "mtx", "mtx.gz", "txt")))
    key = draw(st.sampled_from(("matrix", "matrix", "solve")))
    item: dict[str, Any] = {key: f"m.{ending}"}
    structure = draw(st.sampled_from((None, None, "dense", "diagonal", "identity", "sparse", "banded")))
    if key == "matrix" and structure is not None:
        item |= {"structure": structure} | ({"lower": 2, "upper": 2} if structure == "banded" else {})
    if key == "matrix" and draw(st.booleans()):
        item |= {"tangent": 1, "explicit": draw(st.booleans())}
    items = [{"inputs": 2, "outputs": 3}, item, {"outputs": 1}]
    return _tried(
        draw, "matrices", "spec.json", our.written({"elementals": items}, ".json"), {f"m.{ending}": content}
    )


@st.composite
def _plans(draw: st.DrawFn) -> Case:
    """Saved plans with wrong values."""
    saved = [files["plan.json"] for name, files in samples() if name == "plan.json"]
    data = draw(our.damaged_data(json.loads(draw(st.sampled_from(saved)))))
    return _tried(draw, "plans", "plan.json", json.dumps(data).encode(), {})


@st.composite
def _options(draw: st.DrawFn) -> Case:
    """Odd command lines on sound files."""
    files = dict.fromkeys(OLD, PRECIOUS)
    files |= {"spec.yaml": our.written(SMALL_SPEC, ".yaml"), "graph.json": our.written(SMALL_GRAPH, ".json")}
    files |= {"net.yaml": b"layers: [3, 2, 2]\nactivation: tanh\nloss: squared_error\nparameters: true\n"}
    files |= {"two.jsonl": b'{"dims": [2, 3, 1]}\n{"dims": [1, 2]}\n', "stdin": b"dims: [2, 3]"}
    read = ["spec.yaml", "graph.json", "net.yaml", "two.jsonl", "old.json"]
    odd = ["spec.yaml", "new.json", "new.npz", "no/new.json", "NEW.CSV", "new.xyz", ".", "", "/dev/null"]
    line = draw(our.command_lines(read, [*OLD, *odd]))
    if line[0] == "calibrate":  # all of it takes most of a minute, one type of numbers some seconds
        line = (*line, "--quick", *(() if "--dtype" in line else ("--dtype", "float32")))
    return Case("options", files, (line,))


def _faulty(case: Case, _: Path) -> Iterable[Fault]:
    """Faults on purpose, by which the fuzzer itself is tested."""
    match case.files["what"]:
        case b"fault" if len(case.files["much"]) > 2:
            yield Fault("on purpose", "the tests", "")
        case b"signal":
            os.kill(os.getpid(), signal.SIGSEGV)
        case b"halt":
            signal.pause()


KINDS = {
    "chains": Kind(
        _problem("chains", our.chains()),
        _check_problem,
        "chains of all structures through all solvers, saved and run",
    ),
    "schedules": Kind(
        _problem("schedules", our.chains(4, machines=3)), _check_problem, "chains on several machines"
    ),
    "graphs": Kind(
        _problem("graphs", st.one_of(our.graphs(), our.graphs(5), our.networks(True, 3))),
        _check_problem,
        "graphs, networks",
    ),
    "huge": Kind(_problem("huge", our.huge_chains()), _check_problem, "sizes and costs near and beyond 2^63"),
    "calls": Kind(calls(), _check_commands, "valid specs through the commands, saved and read again"),
    "broken": Kind(_broken(), _check_commands, "specs with wrong values"),
    "bytes": Kind(_bytes(), _check_commands, "damaged bytes of data/, plans, GraphML, matrices, JSON Lines"),
    "matrices": Kind(_matrices(), _check_commands, "matrix files of odd types and false claims"),
    "plans": Kind(_plans(), _check_commands, "saved plans with wrong values"),
    "options": Kind(_options(), _check_commands, "odd command lines"),
}
"""All kinds by the names that ``--kinds`` takes."""


def _on_purpose(kind: str, *words: bytes) -> Kind:
    cases = st.builds(
        lambda what, much: Case(kind, {"what": what, "much": much}),
        st.sampled_from(words),
        st.binary(max_size=30),
    )
    return Kind(cases, _faulty, "faults on purpose")


TESTING = {
    "faulty": _on_purpose("faulty", b"nothing", b"fault"),
    "deadly": _on_purpose("deadly", b"nothing", b"signal"),
}
"""Kinds by which the fuzzer itself is tested."""

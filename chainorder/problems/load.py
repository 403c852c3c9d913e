"""Specs: text to chains, and errors that say where.

Text becomes plain values (`tokens`, `document`), these are held against the schema (`schema`, `validator`,
`messages`), and what is valid becomes chains (`build`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain as chained
from itertools import islice
from pathlib import Path
from typing import Any

from chainorder.errors import MAX_FAULTS, SHOWN, SpecError
from chainorder.problems.chain import Chain
from chainorder.problems.from_spec import declared
from chainorder.problems.graph import Graph
from chainorder.problems.messages import Fault, in_order, validate
from chainorder.problems.recognise import of_others
from chainorder.problems.schema import SCHEMA
from chainorder.reading.document import Document, parse
from chainorder.reading.files import Source, read_lines, read_text
from chainorder.reading.foreign import foreign, result
from chainorder.reading.networkx import specs_of_graphml
from chainorder.reading.tokens import misread
from chainorder.reading.words import KeyPath, join

__all__ = ["SCHEMA", "from_data", "iter_chains", "load"]


XML = re.compile(r"\s*<[?!A-Za-z]")
"""How XML begins, however it is called, and no spec in YAML or JSON."""

KINDS: dict[str, type[Chain] | type[Graph]] = {kind.kind: kind for kind in (Chain, Graph)}
"""What a spec may declare."""


def load(path: str | Path | Source) -> list[Chain | Graph]:
    """Read the chains and graphs of a spec file.

    Parameters
    ----------
    path
        YAML or JSON with one chain or graph, or several under ``chains``; JSON Lines (.jsonl), one per
        line; or GraphML (.graphml). All of these may be packed by gzip (.yaml.gz). ``"-"`` is standard input.

    Raises
    ------
    SpecError
        With file, line, column and key of the first fault; its `others` are the next ones.
    """
    problems: list[Chain | Graph] = []
    errors: list[SpecError] = []
    for _, problem in iter_chains(path):
        if isinstance(problem, SpecError):
            errors.append(problem)
            if sum(error.faults for error in errors) >= MAX_FAULTS:
                break
        elif not errors:
            problems.append(problem)
    if errors:
        raise SpecError.of(errors)
    return problems


def iter_chains(path: str | Path | Source) -> Iterator[tuple[str, Chain | Graph | SpecError]]:
    """Go through the chains of a spec file, broken ones too: one does not keep the others from being read.

    Yields
    ------
    source, chain
        ``FILE#INDEX``, counted from 0, and the chain or what is wrong with it.

    Raises
    ------
    SpecError
        If the file as a whole cannot be read.
    """
    source = path if isinstance(path, Source) else Source.of(path)
    try:
        for index, problem in enumerate(_problems(source)):
            yield (
                f"{source.name}#{index}",
                problem.within(source.name) if isinstance(problem, SpecError) else problem,
            )
    except SpecError as error:
        raise error.within(source.name) from None


def from_data(data: object, folder: Path, file: str | Path | None = None) -> Chain | Graph:
    """The chain or graph that plain values declare: see `Problem.from_spec`."""
    return KINDS[declared(data)].from_spec(data, folder, file)


def _problems(source: Source) -> Iterator[Chain | Graph | SpecError]:
    match source.kind:
        case ".graphml":
            return _from_xml(read_text(source), source)
        case ".jsonl":
            return _from_lines(source)
        case _:
            return _from_text(source)


def _from_xml(text: str, source: Source) -> Iterator[Chain | Graph | SpecError]:
    for spec in specs_of_graphml(text, source.stem):
        try:
            if isinstance(spec, SpecError):
                raise spec
            yield Graph.from_spec(spec.data, source.folder, place=spec.place)
        except SpecError as error:
            yield error


def _from_text(source: Source) -> Iterator[Chain | Graph | SpecError]:
    text = read_text(source)
    if XML.match(text):
        yield from _from_xml(text, source)
        return
    try:
        document = parse(text, strict=source.kind == ".json")
    except SpecError as error:
        error.foreign = of_others(text)
        raise
    data, folder = document.data, source.folder
    if not (isinstance(data, dict) and "chains" in data):
        yield _problem(document, folder)
        return
    faults, _ = validate(data)
    chains = enumerate(data["chains"] if isinstance(data["chains"], list) else ())
    checked = (_checked(chain, folder, ("chains", index)) for index, chain in chains)
    if faults or document.repeated:
        others = chained.from_iterable(each for each in checked if isinstance(each, list))
        raise _error(in_order(data, [*faults, *islice(others, MAX_FAULTS)]), document)
    yield from (_located(each, document) for each in checked)


def _from_lines(source: Source) -> Iterator[Chain | Graph | SpecError]:
    empty = True
    for number, line in enumerate(read_lines(source), 1):
        if isinstance(line, str) and not line.strip():
            continue
        empty = False
        problem = _from_line(line, source.folder)
        yield problem.within(source.name, number) if isinstance(problem, SpecError) else problem
    if empty:
        raise SpecError("there is nothing in it; write one chain per line", line=1, column=1)


def _from_line(line: str | SpecError, folder: Path) -> Chain | Graph | SpecError:
    if isinstance(line, SpecError):
        return line
    try:
        document = parse(line, strict=True)
        return _problem(document, folder)
    except SpecError as error:
        return error


def _problem(document: Document, folder: Path) -> Chain | Graph | SpecError:
    """The one chain or graph of a document."""
    if result(document.data):
        return SpecError(
            "is a result of this program, such as a saved plan; plan and compare show that, run runs it",
            foreign=True,
        )
    return _located(_checked(document.data, folder), document)


def _checked(data: Any, folder: Path, prefix: KeyPath = ()) -> Chain | Graph | list[Fault]:
    """The chain or graph of plain values, or all that is wrong with it, in its order."""
    found = KINDS[declared(data)].checked(data, folder)
    return [fault.under(prefix) for fault in found] if isinstance(found, list) else found


def _located(problem: Chain | Graph | list[Fault], document: Document) -> Chain | Graph | SpecError:
    """The same, with places; raises for keys that stand in the text twice."""
    if document.repeated:
        raise _error(problem if isinstance(problem, list) else [], document)
    return _error(problem, document) if isinstance(problem, list) else problem


def _error(faults: list[Fault], document: Document) -> SpecError:
    shown = faults[:SHOWN]
    marks = (document.locate(fault.path, of_key=fault.of_key) for fault in shown)
    errors = [
        misread(fault.message, mark, join(fault.path)) for fault, mark in zip(shown, marks, strict=True)
    ]
    error = SpecError.of([*document.repeated, *errors], len(faults) - len(shown))
    error.foreign = foreign(document.data)
    return error

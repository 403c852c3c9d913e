"""Specs: text to chains, and errors that say where.

Text becomes plain values (`tokens`, `document`), these are held against the schema (`schema`, `validator`,
`messages`), and what is valid becomes chains (`build`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

from chainorder.chain import Chain
from chainorder.errors import SpecError
from chainorder.graph.graph import Graph
from chainorder.spec.build import build
from chainorder.spec.document import MAX_DEPTH, Document, parse, shallow
from chainorder.spec.files import read_lines, read_text
from chainorder.spec.messages import Fault, validate
from chainorder.spec.schema import SCHEMA
from chainorder.spec.tokens import misread
from chainorder.spec.words import Path as KeyPath
from chainorder.spec.words import join, one_line

__all__ = ["SCHEMA", "from_data", "iter_chains", "load"]


Problem: TypeAlias = Chain | Graph
"""What a spec declares."""


def load(path: str | Path) -> list[Problem]:
    """Read the chains and graphs of a spec file.

    Parameters
    ----------
    path
        YAML or JSON with one chain or graph, or several under ``chains``; JSON Lines (.jsonl), one per
        line; or GraphML (.graphml) with one graph.

    Raises
    ------
    SpecError
        At the first fault, with file, line, column and key.
    """
    chains = []
    for _, chain in iter_chains(path):
        if isinstance(chain, SpecError):
            raise chain
        chains.append(chain)
    return chains


def iter_chains(path: str | Path) -> Iterator[tuple[str, Problem | SpecError]]:
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
    path = Path(path)
    if path.suffix == ".graphml":
        yield f"{path}#0", Graph.from_graphml(path)
        return
    chains = _from_lines(path) if path.suffix == ".jsonl" else _from_file(path)
    try:
        for index, chain in enumerate(chains):
            if isinstance(chain, SpecError):
                chain.file = path
            yield f"{path}#{index}", chain
    except SpecError as error:
        error.file = path
        raise


def from_data(data: object, folder: Path, file: str | Path | None = None) -> Problem:
    """The chain or graph that plain values declare, as `Chain.to_spec` and `Graph.to_spec` return them.

    Parameters
    ----------
    data
        What a spec holds for one chain.
    folder
        What the paths of matrices are relative to.
    file
        For error messages.

    Raises
    ------
    SpecError
        Without line and column.
    """
    if not shallow(data):
        raise SpecError(f"nested in more than {MAX_DEPTH} levels", file)
    chain = _chain(data, folder, ())
    if isinstance(chain, Fault):
        raise SpecError(one_line(chain.message), file, key=join(chain.path))
    return chain


def _from_file(path: Path) -> Iterator[Problem | SpecError]:
    document = parse(read_text(path), strict=path.suffix == ".json")
    data = document.data
    if not (isinstance(data, dict) and "chains" in data):
        yield _located(_chain(data, path.parent, ()), document)
        return
    try:
        validate(data)
    except Fault as fault:
        raise _error(fault, document) from None
    for index, chain in enumerate(data["chains"]):
        yield _located(_chain(chain, path.parent, ("chains", index)), document)


def _from_lines(path: Path) -> Iterator[Problem | SpecError]:
    empty = True
    for number, line in enumerate(read_lines(path), 1):
        if isinstance(line, str) and not line.strip():
            continue
        empty = False
        chain = _from_line(line, path.parent)
        if isinstance(chain, SpecError):
            chain.line = number
        yield chain
    if empty:
        raise SpecError("there is nothing in it; write one chain per line", line=1, column=1)


def _from_line(line: str | SpecError, folder: Path) -> Problem | SpecError:
    if isinstance(line, SpecError):
        return line
    try:
        document = parse(line, strict=True)
    except SpecError as error:
        return error
    return _located(_chain(document.data, folder, ()), document)


def _chain(data: Any, folder: Path, prefix: KeyPath) -> Problem | Fault:
    try:
        validate(data, "chain")
        return _built(data, folder)
    except Fault as fault:
        return Fault(fault.message, (*prefix, *fault.path), of_key=fault.of_key)


def _built(data: dict[str, Any], folder: Path) -> Problem:
    if "vertices" in data:
        from chainorder.spec.build_graph import build_graph

        return build_graph(data, folder)
    return build(data, folder)


def _located(chain: Problem | Fault, document: Document) -> Problem | SpecError:
    return _error(chain, document) if isinstance(chain, Fault) else chain


def _error(fault: Fault, document: Document) -> SpecError:
    mark = document.locate(fault.path, of_key=fault.of_key)
    return misread(fault.message, mark, join(fault.path))

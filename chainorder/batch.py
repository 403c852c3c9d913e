"""Many chains: planned one after the other or on several processes; a broken one never stops the rest."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path

from chainorder.chain import Chain
from chainorder.errors import ChainorderError, SpecError
from chainorder.plan import Plan
from chainorder.solvers import plan
from chainorder.spec import iter_chains

ENDINGS = (".yaml", ".yml", ".json", ".jsonl")
"""Files that a folder stands for."""

AHEAD = 4
"""Chains given to each process before the first of them is asked for: enough to keep it busy."""


@dataclass(frozen=True)
class Item:
    """A chain of a batch, or what is wrong with it.

    Attributes
    ----------
    source
        ``FILE#INDEX``, counted from 0; ``FILE`` where the file cannot be read.
    outcome
        A chain, later its plan, or a message.
    """

    source: str
    outcome: Chain | Plan | str


def plan_many(chains: Iterable[Chain], *, solver: str = "auto") -> list[Plan]:
    """Plan many chains; the same as `plan` for each.

    Raises
    ------
    SolverError
        If the solver is unknown, or cannot take one of the chains.
    """
    return [plan(chain, solver=solver) for chain in chains]


def find_files(paths: Iterable[str]) -> list[Path]:
    """The spec files that paths, folders (recursively, sorted) and patterns (``runs/*.yaml``) stand for.

    Raises
    ------
    SpecError
        If there is no such path, or a folder or pattern holds no spec.
    """
    found: list[Path] = []
    for text in paths:
        path = Path(text)
        if path.is_dir():
            files = sorted(file for file in path.rglob("*") if file.suffix in ENDINGS and file.is_file())
        elif path.exists():
            files = [path]
        elif has_magic(text):
            matches = map(Path, glob(text, recursive=True))  # noqa: PTH207 -- may be absolute
            files = sorted(match for match in matches if match.is_file())
        else:
            raise SpecError("there is no such file or folder; check the path", text)
        if not files:
            raise SpecError(f"there is no spec in it; specs end in {', '.join(ENDINGS)}", text)
        found += files
    return found


def read_items(files: Iterable[Path]) -> Iterator[Item]:
    """Every chain of the files in order, as it is read."""
    for file in files:
        try:
            for source, chain in iter_chains(file):
                yield Item(source, str(chain) if isinstance(chain, SpecError) else chain)
        except SpecError as error:
            yield Item(str(file), str(error))


def plan_items(items: Iterable[Item], *, solver: str = "auto", workers: int = 1) -> Iterator[Item]:
    """Plan the chains of a batch, in order, on `workers` processes."""
    if workers <= 1:
        yield from (_plan_item(item, solver) for item in items)
        return
    with ProcessPoolExecutor(workers) as pool:
        pending: deque[tuple[Item, Future[Item]]] = deque()
        try:
            for item in items:
                pending.append((item, pool.submit(_plan_item, item, solver)))
                if len(pending) > AHEAD * workers:
                    yield _collect(*pending.popleft())
            while pending:
                yield _collect(*pending.popleft())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _plan_item(item: Item, solver: str) -> Item:
    if not isinstance(item.outcome, Chain):
        return item
    try:
        return Item(item.source, plan(item.outcome, solver=solver))
    except (ChainorderError, MemoryError) as error:
        return Item(item.source, str(error) or "not enough memory to plan it")


def _collect(item: Item, future: Future[Item]) -> Item:
    try:
        return future.result()
    except BrokenProcessPool:
        return Item(item.source, "the worker process died; run it alone, with --workers 1")

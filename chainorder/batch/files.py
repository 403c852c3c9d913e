"""Many chains: planned one after the other or on several processes; a broken one never stops the rest."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Executor, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from glob import glob, has_magic
from itertools import chain as chained
from itertools import islice
from pathlib import Path
from typing import Any

from chainorder.batch.many import AnyPlan, plan_each, size
from chainorder.errors import ChainorderError, SpecError
from chainorder.problems.load import iter_chains
from chainorder.problems.problem import Problem
from chainorder.reading.files import STDIN
from chainorder.system.main_guard import check_guard
from chainorder.system.output import partial_name
from chainorder.system.processes import call_apart, process_pool

ENDINGS = (".yaml", ".yml", ".json", ".jsonl")
"""Files that a folder stands for, packed (.yaml.gz) or not."""

LOOKED_AT = 100
"""Chains of a file of a folder that are looked at to tell that it holds none."""

AHEAD = 2
"""Groups given to each process before the first of them is asked for: enough to keep it busy."""

BLOCK = 2**20
"""Bytes that are looked through for ends of lines at once."""

GROUP = 512
"""Chains that are planned at once, or elementals."""


@dataclass(frozen=True)
class Item:
    """A chain of a batch, or what is wrong with it.

    Attributes
    ----------
    source
        ``FILE#INDEX``, counted from 0; ``FILE`` where the file cannot be read.
    outcome
        A chain or graph, later its plan, or a message.
    beside
        What the usual sweeps cost, if that was asked for.
    """

    source: str
    outcome: Problem | AnyPlan | str
    beside: Mapping[str, int] = field(default_factory=dict)


def find_files(paths: Iterable[str], output: str | None = None) -> list[Path]:
    """The spec files that paths, folders (recursively, sorted) and patterns (``runs/*.yaml``) stand for.

    The files that the batch writes to are none of them, however they came to lie there; the output is if it
    is named.

    Raises
    ------
    SpecError
        If there is no such path, a folder or pattern holds no spec, or standard input is there twice.
    """
    found: list[Path] = []
    for text in paths:
        path = Path(text)
        if text == STDIN:
            if path in found:
                raise SpecError("is there twice, but standard input is read once; keep one", text)
            found.append(path)
            continue
        if path.is_dir():
            files = sorted(file for file in path.rglob("*") if _ending(file) in ENDINGS and file.is_file())
        elif path.exists():
            files = [path]
        elif has_magic(text):
            matches = map(Path, glob(text, recursive=True))  # noqa: PTH207 -- may be absolute
            files = sorted(match for match in matches if match.is_file())
        else:
            raise SpecError("there is no such file or folder; check the path", text)
        if not files:
            raise SpecError(f"there is no spec in it; specs end in {', '.join(ENDINGS)}", text)
        found += (file for file in files if not _is_own(file, output, named=file == path))
    return found


def expected(files: Iterable[Path]) -> int | None:
    """How many chains files hold: as many as lines of JSON Lines, of other files one each.

    Lines are only counted, not read; None for what is packed, and for standard input.
    """
    total = 0
    for file in files:
        if str(file) == STDIN or file.suffix.lower() == ".gz":
            return None
        if _ending(file) != ".jsonl":
            total += 1
            continue
        try:
            with file.open("rb") as lines:
                total += sum(block.count(b"\n") for block in iter(lambda: lines.read(BLOCK), b""))
        except OSError:
            return None
    return total


def _ending(file: Path) -> str:
    """The ending in small letters, .gz apart."""
    return (file.with_suffix("") if file.suffix.lower() == ".gz" else file).suffix.lower()


def _is_own(file: Path, output: str | None, *, named: bool) -> bool:
    """Whether a file is what the batch writes: its partial; its output, unless that is named as an input."""
    own = [] if output is None else [Path(partial_name(output)), *([] if named else [Path(output)])]
    return any(each.exists() and file.samefile(each) for each in own)


def read_items(
    files: Iterable[Path], paths: Iterable[str] = (), skipped: list[Path] | None = None
) -> Iterator[Item]:
    """Every chain of the files in order, as it is read.

    Parameters
    ----------
    files
        Those that `find_files` found.
    paths
        Where: a file of a folder that holds no spec, not even a broken one, is skipped.
    skipped
        Takes these.
    """
    named = set(map(Path, paths))
    folders = {path for path in named if path.is_dir()}
    for file in files:
        problems = _problems(file)
        lenient = file not in named and not folders.isdisjoint(file.parents)
        first = list(islice(problems, LOOKED_AT if lenient else 0))
        if lenient and all(isinstance(each, SpecError) and each.foreign for _, each in first):
            if skipped is not None:
                skipped.append(file)
            continue
        for source, problem in chained(first, problems):
            yield Item(source, in_a_line(problem) if isinstance(problem, SpecError) else problem)


def _problems(path: Path) -> Iterator[tuple[str, Problem | SpecError]]:
    """The chains of a file, or the one error that keeps it from being read."""
    try:
        yield from iter_chains(STDIN if path == Path(STDIN) else path)
    except SpecError as error:
        yield str(error.file or path), error


def in_a_line(error: SpecError) -> str:
    """The first of the faults, and how many others there are."""
    others = error.faults - 1
    return f"{error} (and {others:,} more)" if others else str(error)


@contextmanager
def executor(scheduler: str | None = None, workers: int = 1) -> Iterator[Executor | None]:
    """Where a batch is planned: on the workers of a Dask scheduler, on so many processes, or here (None)."""
    if scheduler is not None:
        from chainorder.execution.cluster import connected

        with connected(scheduler, workers) as client:
            yield client.get_executor(pure=False)
    elif workers > 1:
        check_guard(multiprocessing.get_start_method())
        with process_pool(workers) as pool:
            yield pool
    else:
        yield None


def plan_items(
    items: Iterable[Item], pool: Executor | None = None, *, ahead: int = 1, done: int = 0, **options: Any
) -> Iterator[Item]:
    """Plan the chains of a batch, in order, some hundred at once.

    Parameters
    ----------
    pool
        Who plans; None for here. `ahead` times two groups are given to it before the first is asked for.
    done
        Items that are finished, and left out. They count for the groups: a chain that is planned together
        with others gets the plan that it gets in an undisturbed batch.
    options
        Arguments of `plan`; and `compare`, whether the usual sweeps are priced, too.
    """
    if pool is None:
        for group, begin in _unfinished(_groups(items), done):
            yield from _plan_group(group, options)[begin:]
        return
    pending: deque[tuple[list[Item], int, Future[list[Item]]]] = deque()
    for group, begin in _unfinished(_groups(items), done):
        pending.append((group, begin, pool.submit(_plan_group, group, options)))
        if len(pending) > AHEAD * ahead:
            yield from _collect(*pending.popleft(), options)
    while pending:
        yield from _collect(*pending.popleft(), options)


def _unfinished(groups: Iterable[list[Item]], done: int) -> Iterator[tuple[list[Item], int]]:
    """The groups that are not finished, each with the place of its first item that is not."""
    for group in groups:
        if done < len(group):
            yield group, done
        done = max(0, done - len(group))


def _groups(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Items in groups: many short chains, or a long one alone, so that results come as they are ready."""
    group: list[Item] = []
    elementals = 0
    for item in items:
        group.append(item)
        elementals += size(item.outcome) if isinstance(item.outcome, Problem) else 0
        if len(group) == GROUP or elementals >= GROUP:
            yield group
            group, elementals = [], 0
    if group:
        yield group


def _plan_group(group: Sequence[Item], options: Mapping[str, Any]) -> list[Item]:
    problems = [item.outcome for item in group if isinstance(item.outcome, Problem)]
    asked = {key: value for key, value in options.items() if key != "compare"}
    planned = iter(plan_each(problems, **asked))
    return [
        _planned(item.source, next(planned), compare=options.get("compare", False))
        if isinstance(item.outcome, Problem)
        else item
        for item in group
    ]


def _planned(source: str, outcome: AnyPlan | ChainorderError, *, compare: bool) -> Item:
    """A finished item, compared with the usual sweeps if asked."""
    if isinstance(outcome, ChainorderError):
        return Item(source, str(outcome))
    return Item(source, outcome, _sweeps(outcome) if compare else {})


def _sweeps(best: AnyPlan) -> dict[str, int]:
    """What the usual sweeps cost that a problem admits."""
    from chainorder.comparison.compare import RANKINGS

    ranking, costs = RANKINGS[best.kind], {}
    for name in ranking.sweeps(best):
        with suppress(ChainorderError, MemoryError):
            costs[name] = ranking.baseline(name, best).cost
    return costs


def _collect(
    group: Sequence[Item], begin: int, future: Future[list[Item]], options: Mapping[str, Any]
) -> list[Item]:
    try:
        try:
            return future.result()[begin:]
        except BrokenProcessPool:  # perhaps by another group
            return call_apart(_plan_group, group, options)[begin:]
    except Exception as error:
        # The last is of Dask, which need not be installed.
        if (
            not isinstance(error, (BrokenProcessPool, CancelledError))
            and type(error).__name__ != "KilledWorker"
        ):
            raise
        message = "the worker process died; run it alone, with --workers 1"
        return [Item(item.source, message) for item in group[begin:]]

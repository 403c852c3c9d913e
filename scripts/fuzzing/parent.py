"""The process that gives out rounds of cases, watches those that run them, and keeps what they find."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import pickle
import re
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import count
from multiprocessing.connection import Connection, wait
from pathlib import Path

from scripts.fuzzing.cases import Case, Fault, kept_in, save
from scripts.fuzzing.child import CRASH, CURRENT, Result, Round, Signature, serve

WALL_SECONDS = 90.0
"""How long one case may take, by the clock, before its process is ended."""

EXAMPLES = 50
"""Cases of a round."""

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

_SPAWN = multiprocessing.get_context("spawn")


@dataclass
class Tally:
    """What was done so far.

    Attributes
    ----------
    cases, commands
        By kind.
    faults
        By signature: the first of each, and where its case is kept.
    seen
        How often each came.
    """

    cases: Counter[str] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)
    faults: dict[Signature, tuple[Fault, Path]] = field(default_factory=dict)
    seen: Counter[Signature] = field(default_factory=Counter)


class Child:
    """A process, its folder, and the round that it is at."""

    def __init__(self, folder: Path, wall_seconds: float) -> None:
        self.folder, self.wall_seconds = folder, wall_seconds
        self.round: Round | None = None
        self._start()

    def _start(self) -> None:
        os.environ |= dict.fromkeys(THREADS, "1")  # there is a process for every core already
        os.environ["XDG_CACHE_HOME"] = str(self.folder / "cache")  # what `calibrate` keeps is not the user's
        self.connection, theirs = _SPAWN.Pipe()
        self.process = _SPAWN.Process(target=serve, args=(theirs, self.folder))
        self.process.start()
        theirs.close()

    def give(self, asked: Round) -> None:
        """Have it run a round."""
        (self.folder / CURRENT).unlink(missing_ok=True)
        self.round, self.since = asked, time.monotonic()
        self.connection.send(asked)

    def late(self) -> bool:
        """Whether it has been at one case for too long."""
        current = self.folder / CURRENT
        idle = time.time() - current.stat().st_mtime if current.exists() else 0.0
        return min(idle, time.monotonic() - self.since) > self.wall_seconds

    def result(self) -> Result:
        """What it sends; if it has died, what it died of, after starting another."""
        assert self.round is not None
        asked, self.round = self.round, None
        try:
            result = self.connection.recv()
            assert isinstance(result, Result)
            return result
        except (EOFError, OSError):
            self.process.join()
            result = Result(asked, cases=1, found=[self._death()])
            result.seen.update(found.signature for found, _ in result.found)
            self._start()
            return result

    def _death(self) -> tuple[Fault, Case]:
        code, current = self.process.exitcode or 0, self.folder / CURRENT
        if not current.exists():
            raise RuntimeError(f"a process of the fuzzer ended with {code} before any case")
        words = (self.folder / CRASH).read_text()
        inner = re.search(r'chainorder/(\S+)\.py", line \d+ in (\S+)', words)
        how = signal.Signals(-code).name if code < 0 else f"status {code}"
        if code == -signal.SIGKILL:
            how = f"more than {self.wall_seconds:.0f} s, or out of memory"
        where = f"{how} in {inner[1].replace('/', '.')}.{inner[2]}" if inner else how
        return Fault("the process died", where, words), pickle.loads(current.read_bytes())

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()


def fuzz(
    kinds: list[str],
    seed: int,
    *,
    seconds: float = float("inf"),
    cases: float = float("inf"),
    workers: int = 2,
    keep: Path,
    tell: Callable[[Tally, Fault | None], None],
    wall_seconds: float = WALL_SECONDS,
) -> Tally:
    """Run rounds of the kinds in turn until the time is over or enough cases are given out.

    The cases follow from the seed, and from the sources, whose constants Hypothesis tries; how many there
    are in a time does not. Faults of which a case is kept already are counted only. `tell` is called after
    every round, and with every new fault.
    """
    tally = Tally(faults={found.signature: (found, folder) for found, folder in kept_in(keep)})
    deadline = time.monotonic() + seconds
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fuzz-")))
        children = [_child(folder / str(number), wall_seconds, stack) for number in range(workers)]
        rounds = _rounds(kinds, seed, deadline, cases)
        idle = list(children)
        while True:
            while idle and time.monotonic() < deadline and (asked := next(rounds, None)) is not None:
                idle.pop().give(replace(asked, known=frozenset(tally.faults)))
            busy = [child for child in children if child.round is not None]
            if not busy:
                return tally
            for child in _ready(busy):
                _enter(child.result(), tally, keep, tell)
                idle.append(child)


def _child(folder: Path, wall_seconds: float, stack: ExitStack) -> Child:
    folder.mkdir()
    child = Child(folder, wall_seconds)
    stack.callback(child.kill)
    return child


def _rounds(kinds: list[str], seed: int, deadline: float, cases: float) -> Iterator[Round]:
    given, most = 0, max(1, min(EXAMPLES, cases // len(kinds)))
    for number in count():
        for kind in kinds:
            if given >= cases:
                return
            examples = int(min(most, cases - given))
            digest = hashlib.sha256(f"{seed} {kind} {number}".encode()).digest()
            yield Round(kind, int.from_bytes(digest[:8], "big"), examples, deadline=deadline)
            given += examples


def _ready(busy: list[Child]) -> list[Child]:
    """Those that have sent something or died, after ending those that are late."""
    connections: dict[object, Child] = {child.connection: child for child in busy}
    there = wait([child.connection for child in busy], timeout=1.0)
    for child in busy:
        if child.connection not in there and child.late():
            child.kill()
    return [connections[each] for each in there if isinstance(each, Connection)]


def _enter(result: Result, tally: Tally, keep: Path, tell: Callable[[Tally, Fault | None], None]) -> None:
    asked = result.round
    tally.cases[asked.kind] += result.cases
    tally.commands[asked.kind] += result.commands
    tally.seen.update(result.seen)
    for found, case in result.found:
        if found.signature not in tally.faults:
            kept = save(case, found, {"seed": asked.seed}, keep)
            tally.faults[found.signature] = found, kept
            tell(tally, found)
    tell(tally, None)


def replay(case: Case, wall_seconds: float = WALL_SECONDS) -> list[Fault]:
    """The faults of one case, in a process of its own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fuzz-")))
        child = _child(folder / "0", wall_seconds, stack)
        child.give(Round(case.kind, 0, 1, case=case))
        while not _ready([child]):
            pass
        return [found for found, _ in child.result().found]

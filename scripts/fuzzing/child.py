"""A process that runs rounds of cases; Hypothesis draws them, and shrinks one that fails."""

from __future__ import annotations

import faulthandler
import logging
import os
import pickle
import shutil
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from scripts.fuzzing.cases import Case, Fault

SHRINKING = 10.0
"""Seconds that a failing case is made smaller for."""

CURRENT, CRASH = "current.pickle", "crash.txt"
"""In a child's folder: the case that it is at, for its parent if it dies; and Python's last words."""

Signature = tuple[str, str]


@dataclass(frozen=True)
class Round:
    """So many cases of a kind, drawn from a seed.

    Attributes
    ----------
    known
        Faults that are counted and not looked into again.
    deadline
        When to stop, on the monotonic clock.
    case
        Instead of drawing any, the one to be tried.
    """

    kind: str
    seed: int
    examples: int
    known: frozenset[Signature] = frozenset()
    deadline: float = float("inf")
    case: Case | None = None


@dataclass
class Result:
    """What came of a round.

    Attributes
    ----------
    cases, commands
        How many were tried, not counting those of shrinking.
    seen
        Faults by signature, known ones too.
    found
        A new fault and its smallest case.
    """

    round: Round
    cases: int = 0
    commands: int = 0
    seen: Counter[Signature] = field(default_factory=Counter)
    found: list[tuple[Fault, Case]] = field(default_factory=list)


class FaultError(Exception):
    """For Hypothesis: this case fails."""


class TimeOver(BaseException):
    """The round is over, or the case that fails is small enough."""


def serve(connection: Connection, folder: Path) -> None:
    """Run the rounds that arrive until the connection closes."""
    from scripts.fuzzing.running import limit_memory

    limit_memory()
    logging.disable()
    with (folder / CRASH).open("w") as last_words:
        faulthandler.enable(last_words)
        while True:
            try:
                asked: Round = connection.recv()
            except (EOFError, KeyboardInterrupt):
                return
            connection.send(Trial(asked, folder).run())


class Trial:
    """A round as it runs."""

    def __init__(self, asked: Round, folder: Path) -> None:
        from scripts.fuzzing.kinds import KINDS, TESTING

        self.round, self.folder = asked, folder
        self.kind = (KINDS | TESTING)[asked.kind]
        self.result = Result(asked)
        self.fault: Fault | None = None
        self.smallest: Case | None = None
        self.until = asked.deadline

    def run(self) -> Result:
        """Draw the cases, or try the one that is given."""
        if self.round.case is not None:
            self.result.found = [(each, self.round.case) for each in self._faults(self.round.case)]
            return self.result
        from hypothesis import HealthCheck, Phase, given, seed, settings
        from hypothesis.errors import HypothesisException

        chosen = settings(
            max_examples=self.round.examples,
            phases=(Phase.generate, Phase.shrink),
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        try:
            seed(self.round.seed)(chosen(given(self.kind.cases)(self._try)))()
        except (TimeOver, FaultError, HypothesisException) as stop:
            if self.fault is None and isinstance(stop, HypothesisException):
                raise  # else it failed once, and not again
        if self.fault is not None and self.smallest is not None:
            self.result.found.append((self.fault, self.smallest))
        return self.result

    def _try(self, case: Case) -> None:
        if time.monotonic() > self.until:
            raise TimeOver
        faults = self._faults(case)
        if self.fault is None:
            self.result.cases += 1
            self.result.commands += len(case.commands)
            self.result.seen.update({each.signature for each in faults})
            self.fault = next((each for each in faults if each.signature not in self.round.known), None)
            if self.fault is not None:
                self.until = time.monotonic() + SHRINKING
        for each in faults:
            if self.fault is not None and each.signature == self.fault.signature:
                self.fault, self.smallest = each, case
                raise FaultError

    def _faults(self, case: Case) -> list[Fault]:
        (self.folder / CURRENT).write_bytes(pickle.dumps(case))
        place = self.folder / "run"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        case.write_files(place)
        os.chdir(place)
        try:
            return list(self.kind.check(case, place))
        finally:
            os.chdir(self.folder)

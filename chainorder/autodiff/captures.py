"""What is kept of a function that was captured: only as long as it is known to be the same function.

What is captured is run again where the call is of the same kind and nothing has changed that the function
depends on. Otherwise it is captured anew: at first sight as long as that has been worth it, then only what
was seen before. So a function that is another one in every call is left to the framework.
"""

from __future__ import annotations

import functools
import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from operator import is_
from threading import RLock
from types import CodeType
from typing import Any, ClassVar, TypeAlias

import numpy as np

from chainorder.autodiff.choice import Choice, Unplanned
from chainorder.autodiff.dependencies import Snapshot, dependencies
from chainorder.autodiff.knowledge import Knowledge
from chainorder.autodiff.task import NotPlannedError

MOST = 16
"""Captures that are kept of a function; of more, the one that was not used for longest goes."""

PATIENCE = 2
"""Captures of the same code that are made at first sight, whatever comes of it."""

REPAID = 16
"""Calls that use captures and so are worth another one at first sight."""

LONGEST_REST = 64
"""Calls after which it is looked again at a function that can change unseen, or was always another one."""

MOST_BUDGETS = 1024
"""Pieces of code of which it is known what captures have been worth."""

Run: TypeAlias = Callable[..., Any]
"""Takes the arrays of a call."""

LOG = logging.getLogger(__name__)


@dataclass(eq=False)
class Capture:
    """What is known of calls of one kind, as long as nothing has changed.

    Attributes
    ----------
    key
        The kind of the calls.
    snapshot
        What the function depended on.
    sights
        How often it was called.
    run
        What was captured; None before that, and if the framework's own mode does it.
    why
        Why that is so.
    """

    key: Hashable
    snapshot: Snapshot
    sights: int = 0
    run: Run | None = None
    why: str = ""

    def evaluate(self, arrays: Sequence[Any]) -> Any:
        """What it makes of the arrays of a call; raises `NotPlannedError` if it cannot."""
        if self.run is None:
            raise NotPlannedError(self.why)
        try:
            return self.run(*arrays)
        except Exception as reason:  # under another transformation, say
            raise NotPlannedError(told(reason)) from reason


@dataclass(eq=False)
class Budget:
    """What captures of some code have been worth, over all functions that are made of it."""

    made: int = 0
    used: int = 0

    known: ClassVar[OrderedDict[Hashable, Budget]] = OrderedDict()
    """The last `MOST_BUDGETS`, by where their code stands: nothing is kept alive by them."""

    @classmethod
    def of(cls, function: Any, structure: Callable[[Any], Hashable]) -> Budget:
        """The budget of the code of a function, or of the class and the structure of another object.

        Code that is compiled anew for every function, by `eval` with another number, say, is the same code.
        """
        while isinstance(function, functools.partial):
            function = function.func
        code = getattr(getattr(function, "__func__", function), "__code__", None)
        key: Hashable = type(function).__module__, type(function).__qualname__
        if isinstance(code, CodeType):
            key = code.co_filename, code.co_firstlineno, code.co_qualname, code.co_code
        key = key, structure(getattr(function, "__self__", function))
        budget = cls.known[key] = cls.known.pop(key, cls())
        while len(cls.known) > MOST_BUDGETS:
            cls.known.popitem(last=False)
        return budget

    @property
    def debt(self) -> int:
        """How often the same call has to be seen before it is captured."""
        return max(0, self.made - PATIENCE + 1 - self.used // REPAID)


@dataclass(eq=False)
class Captures:
    """The captures of a function.

    Attributes
    ----------
    function, knowledge
        What is captured, and what is known of its framework.
    limited
        Whether captures have to be worth it.
    kept
        The captures, and calls that were seen and are none yet: the last used first.
    rest, rested
        Calls of unknown kinds that are left to the framework unseen, and how many of them have been.
    """

    function: Callable[..., Any]
    knowledge: Knowledge
    limited: bool = True
    kept: list[Capture] = field(default_factory=list)
    budget: Budget = field(init=False)
    rest: int = 0
    rested: int = 0

    lock: ClassVar[RLock] = RLock()
    """Frameworks do not trace in several threads at once."""

    def __post_init__(self) -> None:
        self.budget = Budget.of(self.function, self.knowledge.structure)
        self.rest = self._debt

    @property
    def _debt(self) -> int:
        return min(LONGEST_REST, self.budget.debt) if self.limited else 0

    def run(
        self,
        key: Hashable,
        others: Callable[[], Sequence[Any]],
        capture: Callable[[], tuple[Run, Any]],
        *arrays: Any,
    ) -> Any:
        """What a capture makes of the arrays of a call.

        Parameters
        ----------
        key
            The kind of the call.
        others
            Gives what it depends on beside the function and the arrays.
        capture
            Makes a new capture, and what it makes of the arrays.

        Raises
        ------
        NotPlannedError
            If the framework's own mode has to do it, whatever the reason.
        """
        found = self._standing(key) or self._noted(key, others)
        if found.run or found.why:
            self.budget.used += 1
            return found.evaluate(arrays)
        found.sights += 1
        if found.sights <= self._debt:
            raise NotPlannedError("it has mostly been another function, or was called in another way")
        with self.lock:
            self.budget.made += 1
            found.run, result, found.why = attempt(capture, found.snapshot)
        if found.run is None:
            raise NotPlannedError(found.why)
        return result

    def look(self, others: Sequence[Any], choice: Callable[[], Choice]) -> Choice | Unplanned:
        """The choice that is made for a call, or why there is none; nothing is kept."""
        try:
            snapshot = dependencies((self.function, *others), self.knowledge)
        except NotPlannedError as reason:
            return Unplanned(told(reason))
        _, found, why = attempt(lambda: (None, choice()), snapshot)
        return Unplanned(why) if found is None else found

    def _standing(self, key: Hashable) -> Capture | None:
        for each in self.kept:
            if each.key == key and each.snapshot.same():
                self.rest //= 2
                if each is not self.kept[0]:
                    self.kept = [each, *(other for other in self.kept if other is not each)]
                return each
        return None

    def _noted(self, key: Hashable, others: Callable[[], Sequence[Any]]) -> Capture:
        """A call that was not seen before.

        Looking at what a function depends on takes as long as a small Jacobian. So the more often it was in
        vain, the more calls rest before the next look: what may change unseen, and what mostly is another
        function, then costs nothing.
        """
        if self.rested < self.rest:
            self.rested += 1
            raise NotPlannedError("it may change unseen, or has mostly been another function")
        self.rested, rest = 0, min(LONGEST_REST, 2 * self.rest + 1)
        try:
            snapshot = dependencies((self.function, *others()), self.knowledge)
        except NotPlannedError:
            self.rest = rest
            raise
        self.rest = rest if self._debt else 0
        noted = Capture(key, snapshot)
        self.kept = [noted, *self.kept[: MOST - 1]]
        return noted


def attempt(capture: Callable[[], tuple[Run | None, Any]], snapshot: Snapshot) -> tuple[Run | None, Any, str]:
    """A new capture, what it made of the arrays, and why there is none, if so.

    What capturing changed is put back: a function that changes what it depends on is not captured.
    """
    try:
        run, result = capture()
        why = ""
    except Exception as reason:  # noqa: BLE001 – the framework's own mode does it, or says what is wrong
        run, result, why = None, None, told(reason)
    if not snapshot.same():
        snapshot.restore()
        return None, None, "it changes what it depends on"
    return run, result, why


def told(reason: Exception) -> str:
    """Why a function is not planned; what was not foreseen is logged."""
    if isinstance(reason, NotPlannedError):
        return str(reason)
    LOG.info("the framework's own mode is used", exc_info=reason)
    return f"{type(reason).__name__}: {str(reason).partition(chr(10))[0]}"


def check_unchanged(before: tuple[Sequence[Any], Any], after: tuple[Sequence[Any], Any]) -> None:
    """Raise `NotPlannedError` if a function changed its arguments, which are leaves and a tree."""
    leaves, tree = before
    if tree != after[1] or not all(map(is_, leaves, after[0])):
        raise NotPlannedError("it changes its arguments")


def is_value(value: Any) -> bool:
    """Whether it is a plain value, which never changes."""
    return value is None or isinstance(value, (bool, int, float, complex, str, bytes, np.generic))


def exact(value: Any) -> Hashable:
    """A key that tells values apart that are equal and not the same: 1 and True, 0.0 and -0.0.

    What is no plain value is told apart by its identity, which is its own as long as it is kept alive.
    """
    match value:
        case float():
            return type(value), value.hex()
        case complex():
            return type(value), value.real.hex(), value.imag.hex()
        case np.generic():
            return type(value), value.dtype.str, value.tobytes()
        case None | bool() | int() | str() | bytes() if type(value).__module__ == "builtins":
            return type(value), value
        case _:
            return object, id(value)

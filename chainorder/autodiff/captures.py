"""What is kept of a function that was captured: only as long as it is known to be the same function.

What is captured is run again where the call is of the same kind and nothing has changed that the function
depends on. Otherwise it is captured anew, as long as that has been worth it: a function that is another one
in every call is left to the framework.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from operator import is_
from threading import RLock
from typing import Any, ClassVar, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np

from chainorder.autodiff.choice import Choice, Unplanned
from chainorder.autodiff.dependencies import Snapshot, dependencies
from chainorder.autodiff.knowledge import Knowledge
from chainorder.autodiff.task import NotPlannedError

MOST = 16
"""Captures that are kept of a function; of more, the one that was not used for longest goes."""

PATIENCE = 2
"""Captures of the same code that are made whatever comes of it."""

REPAID = 16
"""One more is made for so many calls that used one …"""

RETRY = 64
"""… or for so many calls of any kind."""

Run: TypeAlias = Callable[..., Any]
"""Takes the arrays of a call."""

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Capture:
    """What was captured, for calls of one kind.

    Attributes
    ----------
    key
        The kind of the calls.
    snapshot
        What the function depended on.
    run
        Takes the arrays of a call; None if the framework's own mode does it.
    why
        Why that is so.
    """

    key: Hashable
    snapshot: Snapshot
    run: Run | None
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
    calls: int = 0

    known: ClassVar[WeakKeyDictionary[Any, Budget]] = WeakKeyDictionary()

    @classmethod
    def of(cls, function: Any) -> Budget:
        """The budget of the code of a function, or of the class of another object."""
        while isinstance(function, functools.partial):
            function = function.func
        code = getattr(getattr(function, "__func__", function), "__code__", type(function))
        return cls.known.setdefault(code, cls())

    @property
    def spent(self) -> bool:
        """Whether no more captures are to be made for now."""
        return self.made >= PATIENCE + self.used // REPAID + self.calls // RETRY


@dataclass(eq=False)
class Captures:
    """The captures of a function.

    Attributes
    ----------
    function, knowledge
        What is captured, and what is known of its framework.
    limited
        Whether it is given up where captures are not worth it.
    """

    function: Callable[..., Any]
    knowledge: Knowledge
    limited: bool = True
    kept: list[Capture] = field(default_factory=list)
    budget: Budget = field(init=False)

    lock: ClassVar[RLock] = RLock()
    """Frameworks do not trace in several threads at once."""

    def __post_init__(self) -> None:
        self.budget = Budget.of(self.function)

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
        self.budget.calls += 1
        found = self._standing(key)
        if found is not None:
            self.budget.used += 1
            return found.evaluate(arrays)
        if self.limited and self.budget.spent:
            raise NotPlannedError("it is another function, or called in another way, too often")
        with self.lock:
            self.budget.made += 1
            snapshot = dependencies((self.function, *others()), self.knowledge)
            run, result, why = attempt(capture, snapshot)
            self.kept = [Capture(key, snapshot, run, why), *self.kept[: MOST - 1]]
        if run is None:
            raise NotPlannedError(why)
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
                if each is not self.kept[0]:
                    self.kept = [each, *(other for other in self.kept if other is not each)]
                return each
        return None


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

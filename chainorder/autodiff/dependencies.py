"""What a function depends on beside its arguments, so that it is known whether it still is the same function.

Its bytecode names what it reads: globals, variables of enclosing functions, attributes. From there everything
that can be reached is looked through: functions, classes, objects with their attributes, containers. What can
change is held, to be compared in every call. What can change unseen (generators of random numbers, files,
objects of unknown extensions) is a `NotPlannedError`.
"""

from __future__ import annotations

import builtins
import functools
import weakref
from abc import ABC, ABCMeta
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import EnumType
from types import (
    BuiltinFunctionType,
    FunctionType,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any, Generic, Protocol

from chainorder.autodiff import held
from chainorder.autodiff.bytecode import Path, names_in
from chainorder.autodiff.held import MISSING, Held, Row
from chainorder.autodiff.knowledge import DYNAMIC, READERS, VALUES, Knowledge, array_facts, builtin, of_module
from chainorder.autodiff.task import NotPlannedError

MOST = 100_000
"""Objects that are looked at."""

IMMUTABLE = (object, int, str, float, complex, bytes, tuple, frozenset)
"""Builtin classes whose subclasses hold nothing but attributes (and items)."""

BARE = (ABC, Generic, Protocol)
"""Classes of the standard library whose methods read no attributes."""

PLUMBING = {"__dict__", "__weakref__"}

DESCRIPTORS = (MethodDescriptorType, WrapperDescriptorType, GetSetDescriptorType, MemberDescriptorType)

PARTS: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    MethodType: lambda value: (value.__func__, value.__self__),
    staticmethod: lambda value: (value.__func__,),
    classmethod: lambda value: (value.__func__,),
    property: lambda value: (value.fget,),
    functools.cached_property: lambda value: (value.func,),
    functools.partial: lambda value: (value.func, value.args, value.keywords),
    weakref.ref: lambda value: (value(),),
}
"""What stands for other objects, and cannot be changed itself."""

CONSTRUCTION = frozenset({"__init__", "__new__", "__post_init__"})
"""Methods that run only where a class is called."""

CALLED = frozenset({"forward", "__call__", "_call_impl"})
"""Methods of a framework's classes that are looked at in case somebody replaced them."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What a function depended on.

    Attributes
    ----------
    held
        What may change.
    kept
        The objects that were looked at: their identities are not given to others while it lives.
    row, facts
        Of what may change: what is compared by identity, and as numbers.
    """

    held: tuple[Held, ...]
    kept: tuple[Any, ...]
    row: Row = field(init=False)
    facts: tuple[Held, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "row", Row.of(self.held))
        object.__setattr__(self, "facts", tuple(each for each in self.held if each.facts))

    def same(self) -> bool:
        """Whether nothing has changed."""
        return self.row.same() and all(each.same() for each in self.facts)

    def restore(self) -> None:
        """Put back what was changed."""
        for each in self.held:
            each.restore()


def dependencies(roots: Iterable[Any], knowledge: Knowledge) -> Snapshot:
    """What some functions and other objects depend on; in time linear in what there is to look at.

    Raises
    ------
    NotPlannedError
        If that can change unseen.
    """
    walk = _Walk(knowledge)
    walk.push(*roots, *knowledge.roots())
    return walk.finished()


@dataclass(eq=False)
class _Space:
    """A dictionary of attributes or variables, of which those are looked at that are read somewhere.

    Attributes
    ----------
    table
        The dictionary.
    names
        What is read of it in any case.
    read
        Whether what is read of anything may be read of it.
    whole
        Whether everything is.
    """

    table: Any
    names: set[str] = field(default_factory=set)
    read: bool = True
    whole: bool = False
    taken: set[str] = field(default_factory=set)

    def wanted(self, read: set[str]) -> list[str]:
        """The names that were not looked at yet."""
        wanted = set(self.table) if self.whole else self.names | (read if self.read else set())
        return [name for name in wanted - self.taken if name in self.table]


class _Walk:
    """The objects that are looked at, and what they read of each other."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self.held: list[Held] = []
        self.seen: dict[tuple[int, bool], Any] = {}
        self.pending: list[tuple[Any, bool]] = []
        self.spaces: dict[int, _Space] = {}
        self.variables: dict[int, _Space] = {}
        self.attributes: set[str] = set()
        self.dynamic = False

    def push(self, *values: Any, made: bool = True) -> None:
        """Look at some values later; at a class as one that is called only if objects of it are `made`."""
        self.pending += ((value, made) for value in values)

    def finished(self) -> Snapshot:
        """All of it."""
        while self.pending or self._newly_read():
            value, made = self.pending.pop()
            if (id(value), made) not in self.seen:
                self.seen[id(value), made] = value
                self._visit(value, made)
            if len(self.seen) > MOST:
                raise NotPlannedError("it depends on too many objects to look at")
        spaces = [
            held.attributes(space.table, None if space.whole else space.taken)
            for space in self.spaces.values()
        ]
        variables = [held.variables(space.table, space.names) for space in self.variables.values()]
        return Snapshot((*variables, *spaces, *self.held), tuple(self.seen.values()))

    def _newly_read(self) -> bool:
        """Look at attributes whose names turned up since; False if there are none."""
        for space in self.spaces.values():
            space.whole |= self.dynamic
            new = space.wanted(self.attributes)
            space.taken.update(new)
            self.push(*(space.table[name] for name in new))
        return bool(self.pending)

    def _visit(self, value: Any, made: bool) -> None:
        known = self.knowledge.hold(value)
        if known is not NotImplemented:
            self.held += [known] if isinstance(known, Held) else []
            self.push(*(known if isinstance(known, tuple) else ()))
            return
        match value:
            case _ if type(value) in VALUES or (isinstance(value, VALUES) and self._trusted(type(value))):
                pass
            case FunctionType():
                self._function(value)
            case BuiltinFunctionType() | MethodWrapperType():
                self._native_function(value)
            case _ if isinstance(value, DESCRIPTORS):
                self.push(value.__objclass__, made=False)
            case ModuleType():
                self._module(value)
            case type():
                self._class(value, made)
            case _:
                if not self._container(value):
                    self._object(value)

    def _trusted(self, owner: Any) -> bool:
        return self.knowledge.trusts(getattr(owner, "__module__", None))

    def _module(self, module: ModuleType) -> None:
        if not self.knowledge.trusts(module.__name__) or module.__name__ == "numpy":
            raise NotPlannedError(f"it reads the module {module.__name__}, which may change unseen")

    def _native_function(self, value: Any) -> None:
        module = of_module(value)
        if module is None:
            self.push(value.__self__, made=False)
        elif not (builtin(value.__name__) if module == "builtins" else self.knowledge.trusts(module)):
            raise NotPlannedError(f"it calls {module}.{value.__name__}, whose result may change unseen")
        elif value.__name__ in READERS:
            raise NotPlannedError(f"it calls {module}.{value.__name__}")

    def _function(self, value: FunctionType) -> None:
        cells = [held.contents(cell) for cell in value.__closure__ or ()]
        module = value.__globals__.get("__name__")
        if self.knowledge.trusts(module):
            if value.__name__ in READERS:
                raise NotPlannedError(f"it calls {module}.{value.__name__}")
            wrapper = str(module).startswith("chainorder.") and "__wrapped__" in value.__dict__
            self.push(*([value.__wrapped__] if wrapper else cells))  # type: ignore[attr-defined]
            return
        names = names_in(value.__code__)
        if names.imports:
            raise NotPlannedError(f"{value.__name__} imports when it is called")
        if names.handles:
            raise NotPlannedError(f"{value.__name__} handles exceptions, which capturing may raise")
        self.held.append(held.function(value))
        self.spaces.setdefault(id(value.__dict__), _Space(value.__dict__))
        self.push(value.__defaults__, value.__kwdefaults__)
        self.attributes |= names.attributes
        for path in names.variables:
            self._variable(value.__globals__, path)
        closure = dict(zip(value.__code__.co_freevars, cells, strict=True))
        for path in names.free:
            self._follow(closure[path[0]], path[1:], made=path[0] != "__class__")

    def _variable(self, table: dict[str, Any], path: Path) -> None:
        """A global, or a builtin; a name that is neither may be one of a class, and is held as missing."""
        name = path[0]
        self.variables.setdefault(id(table), _Space(table)).names.add(name)
        if name in table:
            self._follow(table[name], path[1:])
        elif name in DYNAMIC:
            self.dynamic = True
        elif hasattr(builtins, name) and not builtin(name):
            raise NotPlannedError(f"it calls {name}, whose result may change unseen")

    def _follow(self, value: Any, path: Path, made: bool = True) -> None:
        """What is read of a variable, through modules."""
        while isinstance(value, ModuleType) and path:
            table = vars(value)
            self.variables.setdefault(id(table), _Space(table)).names.add(path[0])
            value, path = getattr(value, path[0], MISSING), path[1:]
        self.push(*(() if value is MISSING else (value,)), made=made)

    def _container(self, value: Any) -> bool:
        """Whether it is something of the standard library that holds others, which are looked at then."""
        kind = type(value)
        if kind in PARTS:
            self.push(*PARTS[kind](value))
        elif kind in (list, set, deque):
            self.held.append(held.items(value))
            self.push(*value)
        elif kind in (dict, OrderedDict, defaultdict, Counter, MappingProxyType):
            self.held.append(held.attributes(value))
            self.push(*value, *value.values(), getattr(value, "default_factory", None))
        elif kind in (tuple, frozenset):
            self.push(*value)
        else:
            array = array_facts(value)
            self.held += [array] if array else []
            return array is not None
        return True

    def _object(self, value: Any) -> None:
        """Its class and its attributes."""
        kind = type(value)
        self.held.append(held.classes(value))
        self._class(kind, made=False)
        if isinstance(value, tuple | frozenset):
            self.push(*value)
        trusted = [base for base in kind.__mro__ if base not in BARE and self._trusted(base)]
        slots = [name for base in kind.__mro__ for name in _slots(base)]
        table = _dictionary(value)
        if table is None and not slots and not isinstance(value, tuple | frozenset) and kind is not object:
            raise NotPlannedError(f"it depends on a {kind.__qualname__}, which may change unseen")
        if slots:
            self.held.append(held.slots(value, slots))
            self.push(*self.held[-1].was)
        if table is not None:
            known = self.knowledge.attributes
            whole = any(base not in known for base in trusted)
            names = {name for base in trusted for name in known.get(base, ())}
            self.spaces.setdefault(id(table), _Space(table, names, whole=whole))

    def _class(self, kind: type, made: bool) -> None:
        """The methods and attributes of a class and of its bases that are read somewhere."""
        if type(kind) not in (type, ABCMeta, EnumType) and not self._trusted(type(kind)):
            raise NotPlannedError(f"the class {kind.__qualname__} has a metaclass")
        if self._trusted(kind) and kind.__name__ in READERS:
            raise NotPlannedError(f"it calls {kind.__module__}.{kind.__name__}")
        if not self._trusted(kind):
            self.held.append(held.classes(kind))
        overridden = {name for base in kind.__mro__ if self._trusted(base) for name in vars(base)}
        for base in kind.__mro__:
            table: Mapping[str, Any] = vars(base)
            if self._trusted(base):
                names = set(CALLED)
            elif base.__module__ == "builtins":
                if base not in IMMUTABLE and base is not kind and not issubclass(base, BaseException):
                    raise NotPlannedError(f"the class {kind.__qualname__} extends {base.__qualname__}")
                continue
            elif any(isinstance(table[name], DESCRIPTORS) for name in table.keys() - _slots(base) - PLUMBING):
                raise NotPlannedError(
                    f"the class {base.__qualname__} is an extension, which may change unseen"
                )
            else:
                names = {name for name in table if name in overridden or _special(name, table[name])}
                names = names | CONSTRUCTION if made else names - CONSTRUCTION
            space = self.spaces.setdefault(id(base), _Space(table))
            space.names |= names


def _special(name: str, value: Any) -> bool:
    """Whether it is a method that an operator may call."""
    special = name.startswith("__") and name.endswith("__") and name not in CONSTRUCTION
    return special and isinstance(value, FunctionType | classmethod | staticmethod | property)


def _slots(kind: type) -> set[str]:
    slots = vars(kind).get("__slots__", ())
    return ({slots} if isinstance(slots, str) else set(slots)) - PLUMBING


def _dictionary(value: Any) -> Any:
    try:
        return object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None

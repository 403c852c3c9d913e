"""Functions that are other functions after something was changed that they depend on, for all frameworks.

Each case makes a function of an array (and of further arguments), and what changes it. They multiply by
numbers, so that they know of no framework. `RANDOM` are other functions in every call.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import itertools
import os
import random
import sys
import types
import weakref
from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar

import numpy as np

Function = Callable[..., Any]
Case = Callable[[], tuple[Function, Callable[[], object]]]

CASES: dict[str, Case] = {}
RANDOM: dict[str, Callable[[], Function]] = {}

scale = 2.0
settings = {"k": [2.0]}
settled = types.ModuleType("settled")
settled.k = 2.0  # type: ignore[attr-defined]


def case(make: Case) -> Case:
    """Add it to the cases."""
    CASES[make.__name__.strip("_").replace("_", " ")] = make
    return make


def helper(x: Any) -> Any:
    """Reads a global."""
    return x * scale


class Model:
    """What models are made of."""

    shared = 2.0
    table: ClassVar = {"k": 2.0}

    def __init__(self) -> None:
        self.k = 2.0
        self.parts = [2.0]
        self.unrelated = object()

    def __call__(self, x: Any) -> Any:
        return self.apply(x)

    def apply(self, x: Any) -> Any:
        return x * self.k

    @property
    def twice(self) -> float:
        return 2 * self.k

    @staticmethod
    def static(x: Any) -> Any:
        return x * scale

    @classmethod
    def of_class(cls, x: Any) -> Any:
        return x * cls.shared


class Child(Model):
    """Overrides, and calls what it overrides."""

    def apply(self, x: Any) -> Any:
        return super().apply(x) * 3


class Dynamic:
    """Answers for every attribute."""

    def __init__(self) -> None:
        self.values = {"k": 2.0}

    def __getattr__(self, name: str) -> float:
        return float(self.values[name])


class Slotted:
    """Has no dictionary."""

    __slots__ = ("k",)

    def __init__(self) -> None:
        self.k = 2.0


@dataclass
class Config:
    """A dataclass that can be changed."""

    k: float = 2.0
    more: list[float] = field(default_factory=lambda: [2.0])


@dataclass(frozen=True)
class Frozen:
    """One that cannot, but for what it holds."""

    config: Config = field(default_factory=Config)


class Settings(dict):  # type: ignore[type-arg]
    """A dictionary of another class."""


class Meta(type):
    """Answers for its classes."""

    k = 2.0


class Made(metaclass=Meta):
    """A class of it."""


class Colour(Enum):
    """Members with methods that read globals."""

    RED = 3

    def of(self, x: Any) -> Any:
        return x * self.value * scale


Pair = namedtuple("Pair", "values other")


def restored(table: Any, key: Any, value: Any) -> Callable[[], None]:
    """Switches between what was there and another value."""

    def change() -> None:
        nonlocal value
        table[key], value = value, table[key]

    return change


def attribute(owner: Any, name: str, value: Any) -> Callable[[], None]:
    """The same for an attribute."""

    def change() -> None:
        nonlocal value
        old = getattr(owner, name)
        setattr(owner, name, value)
        value = old

    return change


HERE: Any = sys.modules[__name__]


@case
def _closure() -> Any:
    k = 2.0

    def change() -> None:
        nonlocal k
        k = 5.0 - k

    return lambda x: x * k, change


@case
def _global() -> Any:
    return lambda x: x * scale, attribute(HERE, "scale", 5.0)


@case
def _global_of_a_helper() -> Any:
    return lambda x: helper(x) + x, attribute(HERE, "scale", 5.0)


@case
def _replaced_helper() -> Any:
    return lambda x: helper(x), attribute(HERE, "helper", lambda x: x * 7)


@case
def _nested_function() -> Any:
    def function(x: Any) -> Any:
        def inner(y: Any) -> Any:
            return sum(each * y for each in settings["k"])

        return inner(x)

    return function, restored(settings["k"], 0, 5.0)


@case
def _default() -> Any:
    def function(x: Any, k: float = 2.0) -> Any:
        return x * k

    return function, attribute(function, "__defaults__", (5.0,))


@case
def _mutable_default() -> Any:
    def function(x: Any, k: Any = {"k": 2.0}) -> Any:  # noqa: B006
        return x * k["k"]

    return function, restored(function.__defaults__[0], "k", 5.0)  # type: ignore[index]


@case
def _keyword_default() -> Any:
    def function(x: Any, *, k: float = 2.0) -> Any:
        return x * k

    return function, restored(function.__kwdefaults__, "k", 5.0)


@case
def _code() -> Any:
    def function(x: Any) -> Any:
        return x * 2.0

    return function, attribute(function, "__code__", (lambda x: x * 5.0).__code__)


@case
def _attribute_of_a_function() -> Any:
    def function(x: Any) -> Any:
        return x * function.k  # type: ignore[attr-defined]

    function.k = 2.0  # type: ignore[attr-defined]
    return function, attribute(function, "k", 5.0)


@case
def _list() -> Any:
    values = [2.0]
    return lambda x: x * values[0], restored(values, 0, 5.0)


@case
def _longer_list() -> Any:
    values = [2.0]
    return lambda x: x * sum(values), lambda: values.append(5.0)


@case
def _list_of_functions() -> Any:
    stages = [lambda x: x * 2.0, lambda x: x * 3.0]
    return lambda x: stages[1](stages[0](x)), restored(stages, 0, lambda x: x * 5.0)


@case
def _nested_containers() -> Any:
    values = ({"a": [OrderedDict(k=deque([2.0]))]},)
    return lambda x: x * values[0]["a"][0]["k"][0], restored(values[0]["a"][0]["k"], 0, 5.0)


@case
def _defaultdict() -> Any:
    values: Any = defaultdict(float, k=2.0)
    return lambda x: x * values["k"], restored(values, "k", 5.0)


@case
def _set() -> Any:
    values = {1.0}
    return lambda x: x * len(values), lambda: values.add(2.0)


@case
def _order_of_a_dictionary() -> Any:
    values = OrderedDict(a=2.0, b=5.0)
    return lambda x: x * next(iter(values.values())), lambda: values.move_to_end(next(iter(values)))


@case
def _dictionary_of_another_class() -> Any:
    values = Settings(k=2.0)
    return lambda x: x * values["k"], restored(values, "k", 5.0)


@case
def _named_tuple() -> Any:
    values = Pair([2.0], 1)
    return lambda x: x * values.values[0], restored(values.values, 0, 5.0)


@case
def _attribute() -> Any:
    model = Model()
    return lambda x: x * model.k, attribute(model, "k", 5.0)


@case
def _class_of_an_object() -> Any:
    model = Model()
    return lambda x: model.apply(x), attribute(model, "__class__", Child)


@case
def _base_of_a_class() -> Any:
    class Base(Model):
        pass

    class Other(Child):
        pass

    class Last(Base):
        pass

    return Last().apply, attribute(Last, "__bases__", (Other,))


@case
def _bound_method() -> Any:
    model = Model()
    return model.apply, attribute(model, "k", 5.0)


@case
def _callable_object() -> Any:
    model = Model()
    return model, attribute(model, "k", 5.0)


@case
def _inherited_method() -> Any:
    model = Child()
    return model, attribute(model, "k", 5.0)


@case
def _replaced_method() -> Any:
    model = Child()
    return model, attribute(Model, "apply", lambda self, x: x * 7)


@case
def _method_of_an_instance() -> Any:
    model: Any = Model()
    return lambda x: model.apply(x), lambda: setattr(model, "apply", lambda x: x * 7)


@case
def _property() -> Any:
    model = Model()
    return lambda x: x * model.twice, attribute(model, "k", 5.0)


@case
def _static_method() -> Any:
    return Model.static, attribute(HERE, "scale", 5.0)


@case
def _class_method() -> Any:
    return Model.of_class, attribute(Model, "shared", 5.0)


@case
def _class_attribute() -> Any:
    model = Child()
    return lambda x: x * model.shared, attribute(Model, "shared", 5.0)


@case
def _class_attribute_hidden() -> Any:
    model = Child()
    return lambda x: x * model.shared, lambda: setattr(model, "shared", 5.0)


@case
def _dictionary_of_a_class() -> Any:
    model = Model()
    return lambda x: x * model.table["k"], restored(Model.table, "k", 5.0)


@case
def _attribute_by_name() -> Any:
    model, name = Model(), "k"
    return lambda x: x * getattr(model, name), attribute(model, "k", 5.0)


@case
def _attribute_by_getattr() -> Any:
    model = Dynamic()
    return lambda x: x * model.k, restored(model.values, "k", 5.0)


@case
def _attribute_in_a_dictionary() -> Any:
    model = Model()
    return lambda x: x * vars(model)["k"], attribute(model, "k", 5.0)


@case
def _dictionary_attribute() -> Any:
    model = Model()
    return lambda x: x * model.__dict__["k"], attribute(model, "k", 5.0)


@case
def _list_of_an_object() -> Any:
    model = Model()
    return lambda x: x * model.parts[0], restored(model.parts, 0, 5.0)


@case
def _new_attribute() -> Any:
    model: Any = Model()
    return lambda x: x * (model.late if hasattr(model, "late") else 2.0), lambda: setattr(model, "late", 5.0)


@case
def _slots() -> Any:
    model = Slotted()
    return lambda x: x * model.k, attribute(model, "k", 5.0)


@case
def _dataclass() -> Any:
    config = Config()
    return lambda x: x * config.k, attribute(config, "k", 5.0)


@case
def _frozen_dataclass() -> Any:
    frozen = Frozen()
    return lambda x: x * frozen.config.more[0], restored(frozen.config.more, 0, 5.0)


@case
def _metaclass() -> Any:
    return lambda x: x * Made.k, attribute(Meta, "k", 5.0)  # type: ignore[attr-defined]


@case
def _enum() -> Any:
    return lambda x: Colour.RED.of(x), attribute(HERE, "scale", 5.0)


@case
def _module() -> Any:
    return lambda x: x * settled.k, attribute(settled, "k", 5.0)  # type: ignore[attr-defined]


@case
def _module_in_a_list() -> Any:
    modules = [settled]
    return lambda x: x * modules[0].k, attribute(settled, "k", 5.0)  # type: ignore[attr-defined]


@case
def _imported_when_called() -> Any:
    def function(x: Any) -> Any:
        from tests.changing import scale as k

        return x * k

    return function, attribute(HERE, "scale", 5.0)


@case
def _globals() -> Any:
    return lambda x: x * globals()["scale"], attribute(HERE, "scale", 5.0)


@case
def _eval() -> Any:
    return lambda x: x * eval("scale"), attribute(HERE, "scale", 5.0)


@case
def _partial() -> Any:
    values = [2.0]
    return functools.partial(lambda k, x: x * k[0], values), restored(values, 0, 5.0)


@case
def _keywords_of_a_partial() -> Any:
    part: Any = functools.partial(lambda x, k: x * k, k=2.0)
    return part, restored(part.keywords, "k", 5.0)


@case
def _decorated() -> Any:
    def decorator(function: Function) -> Function:
        @functools.wraps(function)
        def wrapper(x: Any) -> Any:
            return function(x) * settings["k"][0]

        return wrapper

    return decorator(lambda x: x * 3), restored(settings["k"], 0, 5.0)


@case
def _cached() -> Any:
    state = [2.0]
    cached = functools.lru_cache(lambda: state[0])

    def change() -> None:
        state[0] = 7.0 - state[0]
        cached.cache_clear()

    return lambda x: x * cached(), change


@case
def _weak_reference() -> Any:
    model = Model()
    reference = weakref.ref(model)
    return lambda x, kept=model: x * reference().k, attribute(model, "k", 5.0)  # type: ignore[union-attr]


@case
def _context_variable() -> Any:
    variable = contextvars.ContextVar("variable", default=2.0)
    return lambda x: x * variable.get(), lambda: variable.set(7.0 - variable.get())


@case
def _environment() -> Any:
    os.environ["CHAINORDER_TEST"] = "2"
    return lambda x: x * float(os.environ["CHAINORDER_TEST"]), restored(os.environ, "CHAINORDER_TEST", "5")


@case
def _array() -> Any:
    values = np.array([2.0, 3.0])
    return lambda x: x * float(values[0]), restored(values, 0, 5.0)


@case
def _large_array() -> Any:
    values = np.full(2**18, 2.0)
    return lambda x: x * float(values[7]), restored(values, 7, 5.0)


@case
def _array_of_objects() -> Any:
    values = np.array([[2.0], None], dtype=object)
    return lambda x: x * values[0][0], restored(values[0], 0, 5.0)


@case
def _bytes() -> Any:
    values = bytearray(b"2")
    return lambda x: x * values[0], restored(values, 0, 5)


def random_case(make: Callable[[], Function]) -> Callable[[], Function]:
    """Add it to those that are another function in every call."""
    RANDOM[make.__name__.strip("_").replace("_", " ")] = make
    return make


@random_case
def _random() -> Any:
    return lambda x: x * random.random()


@random_case
def _numpy_random() -> Any:
    return lambda x: x * float(np.random.rand())


@random_case
def _generator_of_numpy() -> Any:
    return functools.partial(lambda g, x: x * float(g.normal()), np.random.default_rng(0))


@random_case
def _generator_of_python() -> Any:
    generator = random.Random(0)
    return lambda x: x * generator.random()


@random_case
def _counter() -> Any:
    counter = itertools.count(1)
    return lambda x: x * next(counter)


@random_case
def _iterator() -> Any:
    def numbers() -> Iterator[float]:
        yield from range(1, 1000)

    iterator = numbers()
    return lambda x: x * next(iterator)


@random_case
def _side_effect() -> Any:
    seen: list[int] = []

    def function(x: Any) -> Any:
        seen.append(1)
        return x * len(seen)

    return function


@random_case
def _own_attribute() -> Any:
    model = Model()

    def function(x: Any) -> Any:
        model.k += 1
        return model(x)

    return function


@random_case
def _own_variable() -> Any:
    calls = 0

    def function(x: Any) -> Any:
        nonlocal calls
        calls += 1
        return x * calls

    return function


@random_case
def _own_global() -> Any:
    def function(x: Any) -> Any:
        global scale
        scale += 1
        return x * scale

    return function


def handled(x: Any, m: Any) -> Any:
    """Another function while it is traced."""
    try:
        return x * float(m)
    except (RuntimeError, TypeError, ValueError):
        return x * 7


def suppressed(x: Any, m: Any) -> Any:
    """The same, hidden."""
    k = 7.0
    with contextlib.suppress(Exception):
        k = float(m)
    return x * k


def written(x: Any, values: dict[str, Any]) -> Any:
    """Changes its argument."""
    values["k"] += 1.0
    return x * values["k"]


def listed(x: Any, values: list[Any]) -> Any:
    """Adds to its argument."""
    values.append(len(values))
    return x * values[-1]


def raised(x: Any, values: Any) -> Any:
    """Changes an array."""
    values += 1
    return x * float(values[0])


WRITING: dict[str, tuple[Function, Callable[[], Any]]] = {
    "an entry": (written, lambda: {"k": 2.0}),
    "one more item": (listed, lambda: [1]),
    "an array": (raised, lambda: np.ones(2)),
}
"""Functions that change an argument."""

ARGUMENTS: dict[str, tuple[Function, list[Any]]] = {
    "0.0 and -0.0": (lambda x, s: x * (2.0 if str(s)[0] == "-" else 3.0), [0.0, -0.0, 0.0]),
    "1, True and 1.0": (lambda x, s: x * len(str(s)), [1, True, 1.0, 1]),
    "numbers of NumPy": (lambda x, s: x * s.itemsize, [np.float32(1), np.float64(1), np.int8(1)]),
    "lists": (lambda x, s: x * len(s[0]), [["a"], ["bc"], [""]]),
    "signed zeros in a list": (lambda x, s: x * (2.0 if str(s[0])[0] == "-" else 3.0), [[0.0], [-0.0]]),
    "arrays": (lambda x, s: x * float(s[0]), [np.array([1.0]), np.array([2.0]), np.array([1.0])]),
    "complex numbers": (lambda x, s: x * len(str(s)), [complex(0, 0.0), complex(0, -0.0), 1j]),
    "dictionaries": (lambda x, s: x * s["k"], [{"k": 2.0}, {"k": 5.0}]),
    "functions": (lambda x, s: s(x), [lambda x: x * 2, lambda x: x * 5, helper]),
    "objects": (lambda x, s: x * s.k, [Model(), Slotted(), Config(k=5.0)]),
    "names": (lambda x, s: x * len(s), ["a", "bc", "a"]),
}
"""Functions of an array and another argument, and values of that argument."""

"""What a chain and a graph have in common: names, limits, and a spec that each can be made from again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar, Self

from chainorder.errors import SpecError
from chainorder.problems.elementals import ModelCosts
from chainorder.problems.messages import Fault, in_order, noting, validate
from chainorder.reading.document import MAX_DEPTH, shallow
from chainorder.reading.numerals import MOST, TooLongError, memory_entries
from chainorder.reading.words import join, one_line, show


class Problem(ABC):
    """What is to be multiplied: a chain or a computational graph. Immutable.

    Attributes
    ----------
    kind
        ``chain`` or ``graph``: the key under which saved plans and reports hold it, and registries know it.
    name
        For reports.
    machines
        Identical machines that a plan may use, each for one operation at a time.
    memory
        Entries that the tape of one elemental may take on its machine; None for no limit.
    network
        The network that it was made from, if it was.
    """

    kind: ClassVar[str]

    name: str | None
    memory: int | None
    machines: int
    network: Any

    @property
    @abstractmethod
    def title(self) -> str:
        """It in a line: name, counts, sizes."""

    @property
    @abstractmethod
    def files(self) -> frozenset[Path]:
        """The files that its matrices are read from."""

    @property
    @abstractmethod
    def _kinds(self) -> Iterable[ModelCosts]:
        """Its elementals, or one for each kind of them."""

    @property
    def modelled(self) -> bool:
        """Whether an elemental has a tangent or an adjoint."""
        return any(kind.modelled for kind in self._kinds)

    @property
    def matrix_free(self) -> bool:
        """Whether an elemental is matrix-free."""
        return not all(kind.explicit for kind in self._kinds)

    @classmethod
    def from_spec(cls, data: object, folder: Path = Path(), file: str | Path | None = None) -> Self:
        """What plain values declare, as `to_spec` returns them.

        Parameters
        ----------
        data
            What a spec holds for one chain or graph.
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
        found = cls.checked(data, folder)
        if isinstance(found, list):
            errors = [SpecError(one_line(fault.message), file, key=join(fault.path)) for fault in found]
            raise SpecError.of(errors)
        return found

    @classmethod
    def checked(cls, data: Any, folder: Path) -> Self | list[Fault]:
        """What plain values declare, or all that is wrong with them, in their order."""
        faults, complete = validate(data, "chain")
        made = cls._valid(data, folder, faults) if complete and isinstance(data, dict) else None
        return in_order(data, faults) if made is None else made

    @classmethod
    def _valid(cls, data: dict[str, Any], folder: Path, faults: list[Fault]) -> Self | None:
        """What data declare that the schema has looked at; None if there are faults, old ones or new ones."""
        if declared(data) != cls.kind:
            faults.append(Fault(f"it is the spec of a {declared(data)}, not of a {cls.kind}"))
        settings: dict[str, Any] = {key: data[key] for key in ("name", "machines") if key in data}
        if all(fault.path != ("memory",) for fault in faults):
            with noting(faults):
                settings["memory"] = memory_of(data)
        arguments = cls._arguments(data, folder, faults)
        return None if arguments is None or faults else cls._made(arguments | settings, faults)

    @classmethod
    @abstractmethod
    def _arguments(cls, data: dict[str, Any], folder: Path, faults: list[Fault]) -> dict[str, Any] | None:
        """The elementals that data declare, as arguments; None if there are faults, old ones or new ones."""

    @classmethod
    def _made(cls, arguments: dict[str, Any], faults: list[Fault]) -> Self | None:
        """The chain or graph of arguments; None if they do not fit together, which is added to the faults."""
        return cls(**arguments)

    def named(self, name: str) -> Self:
        """The same under another name."""
        return self._with(name=name)

    def within(self, memory: int | None) -> Self:
        """The same with another limit for tapes."""
        return self._with(memory=memory)

    def on(self, machines: int) -> Self:
        """The same on another number of machines."""
        return self._with(machines=machines)

    def _with(self, **changes: Any) -> Self:
        stated = {field.name: getattr(self, field.name) for field in fields(self) if field.init}  # type: ignore[arg-type]
        return type(self)(**stated | changes)

    def to_spec(self) -> dict[str, Any]:
        """The spec that declares it, as plain data; real matrices by the path of their file."""
        settings = (("name", None), ("machines", 1), ("memory", None))
        stated = {key: getattr(self, key) for key, default in settings if getattr(self, key) != default}
        return stated | (self._items() if self.network is None else self.network.to_spec())

    @abstractmethod
    def _items(self) -> dict[str, Any]:
        """The keys of a spec that declare its elementals."""

    def to_data(self) -> dict[str, Any]:
        """Its name and counts, and the spec that it can be made from again: what saved plans hold of it."""
        return {"name": self.name, **self.counts, "spec": self.to_spec()}

    @property
    @abstractmethod
    def counts(self) -> dict[str, int]:
        """What tells how large it is, by the keys of reports."""


def declared(data: object) -> str:
    """Whether data are the spec of a ``graph`` or, as whatever is none, of a ``chain``."""
    if not isinstance(data, dict) or isinstance(data.get("elementals"), list):
        return "chain"
    return "graph" if "vertices" in data or data.get("parameters") else "chain"


def memory_of(data: dict[str, Any]) -> int | None:
    """The limit for tapes that valid data state, in entries."""
    stated: int | str | None = data.get("memory")
    if not isinstance(stated, str):
        return stated
    try:
        entries = memory_entries(stated)
    except TooLongError as error:
        raise Fault(str(error), ("memory",)) from None
    if entries is None or entries > MOST:
        message = (
            f"memory is {show(stated)}; a limit is a whole number of entries or bytes, at most {MOST:.0e}"
        )
        raise Fault(message, ("memory",))
    return entries

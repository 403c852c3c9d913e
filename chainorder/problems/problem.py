"""What a chain and a graph have in common: names, limits, and a spec that each can be made from again.

Everywhere in this package a *place* is an index, from 0: of an elemental in its chain, of an edge in its
graph, of an operation in its plan. A *number* is what texts and papers count by, from 1 at the input: the
elemental of number i is at place i − 1.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from chainorder.problems.elementals import ModelCosts
from chainorder.reading.words import KeyPath
from chainorder.system.showing import Shown

if TYPE_CHECKING:
    from chainorder.problems.messages import Fault


class Problem(Shown):
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
    def brief(self) -> str:
        """It in a line."""
        return self.title

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int]:
        """Rows and columns of its Jacobian: outputs and inputs."""

    @property
    @abstractmethod
    def files(self) -> frozenset[Path]:
        """The files that its matrices are read from."""

    @property
    @abstractmethod
    def _kinds(self) -> Iterable[ModelCosts]:
        """Its elementals, or one for each kind of them."""

    @property
    @abstractmethod
    def joints(self) -> int:
        """How many values lie between inputs and outputs, where products meet."""

    @property
    def modelled(self) -> bool:
        """Whether an elemental has a tangent or an adjoint."""
        return any(kind.modelled for kind in self._kinds)

    @property
    def sparse(self) -> bool:
        """Whether the structure of an elemental is a list of positions."""
        return any(kind.structure.name == "sparse" for kind in self._kinds)

    @property
    def matrix_free(self) -> bool:
        """Whether an elemental is matrix-free."""
        return not all(kind.explicit for kind in self._kinds)

    @classmethod
    def from_spec(
        cls,
        data: object,
        folder: Path = Path(),
        file: str | Path | None = None,
        *,
        place: Callable[[KeyPath], tuple[int, int] | None] = lambda _: None,
    ) -> Self:
        """What plain values declare, as `to_spec` returns them.

        Parameters
        ----------
        data
            What a spec holds for one chain or graph.
        folder
            What the paths of matrices are relative to.
        file
            For error messages.
        place
            Line and column of a path of keys, where the values came from a text.

        Raises
        ------
        SpecError
            With all that is wrong with them.
        """
        from chainorder.problems.from_spec import problem_of  # the schema and its like: start-up does without

        return problem_of(cls.kind, cls, data, folder, file, place)

    @classmethod
    def checked(cls, data: Any, folder: Path) -> Self | list[Fault]:
        """What plain values declare, or all that is wrong with them, in their order."""
        from chainorder.problems.from_spec import checked  # as above

        return checked(cls.kind, cls, data, folder)

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

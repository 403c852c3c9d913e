"""How results show themselves: rooms further up draw them; the roof, ``chainorder/__init__.py``, says which.

So a plan has a method `plot` without knowing of pictures, and the rooms stay in their order.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import fields
from reprlib import Repr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

VIEWS: dict[str, Callable[..., Any]] = {}
"""By what is asked for: ``plot``; ``text``, which `print` shows; ``html``, for notebooks."""


_SHORT = Repr()
_SHORT.maxother = _SHORT.maxstring = 120


def stated(found: Any) -> str:
    """The repr of a dataclass: its fields that are not as by default, long ones cut."""
    values = ((field, getattr(found, field.name)) for field in fields(found) if field.repr)
    shown = (f"{field.name}={_SHORT.repr(value)}" for field, value in values if value != field.default)
    return f"{type(found).__name__}({', '.join(shown)})"


class Shown(ABC):
    """What says in a line what it is, in a table what it holds, and in pictures why."""

    __slots__ = ()

    @property
    @abstractmethod
    def brief(self) -> str:
        """What counts, in a line."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.brief}>"

    def __str__(self) -> str:
        text: str = VIEWS["text"](self)
        return text

    def _repr_html_(self) -> str:
        """What notebooks show."""
        fragment: str = VIEWS["html"](self)
        return fragment

    def plot(self, what: str | None = None, *, ax: Axes | None = None) -> Axes:
        """Draw a picture by Matplotlib, with the fonts and sizes of its rcParams.

        Parameters
        ----------
        what
            Which picture; by default the one that says most. A wrong name lists those that there are.
        ax
            Where to; by default on a new figure of its own.

        Raises
        ------
        ChainorderError
            If there is no such picture; `InstallationError` without Matplotlib: the extra ``plot`` adds it.
        """
        drawn: Axes = VIEWS["plot"](self, what, ax=ax)
        return drawn

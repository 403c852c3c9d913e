"""How results show themselves: rooms further up draw them; the roof, ``chainorder/__init__.py``, says which.

So a plan has a method `plot` without knowing of pictures, and the rooms stay in their order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

VIEWS: dict[str, Callable[..., Any]] = {}
"""By what is asked for: ``plot``."""


class Shown:
    """What can be drawn."""

    __slots__ = ()

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

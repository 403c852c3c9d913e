"""What is installed beside this package, and among its files."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from chainorder.errors import InstallationError

FOLDER = Path(__file__).parent.parent

STRANGERS = ("decompose.py", "order_params.py")
"""Modules of the distribution `chainorder` of the package index, which is about the order of anions: pip puts
them into the same folder. No module of this package may be called so."""


def how_to_add(extra: str) -> str:
    """The command that installs an extra: by path, for the name on the package index is another project's."""
    return f"pip install '.[{extra}]' in a checkout of chainorder"


def require(package: str, extra: str | None = None) -> Any:
    """Import an optional package; the extra that brings it is called as it is, if nothing else is said.

    Raises
    ------
    InstallationError
        If it is not there, or cannot be imported; says how to add it.
    """
    try:
        return import_module(package)
    except ImportError as error:
        why = "is not installed" if error.name == package else f"cannot be imported ({error})"
        raise InstallationError(f"{package} {why}: {how_to_add(extra or package)}") from error


def refuse_strangers() -> None:
    """Raise `InstallationError` if files of that other distribution are mixed in."""
    if found := [name for name in STRANGERS if (FOLDER / name).exists()]:
        raise InstallationError(
            f"{', '.join(found)} in {FOLDER} are of another project, called chainorder on the package index: "
            "pip uninstall chainorder jacobian-chainorder, then install this one again from a checkout"
        )

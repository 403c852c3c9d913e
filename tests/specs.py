"""Specs that are wrong, and what is said of them."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import pytest

from chainorder.errors import SpecError
from chainorder.problems.load import load

Case: TypeAlias = tuple[str | bytes, str, str, tuple[str, ...]]
"""The text of a file, the place as line:column, the key, and parts of the message."""

LONG = "9" * 5000
SIZE = "a size is a whole number of at least 1"


def items(*elementals: str) -> str:
    return "elementals:\n" + "\n".join(f"- {{{elemental}}}" for elemental in elementals)


def refuses(path: Path, case: Case) -> None:
    """The file is refused by one line that says where, what, and what would be right."""
    content, place, key, parts = case
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SpecError) as caught:
        load(path)
    error = caught.value
    assert error.file == path
    assert f"{error.line}:{error.column}" == place
    assert error.key == key
    assert not [part for part in parts if part not in error.message]
    assert str(error).splitlines() == [str(error)]
    assert str(error).isprintable()
    assert len(str(error)) < 600

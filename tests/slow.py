"""Which cases of a table the quick run takes."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

import pytest


def slow_but(quick: Container[Any], cases: Iterable[Any]) -> list[Any]:
    """The cases of a table, of which those that are not among the quick ones are marked slow."""
    return [each if each in quick else pytest.param(each, marks=pytest.mark.slow) for each in cases]

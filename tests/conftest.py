"""What all tests rely on."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

import pytest

from tests.running import run

__all__ = ["run"]


def pytest_configure() -> None:
    """Screens are wide, and Ctrl-C is heard: behind ``&`` it is ignored, which what is started inherits."""
    os.environ["COLUMNS"] = "200"
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module", autouse=True)
def _programs_are_let_go() -> Iterator[None]:
    """What JAX compiled for a file of tests takes gigabytes by the end of all."""
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()

"""What all tests rely on."""

from __future__ import annotations

import signal

from tests.running import run

__all__ = ["run"]


def pytest_configure() -> None:
    """Behind an ``&`` Ctrl-C is ignored, and what tests start and interrupt would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)

"""Long work says what it is at, on a terminal, and nowhere else; runs account for their time."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chainorder.report import progress
from chainorder.report.progress import Account, Display
from chainorder.system.phases import counted, phase, watched

CHAIN = Path(__file__).parent.parent / "data" / "autoencoder.yaml"


def test_an_account_knows_each_part_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(progress, "clock", lambda: now[0])
    account = Account()
    with watched(account), phase("chain", 2):
        with phase("reading"):
            now[0] += 1
        with phase("verifying"):
            now[0] += 2
            with phase("multiplying", 3):  # to verify
                now[0] += 3
        now[0] += 4
    assert account.note() == "10 s in all: reading 1 s, verifying 5 s, the rest 4 s"


def test_nobody_is_told_who_does_not_watch() -> None:
    with phase("planning") as working:
        working.advance()
        working.say("nothing")
    assert list(counted("ab", "letters")) == ["a", "b"]
    account = Account()
    with watched(account):
        pass
    with phase("reading"):
        pass
    assert not account.spent


def test_a_display_says_which_of_how_many_and_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    display = Display()
    with watched(display), phase("chain", 5), phase("planning") as working:
        now[0] = 4.0
        working.say("best 12, bound 10, gap 20.00%")
        assert display.text() == "chain 1 of 5 (4 s) · planning best 12, bound 10, gap 20.00% (4 s)"
        with phase("multiplying", 10) as steps:
            now[0] = 6.0
            steps.advance()
            assert display.text().endswith("multiplying 2 of 10 (2 s, about 18 s left)")
    assert display.text() == ""


def test_an_error_ends_the_display() -> None:
    display = Display()
    with pytest.raises(ZeroDivisionError), watched(display):
        for _ in counted([1, 2], "chain", 2):
            raise ZeroDivisionError
    display.stop()
    assert display.text() == ""


RUN = [sys.executable, "-m", "chainorder", "run", "--compare", str(CHAIN), "--no-legend"]


@pytest.mark.slow
def test_a_terminal_is_shown_the_steps_of_a_run() -> None:
    """As a terminal sees it: what is said on stderr, which then is wiped away."""
    seen = b""
    leader, follower = pty.openpty()
    variables = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(RUN, stdout=subprocess.DEVNULL, stderr=follower, env=variables) as running:
        os.close(follower)
        while True:
            try:
                part = os.read(leader, 4096)
            except OSError:  # the other end is closed
                break
            seen += part
        assert running.wait() == 0
    os.close(leader)
    text = seen.decode()
    assert re.search(r"(forward|reverse|best) \(\d+ s\) · (making|multiplying \d+ of 10|verifying)", text)


@pytest.mark.slow
def test_a_pipe_is_not() -> None:
    done = subprocess.run(RUN, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert re.search(r"in all: reading .*, planning .*, making Jacobians .*, multiplying .*,", done.stdout)

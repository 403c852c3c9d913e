"""The command line, in the process of the tests."""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from chainorder.cli import main


class Done(NamedTuple):
    """What a command line came to."""

    status: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line, in this process."""

    def command(*arguments: object, stdin: str | bytes = "") -> Done:
        content = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        monkeypatch.setattr(sys, "argv", ["chainorder", *map(str, arguments)])
        status: Any = 0
        try:
            main()
        except SystemExit as end:
            status = end.code
        return Done(status or 0, *capsys.readouterr())

    return command


def planned(done: Done) -> list[tuple[str, int]]:
    """Names and costs of the plans of a JSON report."""
    assert done.status == 0, done.err
    data = json.loads(done.out)
    plans = data if isinstance(data, list) else [data]
    return [((each.get("chain") or each["graph"])["name"], each["fma"]) for each in plans]


def packed(path: Path, text: str) -> Path:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(text)
    return path

"""Completion and the manual page, as the shells and man themselves show them; defaults from files."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from chainorder.cli import cli
from chainorder.errors import ChainorderError

BIN = Path(sys.executable).parent
SHELLS = {
    "bash": (
        ["bash", "--norc", "--noprofile", "-i"],
        'bind "set bell-style none"; bind "set enable-bracketed-paste off"; PS1="> "',
    ),
    "zsh": (
        ["zsh", "-f", "-i"],
        "autoload -U compinit; compinit -u -D; PS1='> '; unsetopt zle_bracketed_paste",
    ),
    "fish": (
        ["fish", "--no-config", "-i", "--features", "no-query-term"],
        "function fish_prompt; echo '> '; end",
    ),
}
SOURCES = {
    "bash": 'eval "$(_CHAINORDER_COMPLETE=bash_source chainorder)"',
    "zsh": 'eval "$(_CHAINORDER_COMPLETE=zsh_source chainorder)"',
    "fish": "_CHAINORDER_COMPLETE=fish_source chainorder | source",
}
TYPED = [
    ("chainorder calib", "calibrate "),
    ("chainorder plan --obj", "--objective "),
    ("chainorder plan --solver hu", "hu-shing "),
    ("chainorder plan --format mark", "markdown "),
    ("chainorder plan specs/de", "specs/deep/"),
    ("chainorder plan specs/deep/on", "specs/deep/one.yaml.gz "),
    ("chainorder compare --color al", "always "),
]


def completed(shell: str, lines: Sequence[str], folder: Path) -> Iterator[str]:
    """What a shell makes of each line and a tab, up to a mark that is typed behind it."""
    command, begin = SHELLS[shell]
    leader, follower = pty.openpty()
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    variables = os.environ | {"PATH": path, "TERM": "dumb", "HOME": str(folder), "COLUMNS": "200"}
    streams = {"stdin": follower, "stdout": follower, "stderr": follower}
    settings = {"cwd": folder, "env": variables, "start_new_session": True, "preexec_fn": _take_terminal}
    with subprocess.Popen(command, **streams, **settings) as running:
        os.close(follower)
        try:
            for line in (begin, SOURCES[shell], "echo re''ady"):
                os.write(leader, f"{line}\n".encode())
            _until(leader, "ready")
            for place, line in enumerate(lines):  # a mark each: shells draw the one before once more
                os.write(leader, f"{line}\t".encode())
                time.sleep(2)
                os.write(leader, f"<<{place}".encode())
                yield re.sub(r"\x1b\[\w|(?<= )\x08 ", "", _until(leader, f"<<{place}"))
                os.write(leader, b"\x15")  # away with the line
        finally:
            running.kill()
            os.close(leader)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _until(leader: int, mark: str) -> str:
    """What is shown until a mark is, within half a minute."""
    seen, end = "", time.monotonic() + 30
    while mark not in seen and time.monotonic() < end:
        if select.select([leader], [], [], 0.5)[0]:
            seen += os.read(leader, 4096).decode(errors="replace")
    return seen


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """A folder with specs, in one with what is none."""
    deep = tmp_path / "specs" / "deep"
    deep.mkdir(parents=True)
    for name in ("one.yaml.gz", "only.txt", "on.py"):
        (deep / name).touch()
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_shells_complete(shell: str, specs: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    lines = [typed for typed, _ in TYPED]
    for place, (shown, (_, whole)) in enumerate(zip(completed(shell, lines, specs), TYPED, strict=True)):
        assert f"{whole}<<{place}" in shown


@pytest.mark.parametrize(("typed", "whole"), TYPED)
def test_what_shells_are_told(typed: str, whole: str, specs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(specs)
    asked = {
        "_CHAINORDER_COMPLETE": "bash_complete",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(typed.count(" ")),
    }
    done = CliRunner(env=asked).invoke(cli, prog_name="chainorder", complete_var="_CHAINORDER_COMPLETE")
    assert done.stdout.splitlines() == [f"plain,{whole.strip()}"]


def test_formats_that_a_command_cannot_write_are_not_offered() -> None:
    asked = {
        "_CHAINORDER_COMPLETE": "bash_complete",
        "COMP_WORDS": "chainorder batch --format ",
        "COMP_CWORD": "3",
    }
    done = CliRunner(env=asked).invoke(cli, prog_name="chainorder", complete_var="_CHAINORDER_COMPLETE")
    offered = [line.removeprefix("plain,") for line in done.stdout.splitlines()]
    assert "csv" in offered
    assert not {"svg", "dot", "graphml"} & set(offered)


def test_the_manual_page_is_sound() -> None:
    page = CliRunner().invoke(cli, ["man"]).stdout
    for name in ("plan", "compare", "\\-\\-memory\\-sweep", "Exit status"):
        assert name in page
    if shutil.which("groff") is None:
        pytest.skip("there is no groff")
    done = subprocess.run(
        ["groff", "-man", "-ww", "-Tutf8", "-Kutf8"], input=page, capture_output=True, text=True, check=True
    )
    assert not done.stderr


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("chainorder.toml", "exact = true\n[plan]\nno-legend = true\n", "100,000   99.0%"),
        ("pyproject.toml", "[tool.chainorder]\nexact = true\n", "100,000   99.0%"),
        ("pyproject.toml", "[tool.other]\nexact = 1\n", "100 k   99.0%"),
        ("pyproject.toml", "not toml", "100 k   99.0%"),
        ("chainorder.toml", '[compare]\nexact = true\n[plan]\nformat = "csv"\n', "result,action"),
    ],
)
def test_defaults_are_read(
    file: str, text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / file).write_text(text)
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    shown = CliRunner().invoke(cli, ["plan", "1000,100,10,1", "--solver", "reverse"]).stdout
    assert said in shown
    assert ("elemental:" in shown) == ("csv" not in text and "no-legend" not in text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[plan]\nsolvr = 1\n", "solvr is not an option of plan; did you mean 'solver'"),
        ("[pln]\nsolver = 1\n", "pln is not a command; did you mean 'plan'"),
        ("exakt = true\n", "exakt is not an option of a command; did you mean 'exact'"),
        ("exact = \n", "(at line 1, column 9); write it as TOML"),
    ],
)
def test_wrong_defaults_are_said(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "chainorder.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["plan", "3,4,5"])
    assert isinstance(done.exception, ChainorderError)
    assert "chainorder.toml" in str(done.exception)
    assert said in str(done.exception)

"""What README and the pages of docs/ show is what happens: their blocks run as they stand, in their order.

- ``python``: one after the other in the same namespace.
- ``console``: every ``$`` line is run by a shell; below it stands what it prints, ``…`` for what is left out,
  within a line or as one. Times and rounding errors (1.2e-05, 3.4 ms) may differ.
- ``sh``: every line is run and succeeds.
- ``yaml``: specs, apart by ``---``. A first line ``# NAME.yaml`` makes it that file for what follows.

A page is run in a folder of its own, with data/ of the checkout. ``<!-- skip: next -->`` leaves out a
block that needs a cluster, or installs. `python -m tests.pages PAGE …` writes what commands print now.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from unittest.mock import patch

from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser

from chainorder import load
from chainorder.solvers import registry

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

VARYING = re.compile(r"\d\.\d+e[-+]\d+|\d[\d.]* (?:ns|µs|ms|s)\b")
NAMED = re.compile(r"# (\S+\.yaml)\n")


def shell(command: str) -> subprocess.CompletedProcess[str]:
    """Run a line as a user types it, where `chainorder` is this one."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    variables = os.environ | {"PATH": path, "COLUMNS": "100", "NO_COLOR": "1"}
    return subprocess.run(
        ["bash", "-c", command], env=variables, capture_output=True, text=True, check=False, timeout=300
    )


def console_parts(block: str) -> Iterator[tuple[str, str]]:
    """The commands of a console block, each with what stands below it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def alike(shown: str, printed: str) -> bool:
    """Whether a page shows what was printed, but for what it leaves out and what varies."""
    pattern = re.escape(_settled(shown)).replace(r"…", r"[\s\S]*")
    return re.fullmatch(pattern, _settled(printed)) is not None


def _settled(text: str) -> str:
    """A text without what varies, and without the widths of columns, which follow from that."""
    text = re.sub(r"─+", "─", VARYING.sub("#", text))
    return "\n".join(" ".join(line.split()) for line in text.strip().splitlines())


def _console(example: Example) -> str | None:
    for command, shown in console_parts(example.parsed):
        done = shell(command)
        printed = done.stdout + done.stderr
        if not alike(shown, printed):
            return f"$ {command}\nprints\n{printed}\nand the page shows\n{shown}"
    return None


def _sh(example: Example) -> str | None:
    for command in example.parsed.strip().splitlines():
        if (done := shell(command)).returncode:
            return f"$ {command}\nends with {done.returncode}\n{done.stdout}{done.stderr}"
    return None


def _yaml(example: Example) -> None:
    if named := NAMED.match(example.parsed):
        Path(named[1]).write_text(example.parsed)
        return
    for number, text in enumerate(example.parsed.split("\n---\n")):
        file = Path(f"block-{number}.yaml")
        file.write_text(text)
        assert load(file)


PARSERS = [
    SkipParser(),
    PythonCodeBlockParser(),
    CodeBlockParser("console", _console),
    CodeBlockParser("sh", _sh),
    CodeBlockParser("yaml", _yaml),
]


def run_page(page: Path, folder: Path) -> None:
    """Run the blocks of a page in a folder; raises what fails, with its line."""
    (folder / "data").symlink_to(ROOT / "data")
    with chdir(folder), patch.dict(registry._SOLVERS):  # what a page registers is of that page
        for example in Sybil(PARSERS, path=str(ROOT)).parse(page).examples():
            example.evaluate()


def update(page: Path) -> None:
    """Write what commands print into the console blocks of a page where it is something else."""

    def printed(block: re.Match[str]) -> str:
        parts = []
        for command, shown in console_parts(block[1]):
            done = shell(command)
            now = done.stdout + done.stderr
            parts.append(f"$ {command}\n{shown if alike(shown, now) else now.rstrip() + chr(10)}")
        return f"```console\n{''.join(parts)}```"

    text = page.read_text()
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        Path("data").symlink_to(ROOT / "data")
        for block in re.findall(r"^```yaml\n(# \S+\.yaml\n.*?)^```", text, re.MULTILINE | re.DOTALL):
            named = NAMED.match(block)
            assert named
            Path(named[1]).write_text(block)
        text = re.sub(r"^```console\n(.*?)^```", printed, text, flags=re.MULTILINE | re.DOTALL)
    page.write_text(text)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        update(Path(name).resolve())

"""Starting up imports what is used; what is imported when it is asked for is all there."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import chainorder
from chainorder.cli import COMMANDS, cli

SEEN = """
import sys
from chainorder.__main__ import main
sys.argv = ["chainorder", *{arguments}]
try:
    main()
except SystemExit:
    pass
sys.stderr.write(" ".join(sys.modules))
"""


def imported(*arguments: str) -> set[str]:
    """The modules that a command imports."""
    line = [sys.executable, "-c", SEEN.format(arguments=list(arguments))]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=True)
    return set(done.stderr.split())


def test_help_needs_neither_numbers_nor_colours() -> None:
    assert not {"numpy", "rich", "chainorder.problems", "chainorder.solvers"} & imported("--help")


def test_a_plain_plan_needs_little() -> None:
    modules = imported("plan", "1000,100,10,1")
    assert "chainorder.solvers.chains.hu_shing" in modules
    others = (
        "asyncio",
        "scipy",
        "yaml",
        "jsonschema",
        "networkx",
        "concurrent",
        "multiprocessing",
        "distributed",
    )
    assert not modules & set(others)
    needless = (
        "comparison",
        "execution",
        "elimination",
        "batch",
        "autodiff",
        "jax",
        "torch",
        "problems.graph",
    )
    assert not modules & {f"chainorder.{room}" for room in needless}


def test_the_package_has_all_its_names() -> None:
    tree = ast.parse(Path(chainorder.__file__).read_text(encoding="utf-8"))
    for_checkers = {
        (node.module, alias.name)
        for branch in tree.body
        if isinstance(branch, ast.If)
        for node in branch.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    later = {(f"chainorder.{module}", name) for module, names in chainorder._LAZY.items() for name in names}
    assert later == for_checkers
    assert {name for _, name in later} <= set(chainorder.__all__) <= set(dir(chainorder))
    for name in chainorder.__all__:
        assert getattr(chainorder, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'planned'"):
        chainorder.planned  # noqa: B018


@pytest.mark.parametrize("name", COMMANDS)
def test_what_a_command_does_is_said_as_in_its_own_help(name: str) -> None:
    text = cli.commands[name].help
    assert text is not None
    assert " ".join(text.split("\n\n")[0].split()).startswith(COMMANDS[name][1])
    assert cli.commands[name].name == name

"""What is installed beside the package: extras that are missing, strangers among its files, and its name."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import chainorder
from chainorder import Chain, InstallationError, plan
from chainorder.system.installation import require

ROOT = Path(__file__).parent.parent
NAME = "chainorder"
"""On the package index, somebody else's; put together with the rest only when this runs."""

ASKS_FOR_ANOTHERS = re.compile(
    rf"""
    (?<!un)(?: install | \badd | \bdownload | \binject | \buvx | pipx\ run )
    (?: \s+ -\S+ )* \s+ ["'`]? {NAME} (?! [-\w/:] | \.\w )
    | ["'] {NAME} \s* (?: \[ | [=<>~!]=? \s* \d )  # a requirement
    | \b(?<! [-.] ) {NAME} \[ [a-z, ]+ \] (?! \s* = )
    """,
    re.VERBOSE | re.IGNORECASE,
)


def texts() -> list[Path]:
    """The files of the project that are text: what git tracks, or all where there is no git."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.stdout:
        paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        folders = [ROOT / name for name in (".ci", NAME, "data", "docs", "scripts", "tests")]
        paths = [*ROOT.glob("*.*"), *(path for folder in folders for path in folder.rglob("*"))]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()]


def test_no_text_installs_the_distribution_of_a_stranger() -> None:
    found = texts()
    assert {ROOT / "README.md", ROOT / "pyproject.toml", Path(chainorder.__file__)} <= set(found)
    for path in found:
        wrong = ASKS_FOR_ANOTHERS.search(path.read_text(encoding="utf-8", errors="replace"))
        assert wrong is None, f"{path}: {wrong}"
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"] == f"jacobian-{NAME}"


@pytest.mark.parametrize(
    "text",
    [
        f"pip install {NAME}",
        f"pip install -U --quiet '{NAME}[jax]'",
        f'python -m pip install "{NAME}"',
        f"pip3 install\n  {NAME}==0.2.0",
        f"`pip install {NAME}`",
        f"Then pip install {NAME}.",
        f"uv pip install {NAME}>=0.1",
        f"uv add {NAME}",
        f"uvx {NAME} plan 1,2,3",
        f"uv tool install {NAME}",
        f"pipx install {NAME}",
        f"poetry add {NAME}[torch]",
        f"or `'{NAME}[torch]'`",
        f'the extra {NAME}[machines, distributed]"',
        f'dependencies = ["{NAME} >= 0.1"]',
    ],
)
def test_what_would_install_it_is_seen(text: str) -> None:
    assert ASKS_FOR_ANOTHERS.search(text)


@pytest.mark.parametrize(
    "text",
    [
        "pip install '.[jax]'",
        f"pip install 'jacobian-{NAME}[jax] @ git+https://example.org/{NAME}'",
        f"pip install -e ./{NAME}",
        f"pip install . && .venv/bin/{NAME} compare data/autoencoder.yaml",
        f"pip uninstall {NAME} jacobian-{NAME}",
        f"install {NAME}/",
        f"data_of_{NAME}['key']",
    ],
)
def test_what_installs_something_else_is_none_of_it(text: str) -> None:
    assert not ASKS_FOR_ANOTHERS.search(text)


def python(code: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run code by a fresh interpreter that finds packages in a folder first."""
    line = [sys.executable, "-c", code]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


LOCAL_RUN = (
    "import chainorder as c; c.execute(c.plan(c.Chain.from_dims([2, 3, 4]), machines=2), scheduler='local')"
)


@pytest.mark.parametrize(
    ("package", "extra", "statement"),
    [
        ("jax", "jax", "import chainorder.jax"),
        ("torch", "torch", "from chainorder.torch import jacobian"),
        ("distributed", "distributed", LOCAL_RUN),
        ("threadpoolctl", "distributed", f"sys.modules['distributed'] = sys; {LOCAL_RUN}"),
    ],
)
def test_a_missing_extra_is_an_import_error_with_the_remedy(package: str, extra: str, statement: str) -> None:
    done = python(
        f"import sys; sys.modules[{package!r}] = None\n"
        "from chainorder import ChainorderError\n"
        f"try: {statement}\n"
        "except ImportError as error: print(isinstance(error, ChainorderError), error)"
    )
    assert done.stdout.startswith(f"True {package} is not installed: pip install '.[{extra}]'"), done.stderr
    assert done.stdout.count("\n") == 1


def test_a_package_that_is_there_and_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "half_installed.py").write_text("import its_other_half")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        InstallationError, match=r"No module named 'its_other_half'.*pip install '\.\[whole\]'"
    ):
        require("half_installed", extra="whole")
    (tmp_path / "misfit.py").write_text("raise RuntimeError('a part of it\\nis too new')")
    with pytest.raises(InstallationError, match=r"^misfit cannot be imported \(a part of it is too new\)"):
        require("misfit")
    assert require("json").__name__ == "json"


@pytest.mark.parametrize(
    "failure",
    ["RuntimeError('jaxlib 0.1 is too old')", "OSError('libcudart.so.12: no such file')"],
)
def test_a_package_with_a_wrong_library_is_an_import_error(
    failure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "wrong_library.py").write_text(f"raise {failure}")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match=r"wrong_library cannot be imported \((jaxlib|libcudart)"):
        require("wrong_library")


def test_without_dask_a_plan_is_run_here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = import_module("chainorder.cli.run")
    monkeypatch.setattr(run, "find_spec", lambda name: None)
    assert run.where(plan(Chain.from_dims([2, 3, 4]), machines=2), None) is None
    assert "pip install '.[distributed]'" in capsys.readouterr().err


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A folder with a copy of the package, and with the modules of the other distribution in it."""
    copy = tmp_path / NAME
    shutil.copytree(ROOT / NAME, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("decompose.py", "order_params.py"):
        (copy / name).write_text("raise SystemExit('a stranger')\n")
    return tmp_path


def test_files_of_a_stranger_are_named_with_the_remedy(mixed: Path) -> None:
    done = python("try: import chainorder\nexcept ImportError as error: print(error)", mixed)
    assert done.stdout.count("\n") == 1, done.stderr
    for words in (
        "decompose.py, order_params.py",
        str(mixed / NAME),
        f"pip uninstall {NAME} jacobian-{NAME}",
    ):
        assert words in done.stdout


def test_the_command_says_so_where_the_stranger_came_last(mixed: Path) -> None:
    (mixed / NAME / "__init__.py").write_text("__version__ = '0.2.0'\n")
    done = python("from chainorder.cli import main; main()", mixed)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert done.stderr.startswith("error: decompose.py, order_params.py in ")

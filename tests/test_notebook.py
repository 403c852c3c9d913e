"""The notebook of docs/ runs as it stands, and shows pictures."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest

import chainorder
from chainorder.report import progress, watching
from chainorder.system.phases import phase

NOTEBOOK = Path(__file__).parent.parent / "docs" / "notebook.ipynb"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of Jupyter, about itself
def test_the_notebook_runs_and_shows_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    for needed in ("ipykernel", "matplotlib"):
        pytest.importorskip(needed)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    spec = tmp_path / "kernels" / "python3" / "kernel.json"  # this Python, whatever else is installed
    spec.parent.mkdir(parents=True)
    arguments = f'["{sys.executable}", "-m", "ipykernel_launcher", "-f", "{{connection_file}}"]'
    spec.write_text(f'{{"argv": {arguments}, "display_name": "this", "language": "python"}}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    notebook: Any = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "keep it without outputs"
    there = {"metadata": {"path": NOTEBOOK.parent}}
    nbclient.NotebookClient(notebook, timeout=120, resources=there).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    shown = [output.data for output in outputs if "data" in output]
    assert sum("<svg" in data.get("text/html", "") for data in shown) == 4
    assert sum("image/png" in data for data in shown) == 4
    assert "<Plan of chain: 4 elementals, 1,000 → 1,000; 1,002,000 fma" in shown[0]["text/plain"]


def test_progress_stands_below_the_cell_and_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    display = pytest.importorskip("IPython.display")
    texts: list[str] = []

    class Handle:
        def update(self, data: dict[str, str], *, raw: bool) -> None:
            texts.append(data["text/plain"])

    def show(data: dict[str, str], **_: Any) -> Handle:
        texts.append(data["text/plain"])
        return Handle()

    monkeypatch.setattr(display, "display", show)
    monkeypatch.setattr(watching, "in_notebook", lambda: True)
    monkeypatch.setattr(progress, "AFTER", 0.0)
    with chainorder.progress(), phase("planning"):
        while not any("working" in text and "planning" in text for text in texts):
            time.sleep(0.01)
    assert texts[-1] == ""
    with chainorder.progress():
        pass  # at once: nothing is left to show


def test_nothing_is_shown_where_nobody_looks(capfd: pytest.CaptureFixture[str]) -> None:
    with chainorder.progress():
        assert chainorder.plan([3, 4, 5]).fma == 60
    assert capfd.readouterr() == ("", "")

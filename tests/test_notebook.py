"""The notebook of docs/ runs as it stands, and shows pictures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

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

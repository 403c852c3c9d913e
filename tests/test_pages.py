"""The pages of the documentation, run as they stand; and the way in which they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("sybil")

from tests.pages import PAGES, ROOT, alike, run_page
from tests.running import Run
from tests.slow import slow_but

QUICK = {ROOT / "docs" / "structures.md"}
NEEDED = {"chainorder.jax": "jax", "chainorder.torch": "torch", "import jax": "jax"}


@pytest.mark.parametrize("page", slow_but(QUICK, PAGES), ids=lambda page: str(page.relative_to(ROOT)))
@pytest.mark.filterwarnings("default")
def test_pages_run_as_they_stand(page: Path, tmp_path: Path) -> None:
    blocks = "".join(re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL))
    for word, package in NEEDED.items():
        if word in blocks:
            pytest.importorskip(package)
    run_page(page, tmp_path)


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a  1.00", "a 1.00\n", True),
        ("a  1.00", "a 1.01\n", False),
        ("took 3.1 ms", "took 250 ms", True),
        ("error 1.0e-16", "error 2.5e-17", True),
        ("first\n…\nlast", "first\n2\n3\nlast", True),
        ("first\n…\nlast", "first\n2\n3\nother", False),
        ("a\n───\nb", "a\n─────\nb", True),
        ("a\nb", "a", False),
    ],
)
def test_what_pages_show_is_compared(shown: str, printed: str, same: bool) -> None:
    assert alike(shown, printed) is same


def test_the_picture_is_what_is_drawn(run: Run, tmp_path: Path) -> None:
    assert run("plan", ROOT / "data" / "autoencoder.yaml", "-o", tmp_path / "order.svg").status == 0
    assert (tmp_path / "order.svg").read_text() == (
        ROOT / "docs" / "pictures" / "autoencoder.svg"
    ).read_text()

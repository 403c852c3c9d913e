"""Reports for browsers: all is there, names stay text, nothing comes from elsewhere; a browser shows it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import chainorder as co
from chainorder.cli import cli
from tests.slow import slow_but
from tests.test_pictures import MADE

DATA = Path(__file__).parent.parent / "data"
EVIL = "<script>alert('&')</script>"
VOID = {"meta", "input", "br", "link"}


class Balanced(HTMLParser):
    """Reads a page; every element is closed in its order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.seen: list[str] = []
        self.feed(text)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        for name, value in attrs:
            assert not (name in ("src", "href") and not (value or "").startswith("#")), (tag, name, value)
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)


def written(folder: Path, *arguments: str) -> str:
    """The page that a command writes."""
    file = folder / "report.html"
    with suppress(SystemExit):
        cli.main([*arguments, "-o", str(file)], prog_name="chainorder", standalone_mode=False)
    return file.read_text()


@pytest.fixture
def evil(tmp_path: Path) -> Path:
    """Two chains, one of which has names that are markup, and one that is wrong."""
    file = tmp_path / "evil.jsonl"
    elementals = [{"name": EVIL, "inputs": 9, "outputs": 4}, {"name": "b&b", "outputs": 7}]
    lines = [{"name": EVIL, "elementals": elementals}, {"name": "plain", "dims": [3, 4, 5]}]
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines) + '{"dims": [0, 3]}\n')
    return file


PAGES = [
    (("plan", "simulator.yaml"), ("order: ", "<h3>Operations</h3>", "memory", "tape: 60000", "waist 6")),
    (("compare", "simulator.yaml"), ("16.04 times the best", "<h3>Orders</h3>", "Equal areas")),
    (("run", "heat.yaml"), ("<h3>Checks</h3>", "counted fma", "as it ran", "step.mtx.gz", "<h3>Orders</h3>")),
    (("run", "residual-block.yaml", "--compare"), ("<h3>Checks</h3>", "∂y/∂x", "random stand-ins")),
    (("compare", "simulator.yaml", "--machines", "1,2"), ("machines", "speed-up")),
    (("compare", "simulator.yaml", "--memory-sweep"), ("limit for one tape", "60,000", "<h3>Memory</h3>")),
    (("compare", "mnist-training.yaml"), ("forward pass", "<h3>Way to the derivatives</h3>")),
    (("plan", "coupled.yaml", "--machines", "2", "--time-limit", "0.5"), ("machine 1", "makespan")),
]


@pytest.mark.parametrize("shown", slow_but(PAGES[:3], PAGES))
def test_all_is_on_the_page(shown: tuple[tuple[str, ...], tuple[str, ...]], tmp_path: Path) -> None:
    arguments, parts = shown
    command, name, *options = arguments
    text = written(tmp_path, command, str(DATA / name), *options)
    seen = Balanced(text).seen
    assert {"svg", "table", "pre", "footer"} <= set(seen)
    for part in (*parts, co.__version__, "NumPy"):
        assert part in text, part


def test_a_batch_links_its_rows_to_its_chains(evil: Path, tmp_path: Path) -> None:
    text = written(tmp_path, "batch", str(evil))
    Balanced(text)
    assert re.findall(r'href="#(chain-\d)"', text) == re.findall(r'id="(chain-\d)"', text)
    assert "3 chains: 2 planned with a proof, 1 with errors." in text
    assert "dims[0]" in text and "F2 F1" in text


def test_names_stay_text(evil: Path, tmp_path: Path) -> None:
    evil.write_text("".join(evil.read_text().splitlines(keepends=True)[:2]))
    for command in ("plan", "compare", "run", "batch"):
        text = written(tmp_path, command, str(evil))
        assert Balanced(text).seen.count("script") == 1, command
        assert "&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;" in text or "&#x27;&amp;&#x27;" in text


def test_a_page_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    text = written(tmp_path, "run", str(DATA / "heat.yaml"))
    assert not re.search(r"https?://|@import|url\(", text)


@pytest.mark.parametrize("name", slow_but(["Plan", "Graph", "Sweep"], MADE))
def test_notebooks_show_a_picture_and_a_table(name: str) -> None:
    shown = MADE[name]()._repr_html_()
    seen = Balanced(shown).seen
    assert {"svg", "table", "details"} <= set(seen) and "script" not in seen


@pytest.mark.slow
def test_many_operations_are_cut(tmp_path: Path) -> None:
    text = written(tmp_path, "plan", ",".join(["7"] * 3000))
    assert text.count("<tr>") == 2001 and "… and 998 more rows" in text and len(text) < 1_500_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    sync_api = pytest.importorskip("playwright.sync_api")
    there = shutil.which("chromium") or shutil.which("chromium-browser")
    if there is None:
        pytest.skip("no chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=there, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Opens the page of a command; nothing may have gone wrong there, and nothing been asked for."""
    faults: list[str] = []

    def open_page(*arguments: str, **look: Any) -> Any:
        written(tmp_path, *arguments)
        page = browser.new_page(**look)
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("requestfailed", lambda request: faults.append(request.url))
        page.goto((tmp_path / "report.html").as_uri())
        return page

    yield open_page
    assert faults == []


def first_cells(page: Any) -> list[str]:
    return [cell.inner_text() for cell in page.locator("tbody tr:not([hidden]) td:first-child").all()]


@pytest.mark.slow
def test_tables_sort_by_mouse_and_keys_and_filter(opened: Callable[..., Any]) -> None:
    page = opened("plan", "2,9,3,8,4,7,5,6,1,9,2")
    head = page.get_by_role("button", name="fma")
    at = page.locator("th").all_inner_texts().index("fma") + 1
    before = first_cells(page)

    def numbers() -> list[int]:
        cells = page.locator(f"tbody td:nth-child({at})").all_inner_texts()
        return [int(each.replace(",", "")) for each in cells]

    planned = numbers()
    head.click()
    assert numbers() == sorted(planned) != planned
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("fma")
    head.focus()
    page.keyboard.press("Enter")
    assert numbers() == sorted(planned, reverse=True)
    page.get_by_label("Filter").fill(before[0])
    assert all(before[0] in row.inner_text() for row in page.locator("tbody tr:not([hidden])").all())
    assert f"of {len(before)}" in page.locator("output").inner_text()


@pytest.mark.slow
def test_marks_say_what_they_are_under_the_pointer(opened: Callable[..., Any]) -> None:
    page = opened("plan", str(DATA / "simulator.yaml"), "--machines", "3")
    tip = page.locator("#tip")
    assert tip.is_hidden()
    page.locator("svg.picture rect.multiply").first.hover()
    assert "fma" in tip.inner_text() and tip.is_visible()
    page.locator("h1").hover()
    assert tip.is_hidden()


@pytest.mark.slow
def test_pages_are_light_and_dark_and_fit_narrow_screens(opened: Callable[..., Any]) -> None:
    seen = set()
    for scheme in ("light", "dark"):
        look = {"color_scheme": scheme, "viewport": {"width": 360, "height": 640}}
        page = opened("run", str(DATA / "heat.yaml"), **look)
        seen.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert page.get_by_role("img").count() == page.locator("svg").count() > 0
    assert len(seen) == 2


@pytest.mark.slow
def test_a_batch_of_a_thousand_opens_soon_and_leads_to_its_chains(
    opened: Callable[..., Any], tmp_path: Path
) -> None:
    specs = tmp_path / "many.jsonl"
    cli.main(["generate", "1000", "-o", str(specs)], standalone_mode=False)
    page = opened("batch", str(specs))
    took = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    assert took < 5000  # a second on an idle machine
    page.get_by_label("Filter").fill("#777")
    (link,) = page.locator("tbody tr:not([hidden]) a").all()
    link.click()
    part = page.locator("details#chain-778")
    part.locator("svg").wait_for()
    assert part.get_attribute("open") is not None and "#777" in part.locator("summary").first.inner_text()

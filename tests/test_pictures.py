"""Pictures: what they show is what was found, they can be read by all, and every way to get one works."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainorder as co
from chainorder.cli import cli
from chainorder.comparison.scaling import sweep_memory
from chainorder.pictures import figures, svg
from chainorder.pictures.catalogue import PICTURES, picture, pictures_of
from chainorder.pictures.colours import ACTIONS
from chainorder.pictures.scene import Box, Scene, Text
from chainorder.pictures.scene import Path as Line
from tests.slow import slow_but

DATA = Path(__file__).parent.parent / "data"


def data(name: str) -> Any:
    return co.load(DATA / f"{name}.yaml")[0]


MADE: dict[str, Callable[[], Any]] = {
    "Chain": lambda: data("heat"),
    "Plan": lambda: co.plan(data("simulator"), machines=3),
    "Comparison": lambda: co.compare(data("simulator")),
    "Execution": lambda: co.execute(co.plan(data("heat"))),
    "Sweep": lambda: sweep_memory(data("simulator")),
    "Scaling": lambda: co.scale(data("simulator"), [1, 2, 4]),
    "Graph": lambda: data("mnist-training"),
    "GraphPlan": lambda: co.plan(data("residual-block"), machines=2),
    "GraphComparison": lambda: co.compare(data("residual-block")),
    "GraphExecution": lambda: co.execute(co.plan(data("residual-block"))),
}
"""Something of every class that has pictures."""


def tree(scenes: list[Scene]) -> ElementTree.Element:
    return ElementTree.fromstring(svg.page(scenes))


def test_every_class_with_pictures_is_tried() -> None:
    assert MADE.keys() == PICTURES.keys()


@pytest.mark.parametrize("name", MADE)
def test_pictures_are_well_formed_svg_within_their_axes(name: str) -> None:
    found = MADE[name]()
    for what in pictures_of(found):
        scene = picture(found, what)
        assert tree([scene]).tag.endswith("svg")
        for mark in scene.marks:
            if isinstance(mark, Box):
                assert scene.x.low <= mark.x and mark.x + mark.width <= scene.x.high * (1 + 1e-9)
                assert scene.y.low <= mark.y and mark.y + mark.height <= scene.y.high * (1 + 1e-9)


@pytest.mark.parametrize("name", slow_but(["Plan"], MADE))
def test_matplotlib_draws_all_that_svg_shows(name: str) -> None:
    pytest.importorskip("matplotlib").use("agg")
    found = MADE[name]()
    for what in pictures_of(found):
        ax = found.plot(what)
        scene = picture(found, what)
        drawn = {text.get_text() for text in ax.texts}
        assert {mark.text for mark in scene.marks if isinstance(mark, Text)} <= drawn
        assert len(ax.patches) == sum(isinstance(mark, Box) for mark in scene.marks)
        ax.figure.canvas.draw()
        figures.require("matplotlib.pyplot").close(ax.figure)


def test_plot_draws_where_it_is_told_in_the_fonts_of_the_rc() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    plan = co.plan(co.Chain.from_dims([1000, 100, 10, 1]))
    with matplotlib.rc_context({"font.size": 20.0}):
        ax = figures.require("matplotlib.figure").Figure().subplots()
        assert plan.plot(ax=ax) is ax
        assert [text.get_fontsize() for text in ax.texts] == pytest.approx([16.66] * len(ax.texts))
    with pytest.raises(co.ChainorderError, match="'ordre' is no picture of a Plan; did you mean 'order'"):
        plan.plot("ordre")


def squares(scene: Scene) -> list[Box]:
    return [mark for mark in scene.marks if isinstance(mark, Box)]


def test_areas_are_costs_in_all_orders_alike() -> None:
    comparison = co.compare(co.Chain.from_dims([1000, 100, 80, 60, 500]))
    drawn = squares(picture(comparison, "orders"))
    operations = [each for plan in comparison.plans for each in plan.operations]
    assert len(drawn) == len(operations)
    areas = [box.width * box.height / each.fma for box, each in zip(drawn, operations, strict=True)]
    assert areas == pytest.approx([areas[0]] * len(areas))


def test_an_operation_stands_above_the_size_that_it_does_away_with() -> None:
    plan = co.plan(co.Chain.from_dims([30, 20, 7, 40, 10]))
    middles = [box.x + box.width / 2 for box in squares(picture(plan))]
    assert middles == pytest.approx([len(plan.chain) - each.split for each in plan.operations])


def test_the_waist_is_told() -> None:
    told = {mark.text for mark in picture(co.Chain.from_dims([9, 5, 2, 8])).marks if isinstance(mark, Text)}
    assert "waist 2" in told
    assert not any(
        isinstance(mark, Line) and mark.kind == "limit"
        for mark in picture(co.Chain.from_dims([9, 5, 2, 1])).marks
    )


def test_a_long_chain_is_summed_up() -> None:
    sizes = np.random.default_rng(0).integers(1, 500, 20_001)
    plan = co.plan(co.Chain.from_dims(sizes))
    scene = picture(plan)
    assert len(svg.page([scene])) < 40_000
    heights = np.array([box.height for box in squares(scene)])
    first = sum(each.fma for each in plan.operations if (20_000 - each.split) * 120 // 20_000 == 0)
    assert heights.sum() / heights[0] == pytest.approx(plan.fma / first)
    for what in ("memory", "schedule", "patterns"):
        assert len(svg.page([picture(plan, what)])) < 200_000


@pytest.mark.parametrize("name", ["simulator", "heat", "stackexchange", "residual-block", "mnist-training"])
def test_the_memory_peaks_where_the_plan_says(name: str) -> None:
    plan = co.plan(data(name))
    (told,) = [mark.text for mark in picture(plan, "memory").marks if isinstance(mark, Text)]
    assert told == f"peak {plan.peak_memory:,}"


def test_names_stay_text() -> None:
    name = "<script>alert('&')</script>"
    scene = picture(co.plan(co.Chain([co.Elemental(3, 2, name=name), co.Elemental(2, 4)], name)))
    root = tree([scene, scene.titled("\x07")])
    assert not root.findall(".//{*}script")
    assert {each.text for each in root.iter()} >= {
        f"{name}: 2 elementals, 3 → 4",
        "\N{REPLACEMENT CHARACTER}",
    }


def lightness(colour: str) -> float:
    """CIE lightness: what is left of a colour in grey."""
    linear = [(int(colour[p : p + 2], 16) / 255) ** 2.2 for p in (1, 3, 5)]
    return 116 * float(np.dot(linear, [0.2126, 0.7152, 0.0722])) ** (1 / 3) - 16


def test_colours_of_actions_differ_in_grey() -> None:
    """Who sees no colour, or not all of them, still tells them apart."""
    for one, other in combinations(ACTIONS.values(), 2):
        assert abs(lightness(one) - lightness(other)) > 12, (one, other)


@pytest.mark.parametrize(
    ("ending", "begins"), [("svg", b"<svg "), ("png", b"\x89PNG\r\n"), ("pdf", b"%PDF-")]
)
@pytest.mark.parametrize("command", slow_but(["plan"], ["plan", "compare", "run"]))
def test_files(command: str, ending: str, begins: bytes, tmp_path: Path) -> None:
    if ending != "svg":
        pytest.importorskip("matplotlib")
    file = tmp_path / f"x.{ending}"
    try:
        cli.main([command, "4,3,5,2", "-o", str(file)], prog_name="chainorder", standalone_mode=False)
    except SystemExit as ended:
        assert ended.code == 0
    assert file.read_bytes().startswith(begins)


def test_without_matplotlib_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(co.InstallationError, match=r"pip install '\.\[plot\]'"):
        cli.main(["plan", "4,3,5", "-o", str(tmp_path / "x.png")], standalone_mode=False)


def test_pictures_and_drawings_call_results_by_their_names() -> None:
    plan = co.plan(data("heat"))
    tips = {mark.tip.split(" = ")[0] for mark in picture(plan, "order").marks if isinstance(mark, Box)}
    said = {mark.text for mark in picture(plan, "patterns").marks if isinstance(mark, Text)}
    results = {plan.called(each) for each in plan.operations}
    assert "read·step3" in results
    assert tips == results
    assert results <= said
    assert set(plan.to_networkx()) == results | set(plan.names.labels)


def test_a_memory_sweep_by_seconds_is_drawn_in_seconds() -> None:
    by_fma, by_seconds = (sweep_memory(data("simulator"), objective=each) for each in (None, "seconds"))
    scenes = [picture(each) for each in (by_fma, by_seconds)]
    assert [scene.y.title for scene in scenes] == ["fma", "seconds"]
    assert scenes[1].y.high < 0.1  # seconds, not fma

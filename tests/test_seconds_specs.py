"""Every spec of data/ is compared by seconds: on one machine, on several, with its Hessian; batches, too."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from chainorder.cli import cli
from chainorder.costs.profile import profiles_json
from chainorder.costs.profiles import VARIABLE
from chainorder.errors import OutputError
from chainorder.problems.load import load
from chainorder.report.partial import Partial
from tests.slow import slow_but
from tests.test_seconds import PROFILES

DATA = sorted((Path(__file__).parent.parent / "data").glob("*.yaml"))
QUICK = ("residual-block", "coupled")
CHAINS = [file for file in DATA if load(file)[0].kind == "chain"]


def compared(*arguments: str) -> str:
    done = CliRunner().invoke(cli, ["compare", "--objective", "seconds", *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def quick(files: list[Path]) -> list[object]:
    return slow_but([file for file in files if file.stem in QUICK], files)


@pytest.mark.parametrize("file", quick(DATA), ids=lambda file: file.stem)
def test_every_spec_is_compared_by_seconds(file: Path) -> None:
    shown = compared(str(file), "--time-limit", "2")
    assert "predicted" in shown and "by the shipped profile" in shown
    data = json.loads(compared(str(file), "--time-limit", "2", "--machines", "2", "--format", "json"))
    assert all(plan["unit"] == "ps" and plan["seconds"] is not None for plan in data["plans"])


@pytest.mark.parametrize("file", quick(CHAINS), ids=lambda file: file.stem)
def test_every_chain_scales_by_seconds(file: Path) -> None:
    data = json.loads(compared(str(file), "--machines", "1,2", "--time-limit", "1", "--format", "json"))
    assert [plan["objective"] for plan in data["scaling"]] == ["seconds", "seconds"]
    one, two = (plan["makespan"] for plan in data["scaling"])
    assert two <= one


@pytest.mark.slow
def test_ways_to_a_hessian_have_their_seconds() -> None:
    file = str(next(each for each in DATA if each.stem == "hessian"))
    assert "predicted" in compared(file, "--hessian")
    ways = json.loads(compared(file, "--hessian", "--format", "json"))["ways"]
    times = [way["seconds"] for way in ways]
    assert times[-1] == min(times) > 0


@pytest.fixture
def specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    file = tmp_path / "many.jsonl"
    file.write_text("".join(json.dumps({"dims": [n, 3, 9, 2]}) + "\n" for n in range(2, 9)))
    return file


def test_rows_of_a_batch_state_seconds_and_profile(specs: Path) -> None:
    call = ["batch", str(specs), "--objective", "seconds", "-o", "out.csv"]
    assert CliRunner().invoke(cli, call, catch_exceptions=False).exit_code == 0
    rows = list(csv.DictReader(Path("out.csv").read_text(encoding="utf-8").splitlines()))
    assert {row["profile"] for row in rows} == {"the shipped profile"}
    assert all(float(row["seconds"]) * 1e12 == pytest.approx(int(row["lower_bound"])) for row in rows)
    assert {row["unit"] for row in rows} == {"ps"}


def test_a_batch_is_gone_on_with_by_the_same_profile_only(
    specs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = ["batch", str(specs), "--objective", "seconds", "-o", "out.jsonl"]
    write, done = Partial.write, []

    def broken_off(self: Partial, item: object) -> None:
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(item)
        write(self, item)  # type: ignore[arg-type]

    monkeypatch.setattr(Partial, "write", broken_off)
    CliRunner().invoke(cli, call)
    monkeypatch.setattr(Partial, "write", write)
    other = Path("other.json")
    other.write_text(profiles_json([PROFILES[1]]), encoding="utf-8")
    for wrong, message in (
        (["--profile", str(other)], "was begun with profile the shipped profile (SHA-256"),
        (["--objective", "fma"], "was begun with objective seconds, which is now fma"),
    ):
        with pytest.raises(OutputError) as caught:
            CliRunner().invoke(
                cli, [*call, *wrong, "--resume"], catch_exceptions=False, standalone_mode=False
            )
        assert message in str(caught.value)
    assert CliRunner().invoke(cli, [*call, "--resume"], catch_exceptions=False).exit_code == 0
    assert len(Path("out.jsonl").read_text(encoding="utf-8").splitlines()) == 7

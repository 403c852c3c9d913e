"""What of a folder is a spec, and what is left to other programs."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from chainorder import Chain, SpecError, load
from chainorder.batch.files import expected, find_files, read_items
from chainorder.reading.files import STDIN, Source
from chainorder.reading.foreign import foreign
from tests.running import Run

DATA = Path(__file__).parent.parent / "data"
LINES = '{"dims": [2, 3]}\n{"dims": [4, 5, 6], "name": "b"}\n'


NO_SPECS: dict[str, Any] = {
    "package.json": {
        "name": "x",
        "version": "1.0.0",
        "scripts": {},
        "files": [],
        "license": "MIT",
        "engines": {},
    },
    "tsconfig.json": {"compilerOptions": {}, "include": ["src"]},
    "compose.yaml": {"name": "x", "services": {"a": {"image": "b", "mem_limit": "2g"}}},
    "workflow.yml": {"name": "ci", "on": ["push"], "jobs": {}},
    "list.json": [1, 2, 3],
    "rows.json": [{"id": 1}, {"id": 2}],
    "hyper.yaml": {"lr": 0.1, "batch": 32, "loss": "mse", "activation": "relu"},
    "log.jsonl": {"time": 3, "message": "x"},
    "empty.json": {},
}

SPECS: dict[str, Any] = {
    "dim.yaml": {"dim": [1, 2]},
    "layer.yaml": {"name": "x", "layer": [1, 2]},
    "element.json": {"elements": 5},
    "vertex.yaml": {"Verticies": {"x": 1}},
    "edges.yaml": {"edges": [], "size": 3},
    "chain.json": {"chain": {"dims": [1, 2]}},
    "chains.json": [{"dims": [1, 2]}],
    "both.yaml": {"dims": [1, 2], "version": 3},
}


@pytest.mark.parametrize("name", [*NO_SPECS, *SPECS])
def test_what_is_no_spec(run: Run, tmp_path: Path, name: str) -> None:
    data = (NO_SPECS | SPECS)[name]
    (tmp_path / name).write_text(
        json.dumps(data) if name.endswith(("json", "jsonl")) else yaml.safe_dump(data)
    )
    (tmp_path / "good.yaml").write_text("dims: [2, 3]")
    assert foreign(data) == (name in NO_SPECS)
    done = run("batch", tmp_path, "--format", "jsonl")
    if name in NO_SPECS:
        assert (done.status, len(done.out.splitlines())) == (0, 1)
        assert done.err == f"skipped 1 that is no spec: {tmp_path / name}\n"
    else:
        assert (done.status, len(done.out.splitlines())) == (1, 2)
        assert "skipped" not in done.err
    named = run("batch", tmp_path / name, "--format", "jsonl")
    assert named.status == 1
    assert all("error" in json.loads(line) for line in named.out.splitlines())


def test_results_are_no_specs(run: Run, tmp_path: Path) -> None:
    for name, command in (("p", ("plan", "2,3")), ("c", ("compare", "2,3")), ("r", ("run", "2,3"))):
        run(*command, "-o", tmp_path / f"{name}.json")
    run("plan", DATA / "residual-block.yaml", "-o", tmp_path / "g.json")
    run("compare", DATA / "mnist-training.yaml", "-o", tmp_path / "m.json")
    (tmp_path / "good.jsonl").write_text(LINES + "{\n")
    assert run("batch", tmp_path, "-o", tmp_path / "rows.jsonl").status == 1
    done = run("batch", tmp_path, "--format", "csv")
    assert "skipped 6 that are no specs" in done.err
    assert len(done.out.splitlines()) == 4
    assert "is a result of this program, such as a saved plan" in run("batch", tmp_path / "p.json").out
    with pytest.raises(SpecError, match="saved plan"):
        load(tmp_path / "p.json")


def test_a_folder_of_lines_is_read_to_the_end_where_some_are_specs(tmp_path: Path) -> None:
    (tmp_path / "mixed.jsonl").write_text('{"id": 1}\n' * 3 + LINES)
    outcomes = [item.outcome for item in read_items(find_files([str(tmp_path)]), [str(tmp_path)])]
    assert [isinstance(outcome, Chain) for outcome in outcomes] == [False] * 3 + [True] * 2


def test_a_row_says_how_many_faults_there_are(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("dims: [0, 1, 0, 0]")
    (item,) = read_items(find_files([str(tmp_path / "bad.yaml")]))
    assert str(item.outcome).endswith("a size is a whole number of at least 1 (and 2 more)")


def test_sources() -> None:
    assert Source.of("a/b.c.yaml.gz") == Source(
        Path("a/b.c.yaml.gz"), "b.c", ".yaml", Path("a"), Path("a/b.c.yaml.gz")
    )
    assert Source.of(Path(STDIN)).path == Path("-")


def test_endings_are_known_in_capitals(run: Run, tmp_path: Path) -> None:
    (tmp_path / "A.YAML").write_text("dims: [2, 3]")
    (tmp_path / "B.JSONL").write_text(LINES)
    (tmp_path / "C.Yml.GZ").write_bytes(gzip.compress(b"dims: [2, 3]"))
    assert [file.name for file in find_files([str(tmp_path)])] == ["A.YAML", "B.JSONL", "C.Yml.GZ"]
    assert run("batch", tmp_path).status == 0


def test_a_packed_file_that_is_not_called_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(gzip.compress(b"dims: [2, 3]"))
    assert "call it .gz, for it is packed" in run("plan", tmp_path / "a.yaml").err


OTHERS = {
    "mkdocs.yml": "site_name: x\nextensions:\n  - !!python/name:a.b\n",
    "stack.yaml": "Resources:\n  a: !Ref b\n",
    "manifest.yaml": "kind: Service\n---\nkind: Deployment\n",
}
BROKEN = {
    "tag.yaml": "dims: [1, 2]\nname: !Ref b\n",
    "two.yaml": "dims: [1, 2]\n---\ndims: [1, 2]\n",
    "cut.yaml": "name: x\ndims: [1, 2",
    "typo.yaml": "elementalz: [\n",
    "nothing.yaml": "{",
}


def test_files_of_other_programs_are_skipped_even_where_they_cannot_be_read(run: Run, tmp_path: Path) -> None:
    for name, text in (OTHERS | BROKEN).items():
        (tmp_path / name).write_text(text)
    done = run("batch", tmp_path, "--format", "jsonl")
    assert [Path(json.loads(row)["source"]).name for row in done.out.splitlines()] == sorted(BROKEN)
    assert "skipped 3 that are no specs" in done.err
    assert run("batch", tmp_path / "mkdocs.yml").status == 1  # what is named is not skipped


def test_how_many_chains_are_to_be_expected(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("dims: [1, 2]\n")
    (tmp_path / "b.jsonl").write_text('{"dims": [1, 2]}\n' * 5)
    assert expected(find_files([str(tmp_path)])) == 6
    (tmp_path / "c.jsonl.gz").write_bytes(b"")
    assert expected(find_files([str(tmp_path)])) is None
    assert expected([Path("-")]) is None
    assert expected([tmp_path / "gone.jsonl"]) is None

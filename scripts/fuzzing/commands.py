"""What holds of every command line, whatever it is given: how it ends, what it says, what it leaves."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from scripts.fuzzing.cases import Case, Fault, fault
from scripts.fuzzing.running import Outcome, run

STATUSES = (0, 1, 2)
OUTPUT = ("-o", "--output")
MOST_ERRORS = 11
"""Ten errors of a spec, and a line that says that there are more."""

LONGEST_ERROR = 1200
"""Characters."""

USAGE = 4
"""Lines of an error of click's own: usage, where to find help, nothing, the error."""

ENDINGS = {f".{name}": name for name in ("json", "jsonl", "csv", "svg", "graphml", "dot")}
PLAN_KEYS = {"schema", "solver", "objective", "optimal", "lower_bound", "operations"}
PLAN_KEYS |= {"fma", "flops", "makespan", "machines", "peak_memory"}
CHAIN_KEYS = {"name", "length", "inputs", "outputs"}
STEP_KEYS = {"action", "mode", "fma", "machine", "start"}


def check_commands(case: Case, folder: Path) -> Iterator[Fault]:
    """Run a case's command lines, and see what came of each."""
    statuses = case.statuses or (STATUSES,) * len(case.commands)
    stdin = case.files.get("stdin", b"")
    for command, right in zip(case.commands, statuses, strict=True):
        before = contents(folder)
        outcome = run(command, stdin)
        yield from ending(outcome, right)
        yield from leavings(outcome, before, contents(folder))
        if outcome.status in (0, 1):
            yield from reports(outcome, folder)


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def ending(outcome: Outcome, right: tuple[int, ...]) -> Iterator[Fault]:
    """One of the statuses that are right, and an error in one line where it is 2."""
    if outcome.error:
        yield fault("traceback", f"{' '.join(outcome.command)}\n{outcome.error}", outcome.place)
        return
    said = outcome.stderr.strip()
    if outcome.status not in STATUSES or outcome.status not in right:
        instead = f"{outcome.command[0]} ended with {outcome.status} instead of {right}"
        yield fault("status", f"{instead}: {said or outcome.stdout[:400]}")
    if "Warning: " in said or "Traceback (most recent" in said:
        yield fault("noise on stderr", said)
    if "(MemoryError)" in said and outcome.command[0] != "run":
        yield fault("memory", said)
    if outcome.status == 2:
        yield from error_lines(outcome)


def error_lines(outcome: Outcome) -> Iterator[Fault]:
    """Lines ``error: …``, all of them short and printable; or an error of click's, in click's form."""
    lines = outcome.stderr.splitlines()
    errors = [line for line in lines if line.startswith("error: ")]
    if lines and lines[-1].startswith("Error: ") and len(lines) <= USAGE:
        return
    if not 1 <= len(errors) <= MOST_ERRORS or len(lines) > len(errors) + 2:
        yield fault("error line", f"{len(errors)} of {len(lines)} lines are errors: {outcome.stderr[:2000]}")
    for line in errors:
        if not line.isprintable() or len(line) > LONGEST_ERROR:
            yield fault("error line", f"not printable, or {len(line)} characters long: {line[:2000]!r}")


def leavings(outcome: Outcome, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Iterator[Fault]:
    """A wrong call changes no file and makes none; any call changes only what it was told to write.

    What it reads it changes only by force.
    """
    command = outcome.command
    told = {at for at, option in enumerate(command, 1) if option in OUTPUT}
    named = {word for at, word in enumerate(command) if at in told}
    read = {word for at, word in enumerate(command) if at not in told}
    allowed = named - (set() if "--force" in command else read) if outcome.status in (0, 1) else set()
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name) and name not in allowed:
            how = "is gone" if name not in after else "is changed" if name in before else "is made"
            seen = f"{name} {how} after {' '.join(command)} ended with {outcome.status}"
            yield fault("files", seen, f"{command[0]}: a file {how}")


def reports(outcome: Outcome, folder: Path) -> Iterator[Fault]:
    """Reports are what their format says, on stdout or in a file, and Jacobians are archives."""
    command = outcome.command
    if {"--help", "-h", "--help-all", "--version"} & set(command):
        return
    outputs = [word for option, word in pairwise(command) if option in OUTPUT]
    if command[0] == "run":
        for name in outputs:
            if name.endswith(".npz") and not zipfile.is_zipfile(folder / name):
                yield fault("report", f"{name} is no archive after {' '.join(command)}")
        outputs = [name for name in outputs if not name.endswith(".npz")]
    if command[0] == "calibrate":  # -o keeps the profile; its report is on stdout
        outputs = []
    text = outcome.stdout
    if outputs:
        file = folder / outputs[-1]
        if text or not file.exists():
            yield fault("report", f"{command[0]} -o {file.name} wrote {text[:200]!r} on stdout instead")
        if not file.is_file():  # or a device
            return
        text = file.read_text(encoding="utf-8")
    yield from parsed(format_of(command, outputs), text, outcome)


def format_of(command: tuple[str, ...], outputs: list[str]) -> str | None:
    """The format of what a command writes; None where any text will do."""
    stated = [word for option, word in pairwise(command) if option == "--format"]
    if command[0] in ("generate", "schema"):
        return {"generate": "jsonl", "schema": "json"}[command[0]]
    return stated[-1] if stated else ENDINGS.get(Path(outputs[-1]).suffix.lower()) if outputs else None


def parsed(format_name: str | None, text: str, outcome: Outcome) -> Iterator[Fault]:
    """A text of a format parses, and says what is documented."""
    try:
        match format_name:
            case "json":
                data = json.loads(text)
                for item in data if isinstance(data, list) else [data]:
                    yield from facts(item, outcome)
            case "jsonl":
                for line in text.removesuffix("\n").split("\n"):  # others than \n may stand in strings
                    yield from facts(json.loads(line), outcome)
            case "svg" | "graphml":
                ElementTree.fromstring(text)
            case "csv":
                rows = list(csv.reader(io.StringIO(text), strict=True))
                if not rows:
                    yield fault("report", "an empty csv")
            case _:
                if not text.strip():
                    yield fault("report", f"{outcome.command[0]}: an empty report")
    except (ValueError, ElementTree.ParseError, csv.Error) as error:
        yield fault("report", f"{format_name} of {outcome.command[0]} does not parse: {error}: {text[:300]}")


def facts(data: Any, outcome: Outcome) -> Iterator[Fault]:
    """The documented keys are there, and say the same."""
    command, *options = outcome.command
    if command in ("generate", "schema"):
        return
    if command == "batch" and "error" in data:
        if outcome.status != 1 or set(data) != {"source", "error"} or not str(data["error"]).isprintable():
            yield fault("report", f"an error row of batch with status {outcome.status}: {data}")
        return
    if command in ("plan", "batch"):
        yield from plan_facts(data)
    plans = [run["plan"] for run in data["runs"]] if "runs" in data else data.get("plans", [])
    for each in plans:
        yield from plan_facts(each)
    chosen = any(option in ("--solver", "--objective", "--estimate", "--time-limit") for option in options)
    if command == "compare" and len(plans) > 1 and not chosen:
        costs = [each["makespan" if plans[-1]["objective"] == "makespan" else "fma"] for each in plans]
        if "methods" not in data and min(costs) < costs[-1]:
            yield fault("best", f"the best is not: {costs}")
    yield from run_facts(data, outcome)


def run_facts(data: Mapping[str, Any], outcome: Outcome) -> Iterator[Fault]:
    """What was counted is what was planned, and a check that failed shows in the status."""
    for each in data.get("runs", ()):
        exact = each["plan"].get("estimate") is None
        if exact and (each["fma"], each["peak_memory"]) != (each["plan"]["fma"], each["plan"]["peak_memory"]):
            yield fault("counted", f"{each['fma']} fma counted, {each['plan']['fma']} planned")
    if "passed" in data and not data["passed"] and outcome.status == 0:
        yield fault("status", "run did not pass and ended with 0")


def plan_facts(data: Mapping[str, Any]) -> Iterator[Fault]:
    """A plan has its documented keys, and its totals are those of its operations."""
    problem = "graph" if "graph" in data else "chain"
    missing = (PLAN_KEYS | {problem} | ({"bracketing"} if problem == "chain" else {"model"})) - data.keys()
    if not missing and problem == "chain":
        missing = CHAIN_KEYS - data["chain"].keys()
    if missing:
        yield fault("keys", f"a plan without {sorted(missing)}: {str(dict(data))[:300]}")
        return
    steps = STEP_KEYS | ({"j", "k", "i"} if problem == "chain" else {"vertices"})
    for operation in data["operations"]:
        if lacking := steps - operation.keys():
            yield fault("keys", f"an operation without {sorted(lacking)}")
    fma, bound = data["fma"], data["lower_bound"]
    cost = data["makespan"] if data["objective"] == "makespan" else fma
    if data["flops"] != 2 * fma or fma != sum(operation["fma"] for operation in data["operations"]):
        yield fault("totals", f"{fma} fma, {data['flops']} flops: {data['operations']}")
    if data["objective"] in ("fma", "makespan") and bound is not None and bound > cost:
        yield fault("bound", f"the lower bound {bound} is above the cost {cost}")
    if data["objective"] in ("fma", "makespan") and data["optimal"] and bound not in (None, cost):
        yield fault("bound", f"optimal at {cost} with a lower bound of {bound}")

"""A case: the files and command lines that something is tried with; a fault: what was found wrong with it."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Case:
    """Something to be tried, whole in itself.

    Attributes
    ----------
    kind
        Its name among the kinds, which says what is held against it.
    files
        What stands in its folder, by plain names.
    commands
        Command lines without the program's name, run in that folder one after the other.
    statuses
        The exit statuses that are right for each; any of 0, 1 and 2 where there is none.
    """

    kind: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    commands: tuple[tuple[str, ...], ...] = ()
    statuses: tuple[tuple[int, ...], ...] = ()

    @property
    def digest(self) -> str:
        """Equal for equal cases."""
        parts = self.kind, sorted(self.files.items()), self.commands, self.statuses
        return hashlib.sha256(pickle.dumps(parts)).hexdigest()

    def write_files(self, folder: Path) -> None:
        """Write its files into a folder that is there."""
        for name, content in self.files.items():
            (folder / name).write_bytes(content)


@dataclass(frozen=True)
class Fault:
    """A rule that does not hold.

    Attributes
    ----------
    rule
        Its name.
    where
        The place in the package where that is known, else the message without numbers: faults of equal rule
        and place are taken to be one.
    detail
        What was seen, traceback and all.
    """

    rule: str
    where: str
    detail: str

    @property
    def signature(self) -> tuple[str, str]:
        """What tells it from other faults."""
        return self.rule, self.where

    def __str__(self) -> str:
        return f"{self.rule}: {self.where}"


def fault(rule: str, detail: str, where: str | None = None) -> Fault:
    """A fault known by its message, numbers and quoted words left out, where no place is given."""
    place = re.sub(r"'[^']*'|\"[^\"]*\"", "'…'", detail.strip().partition("\n")[0])
    return Fault(rule, where or re.sub(r"[0-9][0-9.,e+_]*", "#", place)[:160], detail)


def save(case: Case, found: Fault, origin: Mapping[str, Any], into: Path) -> Path:
    """Keep a case with its files in a folder of its own, from which `read` makes it again."""
    folder = into / f"case-{case.kind}-{case.digest[:10]}"
    (folder / "files").mkdir(parents=True, exist_ok=True)
    case.write_files(folder / "files")
    data = {
        "kind": case.kind,
        "commands": case.commands,
        "statuses": case.statuses,
        "fault": asdict(found),
        **origin,
    }
    (folder / "case.json").write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    return folder


def read(folder: Path) -> Case:
    """The case that `save` kept in a folder."""
    data = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    files = {path.name: path.read_bytes() for path in sorted((folder / "files").iterdir())}
    lines, statuses = (tuple(map(tuple, data[key])) for key in ("commands", "statuses"))
    return Case(data["kind"], files, lines, statuses)


def kept_in(folder: Path) -> Iterator[tuple[Fault, Path]]:
    """The faults of which a case is kept in a folder, and where."""
    for file in sorted(folder.glob("case-*/case.json")):
        yield Fault(**json.loads(file.read_text(encoding="utf-8"))["fault"]), file.parent


def shown(case: Case) -> str:
    """Its command lines as one would type them; of a case without, its kind and files."""
    lines = [shlex.join(["chainorder", *line]) for line in case.commands]
    return (
        "; ".join(lines).encode("utf-8", "backslashreplace").decode() or f"{case.kind} {' '.join(case.files)}"
    )

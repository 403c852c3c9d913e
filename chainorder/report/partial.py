"""A batch in the making: ``NAME.partial`` keeps what is finished, until NAME can be written from it.

Its first line says what was called. Each further line is a finished item, or the digest of a matrix file that
a spec names. A last line that was cut off, by whatever ended the process, is cut away.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import click

from chainorder.batch.files import Item
from chainorder.errors import OutputError
from chainorder.problems.problem import Problem
from chainorder.report import stream
from chainorder.report.calls import KeptError, check_content, check_same, digest
from chainorder.report.formats import Format
from chainorder.report.json import lines as json_lines
from chainorder.system.locking import open_locked
from chainorder.system.output import CALL, Output, encoded, partial_name, reason

READ = b'{"read": '
"""What the lines of matrix files begin with; no item does."""

_DAMAGE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


@dataclass
class Partial:
    """The file of a batch in the making.

    Attributes
    ----------
    output
        What it becomes.
    form
        And how that is written.
    sort
        What its rows are sorted by, if it is a table.
    file
        Open and locked.
    name
        Of the file, as the user calls it.
    written, failed
        Items that are finished, and those of them that have errors.
    done
        Items that an earlier process finished.
    begun
        Whether what an earlier process left has been gone on from, or thrown away.
    """

    output: Output
    form: Format
    file: BinaryIO
    name: str
    sort: str | None = None
    written: int = 0
    failed: int = 0
    done: int = 0
    begun: bool = False
    _errors: dict[int, str] = field(default_factory=dict)
    _read: dict[str, str | None] = field(default_factory=dict)

    def begin(self, call: Mapping[str, Any], *, resume: bool, force: bool) -> None:
        """Go on from what is there, or start.

        Raises
        ------
        KeptError
            If what is there must not be lost, or does not belong to this call.
        """
        begun, end = (None, 0) if force else self._scan()
        if begun is None or not self.written:
            self._start(call)
            return
        if not resume:
            raise KeptError(
                self.name,
                f"keeps {self.written:,} chains of a batch that was broken off; go on with --resume, or "
                "start over with --force",
            )
        check_same(self.name, begun, call)
        for file, before in self._read.items():
            check_content(self.name, file, before, digest(Path(file)))
        self.file.truncate(end)
        self.begun, self.done = True, self.written
        click.echo(f"going on after {self.done:,} chains of {self.name}", err=True)

    def _start(self, call: Mapping[str, Any]) -> None:
        self.file.truncate(0)
        self.begun = True
        self._append({"call": call})

    def _scan(self) -> tuple[dict[str, Any] | None, int]:
        """The call that the file was begun by, None if it is empty; and where its last whole line ends."""
        self.file.seek(0)
        if not CALL.startswith(self.file.read(len(CALL))):
            raise KeptError(self.name, "is no batch in the making; move it away, or give --force")
        self.file.seek(0)
        begun, end = None, 0
        for number, line in enumerate(self.file, 1):
            if not line.endswith(b"\n"):
                break
            end += len(line)
            try:
                data = json.loads(line)
                if number == 1:
                    begun = data["call"]
                    dict(begun["inputs"])
                elif line.startswith(READ):
                    self._read |= data["read"]
                else:
                    self._count(data)
            except _DAMAGE:
                raise KeptError(self.name, f"is damaged in line {number}; start over with --force") from None
        return begun, end

    def _count(self, record: Any) -> None:
        error = stream.error_of(record)
        if error is not None:
            self._errors[self.written] = error
            self.failed += 1
        self.written += 1

    def watch(self, items: Iterable[Item]) -> Iterator[Item]:
        """Items as they are read; those that are done, only if they read as they did before.

        Raises
        ------
        KeptError
            If one does not.
        """
        for place, item in enumerate(items):
            again = place < self.done
            if again and isinstance(item.outcome, str) and self._errors.get(place) != item.outcome:
                raise KeptError(self.name, f"{item.source} is now {item.outcome}; start over with --force")
            files = item.outcome.files if isinstance(item.outcome, Problem) else frozenset()
            for file in sorted(map(str, files)):
                if file in self._read:
                    continue
                if again:
                    raise KeptError(self.name, f"{item.source} read no {file}; start over with --force")
                self._read[file] = digest(Path(file))
                self._append({"read": {file: self._read[file]}})
            yield item

    def write(self, item: Item) -> None:
        """Keep the next item."""
        record = stream.record(self.form, item)
        self._append(record)
        self._count(record)

    def _append(self, data: Any) -> None:
        try:
            self.file.write(encoded(json_lines([data])))
            self.file.flush()
        except OSError as error:
            raise OutputError(self.name, reason(error)) from None

    def finish(self) -> None:
        """Write the output, and remove this file."""
        # Always the same name: what a killed process leaves is overwritten by the one that goes on.
        key = hashlib.sha256(os.fsencode(self.output.path)).hexdigest()[:12]
        with self.output.writing(self.output.path.with_name(f".chainorder-{key}.tmp")) as file:
            file.write(encoded(stream.head(self.form)))
            for part in self._texts():
                file.write(part)
        Path(self.name).unlink()

    def _texts(self) -> Iterator[bytes]:
        self.file.seek(0)
        lines = (line for line in self.file if not line.startswith((CALL, READ)))
        records = map(json.loads, lines)
        parts = ([each] for each in records) if self.form.append is not None else (records,)
        yield from (encoded(stream.text(self.form, part, self.sort)) for part in parts)

    def _left(self) -> bool:
        """Whether an earlier process left something."""
        return os.fstat(self.file.fileno()).st_size > 0

    def leave(self) -> None:
        """Say what is kept when the work is broken off; nothing is, if nothing was finished."""
        if not self.begun and self._left():
            click.echo(f"broken off before it began: {self.name} is as it was", err=True)
            return
        if not self.written:
            Path(self.name).unlink()
            return
        click.echo(
            f"{self.written:,} finished chains are kept in {self.name}; to go on: "
            f"chainorder batch … -o {self.output.name} --resume",
            err=True,
        )


@contextmanager
def open_partial(
    output: Output,
    form: Format,
    call: Mapping[str, Any],
    *,
    resume: bool,
    force: bool,
    sort: str | None = None,
) -> Iterator[Partial]:
    """The file of a batch in the making: it becomes the output if all goes well, and is kept if not.

    Parameters
    ----------
    call
        As of `chainorder.report.calls.describe`.
    resume
        Go on from what an earlier process left.
    force
        Throw that away.

    Raises
    ------
    OutputError
        If another process is at it, or what is there is of another call or must not be lost.
    """
    name = partial_name(output.name)
    file = open_locked(name)
    try:
        partial = Partial(output, form, file, name, sort)
        try:
            partial.begin(call, resume=resume, force=force)
            yield partial
            partial.finish()
        except KeptError:
            raise
        except BaseException:
            partial.leave()
            raise
    finally:
        with suppress(OSError):  # of what could not be written before
            file.close()

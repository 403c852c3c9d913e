"""What the output of a batch depends on: it may be gone on with only where all of that is the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainorder import __version__
from chainorder.errors import OutputError
from chainorder.reading.files import STDIN

if TYPE_CHECKING:
    from chainorder.costs.profile import Profile


class KeptError(OutputError):
    """What is left of a batch is neither gone on with nor thrown away."""


def describe(
    format_name: str, options: Mapping[str, Any], paths: Iterable[str], inputs: Sequence[Path]
) -> dict[str, Any]:
    """A call as plain data: its options, and its inputs with digests.

    The folders among its paths belong to it: what is no spec is skipped there, and an error elsewhere.
    """
    folders = sorted({path for path in paths if Path(path).is_dir()})
    digests = [[str(file), digest(file)] for file in inputs]
    return {"version": __version__, "format": format_name, **options, "folders": folders, "inputs": digests}


def told(profile: Profile) -> str:
    """A profile by its name, and a digest: another one of the same name is another."""
    content = hashlib.sha256(json.dumps(profile.to_data()).encode()).hexdigest()
    return f"{profile.name} (SHA-256 {content[:12]}…)"


def digest(file: Path) -> str | None:
    """A digest of the content of a file: empty if it cannot be read, None if it cannot be read twice."""
    try:
        if file == Path(STDIN):
            return None
        if not file.is_file():
            return None if file.exists() else ""
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError:
        return ""


def check_same(name: str, begun: Mapping[str, Any], call: Mapping[str, Any]) -> None:
    """Check that the batch that a file keeps was begun by the same call.

    Raises
    ------
    KeptError
        If not, with both values.
    """
    for key, now in call.items():
        if key != "inputs" and begun.get(key) != now:
            raise KeptError(
                name,
                f"was begun with {key} {begun.get(key)}, which is now {now}; call it as before, or start "
                "over with --force",
            )
    before, now = dict(begun["inputs"]), dict(call["inputs"])
    for what, files in (("is new", now.keys() - before.keys()), ("is gone", before.keys() - now.keys())):
        if files:
            counts = f"{len(before):,} files, which are now {len(now):,}: {min(files)} {what}"
            raise KeptError(name, f"was begun with {counts}; call it as before, or start over with --force")
    if _names(begun) != _names(call):
        raise KeptError(name, "was begun with its files in another order or number; start over with --force")
    for file, was in before.items():
        check_content(name, file, was, now[file])


def _names(call: Mapping[str, Any]) -> list[str]:
    return [file for file, _ in call["inputs"]]


def check_content(name: str, file: str, before: str | None, now: str | None) -> None:
    """Check that a file holds what it held when the batch was begun; raises `KeptError`."""
    if now is None:
        raise KeptError(name, f"{file} cannot be read a second time; start over with --force")
    if before != now:
        was, is_ = (f"SHA-256 {each[:12]}…" if each else "not readable" for each in (before, now))
        raise KeptError(
            name, f"{file} has changed: it was {was}, now {is_}; restore it, or start over with --force"
        )

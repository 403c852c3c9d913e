"""Ways that were timed: which one was the quickest for functions of a form on this machine, kept on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from chainorder import __version__
from chainorder.autodiff.choice import Choice, Mode
from chainorder.errors import OutputError
from chainorder.system.folders import cache_folder
from chainorder.system.output import Output

MOST = 3
"""Ways that are timed: the best by the estimates."""

KEY = "quickest"


def candidates(choice: Choice) -> list[Mode]:
    """The best ways by the estimates, that which they choose among them; only one where a way is forced."""
    if choice.forced is not None:
        return [choice.forced]
    others = sorted(choice.times, key=lambda mode: choice.times[mode])
    return list(dict.fromkeys([choice.mode, *others]))[:MOST]


def place_of(*described: object) -> Path:
    """The file of what was timed for something that is described: a program, shapes, a device, versions."""
    text = repr((__version__, *described))
    return cache_folder() / "tuned" / f"{hashlib.sha256(text.encode()).hexdigest()}.json"


def kept(place: Path) -> Mode | None:
    """The quickest way that is noted there; None if there is none, or what is there is no note."""
    try:
        return Mode(json.loads(place.read_text())[KEY])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(place: Path, seconds: Mapping[Mode, float]) -> Mode:
    """Note what ways took, where that can be written; the quickest."""
    quickest = min(seconds, key=lambda mode: seconds[mode])
    note = {KEY: quickest.value, "seconds": {mode.value: each for mode, each in seconds.items()}}
    with suppress(OSError, OutputError):  # it is timed once more, then
        place.parent.mkdir(parents=True, exist_ok=True)
        Output.at(place).write([json.dumps(note, indent=2), "\n"])
    return quickest

"""Whether a script may start processes: each imports the script again, and must not start more of them."""

from __future__ import annotations

import ast
import linecache
import multiprocessing
import sys
from multiprocessing.spawn import get_preparation_data
from pathlib import Path
from threading import main_thread
from types import FrameType

from chainorder.errors import ExecutionError

REMEDY = 'put what starts it under `if __name__ == "__main__":`'


class GuardError(ExecutionError, SystemExit):
    """A script that would be run again by each process that it starts.

    Where nobody catches it, it ends the script by its one line; the processes end without a word.
    """

    def __init__(self, message: str, *, silent: bool = False) -> None:
        super().__init__(message)
        self.code = 1 if silent else f"error: {message}"


def check_guard(method: str) -> None:
    """Look, before `multiprocessing` starts processes by a method, whether the script is ready for that.

    Raises
    ------
    GuardError
        If this is such a process, on its way through the script; if the script calls this outside of every
        condition; or if it is no file that could be imported.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise GuardError(f"a process that was started here would start processes; {REMEDY}", silent=True)
    if method == "fork":
        return
    main = get_preparation_data("")
    file = main.get("init_main_from_path")
    if file is not None and not Path(file).is_file():
        raise GuardError(f"processes cannot import the script {Path(file).name}; write it to a file")
    imported = file is not None or not main.get("init_main_from_name", "__main__").endswith("__main__")
    frame = _main_frame() if imported else None
    if frame is not None and not _conditional(frame):
        place = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
        raise GuardError(f"{place}: every process that is started here runs the script again; {REMEDY}")


def _main_frame() -> FrameType | None:
    """Where the script is, whichever thread calls; None if it has come to its end."""
    running = main_thread().ident
    frame = None if running is None else sys._current_frames().get(running)
    script = vars(sys.modules["__main__"])
    while frame is not None and not (frame.f_globals is script and frame.f_code.co_name == "<module>"):
        frame = frame.f_back
    return frame


def _conditional(frame: FrameType) -> bool:
    """Whether what a script is at stands under a condition, which may be the guard."""
    try:
        script = ast.parse("".join(linecache.getlines(frame.f_code.co_filename)))
    except (SyntaxError, ValueError):
        return True  # not known
    conditions = (node for node in ast.walk(script) if isinstance(node, (ast.If, ast.Match, ast.While)))
    spans = ((node.lineno, node.end_lineno) for node in conditions)
    return any(end is not None and start <= frame.f_lineno <= end for start, end in spans)

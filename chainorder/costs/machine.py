"""Which machine this is, as far as times depend on it."""

from __future__ import annotations

import hashlib
import os
import platform
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Machine:
    """What times depend on.

    Attributes
    ----------
    processor
        Its name, as it says it itself.
    blas
        The library of dense products, with its version if it tells.
    threads
        As many as that library uses.
    numpy, scipy
        Versions.
    """

    processor: str
    blas: str
    threads: int
    numpy: str
    scipy: str

    @staticmethod
    @lru_cache(maxsize=1)
    def here() -> Machine:
        """This one."""
        blas, threads = _blas()
        return Machine(_processor(), blas, threads, version("numpy"), version("scipy"))

    @property
    def digest(self) -> str:
        """Short text that is the same for all versions of NumPy and SciPy on a machine, and no other."""
        text = "\n".join((self.processor, self.blas.split()[0], str(self.threads)))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def words_of_threads(self) -> str:
        """How many threads, in words."""
        return f"{self.threads} thread{'s' * (self.threads > 1)}"

    def unlike(self, other: Machine) -> list[str]:
        """What tells it from another, ``processor A, not B``."""
        pairs = ((key.name, getattr(self, key.name), getattr(other, key.name)) for key in fields(Machine))
        return [f"{name} {mine}, not {its}" for name, mine, its in pairs if mine != its]


def _processor() -> str:
    named = ""
    if CPUINFO.exists():
        lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
        named = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return named or platform.processor() or platform.machine() or "unknown"


def _blas() -> tuple[str, int]:
    """Name and threads of the library that NumPy multiplies by."""
    import numpy as np
    from threadpoolctl import threadpool_info

    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    pools.sort(key=lambda pool: "numpy" not in pool["filepath"])  # SciPy may bring one of its own
    if pools:
        return f"{pools[0]['internal_api']} {pools[0]['version']}", int(pools[0]["num_threads"])
    built = np.show_config(mode="dicts")
    name = str(built["Build Dependencies"]["blas"].get("name", "blas")) if built else "blas"
    stated = os.environ.get("OMP_NUM_THREADS", "")
    processors = os.cpu_count()
    return name, int(stated) if stated.isdigit() else 1 if processors is None else processors

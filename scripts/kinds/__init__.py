"""Functions of the kinds that people differentiate in JAX, small ones of each: `KINDS`.

Part of `bench_kinds.py`.
"""

from . import fields, inference, mechanics, networks, solving
from .registry import KINDS, Kind, numbers

__all__ = ["KINDS", "Kind", "fields", "inference", "mechanics", "networks", "numbers", "solving"]

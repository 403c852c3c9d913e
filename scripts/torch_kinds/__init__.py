"""Functions of the kinds that people differentiate in PyTorch, small ones of each: `KINDS`.

Part of `bench_torch_kinds.py`.
"""

from . import fields, inference, layers, mechanics, networks
from .registry import KINDS, Kind

__all__ = ["KINDS", "Kind", "fields", "inference", "layers", "mechanics", "networks"]

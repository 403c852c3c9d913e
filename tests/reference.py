"""Published instances: read from where they are, never copied."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REFERENCE = Path(os.environ.get("CHAINORDER_REFERENCE", Path(__file__).parents[2] / "shared" / "reference"))

needs_reference = pytest.mark.skipif(
    not REFERENCE.is_dir(), reason=f"no published instances in {REFERENCE}; set CHAINORDER_REFERENCE"
)

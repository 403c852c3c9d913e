"""What may be asked of chainorder, as Hypothesis strategies: for the tests and for ``scripts/fuzz.py``.

Specs are plain data with the bytes of the files that they name, so that they can be written in any form, and
damaged.
"""

from tests.strategies.chains import ALL, SMALL, chains, huge_chains, rarely
from tests.strategies.command_lines import command_lines
from tests.strategies.damage import damaged_bytes, damaged_data, damaged_npz
from tests.strategies.graphs import graphs, networks
from tests.strategies.matrices import matrix_files
from tests.strategies.specs import FORMS, Spec, written

__all__ = [
    "ALL",
    "FORMS",
    "SMALL",
    "Spec",
    "chains",
    "command_lines",
    "damaged_bytes",
    "damaged_data",
    "damaged_npz",
    "graphs",
    "huge_chains",
    "matrix_files",
    "networks",
    "rarely",
    "written",
]

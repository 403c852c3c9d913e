"""chainorder: the best order to multiply a Jacobian chain, the product computed in it, and the proof.

>>> import chainorder
>>> plan = chainorder.plan(chainorder.Chain.from_dims([1000, 100, 10, 1]))
>>> plan.bracketing, plan.fma, plan.optimal
('(F3 F2) F1', 101000, True)
"""

# Everything here needs NumPy only; SciPy, networkx, yaml and jsonschema are imported when they are used.
from chainorder.chain import Chain, Elemental
from chainorder.compare import Comparison, compare
from chainorder.errors import (
    ChainError,
    ChainorderError,
    ExecutionError,
    InfeasibleError,
    PlanError,
    SolverError,
    SpecError,
    StructureError,
)
from chainorder.execute import Check, Execution, execute
from chainorder.many import ChainTable, plan_many
from chainorder.network import Network
from chainorder.plan import Operation, Plan
from chainorder.solvers import plan, register
from chainorder.spec import load
from chainorder.structure import Banded, Dense, Diagonal, Identity, Sparse

__version__ = "0.1.0"

__all__ = [
    "Banded",
    "Chain",
    "ChainError",
    "ChainTable",
    "ChainorderError",
    "Check",
    "Comparison",
    "Dense",
    "Diagonal",
    "Elemental",
    "Execution",
    "ExecutionError",
    "Identity",
    "InfeasibleError",
    "Network",
    "Operation",
    "Plan",
    "PlanError",
    "SolverError",
    "Sparse",
    "SpecError",
    "StructureError",
    "compare",
    "execute",
    "load",
    "plan",
    "plan_many",
    "register",
]

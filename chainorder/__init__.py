"""chainorder: the best order to multiply a Jacobian chain, the product computed in it, and the proof.

>>> import chainorder
>>> plan = chainorder.plan(chainorder.Chain.from_dims([1000, 100, 10, 1]))
>>> plan.bracketing, plan.fma, plan.optimal
('(F3 F2) F1', 101000, True)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from chainorder.chain import Chain
from chainorder.elementals import Elemental
from chainorder.errors import (
    ChainError,
    ChainorderError,
    ExecutionError,
    GraphError,
    InfeasibleError,
    InstallationError,
    PlanError,
    SolverError,
    SpecError,
    StructureError,
)
from chainorder.installation import refuse_strangers
from chainorder.plan import Operation, Plan
from chainorder.selections import Selection
from chainorder.solvers import plan, register
from chainorder.solves import Solve
from chainorder.structure import Banded, Dense, Diagonal, Identity, Sparse

if TYPE_CHECKING:
    from chainorder.comparison import Comparison, Scaling, compare, scale
    from chainorder.execution import Check, Execution, execute
    from chainorder.graph import Edge, Graph, GraphComparison, GraphExecution, GraphPlan, ParameterNetwork
    from chainorder.many import ChainTable, plan_many
    from chainorder.network import Network
    from chainorder.spec import load

refuse_strangers()

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
    "Edge",
    "Elemental",
    "Execution",
    "ExecutionError",
    "Graph",
    "GraphComparison",
    "GraphError",
    "GraphExecution",
    "GraphPlan",
    "Identity",
    "InfeasibleError",
    "InstallationError",
    "Network",
    "Operation",
    "ParameterNetwork",
    "Plan",
    "PlanError",
    "Scaling",
    "Selection",
    "Solve",
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
    "scale",
]

_LAZY = {
    "comparison": ("Comparison", "Scaling", "compare", "scale"),
    "graph": ("Edge", "Graph", "GraphComparison", "GraphExecution", "GraphPlan", "ParameterNetwork"),
    "execution": ("Check", "Execution", "execute"),
    "many": ("ChainTable", "plan_many"),
    "network": ("Network",),
    "spec": ("load",),
}
"""What not everybody needs, by its module: imported when it is asked for, so that starting up is cheap."""


def __getattr__(name: str) -> Any:
    for module, names in _LAZY.items():
        if name in names:
            return getattr(import_module(f"chainorder.{module}"), name)
    raise AttributeError(f"module 'chainorder' has no attribute {name!r}")

"""chainorder: the best order to multiply a Jacobian chain, the product computed in it, and the proof.

>>> import chainorder
>>> plan = chainorder.plan(chainorder.Chain.from_dims([1000, 100, 10, 1]))
>>> plan.bracketing, plan.fma, plan.optimal
('(F3 F2) F1', 101000, True)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

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
from chainorder.system.installation import refuse_strangers
from chainorder.system.later import later
from chainorder.system.showing import VIEWS

if TYPE_CHECKING:
    from chainorder.batch.many import plan_many
    from chainorder.batch.tables import ChainTable
    from chainorder.comparison.chains import Comparison
    from chainorder.comparison.compare import compare
    from chainorder.comparison.graphs import GraphComparison
    from chainorder.comparison.scaling import Scaling, scale
    from chainorder.execution.checks import Check
    from chainorder.execution.execute import execute
    from chainorder.execution.graph_result import GraphExecution
    from chainorder.execution.measuring import measure
    from chainorder.execution.prepared import Prepared, prepare
    from chainorder.execution.result import Execution
    from chainorder.plans.chain_operations import Operation
    from chainorder.plans.chain_plan import Plan
    from chainorder.plans.graph_plan import GraphPlan
    from chainorder.problems.chain import Chain
    from chainorder.problems.edge import Edge
    from chainorder.problems.elementals import Elemental
    from chainorder.problems.evaluation_time import EvaluationTime
    from chainorder.problems.graph import Graph
    from chainorder.problems.load import load
    from chainorder.problems.network import Network
    from chainorder.problems.parameter_network import ParameterNetwork
    from chainorder.report.watching import progress
    from chainorder.solvers import plan
    from chainorder.solvers.registry import register
    from chainorder.structures.banded import Banded, Diagonal, Identity
    from chainorder.structures.block_diagonal import BlockDiagonal
    from chainorder.structures.dense import Dense
    from chainorder.structures.selection import Selection
    from chainorder.structures.solve import Solve
    from chainorder.structures.sparse import Sparse
    from chainorder.structures.triangular import Triangular

refuse_strangers()

VIEWS.update(
    plot=later("pictures.catalogue", "plot"),
    text=later("report.results", "text"),
    html=later("report.html.page", "fragment"),
)

__version__ = "0.1.0"

__all__ = [
    "Banded",
    "BlockDiagonal",
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
    "EvaluationTime",
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
    "Prepared",
    "Scaling",
    "Selection",
    "Solve",
    "SolverError",
    "Sparse",
    "SpecError",
    "StructureError",
    "Triangular",
    "compare",
    "execute",
    "load",
    "measure",
    "plan",
    "plan_many",
    "prepare",
    "progress",
    "register",
    "scale",
]

_LAZY = {
    "batch.many": ("plan_many",),
    "batch.tables": ("ChainTable",),
    "comparison.chains": ("Comparison",),
    "comparison.compare": ("compare",),
    "comparison.graphs": ("GraphComparison",),
    "comparison.scaling": ("Scaling", "scale"),
    "execution.checks": ("Check",),
    "execution.execute": ("execute",),
    "execution.graph_result": ("GraphExecution",),
    "execution.measuring": ("measure",),
    "execution.prepared": ("Prepared", "prepare"),
    "execution.result": ("Execution",),
    "plans.chain_operations": ("Operation",),
    "plans.chain_plan": ("Plan",),
    "plans.graph_plan": ("GraphPlan",),
    "problems.chain": ("Chain",),
    "problems.edge": ("Edge",),
    "problems.elementals": ("Elemental",),
    "problems.evaluation_time": ("EvaluationTime",),
    "problems.graph": ("Graph",),
    "problems.load": ("load",),
    "problems.network": ("Network",),
    "problems.parameter_network": ("ParameterNetwork",),
    "report.watching": ("progress",),
    "solvers": ("plan",),
    "solvers.registry": ("register",),
    "structures.banded": ("Banded", "Diagonal", "Identity"),
    "structures.block_diagonal": ("BlockDiagonal",),
    "structures.dense": ("Dense",),
    "structures.selection": ("Selection",),
    "structures.solve": ("Solve",),
    "structures.sparse": ("Sparse",),
    "structures.triangular": ("Triangular",),
}
"""Names by their module, which is imported when one of them is asked for: so that starting up is cheap."""


def __getattr__(name: str) -> Any:
    for module, names in _LAZY.items():
        if name in names:
            found = globals()[name] = getattr(import_module(f"chainorder.{module}"), name)
            return found
    raise AttributeError(f"module 'chainorder' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

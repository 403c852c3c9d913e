"""Run a plan on real Jacobians, count what it does, and check the result."""

from chainorder.execution.checks import Check
from chainorder.execution.execute import execute
from chainorder.execution.operations import OperationRecord
from chainorder.execution.prepared import Prepared, prepare
from chainorder.execution.result import Execution

__all__ = ["Check", "Execution", "OperationRecord", "Prepared", "execute", "prepare"]

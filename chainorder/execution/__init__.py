"""Run a plan on real Jacobians, count what it does, and check the result."""

from chainorder.execution.checks import Check
from chainorder.execution.run import Execution, OperationRecord, execute

__all__ = ["Check", "Execution", "OperationRecord", "execute"]

"""Run a plan on real Jacobians, count what it does, and check the result."""

from chainorder.execute.checks import Check
from chainorder.execute.run import Execution, OperationRecord, execute

__all__ = ["Check", "Execution", "OperationRecord", "execute"]

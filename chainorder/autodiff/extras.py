"""The frameworks are optional: what to do where one is missing."""

from __future__ import annotations

from importlib.util import find_spec

from chainorder.errors import ChainorderError


def require(framework: str) -> None:
    """Raise `ChainorderError` if a framework is not installed."""
    if find_spec(framework) is None:
        raise ChainorderError(f"{framework} is not installed; pip install 'chainorder[{framework}]'")

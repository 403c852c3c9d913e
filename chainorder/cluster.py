"""Dask clusters: an embedded one, or one that is there already."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module
from typing import Any, TypeAlias

from chainorder.errors import ChainorderError, ExecutionError
from chainorder.signals import Interrupted

Client: TypeAlias = Any
"""A `distributed.Client`; Dask is imported when it is used."""

LOCAL = "local"
"""In place of an address: a cluster that is started here and ends with its use."""

CONNECT_SECONDS = 5
"""How long a scheduler may take to answer."""

MOST_WORKERS = 64
"""Processes of an embedded cluster."""

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), 1)

SETTINGS = {
    "distributed.scheduler.work-stealing": False,  # operations run where the plan says
    "distributed.scheduler.active-memory-manager.start": False,  # and operands stay where they are
    "distributed.nanny.pre-spawn-environ": ONE_THREAD,
}
"""Of an embedded cluster."""


def dask_distributed() -> Any:
    """The module; raises `ChainorderError` if it is not installed."""
    try:
        return import_module("distributed")
    except ImportError:
        raise ChainorderError("workers need Dask: pip install 'chainorder[distributed]'") from None


@contextmanager
def connected(scheduler: Any, workers: int) -> Iterator[Client]:
    """A client of a scheduler: of an embedded one with so many workers, of an address, or the client itself.

    Raises
    ------
    ExecutionError
        If no scheduler answers at the address, or it has no workers.
    ChainorderError
        If Dask is not installed.
    """
    distributed = dask_distributed()
    if isinstance(scheduler, distributed.Client):
        yield scheduler
    elif scheduler == LOCAL:
        from chainorder.processes import apart_from_terminal

        count = min(workers, MOST_WORKERS)
        with ExitStack() as stack:
            stack.enter_context(import_module("dask.config").set(SETTINGS))
            try:
                cluster = stack.enter_context(apart_from_terminal(partial(_cluster, distributed, count)))
                yield stack.enter_context(distributed.Client(cluster, set_as_default=False))
            except Interrupted:
                stack.pop_all()  # this process ends, and its workers with it
                raise
    else:
        with _client(distributed, scheduler) as client:
            yield client


def _cluster(distributed: Any, count: int) -> Any:
    return distributed.LocalCluster(
        n_workers=count,
        threads_per_worker=1,
        dashboard_address=":0",
        memory_limit=0,
        silence_logs="CRITICAL",
    )


def _client(distributed: Any, address: str) -> Client:
    try:
        distributed.comm.resolve_address(address)  # an unknown scheme, before anything is started
        client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise ExecutionError(
            f"no scheduler answers at {address} ({type(error).__name__}); start one by `dask scheduler`, "
            "or leave the address out"
        ) from None
    if not client.scheduler_info()["workers"]:
        client.close()
        raise ExecutionError(
            f"the scheduler at {address} has no workers; start some by `dask worker {address}`"
        )
    return client

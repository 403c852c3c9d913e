"""Dask clusters: an embedded one, or one that is there already."""

from __future__ import annotations

import asyncio
import logging
import warnings
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module
from typing import Any, TypeAlias

from chainorder.errors import ExecutionError
from chainorder.system.installation import require
from chainorder.system.main_guard import REMEDY, GuardError, check_guard
from chainorder.system.signals import Interrupted

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
    """The module; raises `InstallationError` if it, or what the workers need, is not installed."""
    distributed = require("distributed")
    require("threadpoolctl", extra="distributed")
    return distributed


@contextmanager
def connected(scheduler: Any, workers: int) -> Iterator[Client]:
    """A client of a scheduler: of an embedded one with so many workers, of an address, or the client itself.

    Raises
    ------
    ExecutionError
        If no scheduler answers at the address, it has no workers, or the client is not connected to one.
    InstallationError
        If Dask is not installed.
    """
    distributed = dask_distributed()
    if isinstance(scheduler, distributed.Client):
        _check_client(scheduler)
        yield scheduler
    elif scheduler == LOCAL:
        with _started(distributed, min(workers, MOST_WORKERS)) as client:
            yield client
    elif isinstance(scheduler, str):
        _check_address(scheduler)
        with (
            _silent(),
            distributed.Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False) as client,
        ):
            yield client
    else:
        raise ExecutionError(
            f"scheduler is a {type(scheduler).__name__}; give an address as tcp://host:8786, {LOCAL}, or a "
            "distributed.Client"
        )


@contextmanager
def _silent() -> Iterator[None]:
    """Without what a client logs when its scheduler goes away: that is said here."""
    log = logging.getLogger("distributed.client")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


@contextmanager
def _started(distributed: Any, workers: int) -> Iterator[Client]:
    """A client of an embedded cluster, which ends with its use."""
    from chainorder.system.processes import apart_from_terminal

    config = import_module("dask.config")
    check_guard(config.get("distributed.worker.multiprocessing-method"))
    with ExitStack() as stack:
        stack.enter_context(config.set(SETTINGS))
        try:
            cluster = stack.enter_context(apart_from_terminal(partial(_embedded, distributed, workers)))
            yield stack.enter_context(distributed.Client(cluster, set_as_default=False))
        except Interrupted:
            stack.pop_all()  # this process ends, and its workers with it
            raise


def _embedded(distributed: Any, workers: int) -> Any:
    """A cluster of processes of its own."""
    try:
        return distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address=":0",
            memory_limit=0,
            silence_logs="CRITICAL",
        )
    except (RuntimeError, OSError) as error:
        raise GuardError(f"processes could not be started ({error}); in a script, {REMEDY}") from None


def _check_client(client: Client) -> None:
    """Refuse a client that does not run, or whose scheduler has gone: Dask would wait for it for ever."""
    status = getattr(client, "status", "half made")
    if status != "running":
        raise ExecutionError(f"the client is {status}; give one that is connected, or an address")
    if client.asynchronous:
        raise ExecutionError("the client is asynchronous; give one that is not, or an address")
    address = client.scheduler.address
    try:
        identity = client.sync(client.scheduler.identity, callback_timeout=CONNECT_SECONDS)
    except Exception as error:
        raise _no_answer(address, error) from error
    _check_identity(address, identity)


def _check_address(address: str) -> None:
    """Ask whoever is at an address who it is, before a client of it is half made.

    In a thread, as the caller's may run an event loop.
    """
    pool = ThreadPoolExecutor(1)
    answer = pool.submit(asyncio.run, _identity(address))
    pool.shutdown(wait=False)
    try:
        identity = answer.result(CONNECT_SECONDS + 1)
    except Exception as error:
        raise _no_answer(address, error) from error
    _check_identity(address, identity)


async def _identity(address: str) -> dict[str, Any]:
    distributed = dask_distributed()
    with warnings.catch_warnings(action="ignore"):  # of protocols that are not there any more
        distributed.comm.resolve_address(address)  # finds a wrong address at once
    options = distributed.Security().get_connection_args("client")
    async with (
        asyncio.timeout(CONNECT_SECONDS),
        distributed.rpc(address, connection_args=options) as scheduler,
    ):
        return dict(await scheduler.identity())


def _no_answer(address: str, error: Exception) -> ExecutionError:
    return ExecutionError(
        f"no scheduler answers at {address!r} ({type(error).__name__}); write tcp://host:port of one that "
        "`dask scheduler` started, or leave it out"
    )


def _check_identity(address: str, identity: Mapping[str, Any]) -> None:
    """Refuse what is no scheduler, or has no workers."""
    if identity.get("type") != "Scheduler":
        raise ExecutionError(f"{address!r} is a {identity.get('type')}; give the address of its scheduler")
    if not identity.get("workers"):
        raise ExecutionError(
            f"the scheduler at {address!r} has no workers; start some by `dask worker {address}`"
        )

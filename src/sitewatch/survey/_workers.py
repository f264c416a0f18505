"""Who does the work: this process, a cluster of processes on this machine, or one that runs already."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from sitewatch.errors import SurveyError
from sitewatch.progress import Progress

if TYPE_CHECKING:
    from distributed import Client

Job = TypeVar("Job")
Result = TypeVar("Result")
RETRIES = 2
_MISSING = "pip install 'sitewatch[dask]'"


@dataclasses.dataclass(frozen=True)
class Failed:
    """A job that could not be done, and why."""

    job: Any
    reason: str


@contextlib.contextmanager
def local_workers(workers: int | None = None) -> Iterator[Client]:
    """A cluster of one-thread processes on this machine, one a core where not told otherwise.

    A worker that dies is replaced, and what it was at is done again.

    Raises
    ------
    SurveyError
        If Dask Distributed is not installed.
    """
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise SurveyError("a survey with several workers needs Dask Distributed", hint=_MISSING) from error
    # Kernels and algebra of one worker must not take the cores of the others.
    alone = {f"distributed.nanny.pre-spawn-environ.{name}": 1 for name in ("NUMBA_NUM_THREADS", "BLOSC_NTHREADS")}
    with (
        dask.config.set(alone),
        LocalCluster(
            n_workers=workers or os.cpu_count() or 1, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@contextlib.contextmanager
def scheduled_workers(address: str) -> Iterator[Client]:
    """The workers of a Dask scheduler that runs already, at ``tcp://host:port``.

    Raises
    ------
    SurveyError
        If it can't be reached, has no workers, or workers of several threads.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise SurveyError("a survey with several workers needs Dask Distributed", hint=_MISSING) from error
    try:
        client = Client(address, timeout=10)
    except (OSError, TimeoutError, ValueError) as error:
        raise SurveyError(
            f"there is no Dask scheduler at {address} ({error})",
            hint="Give tcp://host:port, as `dask scheduler` prints.",
        ) from error
    with client:
        threads = [worker["nthreads"] for worker in client.scheduler_info(n_workers=-1)["workers"].values()]
        if not threads:
            raise SurveyError(f"the scheduler at {address} has no workers", hint="Start some with `dask worker`.")
        if max(threads) > 1:
            raise SurveyError(
                f"the scheduler at {address} has workers of {max(threads)} threads",
                hint="Start more workers of one thread instead: `dask worker --nthreads 1 --nworkers N`.",
            )
        yield client


def share(client: Client | None, function: Callable[..., Result], *given: Any) -> Any:
    """What a function gives, computed once where the work is done, to be passed to `do_all`.

    It is a task like others: should the worker that holds the result be lost, it is computed again.
    """
    if client is None:
        return function(*given)
    future = client.submit(function, *given, pure=False, retries=RETRIES)
    # What can't be learnt is said once, and not by every job that rests on it.
    future.result()
    return future


def do_all(
    client: Client | None,
    function: Callable[..., Result],
    jobs: Sequence[Job],
    shared: Callable[[Job], Sequence[Any]],
    stage: str,
    progress: Progress,
) -> tuple[list[tuple[Job, Result]], list[Failed]]:
    """Do jobs in any order; a job that fails again and again keeps none of the others from being done.

    Parameters
    ----------
    shared
        What `share` gave, for each job.
    """
    done: dict[int, Result] = {}
    failed: dict[int, Failed] = {}
    for number, outcome in _outcomes(client, function, jobs, shared):
        if isinstance(outcome, Failed):
            failed[number] = outcome
        else:
            done[number] = outcome
        progress(stage, len(done) + len(failed), len(jobs))
    # In the order of the jobs, whoever was first.
    return [(jobs[i], done[i]) for i in sorted(done)], [failed[i] for i in sorted(failed)]


def _outcomes(
    client: Client | None, function: Callable[..., Result], jobs: Sequence[Job], shared: Callable[[Job], Sequence[Any]]
) -> Iterator[tuple[int, Result | Failed]]:
    if client is None:
        for number, job in enumerate(jobs):
            try:
                outcome: Result | Failed = function(job, *shared(job))
            except Exception as error:
                outcome = Failed(job, _said(error))
            yield number, outcome
        return
    from distributed import as_completed

    def submit(number: int) -> Any:
        return client.submit(function, jobs[number], *shared(jobs[number]), pure=False, retries=RETRIES)

    futures = {submit(number): number for number in range(len(jobs))}
    again = dict.fromkeys(range(len(jobs)), RETRIES)
    done = as_completed(futures)
    for future in done:
        number = futures[future]
        if future.status == "error":
            yield number, Failed(jobs[number], _said(future.exception()))
        elif (found := _result_of(future)) is not None:
            yield number, found[0]
        elif client.status == "running" and again[number] > 0:
            # Its result went with the worker that held it.
            again[number] -= 1
            once_more = submit(number)
            futures[once_more] = number
            done.add(once_more)
        else:
            raise SurveyError(
                "the Dask scheduler was lost",
                hint="Start it again, then give the same command; what is done stays done.",
            )
        future.release()


def _said(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no reason given'}"


def _result_of(future: Any) -> tuple[Any] | None:
    """What a job came to, in a tuple; None where that was lost."""
    from concurrent.futures import CancelledError

    try:
        return (future.result(),) if future.status == "finished" else None
    except CancelledError:
        return None

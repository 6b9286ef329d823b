"""Workers: processes of this machine, or of a cluster, and tasks that are handed to them a few at a time."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from distributed import Client, Future

T = TypeVar("T")
TIMEOUT = 30  # seconds in which a scheduler has to answer
# Dask has workers give memory back to the system all the time, which costs a third of their time and more; and its
# profiler looks at each of them a hundred times a second. Its logs keep the last thousand messages, texts and all. It
# wakes each process fifty times a second to see whether it is late, and looks at the system's state twice.
SPAWN = "distributed.nanny.pre-spawn-environ"
SETTINGS = {
    f"{SPAWN}.MALLOC_TRIM_THRESHOLD_": 10**9,
    f"{SPAWN}.MALLOC_MMAP_THRESHOLD_": 10**9,
    "distributed.worker.profile.enabled": False,
    "distributed.admin.low-level-log-length": 0,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.tick.limit": "30s",
    "distributed.admin.system-monitor.interval": "10s",
}


@contextlib.contextmanager
def connected(
    *, workers: int, scheduler: str | None = None, deaths: int, environment: Mapping[str, str] | None = None
) -> Iterator["Client"]:
    """Yields a client of Dask that has at least one worker.

    Args:
        workers: processes to start on this machine, with one thread each.
        scheduler: the address of a cluster that is there already; its workers need this kit, and none is started.
        deaths: of workers, over one task, after which it is given up; a cluster has its own limit.
        environment: variables of the processes that are started.

    Raises:
        OSError: nobody answers at that address, or there is no worker.
    """
    import dask
    from distributed import Client, LocalCluster

    with contextlib.ExitStack() as stack:
        stack.enter_context(dask.config.set({**SETTINGS, "distributed.scheduler.allowed-failures": deaths - 1}))
        if scheduler is None:
            settings = {"threads_per_worker": 1, "memory_limit": 0, "env": environment}  # 0: what the machine has
            quiet = {"dashboard_address": "127.0.0.1:0", "silence_logs": "CRITICAL"}
            with _stopping_later():
                where = stack.enter_context(LocalCluster(n_workers=workers, host="127.0.0.1", **settings, **quiet))
        else:
            where = scheduler
        try:
            client = stack.enter_context(Client(where, timeout=TIMEOUT))
        except (OSError, TimeoutError, ValueError) as error:
            raise OSError(f"--scheduler {scheduler}: expected a Dask scheduler, got no answer: {error}") from None
        try:
            client.wait_for_workers(1, timeout=TIMEOUT)
        except TimeoutError:
            raise OSError(f"--scheduler {scheduler}: expected a worker within {TIMEOUT} s, got none") from None
        yield client


@contextlib.contextmanager
def _stopping_later() -> Iterator[None]:
    """Within it a Ctrl-C waits for the end, and threads and processes that are begun never hear of one.

    A terminal sends it to all of them. Workers would each end in the middle of whatever they do, and tell of it at
    length, while this process stops them anyway.
    """
    heard, before = [], signal.getsignal(signal.SIGINT)  # `None`: a handler that Python did not set
    is_ours = threading.current_thread() is threading.main_thread() and before is not None
    if is_ours:
        signal.signal(signal.SIGINT, lambda *call: heard.append(call))
    has_masks = hasattr(signal, "pthread_sigmask")  # Windows has none
    if has_masks:
        resource_tracker.ensure_running()  # else the first spawn does, and listens again
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if has_masks else None
    try:
        yield
    finally:
        if has_masks:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        if is_ours:
            signal.signal(signal.SIGINT, before)
    if heard and callable(before):
        before(*heard[0])


def as_they_end(tasks: Iterable[T], submit: Callable[[T], "Future"], *, most: int) -> Iterator[tuple[T, "Future"]]:
    """Yields each task with its future when that has ended; the next task is taken when one has been yielded.

    Args:
        tasks: in the order in which they begin.
        submit: hands one to the workers.
        most: how many the workers have at a time.
    """
    from distributed import wait

    begun: dict[Any, T] = {}
    for task in tasks:
        begun[submit(task)] = task
        if len(begun) >= most:
            for future in wait(list(begun), return_when="FIRST_COMPLETED").done:
                yield begun.pop(future), future
    while begun:
        for future in wait(list(begun), return_when="FIRST_COMPLETED").done:
            yield begun.pop(future), future

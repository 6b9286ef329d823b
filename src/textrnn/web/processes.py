"""A service of several processes that share one socket: uvicorn starts them, and replaces one that died."""

import contextlib
import functools
import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker
from pathlib import Path

from prometheus_client.multiprocess import mark_process_dead
from starlette.types import ASGIApp
from uvicorn import Config
from uvicorn.supervisors.multiprocess import SIGNALS, Multiprocess

from textrnn import saving
from textrnn.web.connections import Connection, num_connections
from textrnn.web.service import GRACE_SECONDS, Service, config_of
from textrnn.web.serving import tell

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # where its library looks when it is imported
MODEL = "model"
ENDING = {signal.SIGINT, signal.SIGTERM}
PAUSE_SECONDS = 0.0001  # without, of 32 connections at once a process took 3 to 29, with it 10 to 22
SILENT_SECONDS = 30  # after which a process that runs counts as dead


def answer_together(
    model: Path,
    *,
    runtime: str,
    sha256: str | None,
    name: str,
    listener: socket.socket,
    processes: int,
    ready: Callable[[], None],
):
    """Answers by several processes until SIGTERM or Ctrl-C; what was asked before is answered first.

    Args:
        model: the folder of the saved model, which may change meanwhile: the processes read a copy, a later one too.
        runtime: as in `saving.load_classifier`.
        sha256: as there.
        name: what it is called in paths.
        listener: of all of them.
        processes: how many.
        ready: is called when all can answer.

    Raises:
        OSError: a process ended before it could answer for the first time.
    """
    with tempfile.TemporaryDirectory(prefix="textrnn-serve-") as folder, _as_before():
        os.environ[FOLDER] = folder
        shutil.copytree(model, Path(folder, MODEL))
        app = functools.partial(_app, name, folder, runtime, sha256)
        config = config_of(app, factory=True, workers=processes, timeout_worker_healthcheck=SILENT_SECONDS)
        supervisor = _Supervisor(config, listener, ready)
        try:
            supervisor.run()
        finally:  # were it by an error, Python would wait for them for ever
            supervisor.terminate_all()
        if supervisor.failed is not None:
            raise OSError(f"a process ended before it could answer, exit code {supervisor.failed}: is memory short?")


def _app(name: str, folder: str, runtime: str, sha256: str | None) -> ASGIApp:
    """Returns what one of the processes answers with."""
    classifier = saving.load_classifier(Path(folder, MODEL), runtime=runtime, sha256=sha256)
    Connection.most, Connection.pause = num_connections(), PAUSE_SECONDS
    classifier.network.multiply_ahead()
    return Service(classifier, name=name, folder=folder).app()


@contextlib.contextmanager
def _as_before() -> Iterator[None]:
    """Puts the environment and the answers to signals back as they were."""
    variable, handlers = os.environ.get(FOLDER), {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        os.environ.pop(FOLDER)
        if variable is not None:
            os.environ[FOLDER] = variable


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """Lets signals wait; a process that starts within never gets them, so Ctrl-C is this one's to pass on."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Supervisor(Multiprocess):
    def __init__(self, config: Config, listener: socket.socket, ready: Callable[[], None]):
        super().__init__(config, [listener])
        self.failed: int | None = None  # exit code of a process that never answered
        self._ready, self._backlog = ready, config.backlog
        config.backlog = 1  # asyncio takes so many connections at a time: one, for the next is another's

    def init_processes(self):
        """Starts them, and waits until all can answer."""
        resource_tracker.ensure_running()  # its start would let signals through again
        with _signals_kept():
            super().init_processes()
        self._let_go()
        while not all(process.is_ready(timeout=1) for process in self.processes):
            self.handle_signals()
            ended = [process.exitcode for process in self.processes if process.exitcode is not None]
            if ended and not self.should_exit.is_set():
                self.failed = ended[0]
                self.should_exit.set()
            if self.should_exit.wait(0.1):
                return
        self.sockets[0].listen(self._backlog)
        self._ready()

    def keep_subprocess_alive(self):
        """Replaces processes that died, and says so."""
        before = list(self.processes)
        with _signals_kept():
            super().keep_subprocess_alive()
        self._let_go()
        for old, new in zip(before, self.processes, strict=True):
            if new is not old:
                mark_process_dead(old.pid, os.environ[FOLDER])
                tell(f"process {old.pid} ended, exit code {old.exitcode}; process {new.pid} takes its place")
        self.sockets[0].listen(self._backlog)  # a new process made it 1

    def _let_go(self):
        """Closes the processes' ends of the pipes here, so that one which dies while it is asked is seen at once."""
        for process in self.processes:
            process.child_conn.close()

    def handle_hup(self):
        """Ends the service, as one of a single process ends when its terminal is closed."""
        self.handle_term()

    def join_all(self):
        """Waits until all have answered what was asked; told a second time, or after the time for it, they end."""
        self.sockets[0].close()
        deadline = time.monotonic() + GRACE_SECONDS + 5
        for process in self.processes:
            while process.process.is_alive():
                if time.monotonic() > deadline or ENDING & set(self.signal_queue):
                    process.process.kill()
                process.process.join(0.1)

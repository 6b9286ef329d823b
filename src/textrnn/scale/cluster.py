"""Workers: processes of this machine, or of a cluster, that hold a network each and answer texts."""

import contextlib
from collections.abc import Iterator
from typing import Any

import dask
import numpy as np
from distributed import Client, LocalCluster, WorkerPlugin, get_worker

from textrnn.saving import NumpyNetwork

# Dask has workers give memory back to the system all the time, which costs a third of their time and more; and its
# profiler looks at each of them a hundred times a second.
SPAWN = "distributed.nanny.pre-spawn-environ"
SETTINGS = {
    f"{SPAWN}.MALLOC_TRIM_THRESHOLD_": 10**9,
    f"{SPAWN}.MALLOC_MMAP_THRESHOLD_": 10**9,
    "distributed.worker.profile.enabled": False,
    "distributed.scheduler.allowed-failures": 10,  # workers that may die over one part
}


class Network(WorkerPlugin):
    """A network that every worker has, also one that comes later or starts again."""

    def __init__(self, network: NumpyNetwork):
        self.name, self.network = "textrnn-network", network

    def setup(self, worker: Any):
        """Gives it to a worker, which uses one thread: the others are other workers'."""
        self.network.num_threads = 1
        self.network.multiply_ahead()
        worker.textrnn_network = self.network


def answers(texts: list[str], *, long_text: str, min_score: float) -> tuple[list[str], np.ndarray]:
    """Returns the labels and scores of texts, on a worker."""
    labels, scores = get_worker().textrnn_network.predict_with_scores(texts, long_text=long_text, min_score=min_score)
    return labels.tolist(), scores


@contextlib.contextmanager
def connected(network: NumpyNetwork, *, workers: int, scheduler: str | None) -> Iterator[tuple[Client, int]]:
    """Yields a client whose workers have the network, and how many they are.

    Args:
        network: what answers.
        workers: processes to start on this machine.
        scheduler: the address of a cluster that is there already; its workers need this kit, and none is started.

    Raises:
        OSError: nobody answers at that address.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(dask.config.set(SETTINGS))
        if scheduler is None:
            settings = {"threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "silence_logs": "ERROR"}
            where = stack.enter_context(LocalCluster(n_workers=workers, host="127.0.0.1", **settings))
        else:
            where = scheduler
        try:
            client = stack.enter_context(Client(where, timeout=30))
        except (OSError, TimeoutError, ValueError) as error:
            raise OSError(f"--scheduler {scheduler}: expected a Dask scheduler, got no answer: {error}") from None
        client.register_plugin(Network(network))
        yield client, max(1, sum(client.nthreads().values()))

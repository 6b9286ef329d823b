"""What the workers of a bulk prediction do: they hold a network each and answer texts."""

from typing import Any

import numpy as np
from distributed import WorkerPlugin, get_worker

from textrnn.saving import NumpyNetwork


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

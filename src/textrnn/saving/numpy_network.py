"""Fast answers on the CPU: the forward pass of a TextRNN in NumPy, without padding, a batch on each core.

TensorFlow's loop over the steps spends most of its time between the operations. Here each step is a handful of NumPy
calls on the rows that still have a character at that step: texts are sorted by their length, longest first, so those
are always the first rows, and no step is spent on padding. The arithmetic is that of `cells.run_lstm`.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import joblib
import numpy as np
from threadpoolctl import ThreadpoolController

from textrnn.batching import answer_in_batches
from textrnn.checks import check_choice, check_texts
from textrnn.options import LONG_TEXT
from textrnn.preprocessing import UNKNOWN_ID, WINDOWS_AT_A_TIME, TextEncoder
from textrnn.saving.classifier import Predictor

ALL_CORES = threading.Lock()  # of whoever sets the number of threads in BLAS, which is one for the whole process


class Packed(NamedTuple):
    """The real steps of a batch without padding: first the first step of every row, then the second, and so on.

    Rows are in order of their length, longest first; at each step the rows that still have one are the first ones.
    """

    values: np.ndarray  # (real steps, …)
    counts: np.ndarray  # (steps,) rows that have each step

    def steps(self, values: np.ndarray | None = None) -> list[np.ndarray]:
        """Returns a view for each step: `(rows that have it, …)`."""
        return np.split(self.values if values is None else values, np.cumsum(self.counts)[:-1])


class Direction:
    """One LSTM that reads from one end; weights as in Keras, which are put in the order i, f, o, candidate."""

    def __init__(self, kernel: np.ndarray, recurrent_kernel: np.ndarray, bias: np.ndarray, *, backwards: bool):
        units = recurrent_kernel.shape[0]
        order = np.r_[0 : 2 * units, 3 * units : 4 * units, 2 * units : 3 * units]  # Keras has i, f, candidate, o
        # sigmoid(z) = (1 + tanh(z / 2)) / 2: with the gates' weights halved, one tanh serves all four.
        half = np.repeat(np.float32([0.5, 1]), [3 * units, units])
        self.kernel, self.recurrent_kernel = (
            np.ascontiguousarray(weights[:, order] * half) for weights in (kernel, recurrent_kernel)
        )
        self.bias = bias[order] * half
        self.units, self.backwards = units, backwards

    def run(self, packed: Packed) -> tuple[np.ndarray, np.ndarray]:
        """Returns the state after each real step `(real steps, units)`, and each row's last one `(rows, units)`."""
        units, rows = self.units, packed.counts[0]
        gates = packed.values @ self.kernel + self.bias  # (real steps, 4 * units)
        states = np.empty((len(gates), units), dtype="float32")
        state, cell = np.zeros((2, rows, units), dtype="float32")
        steps = list(zip(packed.counts, packed.steps(gates), packed.steps(states), strict=True))
        for count, z, new in reversed(steps) if self.backwards else steps:
            z += state[:count] @ self.recurrent_kernel
            np.tanh(z, out=z)
            gate = z[:, : 3 * units]
            gate *= 0.5
            gate += 0.5
            kept = cell[:count]
            kept *= z[:, units : 2 * units]
            kept += z[:, :units] * z[:, 3 * units :]
            np.tanh(kept, out=new)
            new *= z[:, 2 * units : 3 * units]
            state[:count] = new
        return states, state


class NumpyNetwork(Predictor):
    """The network of `networks.build_textrnn(cell="lstm")` at work in NumPy, from text to probabilities.

    Made of plain arrays; `to_numpy_network` takes them out of a Keras model.

    Args:
        encoder: the vocabulary.
        label_names: the classes, in the order of the probabilities.
        embeddings: for each order of n-grams a table `float32 (ids, embed_dim)`; ids beyond it are unknown to it.
        evidence: for each order the evidence of each id, `float32 (ids, classes + 1)`; empty for a network without.
        lstms: from the bottom up, of each layer one direction or two, the second one backwards; of each its kernel,
            recurrent kernel and bias, as Keras has them.
        poolings: `"last"`, `"max"`, `"mean"`, `"attention"`, in the order in which the output layer sees them.
        output: kernel and bias of the output layer, divided by the temperature.
        attention: kernel, bias and score of the attention; `None` without one.

    Attributes:
        encoder: as given.
        label_names: as given.
    """

    def __init__(
        self,
        encoder: TextEncoder,
        label_names: Sequence[str],
        *,
        embeddings: Sequence[np.ndarray],
        evidence: Sequence[np.ndarray],
        lstms: Sequence[Sequence[Sequence[np.ndarray]]],
        poolings: Sequence[str],
        output: Sequence[np.ndarray],
        attention: Sequence[np.ndarray] | None = None,
    ):
        self.encoder, self.label_names = encoder, list(label_names)
        self._tables = [*enumerate(embeddings), *enumerate(evidence)]
        self._layers = [
            [Direction(*weights, backwards=backwards) for backwards, weights in zip((False, True), layer, strict=False)]
            for layer in lstms
        ]
        self._poolings, self._attention = list(poolings), attention
        self._kernel, self._bias = output
        self._blas = ThreadpoolController()

    def predict_proba(self, texts: Sequence[str], *, batch_size: int = 256, long_text: str = "windows") -> np.ndarray:
        """Returns the probabilities of `texts`, in their order: `float32 (rows, classes)`; rows sum to 1.

        Takes and raises what `Predictor.predict_proba` does. Calls from several threads take turns where they would
        use all cores.
        """
        check_choice("long_text", long_text, LONG_TEXT)
        texts = check_texts(texts)
        return answer_in_batches(
            lambda rows: self.answer([texts[row] for row in rows], long_text=long_text),
            [len(text) for text in texts],
            batch_size=batch_size,
            num_columns=len(self.label_names),
            run=self._on_all_cores,
        )

    def answer(self, texts: Sequence[str], *, long_text: str = "windows") -> np.ndarray:
        """Returns the probabilities of one batch of texts, unchecked: `float32 (rows, classes)`."""
        if long_text == "head":
            return self._probs(self.encoder.encode(texts))
        windows = self.encoder.encode_windows(texts)
        if len(windows.rows) == len(texts):
            return self._probs(windows.ids)
        size = max(len(texts), WINDOWS_AT_A_TIME)
        blocks = [self._probs(windows.ids[start : start + size]) for start in range(0, len(windows.rows), size)]
        return windows.mean(np.concatenate(blocks))

    def _on_all_cores(self, work: Callable[[np.ndarray], Any], batches: list[np.ndarray]) -> Iterable[Any]:
        """Returns the results of `work`: one batch on each core is faster than one product on all cores."""
        if len(batches) < 2:
            return map(work, batches)
        with ALL_CORES, self._blas.limit(limits=1, user_api="blas"), ThreadPoolExecutor(joblib.cpu_count()) as pool:
            return list(pool.map(work, batches))

    def _probs(self, ids: np.ndarray) -> np.ndarray:
        ids = ids if ids.ndim == 3 else ids[..., None]  # (batch, steps, orders)
        lengths = (ids[..., 0] > 0).sum(axis=1)
        order = np.argsort(-lengths, kind="stable")
        ids, lengths = ids[order], lengths[order]
        counts = (lengths[:, None] > np.arange(max(1, lengths[0]))).sum(axis=0)
        real = np.concatenate([ids[:count, step] for step, count in enumerate(counts)])  # (real steps, orders)
        # Ids beyond a table, those of n-grams without a vector of their own, are unknown to it.
        vectors = [
            table[np.where(real[:, order] < len(table), real[:, order], UNKNOWN_ID)] for order, table in self._tables
        ]
        packed = Packed(np.concatenate(vectors, axis=1), counts)
        for directions in self._layers:
            states, last = zip(*(direction.run(packed) for direction in directions), strict=True)
            packed = Packed(np.concatenate(states, axis=1), counts)
        num_real = counts[0]  # a text of which nothing is left has no steps, and a summary of zeros
        last = np.concatenate(last, axis=1)[:num_real]
        summary = np.zeros((len(ids), len(self._kernel)), dtype="float32")
        if num_real:
            pools = [self._pool(kind, packed, last) for kind in self._poolings]
            summary[order[:num_real]] = np.concatenate(pools, axis=1)
        scores = summary @ self._kernel + self._bias
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        return scores / scores.sum(axis=1, keepdims=True)

    def _pool(self, kind: str, packed: Packed, last: np.ndarray) -> np.ndarray:
        if kind == "last":
            return last
        if kind == "max":
            return _largest(packed.steps())
        weights = np.ones((len(packed.values), 1), dtype="float32")
        if kind == "attention":
            kernel, bias, score = self._attention
            weights = np.tanh(packed.values @ kernel + bias) @ score
            largest = _largest(packed.steps(weights))
            for step in packed.steps(weights):
                step -= largest[: len(step)]
            weights = np.exp(weights)
        total, mass = np.zeros_like(last), np.zeros((len(last), 1), dtype="float32")
        for weight, step in zip(packed.steps(weights), packed.steps(packed.values * weights), strict=True):
            total[: len(step)] += step
            mass[: len(step)] += weight
        return total / mass


def _largest(steps: list[np.ndarray]) -> np.ndarray:
    """Returns the largest value of each row over its steps."""
    largest = steps[0].copy()
    for step in steps[1:]:
        np.maximum(largest[: len(step)], step, out=largest[: len(step)])
    return largest

"""Fast answers on the CPU: the forward pass of a TextRNN in NumPy, without padding, a batch on each core.

TensorFlow's loop over the steps spends most of its time between the operations. Here each step is a handful of NumPy
calls on the rows that still have a character at that step: texts stand in order of their length, longest first, so
those are always the first rows, and no step is spent on padding. The arithmetic is that of `cells.run_lstm`.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import joblib
import keras
import numpy as np
from threadpoolctl import ThreadpoolController

from textrnn import networks
from textrnn.checks import check_integer
from textrnn.layers import ClassEvidence, LabelProbabilities, MaskedPooling, TextToIds
from textrnn.options import LONG_TEXT
from textrnn.preprocessing import UNKNOWN_ID, WINDOWS_AT_A_TIME

ALL_CORES = threading.Lock()  # of whoever sets the number of threads in BLAS, which is one for the whole process
PLAIN_LSTM = {"activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True, "go_backwards": False}


class Packed(NamedTuple):
    """The real steps of a batch without padding: first the first step of every row, then the second, and so on.

    Rows are in order of their length, longest first; at each step the rows that still have one are the first ones.
    """

    values: np.ndarray  # (real steps, …)
    counts: np.ndarray  # (steps,) rows that have each step

    def steps(self, values: np.ndarray | None = None) -> list[np.ndarray]:
        """Returns a view for each step: `(rows that have it, …)`."""
        return np.split(self.values if values is None else values, np.cumsum(self.counts)[:-1])


class _Direction:
    """One LSTM that reads from one end; gates in the order i, f, o, candidate."""

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


class NumpyNetwork:
    """The network of `networks.build_textrnn(cell="lstm")` at work in NumPy, from text to probabilities.

    Args:
        model: its weights are copied; later training does not reach the copy.

    Raises:
        ValueError: the model has a layer that is not one of those that `build_textrnn` makes around LSTMs.
    """

    def __init__(self, model: keras.Model):
        self.encoder, self.label_names = networks.text_encoder(model), networks.label_names(model)
        self._layers = [_directions(layer) for layer in _recurrent_layers(model)]
        places = range(len(self.encoder.num_ids))
        self._tables = [(place, layer.get_weights()[0]) for place, layer in enumerate(networks.embeddings(model))]
        if evidence := networks.evidence_layer(model):
            self._tables += [(place, _evidence_table(evidence, place)) for place in places]
        summary = next((layer.input for layer in model.layers if layer.name == "summary"), None)
        poolings = [layer for layer in model.layers if isinstance(layer, MaskedPooling)]
        self._poolings = poolings if summary is None else [tensor._keras_history.operation for tensor in summary]
        self._attention = {layer: layer.get_weights() for layer in poolings if layer.kind == "attention"}
        (output,) = (layer for layer in model.layers if isinstance(layer, LabelProbabilities))
        self._kernel, self._bias = (weights / np.float32(output.temperature) for weights in output.get_weights())
        self._blas = ThreadpoolController()

    def predict_probs(self, texts: Sequence[str], *, batch_size: int = 256, long_text: str = "windows") -> np.ndarray:
        """Returns the probabilities of checked `texts`, in their order: `float32 (rows, classes)`; rows sum to 1.

        Texts longer than the network reads are dealt with as in `saving.Classifier.predict_probs`. Calls from several
        threads take turns where they would use all cores.
        """
        check_integer("batch_size", batch_size)
        if long_text not in LONG_TEXT:
            raise ValueError(f"long_text: expected one of {LONG_TEXT}, got {long_text!r}")
        answer = self._of_windows if long_text == "windows" else self._of_heads
        probs = np.zeros((len(texts), len(self.label_names)), dtype="float32")
        order = np.argsort([-len(text) for text in texts], kind="stable")
        batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]

        def work(rows):
            probs[rows] = answer([texts[row] for row in rows])

        if len(batches) < 2:
            for rows in batches:
                work(rows)
            return probs
        # One batch on each core is faster than one product on all cores.
        with ALL_CORES, self._blas.limit(limits=1, user_api="blas"), ThreadPoolExecutor(joblib.cpu_count()) as pool:
            list(pool.map(work, batches))
        return probs

    def _of_heads(self, texts: Sequence[str]) -> np.ndarray:
        return self._probs(self.encoder.encode(texts))

    def _of_windows(self, texts: Sequence[str]) -> np.ndarray:
        ids, rows, shares = self.encoder.encode_windows(texts)
        if len(rows) == len(texts):
            return self._probs(ids)
        size = max(len(texts), WINDOWS_AT_A_TIME)
        probs = np.concatenate([self._probs(ids[start : start + size]) for start in range(0, len(rows), size)])
        begins = np.flatnonzero(np.diff(rows, prepend=-1))
        return np.add.reduceat(probs * shares[:, None], begins).astype("float32")

    def _probs(self, ids: np.ndarray) -> np.ndarray:
        ids = ids if ids.ndim == 3 else ids[..., None]  # (batch, steps, orders)
        lengths = (ids[..., 0] > 0).sum(axis=1)
        order = np.argsort(-lengths, kind="stable")
        ids, lengths = ids[order], lengths[order]
        counts = (lengths[:, None] > np.arange(max(1, lengths[0]))).sum(axis=0)
        real = np.concatenate([ids[:count, step] for step, count in enumerate(counts)])  # (real steps, orders)
        # Ids beyond a table, those of n-grams without a vector of their own, are unknown to it.
        vectors = [
            table[np.where(real[:, place] < len(table), real[:, place], UNKNOWN_ID)] for place, table in self._tables
        ]
        packed = Packed(np.concatenate(vectors, axis=1), counts)
        for directions in self._layers:
            states, last = zip(*(direction.run(packed) for direction in directions), strict=True)
            packed = Packed(np.concatenate(states, axis=1), counts)
        num_real = counts[0]  # a text of which nothing is left has no steps, and a summary of zeros
        last = np.concatenate(last, axis=1)[:num_real]
        summary = np.zeros((len(ids), len(self._kernel)), dtype="float32")
        if num_real:
            pools = [self._pool(layer, packed, last) for layer in self._poolings]
            summary[order[:num_real]] = np.concatenate(pools, axis=1) if pools else last
        scores = summary @ self._kernel + self._bias
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        return scores / scores.sum(axis=1, keepdims=True)

    def _pool(self, layer: MaskedPooling, packed: Packed, last: np.ndarray) -> np.ndarray:
        if layer.kind == "last":
            return last
        if layer.kind == "max":
            return _largest(packed.steps())
        weights = np.ones((len(packed.values), 1), dtype="float32")
        if layer.kind == "attention":
            kernel, bias, score = self._attention[layer]
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


def _evidence_table(layer: ClassEvidence, place: int) -> np.ndarray:
    """Returns the evidence of each id of one order: `float32 (ids, classes + 1)`."""
    table = keras.ops.convert_to_numpy(layer.features(layer.tables[place]))
    return np.where(np.arange(len(table))[:, None] > UNKNOWN_ID, table, np.float32(0))


def _largest(steps: list[np.ndarray]) -> np.ndarray:
    """Returns the largest value of each row over its steps."""
    largest = steps[0].copy()
    for step in steps[1:]:
        np.maximum(largest[: len(step)], step, out=largest[: len(step)])
    return largest


def _recurrent_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """Returns the LSTM layers of a `build_textrnn` model, from the bottom up, after looking at every layer."""
    silent = (keras.layers.InputLayer, TextToIds, keras.layers.Dropout, keras.layers.Concatenate)
    silent += (keras.layers.Embedding, ClassEvidence, MaskedPooling, LabelProbabilities)
    silent_names = ("GetItem", "Greater", "Less", "Where")
    recurrent = []
    for layer in model.layers:
        inner = getattr(layer, "forward_layer", layer)
        if isinstance(inner, keras.layers.LSTM) and PLAIN_LSTM.items() <= inner.get_config().items():
            recurrent.append(layer)
        elif not isinstance(layer, silent) and type(layer).__name__ not in silent_names:
            raise ValueError(
                f'runtime="numpy": expected a network of build_textrnn(cell="lstm"), got the layer {layer.name} '
                f'({type(inner).__name__}); use runtime="tensorflow"'
            )
    return recurrent


def _directions(layer: keras.layers.Layer) -> list[_Direction]:
    if isinstance(layer, keras.layers.Bidirectional):
        return [
            _Direction(*layer.forward_layer.get_weights(), backwards=False),
            _Direction(*layer.backward_layer.get_weights(), backwards=True),
        ]
    return [_Direction(*layer.get_weights(), backwards=False)]

"""Fast answers on the CPU: the networks of the kit in NumPy, without padding, a batch on each core."""

from collections.abc import Mapping

import numpy as np

from textrnn import architectures, evidence
from textrnn.preprocessing import UNKNOWN_ID
from textrnn.saving.classifier import NetworkPredictor
from textrnn.saving.data import NetworkData
from textrnn.saving.first_layers import MOST_BYTES, FirstLayers, Table
from textrnn.saving.numpy_layers import RECURRENT, Convolution, Layer, Packed, Pooling
from textrnn.saving.one_thread import one_thread


class NumpyNetwork(NetworkPredictor):
    """A network of `networks.build_textrnn` or `build_textcnn` at work in NumPy, from text to probabilities.

    Any thread may ask, also in a process that was forked; another process gets it as plain data (pickle).
    `to_numpy_network` makes one of a Keras model.

    Args:
        data: settings, vocabulary, labels and arrays.

    Attributes:
        data: as given.
        encoder: the vocabulary.
        label_names: the classes, in the order of the probabilities.
        num_threads: batches computed at a time; `None`: one for each core.
    """

    num_threads = None

    def __init__(self, data: NetworkData):
        super().__init__(data)
        arrays, settings = data.arrays, data.settings
        kinds = [_embedding, _evidence] if settings.get("evidence") else [_embedding]
        tables = [table_of(arrays, order) for table_of in kinds for order in range(len(data.encoder.num_ids))]
        if data.network == "textrnn":
            self._layers, self._poolings = _recurrent(data)
        else:
            self._layers = [[Convolution(**data.layer(f"width_{width}")) for width in settings["widths"]]]
            self._poolings = [Pooling("max")]
        self._first = FirstLayers(tables, self._layers[0])
        self._kernel, self._bias = (
            arrays[f"output.{name}"] / np.float32(data.temperature) for name in ("kernel", "bias")
        )

    def multiply_ahead(self, *, most_bytes: int = MOST_BYTES):
        """Makes a network that has much to answer faster, for at most so many bytes of memory."""
        self._first.multiply_ahead(most_bytes=most_bytes)

    def probs(self, ids: np.ndarray) -> np.ndarray:
        """Returns the probabilities of texts as ids: `float32 (rows, classes)`."""
        with one_thread:  # a product on two threads, however small, leaves one of them turning for a while
            scores = self._summary(ids) @ self._kernel + self._bias
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        return scores / scores.sum(axis=1, keepdims=True)

    def summary(self, ids: np.ndarray) -> np.ndarray:
        """Returns what the output layer sees of texts as ids: `float32 (rows, features)`."""
        with one_thread:
            return self._summary(ids)

    def _summary(self, ids: np.ndarray) -> np.ndarray:
        order, counts, real = _real_steps(ids)
        summary = np.zeros((len(ids), len(self._kernel)), dtype="float32")
        if not len(counts):
            return summary
        packed = Packed(self._first.run(real, counts), counts)
        for side_by_side in self._layers[1:]:
            packed = Packed(np.concatenate([layer.run(packed) for layer in side_by_side], axis=1), counts)
        # A text of which nothing is left has no steps, and a summary of zeros.
        summary[order[: counts[0]]] = np.concatenate([pooling.run(packed) for pooling in self._poolings], axis=1)
        return summary

    @property
    def num_lstms(self) -> int:
        """How many layers of `cells` there are, each direction counted."""
        return sum(map(len, self._layers))

    def cells(self, ids: np.ndarray) -> np.ndarray:
        """Returns the memory of every LSTM after each step: `float32 (rows, steps, lstms, units)`, zeros at padding.

        Args:
            ids: of texts, `(rows, steps[, orders])`, padded with zeros on the right.

        Returns:
            The LSTMs in the order of `tracing.trace_lstm`: from the bottom up, what runs forward before what runs back.

        Raises:
            ValueError: the network has no LSTM.
        """
        if self.data.network != "textrnn" or self.data.settings["cell"] != "lstm":
            raise ValueError(f"network: expected one of LSTMs, got {self.data.network} {self.data.settings}")
        order, counts, real = _real_steps(ids)
        units = self.data.settings["units"]
        found = np.zeros((*ids.shape[:2], self.num_lstms, units), dtype="float32")
        if not len(counts):
            return found
        memories = []
        with one_thread:
            packed = Packed(self._first.values(real), counts)
            for side_by_side in self._layers:
                cells = [np.empty((len(real), units), dtype="float32") for _ in side_by_side]
                states = [layer.run(packed, cells=kept) for layer, kept in zip(side_by_side, cells, strict=True)]
                memories += cells
                packed = Packed(np.concatenate(states, axis=1), counts)
        for step, kept in enumerate(packed.steps(np.stack(memories, axis=1))):
            found[order[: len(kept)], step] = kept
        return found


def _real_steps(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the order of the rows by length, how many have each step, and the ids of the real steps."""
    ids = ids if ids.ndim == 3 else ids[..., None]  # (batch, steps, orders)
    lengths = (ids[..., 0] > 0).sum(axis=1)
    order = np.argsort(-lengths, kind="stable")
    counts = (lengths[:, None] > np.arange(lengths.max())).sum(axis=0)
    real = [ids[order[:count], step] for step, count in enumerate(counts)]
    return order, counts, np.concatenate(real) if real else ids[:0, 0]


def _recurrent(data: NetworkData) -> tuple[list[list[Layer]], list[Pooling]]:
    """Returns the recurrent layers, from the bottom up one or two directions of each, and the poolings."""
    layers, settings = [], data.settings
    for number in range(1, settings["num_layers"] + 1):
        directions = [RECURRENT[settings["cell"]](**data.layer(f"recurrent_{number}.forward"))]
        if settings["bidirectional"]:
            backward = data.layer(f"recurrent_{number}.backward")
            directions.append(RECURRENT[settings["cell"]](**backward, backwards=True))
        layers.append(directions)
    kinds = architectures.poolings(settings["pooling"])
    return layers, [Pooling(kind, num_forward=settings["units"], **data.layer(kind)) for kind in kinds]


def _embedding(arrays: Mapping[str, np.ndarray], order: int) -> Table:
    """Returns the vectors of ids; small tables stay small, and the rows asked for become floats."""
    name = f"embedding_{order + 1}"
    table, scales = arrays[name], arrays.get(f"{name}.scales")

    def rows_of(ids: np.ndarray) -> np.ndarray:
        # Ids beyond the table, those of n-grams without a vector of their own, are unknown to it.
        ids = np.where(ids < len(table), ids, UNKNOWN_ID)
        return table[ids] if scales is None else table[ids] / scales[ids, None]

    return Table(order, *table.shape, rows_of)


def _evidence(arrays: Mapping[str, np.ndarray], order: int) -> Table:
    """Returns the evidence of ids, as `layers.ClassEvidence` gives it."""
    name = f"evidence_{order + 1}"
    rows = arrays.get(f"{name}.rows")
    if rows is None:
        counts = rows = arrays[name]
    else:  # compressed; there are few patterns
        counts = arrays[f"{name}.patterns"]
        patterns = evidence.features(evidence.counts_of(counts))

    def rows_of(ids: np.ndarray) -> np.ndarray:
        found = evidence.features(counts[ids]) if rows is counts else patterns[rows[ids]]
        return found * (ids > UNKNOWN_ID)[:, None]

    return Table(order, len(rows), counts.shape[1] + 1, rows_of)

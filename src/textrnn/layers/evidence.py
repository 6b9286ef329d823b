"""The layer that says of each n-gram in the training texts of which classes it occurred."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from textrnn.checks import check_integer, warn
from textrnn.evidence import SMOOTHING, columns_of, counts_of, features, levels
from textrnn.preprocessing import UNKNOWN_ID


@keras.saving.register_keras_serializable(package="textrnn")
class ClassEvidence(keras.layers.Layer):
    """Says of each n-gram of which classes the training texts are that hold it.

    For each order there are the logarithms of how much likelier each class is after the n-gram than among equally
    frequent classes, with counts smoothed, as in naive Bayes and NB-SVM (Wang & Manning 2012); and the logarithm of the
    number of texts, so that the network knows how far to trust them. Unknown n-grams and padding give zeros.

    A network that learnt from these numbers as they are would learn to trust them too much: each training text has
    contributed to them. `leave_one_out` gives them as they would be without the text itself (target encoding after
    Micci-Barreca 2001, left out as in Lachenbruch 1967): an n-gram that no other text has is then as empty as it will
    be for a new text. `training.fit` counts and leaves out by itself.

    More than 64 classes share 64 columns of counts, see `evidence.columns_of`; below, "classes" are then these columns.

    Args:
        num_ids: ids of each order, padding and unknown included, as in `TextEncoder.num_ids`.
        num_classes: classes.
        smoothing: texts of each class that are added to the counts.
        num_patterns: if given, the counts are stored for small files and can only be read: of each order so many
            different rows of counts, their logarithms in 256 steps, and for each id the number of its row.

    Input: `int32` ids `(batch, steps)` or `(batch, steps, orders)`. Output: `float32`
    `(batch, steps, orders * (classes + 1))`.

    Example:
        >>> layer = ClassEvidence([4], 2)
        >>> layer.count(np.array([[2, 2, 0], [2, 3, 0]]), np.array([0, 1]))
        >>> [weight.numpy().tolist() for weight in layer.weights]  # id 2: a text of each class, id 3: one of class 1
        [[[0.0, 0.0], [0.0, 0.0], [1.0, 1.0], [0.0, 1.0]]]
    """

    def __init__(
        self,
        num_ids: Sequence[int],
        num_classes: int,
        *,
        smoothing: float = SMOOTHING,
        num_patterns: Sequence[int] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.supports_jit = False  # batches of any length: XLA would compile again for each
        check_integer("num_classes", num_classes)
        if smoothing <= 0:
            raise ValueError(f"smoothing: expected more than 0, got {smoothing}")
        self.num_ids, self.num_classes = list(num_ids), num_classes
        self.smoothing, self.num_patterns = smoothing, None if num_patterns is None else list(num_patterns)
        self.tables, self.indices, self._columns = [], [], columns_of(num_classes)
        for order, num in enumerate(self.num_ids, start=1):
            rows, dtype = (num, "float32") if num_patterns is None else (self.num_patterns[order - 1], "uint8")
            self.tables.append(self._fixed((rows, self._columns.shape[1]), dtype, f"counts_{order}"))
            if num_patterns is not None:
                self.indices.append(self._fixed((num,), "uint16" if rows < 2**16 else "uint32", f"indices_{order}"))
        self.built = True

    def _fixed(self, shape: tuple[int, ...], dtype: str, name: str) -> Any:
        return self.add_weight(shape=shape, dtype=dtype, initializer="zeros", trainable=False, name=name)

    def compressed(self) -> "ClassEvidence":
        """Returns a layer that gives nearly the same evidence from a quarter of the bytes or less."""
        found = [np.unique(levels(table.numpy()), axis=0, return_inverse=True) for table in self.tables]
        config = self.get_config() | {"num_patterns": [len(patterns) for patterns, _ in found]}
        small = type(self)(**config)
        for order, (patterns, indices) in enumerate(found):
            small.tables[order].assign(patterns)
            small.indices[order].assign(indices.ravel().astype(small.indices[order].dtype))
        return small

    def count(
        self, ids: np.ndarray, label_ids: np.ndarray, *, texts: np.ndarray | None = None, reset: bool = True
    ) -> None:
        """Counts, for each n-gram, the texts of each class that hold it.

        Args:
            ids: `(rows, steps)` or `(rows, steps, orders)`.
            label_ids: `(rows,)` the class of each text.
            texts: `(rows,)` the number of the text, from 0, of which each row is a part; if `None`, a row is a text.
            reset: whether to start from zero, or to add to the counts that there are.

        Raises:
            ValueError: the layer is a compressed one.
        """
        if self.indices:
            raise ValueError(f"layer {self.name}: compressed counts can only be read; count in the layer they are of")
        ids = ids if ids.ndim == 3 else ids[..., None]
        texts = np.arange(len(ids)) if texts is None else texts
        classes = np.zeros(texts.max(initial=-1) + 1, dtype="int64")
        classes[texts] = label_ids
        for order, table in enumerate(self.tables):
            rows, steps = np.nonzero(ids[..., order] > UNKNOWN_ID)
            pairs = np.unique(texts[rows] * self.num_ids[order] + ids[rows, steps, order])  # a text counts once
            counts = np.zeros(table.shape, dtype="float32") if reset else table.numpy()
            known, classes_of = pairs % self.num_ids[order], classes[pairs // self.num_ids[order]]
            for column in range(counts.shape[1]):
                of_column = self._columns[classes_of, column] > 0
                counts[:, column] += np.bincount(known[of_column], minlength=len(counts))
            table.assign(counts)

    def _counts(self, order: int, column: Any) -> Any:
        if not self.indices:
            return ops.take(self.tables[order], column, axis=0)  # (batch, steps, classes)
        rows = ops.cast(ops.take(self.indices[order], column, axis=0), "int32")
        return counts_of(ops.cast(ops.take(self.tables[order], rows, axis=0), "float32"), ops=ops)

    def _evidence(self, ids: Any, own: Any) -> Any:
        ids = ids if len(ids.shape) == 3 else ops.expand_dims(ids, -1)
        columns = []
        for order in range(len(self.tables)):
            column = ids[..., order]
            counts = self._counts(order, column)
            if own is not None:
                counts = ops.maximum(counts - own, 0.0)
            seen = features(counts, smoothing=self.smoothing, ops=ops)
            columns.append(seen * ops.cast(column > UNKNOWN_ID, "float32")[..., None])
        return ops.concatenate(columns, axis=-1)

    def call(self, ids, training=None):
        """Returns the evidence of `ids`; warns if it is trained on and nothing was counted."""
        if training:
            self._warn_if_empty()
        return self._evidence(ids, None)

    def _warn_if_empty(self):
        with tf.init_scope():  # also while a graph is being made
            is_empty = not any(np.any(table.numpy()) for table in self.tables)
        if is_empty:
            warn(
                f"layer {self.name}: the class evidence has counted no text, so it is zero throughout this training; "
                "training.fit(model, train, dev, …) counts, or call count(ids, label_ids) of the layer first"
            )

    def leave_one_out(self, ids, label_ids):
        """Returns the evidence of training texts without what they themselves contributed.

        Args:
            ids: of texts that `count` was given.
            label_ids: `(batch,)` their classes.
        """
        return self._evidence(ids, ops.take(self._columns, label_ids, axis=0)[:, None, :])

    def compute_output_shape(self, input_shape):
        """Returns `(batch, steps, orders * (classes + 1))`."""
        return (*input_shape[:2], len(self.num_ids) * (self._columns.shape[1] + 1))

    def get_config(self) -> dict:
        """Returns the settings from which `from_config` makes the same layer again."""
        own = {name: getattr(self, name) for name in ("num_ids", "num_classes", "smoothing", "num_patterns")}
        return {**super().get_config(), **own}

"""Texts as ids, the batches of an epoch, and the probabilities that a model gives to texts."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np

from textrnn import networks
from textrnn.batching import answer_in_batches
from textrnn.checks import check_integer, check_sample_weight, check_seed, check_texts
from textrnn.preprocessing import Windows

BATCHES_PER_POOL = 50


class EncodedTexts(NamedTuple):
    """Texts as ids, padded on the right, with the number of real steps of each."""

    ids: np.ndarray  # int32 (rows, steps) or (rows, steps, orders)
    lengths: np.ndarray  # int64 (rows,)

    @classmethod
    def of_ids(cls, ids: np.ndarray) -> "EncodedTexts":
        """Returns `ids` with the lengths that their padding says, cut to the longest."""
        lengths = ((ids if ids.ndim == 2 else ids[..., 0]) > 0).sum(axis=1)
        return cls(ids[:, : max(1, lengths.max(initial=1))], lengths)

    def batch(self, rows: np.ndarray) -> np.ndarray:
        """Returns the ids of `rows`, no longer than the longest of them needs."""
        return self.ids[rows, : max(1, self.lengths[rows].max())]


def encode_texts(model: keras.Model, texts: Sequence[str]) -> EncodedTexts:
    """Returns the ids that `model`'s text layer gives to `texts`.

    Args:
        model: a model with a `TextToIds` layer.
        texts: strings, a pandas column or an array of strings.

    Raises:
        ValueError: a text is no string or empty, or the model has no text layer.
    """
    encoder = networks.text_encoder(model)
    return EncodedTexts.of_ids(encoder.encode(check_texts(texts)))


def draw_batches(lengths: np.ndarray, *, batch_size: int, seed: int, epoch: int) -> list[np.ndarray]:
    """Returns the row numbers of each batch of one epoch: every row once, rows of similar length together.

    The rows are shuffled, cut into pools of 50 batches, sorted by length within a pool, and the batches shuffled; so
    padding is rare and the order is still random. The answer depends on the arguments alone.

    Args:
        lengths: `(rows,)` steps of each row.
        batch_size: rows of a batch; the last one may be smaller.
        seed: decides the order, with `epoch`.
        epoch: counts from 0.

    Raises:
        ValueError: an argument is out of range.
    """
    check_integer("batch_size", batch_size)
    check_seed(seed)
    check_integer("epoch", epoch, least=0)
    rng = np.random.default_rng([seed, epoch])
    rows = rng.permutation(len(lengths))
    pool_size = batch_size * BATCHES_PER_POOL
    batches = []
    for start in range(0, len(rows), pool_size):
        pool = rows[start : start + pool_size]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[i : i + batch_size] for i in range(0, len(pool), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def num_steps(num_rows: int, *, batch_size: int, epochs: int) -> int:
    """Returns how many batches `fit` trains on: what a learning-rate schedule has to last for.

    >>> num_steps(1000, batch_size=128, epochs=3)
    24
    """
    check_integer("num_rows", num_rows, least=0)
    check_integer("batch_size", batch_size)
    check_integer("epochs", epochs)
    return epochs * math.ceil(num_rows / batch_size)


def rows_that_count(sample_weight: Sequence[float], *, num_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the numbers of the rows whose weight is above 0, and those weights scaled to mean 1: `float64 (rows,)`.

    Raises:
        ValueError: there is not one finite weight of at least 0 for each row, or none above 0.
    """
    weights = check_sample_weight(sample_weight, num_rows=num_rows)
    weights = weights / weights.max()  # first, so that no sum is infinite and equal weights are 1 to the last bit
    rows = np.flatnonzero(weights)
    return rows, weights[rows] / weights[rows].mean()


def probabilities(on_ids: keras.Model, windows: Windows, *, batch_size: int = 512) -> np.ndarray:
    """Returns the probabilities of the texts that were cut into `windows`: `float32 (texts, classes)`.

    Args:
        on_ids: ids to probabilities, as `networks.ids_model` makes it.
        windows: from `TextEncoder.encode_windows`.
        batch_size: windows worked on at a time.
    """
    encoded = EncodedTexts.of_ids(windows.ids)
    probs = answer_in_batches(
        lambda rows: networks.answer(on_ids, encoded.batch(rows)),
        encoded.lengths,
        batch_size=batch_size,
        num_columns=on_ids.output_shape[-1],
    )
    return windows.mean(probs)


def predict_proba(model: keras.Model, texts: Sequence[str], *, batch_size: int = 512) -> np.ndarray:
    """Returns the probabilities of `texts`, in their order: `float32 (rows, classes)`; rows sum to 1.

    A text that has more tokens than the network reads at a time is read in windows, as by a saved classifier
    (`TextEncoder.encode_windows`).

    Args:
        model: string to probabilities, with a `TextToIds` layer.
        texts: one string, a list, a pandas column or a NumPy array of strings.
        batch_size: windows worked on at a time; those of similar length go together.

    Raises:
        ValueError: a text is no string or empty, the model has no text layer, or `batch_size` is below 1.
    """
    check_integer("batch_size", batch_size)
    windows = networks.text_encoder(model).encode_windows(check_texts(texts))
    return probabilities(networks.ids_model(model), windows, batch_size=batch_size)

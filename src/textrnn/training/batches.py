"""The rows to train on as ids, the batches of an epoch, and the probabilities that a model gives to texts."""

import hashlib
import math
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from textrnn import datasets, networks
from textrnn.batching import answer_in_batches
from textrnn.checks import check_integer, check_sample_weight, check_seed, check_texts
from textrnn.metrics import label_ids
from textrnn.preprocessing import Windows

BATCHES_PER_POOL = 50
CHUNK_ROWS = 100_000  # of a file that are in memory at a time


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


def encode_texts(model: keras.Model, texts: Sequence[str], *, chunk_size: int = 4096) -> EncodedTexts:
    """Returns the ids that `model`'s text layer gives to `texts`.

    Args:
        model: a model with a `TextToIds` layer.
        texts: strings, a pandas column or an array of strings.
        chunk_size: texts per call of the layer.

    Raises:
        ValueError: a text is no string or empty, or the model has no text layer.
    """
    check_integer("chunk_size", chunk_size)
    layer, texts = networks.text_layer(model), check_texts(texts)
    encoder = layer.encoder
    orders = (len(encoder.num_ids),) if encoder.ngrams else ()
    ids = np.zeros((len(texts), encoder.max_length, *orders), dtype="int32")
    for start in range(0, len(texts), chunk_size):
        chunk = layer(tf.constant(texts[start : start + chunk_size])).numpy()
        ids[start : start + len(chunk), : chunk.shape[1]] = chunk
    return EncodedTexts.of_ids(ids)


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


class TableRows:
    """The rows of a table to train on, their ids in memory; those of weight 0 are left out."""

    def __init__(self, model: keras.Model, table: pd.DataFrame, sample_weight: Sequence[float] | None):
        self.label_ids, self.weights = label_ids(table["label"], networks.label_names(model), name="train"), None
        if sample_weight is not None:
            rows, weights = rows_that_count(sample_weight, num_rows=len(table))
            table, self.label_ids, self.weights = table.iloc[rows], self.label_ids[rows], weights.astype("float32")
        encoded = encode_texts(model, table["text"])
        self.lengths, self.batch = encoded.lengths, encoded.batch
        self.sha256 = sha256_of_table(table)


class FileRows:
    """The rows of a file to train on, their ids in a temporary file that disappears with the process."""

    weights = None  # all rows count alike

    def __init__(self, model: keras.Model, path: Path, *, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - open as long as the rows are
        label_names, lengths, ids_of_labels = networks.label_names(model), [], []
        digest = hashlib.sha256()
        for table in datasets.read_chunks(path, num_rows=CHUNK_ROWS):
            first = table.index[0] + 1
            _add_to(digest, table)  # as it is read: the file may be a pipe, or changed meanwhile
            encoded = encode_texts(model, table["text"])
            ids_of_labels.append(label_ids(table["label"], label_names, name=str(path), first=first).astype("int32"))
            lengths.append(encoded.lengths)
            real = np.arange(encoded.ids.shape[1]) < encoded.lengths[:, None]
            encoded.ids[real].tofile(self._file)  # the real steps of all texts, end to end
            self._step_shape = encoded.ids.shape[2:]
        self.label_ids, self.lengths = np.concatenate(ids_of_labels), np.concatenate(lengths)
        self._begins = np.cumsum(self.lengths) - self.lengths
        self.sha256 = digest.hexdigest()

    def batch(self, rows: np.ndarray) -> np.ndarray:
        """Returns the ids of `rows`, padded to the longest of them."""
        orders = math.prod(self._step_shape)
        ids = np.zeros((len(rows), max(1, self.lengths[rows].max()), *self._step_shape), dtype="int32")
        for index, row in enumerate(rows):
            self._file.seek(int(self._begins[row]) * orders * ids.itemsize)
            flat = np.fromfile(self._file, dtype="int32", count=int(self.lengths[row]) * orders)
            ids[index, : self.lengths[row]] = flat.reshape(-1, *self._step_shape)
        return ids


def rows_to_learn(
    model: keras.Model,
    train: pd.DataFrame | str | os.PathLike,
    *,
    sample_weight: Sequence[float] | None,
    folder: str | os.PathLike | None,
) -> TableRows | FileRows:
    """Returns the rows of a table or of a file, whose ids go to a temporary file in `folder`.

    Raises:
        ValueError: a label is not among the classes of `model`, a class has no row that counts, or `sample_weight` does
            not fit or is for a file.
    """
    if isinstance(train, str | os.PathLike):
        if sample_weight is not None:
            raise ValueError(f"sample_weight: expected None where train is a file, got {type(sample_weight).__name__}")
        data = FileRows(model, Path(train), folder=Path(folder) if folder else datasets.cache_folder())
    else:
        data = TableRows(model, train, sample_weight)
    names = networks.label_names(model)
    if missing := sorted(names[index] for index in set(range(len(names))) - {*data.label_ids.tolist()}):
        counting = "" if data.weights is None else " of a weight above 0"
        raise ValueError(f"train: the class(es) {missing} of the model have no row{counting}")
    return data


def count_evidence(model: keras.Model, data: TableRows | FileRows):
    """Counts the n-grams of `data` in the evidence layer of `model`, if it has one, in place of earlier counts."""
    evidence = networks.evidence_layer(model)
    for first in range(0, 0 if evidence is None else len(data.lengths), CHUNK_ROWS):
        rows = np.arange(first, min(first + CHUNK_ROWS, len(data.lengths)))
        evidence.count(data.batch(rows), data.label_ids[rows], reset=not first)


def sha256_of_table(table: pd.DataFrame) -> str:
    """Returns the SHA-256 of the labels and texts of a table, in their order."""
    _add_to(digest := hashlib.sha256(), table)
    return digest.hexdigest()


def _add_to(digest: Any, table: pd.DataFrame):
    for text, label in zip(table["text"], table["label"], strict=True):
        digest.update(f"{label}\t{text}\n".encode())


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

"""The rows to train on, as ids: of a table in memory, or of a file of any size; long texts in windows."""

import hashlib
import math
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from textrnn import datasets, networks
from textrnn.checks import check_texts
from textrnn.metrics import label_ids
from textrnn.training.batches import EncodedTexts, encode_texts, rows_that_count

CHUNK_ROWS = 100_000  # of a file that are in memory at a time
CHUNK_TEXTS = 4096  # whose ids are made at a time
LEFT_OUT = 0.001  # of all tokens: if no more lie behind the heads of the texts, the heads are enough


class _Rows:
    """Rows to train on: a text that is too long for the network is in windows, of which each epoch reads another.

    So an epoch takes as long as it would with the heads alone, and all of a text is read where there are as many epochs
    as windows.

    Attributes:
        label_ids: `(rows,)`.
        weights: how much each row counts, `float32 (rows,)`, or `None`: all alike.
        lengths: the steps of each window: `int64 (windows,)`, those of a row one after another.
        num_windows: how many windows each row has: `int64 (rows,)`.
        sha256: of the rows.
    """

    label_ids: np.ndarray
    weights: np.ndarray | None = None
    lengths: np.ndarray
    num_windows: np.ndarray
    sha256: str

    @property
    def num_rows(self) -> int:
        """How many rows there are."""
        return len(self.label_ids)

    def windows_in(self, epoch: int) -> np.ndarray:
        """Returns which window each row is read by in an epoch, from 0: `int64 (rows,)`."""
        firsts = np.cumsum(self.num_windows) - self.num_windows
        return firsts + (epoch + np.arange(self.num_rows)) % self.num_windows

    def share_read(self, epochs: int) -> float:
        """Returns which part of all tokens so many epochs read."""
        of_rows = np.repeat(np.minimum(epochs / self.num_windows, 1), self.num_windows)
        return float((self.lengths * of_rows).sum() / self.lengths.sum())

    def batch(self, windows: np.ndarray) -> np.ndarray:
        """Returns the ids of windows by their numbers, padded to the longest of them."""
        raise NotImplementedError


class TableRows(_Rows):
    """The rows of a table to train on, their ids in memory; those of weight 0 are left out."""

    def __init__(self, model: keras.Model, table: pd.DataFrame, sample_weight: Sequence[float] | None):
        self.label_ids = label_ids(table["label"], networks.label_names(model), name="train")
        if sample_weight is not None:
            rows, weights = rows_that_count(sample_weight, num_rows=len(table))
            table, self.label_ids, self.weights = table.iloc[rows], self.label_ids[rows], weights.astype("float32")
        encoded, self.num_windows = encode_to_learn(model, table["text"])
        self.lengths, self.batch = encoded.lengths, encoded.batch
        self.sha256 = sha256_of_table(table)


class FileRows(_Rows):
    """The rows of a file to train on, their ids in a temporary file that disappears with the process."""

    def __init__(self, model: keras.Model, path: Path, *, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - open as long as the rows are
        label_names, lengths, num_windows, ids_of_labels = networks.label_names(model), [], [], []
        digest = hashlib.sha256()
        for table in datasets.read_chunks(path, num_rows=CHUNK_ROWS):
            first = table.index[0] + 1
            _add_to(digest, table)  # as it is read: the file may be a pipe, or changed meanwhile
            encoded, nums = encode_to_learn(model, table["text"])
            ids_of_labels.append(label_ids(table["label"], label_names, name=str(path), first=first).astype("int32"))
            lengths.append(encoded.lengths)
            num_windows.append(nums)
            real = np.arange(encoded.ids.shape[1]) < encoded.lengths[:, None]
            encoded.ids[real].tofile(self._file)  # the real steps of all windows, end to end
            self._step_shape = encoded.ids.shape[2:]
        self.label_ids, self.lengths = np.concatenate(ids_of_labels), np.concatenate(lengths)
        self.num_windows = np.concatenate(num_windows)
        self._begins = np.cumsum(self.lengths) - self.lengths
        self.sha256 = digest.hexdigest()

    def batch(self, windows: np.ndarray) -> np.ndarray:
        """Returns the ids of windows by their numbers, padded to the longest of them."""
        orders = math.prod(self._step_shape)
        ids = np.zeros((len(windows), max(1, self.lengths[windows].max()), *self._step_shape), dtype="int32")
        for index, window in enumerate(windows):
            self._file.seek(int(self._begins[window]) * orders * ids.itemsize)
            flat = np.fromfile(self._file, dtype="int32", count=int(self.lengths[window]) * orders)
            ids[index, : self.lengths[window]] = flat.reshape(-1, *self._step_shape)
        return ids


def encode_to_learn(model: keras.Model, texts: Sequence[str]) -> tuple[EncodedTexts, np.ndarray]:
    """Returns the ids of the windows of `texts`, and how many windows each text has: `int64 (texts,)`.

    Where the heads of the texts leave out a thousandth of all tokens or less, each text has its head alone.

    Raises:
        ValueError: a text is no string or empty, or the model has no text layer.
    """
    encoder, texts = networks.text_encoder(model), check_texts(texts)
    chunks = [texts[first : first + CHUNK_TEXTS] for first in range(0, len(texts), CHUNK_TEXTS)]
    parts = [encoder.encode_windows(chunk) for chunk in chunks]
    nums = [np.bincount(part.rows, minlength=len(chunk)) for part, chunk in zip(parts, chunks, strict=True)]
    num_windows = np.concatenate(nums) if nums else np.zeros(0, "int64")
    encoded = _joined([EncodedTexts.of_ids(part.ids) for part in parts])
    if len(encoded.lengths) > len(texts):
        totals = np.add.reduceat(encoded.lengths, np.cumsum(num_windows) - num_windows)
        if np.maximum(totals - encoder.max_length, 0).sum() <= LEFT_OUT * totals.sum():
            return encode_texts(model, texts), np.ones_like(num_windows)
    return encoded, num_windows


def _joined(parts: list[EncodedTexts]) -> EncodedTexts:
    lengths = np.concatenate([part.lengths for part in parts])
    ids = np.zeros((len(lengths), max(1, lengths.max(initial=1)), *parts[0].ids.shape[2:]), dtype="int32")
    end = np.cumsum([0, *(len(part.ids) for part in parts)])
    for first, part in zip(end, parts, strict=False):
        ids[first : first + len(part.ids), : part.ids.shape[1]] = part.ids
    return EncodedTexts(ids, lengths)


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


def count_evidence(model: keras.Model, data: TableRows | FileRows, *, add: bool = False):
    """Counts the n-grams of `data` in the evidence layer of `model`, if it has one, in place of earlier counts.

    Args:
        model: the network.
        data: rows to learn.
        add: whether the earlier counts stay, and these are added.
    """
    evidence = networks.evidence_layer(model)
    ends = np.cumsum(data.num_windows)  # of the windows of each row
    for first in range(0, 0 if evidence is None else data.num_rows, CHUNK_ROWS):
        rows = np.arange(first, min(first + CHUNK_ROWS, data.num_rows))
        windows = np.arange(ends[first] - data.num_windows[first], ends[rows[-1]])
        of_windows = np.repeat(rows, data.num_windows[rows])
        reset = not first and not add
        evidence.count(data.batch(windows), data.label_ids[of_windows], texts=of_windows - first, reset=reset)


def sha256_of_table(table: pd.DataFrame) -> str:
    """Returns the SHA-256 of the labels and texts of a table, in their order."""
    _add_to(digest := hashlib.sha256(), table)
    return digest.hexdigest()


def _add_to(digest: Any, table: pd.DataFrame):
    for text, label in zip(table["text"], table["label"], strict=True):
        digest.update(f"{label}\t{text}\n".encode())

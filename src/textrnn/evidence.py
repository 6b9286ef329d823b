"""From counts of classes to the numbers that a network sees, and counts in 8 bits; in NumPy or in Keras."""

import itertools
from typing import Any

import numpy as np

SMOOTHING = 0.2
MAX_COLUMNS = 64  # of counts; so many classes have a column each
SHARED = 3  # columns of each class where there are more classes
STRIDE = 25_741  # leads through all 41,664 choices of 3 out of 64
LEVELS = np.float32(22)  # e ** (255 / 22) is 108,000 texts


def num_columns(num_classes: int) -> int:
    """Returns how many columns the counts of so many classes have: one for each class, and 64 at most."""
    return min(num_classes, MAX_COLUMNS)


def columns_of(num_classes: int) -> np.ndarray:
    """Returns in which columns the texts of each class are counted, 1 there and 0 elsewhere: `float32 (classes, …)`.

    Up to 64 classes have a column each. More share 64: each has three of them and no two classes the same three, so
    that the numbers together still tell one class from another (error-correcting codes, Dietterich & Bakiri 1995), and
    a network is no larger for 1,000 classes than for 64.

    >>> columns_of(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    >>> [row.nonzero()[0].tolist() for row in columns_of(65)[:2]]
    [[0, 1, 2], [17, 24, 62]]
    """
    if num_classes <= MAX_COLUMNS:
        return np.eye(num_classes, dtype="float32")
    choices = np.array(list(itertools.combinations(range(MAX_COLUMNS), SHARED)))
    columns = np.zeros((num_classes, MAX_COLUMNS), dtype="float32")
    chosen = choices[np.arange(num_classes) * STRIDE % len(choices)]
    np.put_along_axis(columns, chosen, 1, axis=1)
    return columns


def features(counts: Any, *, smoothing: float = SMOOTHING, ops: Any = np) -> Any:
    """Returns the evidence of `counts (…, columns)`, see `layers.ClassEvidence`: `float32 (…, columns + 1)`.

    Args:
        counts: how many texts of the class or the classes of each column, `float32`.
        smoothing: is added to each of them.
        ops: whose functions compute it, `numpy` or `keras.ops`.
    """
    total, size = ops.sum(counts, axis=-1, keepdims=True), counts.shape[-1]
    shares = (counts + smoothing) / (total + size * smoothing)
    return ops.concatenate([ops.log(size * shares), 0.3 * ops.log(1.0 + total)], axis=-1)


def levels(counts: np.ndarray) -> np.ndarray:
    """Returns the logarithms of counts in 256 steps: `uint8`; read back, counts from 1 on are off by up to 3 %."""
    return np.clip(np.round(LEVELS * np.log1p(counts)), 0, 255).astype("uint8")


def counts_of(levels: Any, *, ops: Any = np) -> Any:
    """Returns the `float32` counts that `levels` stand for, an array of any shape."""
    return ops.exp(levels / LEVELS) - 1.0

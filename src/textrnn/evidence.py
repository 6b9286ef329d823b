"""From counts of classes to the numbers that a network sees, and counts in 8 bits; in NumPy or in Keras."""

from typing import Any

import numpy as np

SMOOTHING = 0.2
LEVELS = np.float32(22)  # e ** (255 / 22) is 108,000 texts


def features(counts: Any, *, smoothing: float = SMOOTHING, ops: Any = np) -> Any:
    """Returns the evidence of `counts (…, classes)`, see `layers.ClassEvidence`: `float32 (…, classes + 1)`.

    Args:
        counts: how many texts of each class, `float32`.
        smoothing: is added to each of them.
        ops: whose functions compute it, `numpy` or `keras.ops`.
    """
    total, num_classes = ops.sum(counts, axis=-1, keepdims=True), counts.shape[-1]
    shares = (counts + smoothing) / (total + num_classes * smoothing)
    return ops.concatenate([ops.log(num_classes * shares), 0.3 * ops.log(1.0 + total)], axis=-1)


def levels(counts: np.ndarray) -> np.ndarray:
    """Returns the logarithms of counts in 256 steps: `uint8`; read back, counts from 1 on are off by up to 3 %."""
    return np.clip(np.round(LEVELS * np.log1p(counts)), 0, 255).astype("uint8")


def counts_of(levels: Any, *, ops: Any = np) -> Any:
    """Returns the `float32` counts that `levels` stand for, an array of any shape."""
    return ops.exp(levels / LEVELS) - 1.0

"""Answers for many rows: sorted by length, batched, and put back in order; needs NumPy alone."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from textrnn.checks import check_integer

Run = Callable[[Callable[[np.ndarray], Any], list[np.ndarray]], Iterable[Any]]


def answer_in_batches(
    answer: Callable[[np.ndarray], np.ndarray],
    lengths: Sequence[int] | np.ndarray,
    *,
    batch_size: int,
    num_columns: int,
    run: Run = map,
) -> np.ndarray:
    """Returns what `answer` says of every row, in the order of the rows: `float32 (rows, columns)`.

    A batch holds rows of similar length, so that little is spent on padding; the longest rows come first, so that too
    large a batch fails at once and parallel batches end together.

    Args:
        answer: from the indices of some rows to an array `(indices, columns)`.
        lengths: the length of each row.
        batch_size: rows of a batch; the last one may be smaller.
        num_columns: numbers in the answer for one row.
        run: calls a function with each batch, as `map` does; several at a time, say.

    Raises:
        ValueError: `batch_size` is below 1.

    >>> double = lambda rows: 2 * rows[:, None]
    >>> answer_in_batches(double, [5, 9, 7], batch_size=2, num_columns=1).tolist()
    [[0.0], [2.0], [4.0]]
    """
    check_integer("batch_size", batch_size)
    order = np.argsort(-np.asarray(lengths, dtype="int64"), kind="stable")
    answers = np.zeros((len(order), num_columns), dtype="float32")

    def write(rows: np.ndarray):
        answers[rows] = answer(rows)

    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    for _ in run(write, batches):
        pass
    return answers

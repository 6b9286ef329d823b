"""Confidence intervals of scores, and whether one classifier is better than another."""

import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from textrnn.checks import check_integer, check_number, check_seed
from textrnn.extras import require
from textrnn.metrics.scores import checked_labels, confusion_table

EDGE = 10  # with fewer rows right, or fewer wrong, drawing them again says too little: none wrong stays none wrong


def _check_bootstrap(confidence: float, num_resamples: int, seed: int) -> None:
    check_number("confidence", confidence, "a share between 0 and 1", lambda share: 0 < share < 1)
    check_integer("num_resamples", num_resamples)
    check_seed(seed)


def _wilson(share: Any, rows: Any, confidence: float) -> tuple[Any, Any]:
    """Returns the interval of Wilson (1927) of a share of rows, 0 to 1, numbers or arrays; never empty at 0 or 1."""
    z = statistics.NormalDist().inv_cdf((1 + confidence) / 2)
    rows = np.maximum(rows, 1)
    middle = share + z**2 / (2 * rows)
    half = z * np.sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2))
    whole = 1 + z**2 / rows
    return np.clip((middle - half) / whole, 0, share), np.clip((middle + half) / whole, share, 1)


def accuracy(
    true: Sequence[str],
    predicted: Sequence[str],
    *,
    confidence: float = 0.95,
    num_resamples: int = 10_000,
    seed: int = 0,
) -> dict[str, float]:
    """Returns `accuracy` with its interval, `low` and `high`, and `rows`.

    It is the bootstrap's (percentile method, Efron 1979): counting the right ones among rows drawn again with
    replacement is a draw from a binomial distribution. Where fewer than ten rows are right, or fewer than ten wrong, it
    is Wilson's (1927), since of rows that are all right every draw is all right too.

    >>> accuracy(["a"] * 90 + ["b"] * 10, ["a"] * 100)["accuracy"]
    0.9
    >>> round(accuracy(["a"] * 20, ["a"] * 20)["low"], 3)
    0.839
    """
    true, predicted = checked_labels(true, predicted)
    _check_bootstrap(confidence, num_resamples, seed)
    right = int((true == predicted).sum())
    value = right / len(true)
    if min(right, len(true) - right) < EDGE:
        low, high = _wilson(value, len(true), confidence)
    else:
        draws = np.random.default_rng(seed).binomial(len(true), value, size=num_resamples) / len(true)
        low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
    return {"accuracy": value, "low": float(low), "high": float(high), "rows": len(true)}


def f1_intervals(
    true: Sequence[str], predicted: Sequence[str], *, confidence: float = 0.95, num_resamples: int = 2000, seed: int = 0
) -> pd.DataFrame:
    """Returns for each class of `report` the interval of its F1: columns `low` and `high`, 0 to 1.

    It is the bootstrap's: drawing rows again with replacement is drawing the cells of the confusion table from a
    multinomial distribution. Of a class with fewer than ten rows right, or fewer than ten wrong, it is Wilson's of the
    share of right ones among the rows that are of the class or were given to it, which the F1 follows from.

    >>> f1_intervals(["a"] * 90 + ["b"] * 10, ["a"] * 90 + ["b"] * 10).round(3).loc["a"].tolist()
    [0.979, 1.0]
    """
    table = confusion_table(true, predicted)
    _check_bootstrap(confidence, num_resamples, seed)
    shares = table.to_numpy().ravel() / len(true)
    draws = np.random.default_rng(seed).multinomial(len(true), shares, size=num_resamples)
    draws = draws.reshape(-1, *table.shape)  # (resamples, true, predicted)
    right = np.diagonal(draws, axis1=1, axis2=2)
    f1 = 2 * right / np.maximum(draws.sum(axis=1) + draws.sum(axis=2), 1)
    low, high = np.quantile(f1, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    right = np.diagonal(table)
    touched = (table.sum(axis=1) + table.sum(axis=0)).to_numpy() - right  # of the class, or given to it
    shares = _wilson(right / np.maximum(touched, 1), touched, confidence)
    is_edge = np.minimum(right, touched - right) < EDGE
    low, high = (np.where(is_edge, 2 * share / (1 + share), f1) for share, f1 in zip(shares, (low, high), strict=True))
    return pd.DataFrame({"low": low, "high": high}, index=list(table.index))


def mean_accuracy(
    true: Sequence[str],
    runs: Sequence[Sequence[str]],
    *,
    confidence: float = 0.95,
    num_resamples: int = 10_000,
    seed: int = 0,
) -> dict[str, float]:
    """Returns the mean `accuracy` of several runs, its interval, `low` and `high`, and `rows`.

    The rows are drawn again (bootstrap), each with the share of runs that had it right, so the interval is about other
    texts and not about other seeds. Of a single run it is the interval of `accuracy`; where fewer than ten rows are
    right in some run, or fewer than ten wrong in some run, it is Wilson's of the mean.

    Args:
        true: the labels.
        runs: what each run predicted, a list of labels for each.
        confidence: how much of the draws the interval holds, between 0 and 1.
        num_resamples: draws.
        seed: for the draws.

    Raises:
        ValueError: there is no run, the numbers of labels differ, or a setting is out of range.

    >>> mean_accuracy(["a", "b"], [["a", "a"], ["a", "b"]])["accuracy"]
    0.75
    """
    if not len(runs):
        raise ValueError("runs: expected the labels of at least one run, got none")
    _check_bootstrap(confidence, num_resamples, seed)
    pairs = (checked_labels(true, predicted) for predicted in runs)
    num_right = sum((one == other).astype(int) for one, other in pairs)  # (rows,): 0 to the number of runs
    rows, shares = len(num_right), np.arange(len(runs) + 1) / len(runs)
    counts = np.bincount(num_right, minlength=len(shares))
    value = float(counts @ shares / rows)
    if rows - max(counts[0], counts[-1]) < EDGE:
        low, high = _wilson(value, rows, confidence)
    else:
        draws = np.random.default_rng(seed).multinomial(rows, counts / rows, size=num_resamples) @ shares / rows
        low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
    return {"accuracy": value, "low": float(low), "high": float(high), "rows": rows}


def accuracy_difference(
    true: Sequence[str], first: Sequence[str], second: Sequence[str], *, confidence: float = 0.95
) -> dict[str, float]:
    """Returns by how much the accuracy of a second classifier is above that of a first: `difference`, `low`, `high`.

    The interval is that of Bonett & Price (2012) for paired rows: rows that only one of the two has right decide, and
    it is never empty, however few they are. Above 0 as a whole, it says that the second one is better.

    Args:
        true: the labels.
        first: what one classifier said.
        second: what the other said of the same rows.
        confidence: between 0 and 1.

    Raises:
        ValueError: the numbers of labels differ, or `confidence` is out of range.

    >>> found = accuracy_difference(["a"] * 100, ["a"] * 90 + ["b"] * 10, ["a"] * 98 + ["b"] * 2)
    >>> {name: round(value, 3) for name, value in found.items()}
    {'difference': 0.08, 'low': 0.02, 'high': 0.137}
    """
    lost, won = _right_alone(true, first, second)
    check_number("confidence", confidence, "a share between 0 and 1", lambda share: 0 < share < 1)
    rows = len(true)
    less, more = (lost + 1) / (rows + 2), (won + 1) / (rows + 2)
    z = statistics.NormalDist().inv_cdf((1 + confidence) / 2)
    half = z * np.sqrt((less + more - (more - less) ** 2) / (rows + 2))
    value = (won - lost) / rows
    low, high = max(-1.0, min(value, more - less - half)), min(1.0, max(value, more - less + half))
    return {"difference": value, "low": float(low), "high": float(high)}


def _right_alone(true: Sequence[str], first: Sequence[str], second: Sequence[str]) -> tuple[int, int]:
    """Returns how many rows the first alone has right, and how many the second alone."""
    true, first = checked_labels(true, first)
    _, second = checked_labels(true, second)
    return int(((first == true) & (second != true)).sum()), int(((second == true) & (first != true)).sum())


def mcnemar(true: Sequence[str], first: Sequence[str], second: Sequence[str]) -> dict[str, float]:
    """Returns on how many rows only one of two classifiers is right, and how likely such a split is by chance.

    The test of McNemar (1947) in its exact form. Rows that both have right or both wrong say nothing about which is
    better; of the others, two equally good classifiers would win half each.

    Args:
        true: the labels.
        first: what one classifier said.
        second: what the other said of the same rows.

    Returns:
        `only_first` and `only_second`: rows that only this one has right; `p`: the probability of a split at least as
        uneven if both were equally good, 1 where no row tells them apart.

    Raises:
        ValueError: the numbers of labels differ.

    >>> mcnemar(["a"] * 10, ["a"] * 8 + ["b"] * 2, ["a"] * 2 + ["b"] * 8)
    {'only_first': 6, 'only_second': 0, 'p': 0.03125}
    """
    only_first, only_second = _right_alone(true, first, second)
    require("metrics.mcnemar", "scipy")
    from scipy.stats import binomtest

    split = only_first + only_second
    p = float(binomtest(only_first, split).pvalue) if split else 1.0
    return {"only_first": only_first, "only_second": only_second, "p": p}

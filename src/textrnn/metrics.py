"""Scores of a classifier as tables: per class, confusion, confidence interval, calibration."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from textrnn.checks import check_integer, check_number, check_seed, check_table
from textrnn.extras import require

THRESHOLDS = tuple(percent / 100 for percent in range(0, 100, 5))


def predicted_labels(probs: np.ndarray, label_names: Sequence[str]) -> np.ndarray:
    """Returns the most probable label of each row of `probs (rows, classes)`.

    Raises:
        ValueError: the number of classes and of label names differ, or a probability is not a finite number.

    >>> [str(label) for label in predicted_labels(np.array([[0.2, 0.8]]), ["game", "sports"])]
    ['sports']
    """
    probs = np.asarray(probs)
    if probs.ndim != 2 or probs.shape[1] != len(label_names):
        raise ValueError(f"probs: expected shape (rows, {len(label_names)}), got {probs.shape}")
    if not np.isfinite(probs).all():
        raise ValueError(f"probs: row {1 + int(np.argwhere(~np.isfinite(probs))[0, 0])}: expected finite numbers")
    return np.asarray(label_names, dtype=object)[probs.argmax(axis=1)]


def label_ids(labels: Sequence[str], label_names: Sequence[str], *, name: str = "labels", first: int = 1) -> np.ndarray:
    """Returns the index of each label in `label_names`: `int64 (rows,)`.

    Args:
        labels: a label for each row.
        label_names: the labels there are.
        name: what a message calls the labels.
        first: the number that a message gives to the first row.

    Raises:
        ValueError: a label is not in the list; the message names the row.

    >>> label_ids(["sports", "game"], ["game", "sports"])
    array([1, 0])
    """
    index = {label: number for number, label in enumerate(label_names)}
    for row, label in enumerate(labels, start=first):
        if label not in index:
            raise ValueError(f"{name}: row {row}: label {label!r} is not among the model's {list(label_names)}")
    return np.array([index[label] for label in labels], dtype="int64")


def _checked(true: Sequence[str], predicted: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    true, predicted = np.asarray(true, dtype=object), np.asarray(predicted, dtype=object)
    if true.shape != predicted.shape or true.ndim != 1 or not len(true):
        raise ValueError(f"true, predicted: expected as many labels of each, got {true.shape} and {predicted.shape}")
    for name, labels in (("true", true), ("predicted", predicted)):
        for row, label in enumerate(labels, start=1):
            if not isinstance(label, str):
                raise ValueError(f"{name}: row {row}: expected a string as label, got {label!r}")
    return true, predicted


def _check_bootstrap(confidence: float, num_resamples: int, seed: int) -> None:
    check_number("confidence", confidence, "a share between 0 and 1", lambda share: 0 < share < 1)
    check_integer("num_resamples", num_resamples)
    check_seed(seed)


def report(true: Sequence[str], predicted: Sequence[str]) -> pd.DataFrame:
    """Returns precision, recall, F1 and rows of each class, and their plain means in the last row, `macro`.

    Scores are from 0 to 1; a class that is never predicted has precision 0. A class stands in the table if it occurs
    in `true` or in `predicted`.

    >>> report(["game", "game", "sports"], ["game", "sports", "sports"]).round(2)
            precision  recall    f1  rows
    game         1.00    0.50  0.67     2
    sports       0.50    1.00  0.67     1
    macro        0.75    0.75  0.67     3
    """
    counts = confusion_table(true, predicted)
    rows, said, right = counts.sum(axis=1).to_numpy(), counts.sum(axis=0).to_numpy(), np.diagonal(counts.to_numpy())
    scores = {"precision": right / np.maximum(said, 1), "recall": right / np.maximum(rows, 1)}
    table = pd.DataFrame(scores | {"f1": 2 * right / (rows + said), "rows": rows}, index=list(counts.index))
    table.loc["macro"] = [*table[["precision", "recall", "f1"]].mean(), table["rows"].sum()]
    return table.astype({"rows": int})


def accuracy(
    true: Sequence[str],
    predicted: Sequence[str],
    *,
    confidence: float = 0.95,
    num_resamples: int = 10_000,
    seed: int = 0,
) -> dict[str, float]:
    """Returns `accuracy` with its bootstrap interval, `low` and `high` (percentile method, Efron 1979), and `rows`.

    Counting the right ones among rows drawn again with replacement is a draw from a binomial distribution.

    >>> accuracy(["a"] * 90 + ["b"] * 10, ["a"] * 100)["accuracy"]
    0.9
    """
    true, predicted = _checked(true, predicted)
    _check_bootstrap(confidence, num_resamples, seed)
    value = float((true == predicted).mean())
    draws = np.random.default_rng(seed).binomial(len(true), value, size=num_resamples) / len(true)
    low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
    return {"accuracy": value, "low": float(low), "high": float(high), "rows": len(true)}


def f1_intervals(
    true: Sequence[str], predicted: Sequence[str], *, confidence: float = 0.95, num_resamples: int = 2000, seed: int = 0
) -> pd.DataFrame:
    """Returns for each class of `report` the bootstrap interval of its F1: columns `low` and `high`, 0 to 1.

    Drawing rows again with replacement is drawing the cells of the confusion table from a multinomial distribution.

    >>> f1_intervals(["a"] * 90 + ["b"] * 10, ["a"] * 90 + ["b"] * 10).loc["a"].tolist()
    [1.0, 1.0]
    """
    table = confusion_table(true, predicted)
    _check_bootstrap(confidence, num_resamples, seed)
    shares = table.to_numpy().ravel() / len(true)
    draws = np.random.default_rng(seed).multinomial(len(true), shares, size=num_resamples)
    draws = draws.reshape(-1, *table.shape)  # (resamples, true, predicted)
    right = np.diagonal(draws, axis1=1, axis2=2)
    f1 = 2 * right / np.maximum(draws.sum(axis=1) + draws.sum(axis=2), 1)
    low, high = np.quantile(f1, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    return pd.DataFrame({"low": low, "high": high}, index=list(table.index))


def mean_accuracy(
    true: Sequence[str],
    runs: Sequence[Sequence[str]],
    *,
    confidence: float = 0.95,
    num_resamples: int = 10_000,
    seed: int = 0,
) -> dict[str, float]:
    """Returns the mean `accuracy` of several runs, its bootstrap interval, `low` and `high`, and `rows`.

    The rows are drawn again, each with the share of runs that had it right, so the interval is about other texts and
    not about other seeds. Of a single run it is the interval of `accuracy`.

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
    pairs = (_checked(true, predicted) for predicted in runs)
    num_right = sum((one == other).astype(int) for one, other in pairs)  # (rows,): 0 to the number of runs
    rows, shares = len(num_right), np.arange(len(runs) + 1) / len(runs)
    counts = np.bincount(num_right, minlength=len(shares))
    draws = np.random.default_rng(seed).multinomial(rows, counts / rows, size=num_resamples) @ shares / rows
    low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
    return {"accuracy": float(counts @ shares / rows), "low": float(low), "high": float(high), "rows": rows}


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
    true, first = _checked(true, first)
    _, second = _checked(true, second)
    require("metrics.mcnemar", "scipy")
    from scipy.stats import binomtest

    only_first = int(((first == true) & (second != true)).sum())
    only_second = int(((second == true) & (first != true)).sum())
    split = only_first + only_second
    p = float(binomtest(only_first, split).pvalue) if split else 1.0
    return {"only_first": only_first, "only_second": only_second, "p": p}


def confusion_table(true: Sequence[str], predicted: Sequence[str]) -> pd.DataFrame:
    """Returns how many rows of each class (index `true`) went to each class (columns `predicted`).

    >>> confusion_table(["game", "game", "sports"], ["game", "sports", "sports"]).loc["game", "sports"]
    np.int64(1)
    """
    true, predicted = _checked(true, predicted)
    labels = sorted({*true, *predicted})
    cells = label_ids(true, labels) * len(labels) + label_ids(predicted, labels)
    counts = np.bincount(cells, minlength=len(labels) ** 2).reshape(len(labels), -1)
    return pd.DataFrame(counts, index=pd.Index(labels, name="true"), columns=pd.Index(labels, name="predicted"))


def _checked_scores(true: Sequence[str], predicted: Sequence[str], scores: Sequence[float]) -> tuple:
    """Returns which answers are right `(rows,)`, and how sure the model was of each `(rows,)`."""
    true, predicted = _checked(true, predicted)
    scores = np.asarray(scores)
    if scores.shape != true.shape or not ((scores >= 0) & (scores <= 1)).all():
        raise ValueError(f"scores: expected a probability from 0 to 1 for each of the {len(true)} rows")
    return true == predicted, scores


def calibration_error(
    true: Sequence[str], predicted: Sequence[str], scores: Sequence[float], *, num_bins: int = 15
) -> float:
    """Returns the expected calibration error: how far scores are from the share of right answers, 0 at best.

    The answers are put into bins of equal width by their score, 15 as in Guo et al. (2017); of each bin the mean score
    and the accuracy are compared, and the differences averaged with the weight of the bin's rows.

    Args:
        true: the labels.
        predicted: what the model said.
        scores: the probability that it gave to its answer, 0 to 1.
        num_bins: bins between 0 and 1.

    Raises:
        ValueError: the numbers of labels or scores differ, or a score is not a probability.

    >>> round(calibration_error(["a", "a", "a", "a"], ["a", "a", "a", "b"], [0.95, 0.95, 0.55, 0.55]), 2)
    0.05
    """
    check_integer("num_bins", num_bins)
    right, scores = _checked_scores(true, predicted, scores)
    bins = np.minimum((scores * num_bins).astype(int), num_bins - 1)  # a score of 1 is in the last bin
    gaps = np.bincount(bins, weights=right - scores.astype(float), minlength=num_bins)
    return float(np.abs(gaps).sum() / len(right))


def fit_temperature(true: Sequence[str], probs: np.ndarray, label_names: Sequence[str]) -> float:
    """Returns the temperature that makes the probabilities of `true` likeliest (Guo et al. 2017).

    Above 1 the model is too sure, below 1 not sure enough. `networks.set_temperature` has a network use it; then no
    label changes, the scores do. Take rows that the model was not trained on, and judge by others.

    Args:
        true: the labels.
        probs: `(rows, classes)` of a model whose temperature is 1, rows sum to 1.
        label_names: the label of each output.

    Returns:
        The value that minimises the log loss of softmax(log(probs) / temperature), from 0.05 to 20.

    Raises:
        ValueError: the numbers of rows or of classes differ, or a label is not in `label_names`.

    >>> probs = np.array([[0.9, 0.1]] * 10)  # says 0.9, and is right in 6 of 10
    >>> temperature = fit_temperature(["x"] * 6 + ["y"] * 4, probs, ["x", "y"])
    >>> round(1 / (1 + (0.1 / 0.9) ** (1 / temperature)), 3)
    0.6
    """
    true, _ = _checked(true, predicted_labels(probs, label_names))
    own = label_ids(true, label_names, name="true")
    require("metrics.fit_temperature", "scipy")
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    scores = np.log(np.maximum(np.asarray(probs, dtype=float), np.finfo("float32").tiny))

    def loss(log_temperature):
        scaled = scores / np.exp(log_temperature)
        return (logsumexp(scaled, axis=1) - scaled[np.arange(len(own)), own]).mean()

    found = minimize_scalar(loss, bounds=np.log([0.05, 20]), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


def coverage_curve(
    true: Sequence[str], predicted: Sequence[str], scores: Sequence[float], *, thresholds: Sequence[float] = THRESHOLDS
) -> pd.DataFrame:
    """Returns what a least score costs and buys: for each threshold the share of answers kept, and their accuracy.

    An answer is kept if its score is at least the threshold, as with `min_score` of `saving.Classifier.predict`
    (rejection after Chow 1970).

    Args:
        true: the labels.
        predicted: what the model said.
        scores: the probability that it gave to its answer, 0 to 1.
        thresholds: least scores to look at.

    Returns:
        A row for each threshold: `threshold`, `coverage` (0 to 1), `accuracy` of the kept (`NaN` if none is), `rows`.

    Raises:
        ValueError: the numbers of labels or scores differ, or a score is not a probability.

    >>> coverage_curve(["a", "a", "b", "b"], ["a", "a", "b", "a"], [0.9, 0.8, 0.7, 0.4], thresholds=[0, 0.5])
       threshold  coverage  accuracy  rows
    0        0.0      1.00      0.75     4
    1        0.5      0.75      1.00     3
    """
    right, scores = _checked_scores(true, predicted, scores)
    rows = []
    for threshold in map(float, thresholds):
        kept = scores >= threshold
        accuracy = right[kept].mean() if kept.any() else np.nan
        rows.append({"threshold": threshold, "coverage": kept.mean(), "accuracy": accuracy, "rows": int(kept.sum())})
    return pd.DataFrame(rows)


def worst_mistakes(
    table: pd.DataFrame, probs: np.ndarray, label_names: Sequence[str], *, num: int = 10
) -> pd.DataFrame:
    """Returns the wrong answers of which the model was most sure: text, label, predicted, score, score_of_label.

    Args:
        table: columns `text` and `label`.
        probs: `(rows, classes)` in the order of `label_names`.
        label_names: the label of each output.
        num: rows to return, at most.

    Raises:
        ValueError: the numbers of rows or of classes differ, a label of the table is not in `label_names`, or `num` is
            below 0.
    """
    check_table("table", table)
    check_integer("num", num, least=0)
    predicted = predicted_labels(probs, label_names)
    if len(probs) != len(table):
        raise ValueError(f"probs: expected a row for each of the {len(table)} of the table, got {len(probs)}")
    own = probs[np.arange(len(table)), label_ids(table["label"], label_names, name="table")]
    answers = table[["text", "label"]].assign(predicted=predicted, score=probs.max(axis=1), score_of_label=own)
    wrong = answers[answers["label"] != answers["predicted"]]
    return wrong.sort_values("score", ascending=False).head(num).reset_index(drop=True)

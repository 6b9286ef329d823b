"""Labels from probabilities, scores per class, the confusion table, calibration."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from textrnn.checks import check_integer, check_table, excerpt
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
            known = excerpt(list(label_names), most=200)
            raise ValueError(f"{name}: row {row}: label {excerpt(label)} is not among the model's {known}")
    return np.array([index[label] for label in labels], dtype="int64")


def checked_labels(true: Sequence[str], predicted: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the labels of as many rows each as two arrays of objects, so that no character of a label is lost.

    Raises:
        ValueError: their numbers differ, there is none, or a label is no string.
    """
    true, predicted = np.asarray(true, dtype=object), np.asarray(predicted, dtype=object)
    if true.shape != predicted.shape or true.ndim != 1 or not len(true):
        raise ValueError(f"true, predicted: expected as many labels of each, got {true.shape} and {predicted.shape}")
    for name, labels in (("true", true), ("predicted", predicted)):
        for row, label in enumerate(labels, start=1):
            if not isinstance(label, str):
                raise ValueError(f"{name}: row {row}: expected a string as label, got {label!r}")
    return true, predicted


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


def confusion_table(true: Sequence[str], predicted: Sequence[str]) -> pd.DataFrame:
    """Returns how many rows of each class (index `true`) went to each class (columns `predicted`).

    >>> confusion_table(["game", "game", "sports"], ["game", "sports", "sports"]).loc["game", "sports"]
    np.int64(1)
    """
    true, predicted = checked_labels(true, predicted)
    labels = sorted({*true, *predicted})
    cells = label_ids(true, labels) * len(labels) + label_ids(predicted, labels)
    counts = np.bincount(cells, minlength=len(labels) ** 2).reshape(len(labels), -1)
    return pd.DataFrame(counts, index=pd.Index(labels, name="true"), columns=pd.Index(labels, name="predicted"))


def _checked_scores(true: Sequence[str], predicted: Sequence[str], scores: Sequence[float]) -> tuple:
    """Returns which answers are right `(rows,)`, and how sure the model was of each `(rows,)`."""
    true, predicted = checked_labels(true, predicted)
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
    true, _ = checked_labels(true, predicted_labels(probs, label_names))
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


def _predicted_and_own(
    table: pd.DataFrame, probs: np.ndarray, label_names: Sequence[str], num: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the predicted label and the index of the true one of each row `(rows,)`, after checks of all four."""
    check_table("table", table)
    check_integer("num", num, least=0)
    predicted = predicted_labels(probs, label_names)
    if len(probs) != len(table):
        raise ValueError(f"probs: expected a row for each of the {len(table)} of the table, got {len(probs)}")
    return predicted, label_ids(table["label"], label_names, name="table")


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
    predicted, own = _predicted_and_own(table, probs, label_names, num)
    scores = {"score": probs.max(axis=1), "score_of_label": probs[np.arange(len(own)), own]}
    answers = table[["text", "label"]].assign(predicted=predicted, **scores)
    wrong = answers[answers["label"] != answers["predicted"]]
    return wrong.sort_values("score", ascending=False).head(num).reset_index(drop=True)


def likely_wrong_labels(
    table: pd.DataFrame, probs: np.ndarray, label_names: Sequence[str], *, num: int = 20
) -> pd.DataFrame:
    """Returns rows whose label is likely wrong, the likeliest first: text, label, suggested, score, score_of_label.

    Confident learning (Northcutt, Jiang & Chuang 2021): a class has for its threshold the mean probability that rows
    labelled so have of it. A row is suspected if it reaches the threshold of a class, and among those that it reaches
    the most probable is another than its label.

    Args:
        table: columns `text` and `label`; rows that the model was not trained on.
        probs: `(rows, classes)` in the order of `label_names`.
        label_names: the label of each output.
        num: rows to return, at most.

    Raises:
        ValueError: the numbers of rows or of classes differ, or a label of the table is not in `label_names`.

    >>> rows = pd.DataFrame({"text": list("abcd"), "label": ["x", "x", "y", "y"]})
    >>> probs = np.array([[0.9, 0.1], [0.1, 0.9], [0.2, 0.8], [0.3, 0.7]])
    >>> likely_wrong_labels(rows, probs, ["x", "y"])["text"].tolist()
    ['b']
    """
    _, own = _predicted_and_own(table, probs, label_names, num)
    rows = np.bincount(own, minlength=len(label_names))
    of_own = probs[np.arange(len(own)), own]
    thresholds = np.bincount(own, weights=of_own, minlength=len(label_names)) / np.maximum(rows, 1)
    reached = np.where((probs >= thresholds - 1e-6) & (rows > 0), probs, -1.0)
    suggested = reached.argmax(axis=1)
    suspected = (reached.max(axis=1) >= 0) & (suggested != own)
    found = table[["text", "label"]].assign(
        suggested=np.asarray(label_names, dtype=object)[suggested],
        score=probs[np.arange(len(own)), suggested],
        score_of_label=of_own,
    )[suspected]
    order = (found["score"] - found["score_of_label"]).sort_values(ascending=False, kind="stable").index
    return found.loc[order].head(num).reset_index(drop=True)

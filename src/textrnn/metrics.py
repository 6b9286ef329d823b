"""Scores of a classifier as tables: per class, confusion, confidence interval; and the baselines to stand beside it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC


def predicted_labels(probs: np.ndarray, label_names: Sequence[str]) -> np.ndarray:
    """Returns the most probable label of each row of `probs (rows, classes)`.

    Raises:
        ValueError: the number of classes and of label names differ.

    >>> [str(label) for label in predicted_labels(np.array([[0.2, 0.8]]), ["game", "sports"])]
    ['sports']
    """
    if probs.ndim != 2 or probs.shape[1] != len(label_names):
        raise ValueError(f"probs: expected shape (rows, {len(label_names)}), got {probs.shape}")
    return np.asarray(label_names, dtype=object)[probs.argmax(axis=1)]


def _checked(true: Sequence[str], predicted: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    true, predicted = np.asarray(true, dtype=object), np.asarray(predicted, dtype=object)
    if true.shape != predicted.shape or true.ndim != 1 or not len(true):
        raise ValueError(f"true, predicted: expected as many labels of each, got {true.shape} and {predicted.shape}")
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
    true, predicted = _checked(true, predicted)
    labels = sorted({*true, *predicted})
    scores = precision_recall_fscore_support(true, predicted, labels=labels, zero_division=0)
    table = pd.DataFrame(dict(zip(("precision", "recall", "f1", "rows"), scores, strict=True)), index=labels)
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

    Drawing rows again with replacement and counting the right ones is a draw from a binomial distribution, so no row
    has to be moved.

    >>> accuracy(["a"] * 90 + ["b"] * 10, ["a"] * 100)["accuracy"]
    0.9
    """
    true, predicted = _checked(true, predicted)
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: expected a share between 0 and 1, got {confidence}")
    value = float((true == predicted).mean())
    draws = np.random.default_rng(seed).binomial(len(true), value, size=num_resamples) / len(true)
    low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
    return {"accuracy": value, "low": float(low), "high": float(high), "rows": len(true)}


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
        ValueError: there is no run, or the numbers of labels differ.

    >>> mean_accuracy(["a", "b"], [["a", "a"], ["a", "b"]])["accuracy"]
    0.75
    """
    if not len(runs):
        raise ValueError("runs: expected the labels of at least one run, got none")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: expected a share between 0 and 1, got {confidence}")
    pairs = [_checked(true, predicted) for predicted in runs]
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
    counts = confusion_matrix(true, predicted, labels=labels)
    return pd.DataFrame(counts, index=pd.Index(labels, name="true"), columns=pd.Index(labels, name="predicted"))


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
        ValueError: the numbers of rows or of classes differ, or a label of the table is not in `label_names`.
    """
    predicted = predicted_labels(probs, label_names)
    if len(probs) != len(table):
        raise ValueError(f"probs: expected a row for each of the {len(table)} of the table, got {len(probs)}")
    places = {label: place for place, label in enumerate(label_names)}
    for row, label in enumerate(table["label"], start=1):
        if label not in places:
            raise ValueError(f"table: row {row}: label {label!r} is not among {list(label_names)}")
    own = [probs[row, places[label]] for row, label in enumerate(table["label"])]
    answers = table[["text", "label"]].assign(predicted=predicted, score=probs.max(axis=1), score_of_label=own)
    wrong = answers[answers["label"] != answers["predicted"]]
    return wrong.sort_values("score", ascending=False).head(num).reset_index(drop=True)


def fit_majority(train: pd.DataFrame) -> DummyClassifier:
    """Returns the baseline that answers with the most frequent label of `train` whatever it is asked."""
    return DummyClassifier(strategy="most_frequent").fit(train["text"], train["label"])


def fit_naive_bayes(train: pd.DataFrame, *, max_ngram: int = 3) -> Pipeline:
    """Returns naive Bayes on counts of character n-grams, fitted on `train`.

    It is the complement kind (Rennie et al. 2003), which judges a class by the texts of all others.

    Args:
        train: columns `text` and `label`.
        max_ngram: the longest n-gram counted, from 1.
    """
    counts = CountVectorizer(analyzer="char", ngram_range=(1, max_ngram), dtype=np.float32)
    return make_pipeline(counts, ComplementNB()).fit(train["text"], train["label"])


def fit_linear(train: pd.DataFrame, *, max_ngram: int = 3) -> Pipeline:
    """Returns the baseline to beat: a linear SVM on tf-idf of character n-grams, fitted on `train`.

    Args:
        train: columns `text` and `label`.
        max_ngram: the longest n-gram counted, from 1.
    """
    tfidf = TfidfVectorizer(analyzer="char", ngram_range=(1, max_ngram), sublinear_tf=True, dtype=np.float32)
    return make_pipeline(tfidf, LinearSVC()).fit(train["text"], train["label"])

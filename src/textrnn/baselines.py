"""The plain classifiers that a network has to beat: the most frequent label, naive Bayes and a linear SVM."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from textrnn.checks import check_integer, check_table
from textrnn.datasets import Splits, check_splits
from textrnn.extras import require

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.dummy import DummyClassifier
    from sklearn.pipeline import Pipeline
    from tqdm import tqdm

FITTING = 0.7  # of the time that counting n-grams takes, the SVM takes to be fitted
DELAY = 1.0  # seconds before a bar is shown
BAR = "{l_bar}{bar}| {elapsed}<{remaining}"


def fit_majority(train: "pd.DataFrame") -> "DummyClassifier":
    """Returns the baseline that answers with the most frequent label of `train` whatever it is asked."""
    check_table("train", train)
    require("baselines.fit_majority", "sklearn")
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="most_frequent").fit(train["text"], train["label"])


def fit_naive_bayes(train: "pd.DataFrame", *, max_ngram: int = 3) -> "Pipeline":
    """Returns naive Bayes on counts of character n-grams, fitted on `train`.

    It is the complement kind (Rennie et al. 2003), which judges a class by the texts of all others.

    Args:
        train: columns `text` and `label`.
        max_ngram: the longest n-gram counted, from 1.

    Raises:
        ValueError: a row of `train` lacks something, or `max_ngram` is below 1.
    """
    check_table("train", train)
    check_integer("max_ngram", max_ngram)
    require("baselines.fit_naive_bayes", "sklearn")
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import ComplementNB
    from sklearn.pipeline import make_pipeline

    counts = CountVectorizer(analyzer="char", ngram_range=(1, max_ngram), dtype=np.float32)
    return make_pipeline(counts, ComplementNB()).fit(train["text"], train["label"])


def fit_linear(train: "pd.DataFrame", *, max_ngram: int = 3, progress: bool = False) -> "Pipeline":
    """Returns the baseline to beat: a linear SVM on tf-idf of character n-grams, fitted on `train`.

    Args:
        train: columns `text` and `label`.
        max_ngram: the longest n-gram counted, from 1.
        progress: whether a bar runs if it takes long.

    Raises:
        ValueError: a row of `train` lacks something, it has one class alone, or `max_ngram` is below 1.
    """
    check_splits(Splits(train, None, None))
    check_integer("max_ngram", max_ngram)
    require("baselines.fit_linear", "sklearn")
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC
    from tqdm import tqdm

    tfidf = TfidfVectorizer(analyzer="char", ngram_range=(1, max_ngram), sublinear_tf=True, dtype=np.float32)
    total = round(len(train) * (1 + FITTING))
    with tqdm(total=total, desc="linear SVM", bar_format=BAR, delay=DELAY, disable=not progress) as bar:
        pipeline = make_pipeline(tfidf, LinearSVC()).fit(_counted(train["text"], bar), train["label"])
        bar.update(total - bar.n)
    return pipeline


def _counted(texts: "pd.Series", bar: "tqdm") -> Iterator[str]:
    for text in texts:
        yield text
        bar.update()

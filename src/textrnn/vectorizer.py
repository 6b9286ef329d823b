"""`TextEncoder` as a transformer of scikit-learn: texts in, ids of one width out, for a Keras model of one's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from textrnn.checks import check_texts
from textrnn.preprocessing import TextEncoder


@dataclass(kw_only=True, eq=False, repr=False)
class IdVectorizer(TransformerMixin, BaseEstimator):
    """Texts as rows of ids, as `CountVectorizer` makes rows of counts of them.

    Id 0 is padding, id 1 whatever the texts of `fit` did not hold. Every row has `max_length` steps, however long the
    texts are, so a network that comes after it sees one shape. `vectorizer.encoder_.num_ids` says how many ids an
    embedding of each order needs.

    The parameters are those of `TextEncoder.from_texts`, which says what they mean.

    Attributes:
        encoder_: the vocabulary, a `TextEncoder`.

    Example:
        >>> vectorizer = IdVectorizer(max_length=4)
        >>> vectorizer.fit_transform(["股市", "股市大涨"]).tolist()
        [[3, 2, 0, 0], [3, 2, 4, 5]]
    """

    unit: str = "char"
    lower: bool = True
    max_length: int = 32
    min_count: int = 1
    max_tokens: int | None = None
    max_ngram: int = 1
    min_ngram_count: int = 2
    max_ngrams: int | None = 60_000

    def fit(self, X: Sequence[str], y: Any = None) -> "IdVectorizer":  # noqa: N803
        """Returns the transformer, its vocabulary taken from `X`; `y` has no say in it.

        Args:
            X: strings: a list, a column of pandas or pyarrow, an array; or a table of one column.
            y: not looked at.

        Raises:
            ValueError: a text is no string or empty, or a setting is out of range; the message says which.
        """
        self.encoder_ = TextEncoder.from_texts(check_texts(X), **self.get_params(deep=False))
        return self

    def transform(self, X: Sequence[str]) -> np.ndarray:  # noqa: N803
        """Returns the ids of texts, padded with 0 on the right: `int32 (rows, max_length)`.

        With n-grams it is `(rows, max_length, orders)`. Of a longer text the first `max_length` tokens are read.

        Raises:
            NotFittedError: `fit` has not run.
            ValueError: a text is no string or empty; the message names its index.
        """
        check_is_fitted(self)
        ids = self.encoder_.encode(check_texts(X))
        missing = self.encoder_.max_length - ids.shape[1]
        return np.pad(ids, [(0, 0), (0, missing), *[(0, 0)] * (ids.ndim - 2)])

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Returns a name for each column of `transform`: `object (max_length,)`; what goes in has no say in it.

        Raises:
            NotFittedError: `fit` has not run.
            ValueError: there are n-grams, so that `transform` has no columns but steps of several ids each.
        """
        check_is_fitted(self)
        if orders := len(self.encoder_.ngrams):
            raise ValueError(
                f"max_ngram: expected 1, for only (rows, max_length) has columns to name, got {orders + 1}: "
                f"(rows, max_length, {orders + 1})"
            )
        return np.array([f"step_{step}" for step in range(self.encoder_.max_length)], dtype=object)

    def __sklearn_tags__(self) -> Any:
        """Returns what scikit-learn wants to know: a transformer of strings."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array = True, False
        tags.transformer_tags.preserves_dtype = []
        return tags

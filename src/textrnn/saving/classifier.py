"""What every classifier answers, under scikit-learn's names: probabilities, labels, tables; and a saved one at work."""

import abc
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from textrnn.checks import check_integer, check_list, check_number, check_texts

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN = "unknown"  # the label of a text of which a classifier is not sure enough


class Predictor(abc.ABC):
    """Labels and tables from probabilities, the same for whoever computes these.

    Attributes:
        label_names: the classes, in the order of the probabilities.
    """

    label_names: list[str]

    @abc.abstractmethod
    def predict_proba(self, texts: Sequence[str], *, batch_size: int = 256, long_text: str = "windows") -> np.ndarray:
        """Returns the probabilities of `texts`, in their order: `float32 (rows, classes)`; rows sum to 1.

        Args:
            texts: one string, a list, a pandas column or a NumPy array of strings.
            batch_size: texts worked on at a time; texts of similar length go together.
            long_text: what to read of a text that has more tokens than the network reads at a time (`max_length` of the
                card): `"windows"`: all of it, in windows as even in length as can be, whose probabilities are averaged,
                each with the weight of its tokens; `"head"`: its first tokens alone.

        Raises:
            ValueError: a text is no string, is empty, or cannot be written in UTF-8; the message names its index. Or
                `long_text` is neither.
        """

    def predict(
        self, texts: Sequence[str], *, batch_size: int = 256, long_text: str = "windows", min_score: float = 0.0
    ) -> np.ndarray:
        """Returns the label of each text: strings in a NumPy array `(rows,)` of dtype `object`, as in scikit-learn.

        Takes and raises what `predict_table` does.
        """
        return self.predict_with_scores(texts, batch_size=batch_size, long_text=long_text, min_score=min_score)[0]

    def predict_with_scores(
        self, texts: Sequence[str], *, batch_size: int = 256, long_text: str = "windows", min_score: float = 0.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns the label of each text, as `predict` does, and its score: `float32 (rows,)`, 0 to 1.

        Takes and raises what `predict_table` does; needs no pandas.
        """
        check_number("min_score", min_score, "a probability from 0 to 1", lambda score: 0 <= score <= 1)
        if min_score and UNKNOWN in self.label_names:
            raise ValueError(
                f"min_score: a class of this model is called {UNKNOWN!r}, so the answer would not say which is meant; "
                f"take min_score=0 and look at the scores"
            )
        probs = self.predict_proba(texts, batch_size=batch_size, long_text=long_text)
        scores = probs.max(axis=1, initial=0)
        label_ids = np.where(scores >= float(min_score), probs.argmax(axis=1), len(self.label_names))
        return np.array([*self.label_names, UNKNOWN], dtype=object)[label_ids], scores

    def predict_table(
        self, texts: Sequence[str], *, batch_size: int = 256, long_text: str = "windows", min_score: float = 0.0
    ) -> "pd.DataFrame":
        """Returns a table with a row for each text: `text`, `label`, `score` (the label's probability, 0 to 1).

        Takes and raises what `predict_proba` does, and

        Args:
            texts: as there. Of a pandas column the table has the index, so that its columns fit the table that the
                texts came from; else the rows count from 0.
            batch_size: as there.
            long_text: as there.
            min_score: a text whose best score is below it, 0 to 1, has the label `"unknown"`; the score stays.
                `metrics.coverage_curve` says what a value costs and buys.

        Raises:
            ValueError: `min_score` is out of range, or a class is itself called `"unknown"`.
        """
        import pandas as pd

        index = texts.index if isinstance(texts, pd.Series) else None
        texts = check_texts(texts)  # once: they may be a generator
        labels, scores = self.predict_with_scores(
            texts, batch_size=batch_size, long_text=long_text, min_score=min_score
        )
        return pd.DataFrame({"text": texts, "label": labels.tolist(), "score": scores}, index=index)

    def predict_stream(
        self, texts: Iterable[str], *, chunk_size: int = 8192, long_text: str = "windows", min_score: float = 0.0
    ) -> "Iterator[pd.DataFrame]":
        """Yields the tables of `predict_table` for `chunk_size` texts at a time, so that a file of any length is read.

        Args:
            texts: strings, asked for one by one.
            chunk_size: texts of a table; the last one may be shorter.
            long_text: as in `predict_proba`.
            min_score: as in `predict_table`.

        Raises:
            ValueError: a text is no string or empty; the message names its index, counted from the first text of all.
                Or a setting is out of range.
        """
        check_integer("chunk_size", chunk_size)
        check_list("texts", texts)
        texts = iter(texts)
        for number in itertools.count():
            chunk = list(itertools.islice(texts, chunk_size))
            if not chunk:
                return
            check_texts(chunk, first=number * chunk_size)
            yield self.predict_table(chunk, long_text=long_text, min_score=min_score)


class Classifier(Predictor):
    """A saved model at work.

    Args:
        folder: where it was loaded from.
        card: what `assets.extra/card.json` says.
        network: what computes the probabilities.

    Attributes:
        folder: as given.
        card: as given.
        label_names: the classes, in the order of the probabilities.
    """

    def __init__(self, folder: Path, card: dict[str, Any], network: Predictor):
        self.folder, self.card, self.label_names = folder, card, network.label_names
        self._network = network

    def predict_proba(self, texts: Sequence[str], *, batch_size: int = 256, long_text: str = "windows") -> np.ndarray:
        """Returns the probabilities of `texts`, in their order: `float32 (rows, classes)`; rows sum to 1.

        Takes and raises what `Predictor.predict_proba` does.
        """
        return self._network.predict_proba(texts, batch_size=batch_size, long_text=long_text)

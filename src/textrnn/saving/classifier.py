"""What every classifier answers, under scikit-learn's names: probabilities, labels, tables; and a saved one at work."""

import abc
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from textrnn import architectures
from textrnn.batching import answer_in_batches
from textrnn.checks import check_choice, check_integer, check_list, check_number, check_texts, column_of, excerpt
from textrnn.options import LONG_TEXT
from textrnn.preprocessing import WINDOWS_AT_A_TIME
from textrnn.saving.data import NetworkData
from textrnn.saving.one_thread import num_cores

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN = "unknown"  # the label of a text of which a classifier is not sure enough


class Predictor(abc.ABC):
    """What scikit-learn asks of a classifier, the same for a trained network and for a loaded one.

    Attributes:
        label_names: the classes as strings, in the order of the probabilities.
    """

    label_names: list[str]

    @property
    def classes_(self) -> np.ndarray:
        """The classes, in the order of the probabilities: `(classes,)`."""
        return np.array(self.label_names)

    def predict_proba(self, texts: Sequence[str], *, batch_size: int = 512, long_text: str = "windows") -> np.ndarray:
        """Returns the probabilities of `texts`, in their order: `float32 (rows, classes)`; rows sum to 1.

        Args:
            texts: one string; a list, a column of pandas or pyarrow, or an array of strings; or a table of one column.
            batch_size: texts worked on at a time; texts of similar length go together.
            long_text: what to read of a text that has more tokens than the network reads at a time (`max_length` of the
                card): `"windows"`: all of it, in windows as even in length as can be, whose probabilities are averaged,
                each with the weight of its tokens; `"head"`: its first tokens alone.

        Raises:
            ValueError: a text is no string, is empty, or cannot be written in UTF-8; the message names its index. Or
                `long_text` is neither.
        """
        return self.answers("probs", texts, batch_size=batch_size, long_text=long_text)

    def transform(self, texts: Sequence[str], *, batch_size: int = 512, long_text: str = "windows") -> np.ndarray:
        """Returns what the output layer sees of `texts`, in their order: `float32 (rows, features)`.

        For pictures, and for other people's models. Of a text in several windows it is their mean, each with the weight
        of its tokens. Takes and raises what `predict_proba` does.
        """
        return self.answers("summary", texts, batch_size=batch_size, long_text=long_text)

    @abc.abstractmethod
    def answers(self, part: str, texts: Sequence[str], *, batch_size: int, long_text: str) -> np.ndarray:
        """Returns what `predict_proba` does, if `part` is `"probs"`, or what `transform` does, if it is `"summary"`."""

    @abc.abstractmethod
    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Returns a name for each column of `transform`: `object (features,)`; what goes in has no say in it."""

    def predict(
        self, texts: Sequence[str], *, batch_size: int = 512, long_text: str = "windows", min_score: float = 0.0
    ) -> np.ndarray:
        """Returns the class of each text, of the kind of `classes_`: `(rows,)`, as in scikit-learn.

        Takes and raises what `predict_table` does; with a `min_score` the array holds objects.
        """
        return self.predict_with_scores(texts, batch_size=batch_size, long_text=long_text, min_score=min_score)[0]

    def score(self, texts: Sequence[str], y: Sequence, sample_weight: Sequence[float] | None = None) -> float:
        """Returns the share of texts whose class is the one in `y` (accuracy), 0 to 1; classes are compared as text.

        Args:
            texts: as in `predict_proba`.
            y: the true classes `(rows,)`.
            sample_weight: how much each text counts `(rows,)`; all the same if `None`.

        Raises:
            ValueError: as `predict_proba`; or there are not as many classes as texts, or none of the model's.
        """
        y = np.array([str(label) for label in column_of(y)], dtype=object)  # NumPy's own strings lose a last NUL
        predicted = np.array([str(label) for label in self.predict(texts)], dtype=object)
        if not len(predicted) or predicted.shape != y.shape:
            raise ValueError(f"y: expected a class for each of {len(predicted)} texts, got {y.shape}")
        if not set(y).intersection(self.label_names):
            raise ValueError(
                f"y: expected classes of the model, {excerpt(self.label_names)}, got {excerpt(sorted(set(y)))}"
            )
        return float(np.average(predicted == y, weights=sample_weight))

    def __sklearn_tags__(self) -> Any:
        """Returns what scikit-learn wants to know: a classifier of strings."""
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags, TransformerTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            transformer_tags=TransformerTags(),
            classifier_tags=ClassifierTags(),
            input_tags=InputTags(string=True, two_d_array=False),
        )

    def predict_with_scores(
        self, texts: Sequence[str], *, batch_size: int = 512, long_text: str = "windows", min_score: float = 0.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns the label of each text, as `predict` does, and its score: `float32 (rows,)`, 0 to 1.

        Takes and raises what `predict_table` does; needs no pandas.
        """
        self._check_min_score(min_score)
        probs = self.predict_proba(texts, batch_size=batch_size, long_text=long_text)
        return self.labels_of(probs, min_score=min_score), probs.max(axis=1, initial=0)

    def labels_of(self, probs: np.ndarray, *, min_score: float = 0.0) -> np.ndarray:
        """Returns the label of each row of what `predict_proba` said; `min_score` as in `predict_table`."""
        self._check_min_score(min_score)
        if not min_score:
            return self.classes_[probs.argmax(axis=1)]
        class_ids = np.where(probs.max(axis=1) >= float(min_score), probs.argmax(axis=1), len(self.classes_))
        return np.array([*self.classes_, UNKNOWN], dtype=object)[class_ids]

    def _check_min_score(self, min_score: float):
        check_number("min_score", min_score, "a probability from 0 to 1", lambda score: 0 <= score <= 1)
        if min_score and UNKNOWN in self.label_names:
            raise ValueError(
                f"min_score: a class of this model is called {UNKNOWN!r}, so the answer would not say which is meant; "
                f"take min_score=0 and look at the scores"
            )

    def predict_table(
        self, texts: Sequence[str], *, batch_size: int = 512, long_text: str = "windows", min_score: float = 0.0
    ) -> "pd.DataFrame":
        """Returns a table with a row for each text: `text`, `label`, `score` (the label's probability, 0 to 1).

        Takes and raises what `predict_proba` does, and

        Args:
            texts: as there. Of a pandas column or table the answer has the index, so that its columns fit the table
                that the texts came from; else the rows count from 0.
            batch_size: as there.
            long_text: as there.
            min_score: a text whose best score is below it, 0 to 1, has the label `"unknown"`; the score stays.
                `metrics.coverage_curve` says what a value costs and buys.

        Raises:
            ValueError: `min_score` is out of range, or a class is itself called `"unknown"`.
        """
        import pandas as pd

        index = texts.index if isinstance(texts, pd.Series | pd.DataFrame) else None
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


class NetworkPredictor(Predictor):
    """The answers of a network, whoever computes it: texts become ids and windows here.

    Attributes:
        data: as given.
        encoder: the vocabulary.
        label_names: the classes, in the order of the probabilities.
        num_threads: batches computed at a time; `None`: one for each core.
        enough_rows: batches are not made smaller than this to have one for each core.
    """

    num_threads: int | None = 1
    enough_rows = 64

    def __init__(self, data: NetworkData):
        self.data, self.encoder, self.label_names = data, data.encoder, list(data.label_names)

    def __reduce__(self):
        return type(self), (self.data,)  # another process gets plain data

    @abc.abstractmethod
    def probs(self, ids: np.ndarray) -> np.ndarray:
        """Returns the probabilities of texts as ids: `float32 (rows, classes)`."""

    @abc.abstractmethod
    def summary(self, ids: np.ndarray) -> np.ndarray:
        """Returns what the output layer sees of texts as ids: `float32 (rows, features)`."""

    def in_batches(self, answer: Callable[[np.ndarray], np.ndarray], lengths: list[int], **sizes: int) -> np.ndarray:
        """Returns what `answer` says of all rows, as `batching.answer_in_batches` does: a batch on each core."""
        cores = self.num_threads or num_cores()
        size = min(sizes.pop("batch_size"), max(self.enough_rows, -(-len(lengths) // cores)))
        run = functools.partial(_in_threads, cores)
        return answer_in_batches(answer, lengths, batch_size=size, run=run, **sizes)

    def multiply_ahead(self):
        """Makes a network that has much to answer faster, where it costs some memory; not every one has a way."""

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Returns a name for each column of `transform`."""
        return np.array(architectures.summary_names(self.data.network, self.data.settings), dtype=object)

    def answers(self, part: str, texts: Sequence[str], *, batch_size: int, long_text: str) -> np.ndarray:
        """Returns one part of the answers to texts; see `Predictor.answers`."""
        check_choice("long_text", long_text, LONG_TEXT)
        check_integer("batch_size", batch_size)
        texts, compute = check_texts(texts), getattr(self, part)
        num_columns = len(self.label_names if part == "probs" else self.get_feature_names_out())

        def answer(rows: np.ndarray) -> np.ndarray:
            batch = [texts[row] for row in rows]
            if long_text == "head":
                return compute(self.encoder.encode(batch))
            windows, size = self.encoder.encode_windows(batch), max(len(batch), WINDOWS_AT_A_TIME)
            blocks = range(0, len(windows.rows), size)
            return windows.mean(np.concatenate([compute(windows.ids[start : start + size]) for start in blocks]))

        lengths = [len(text) for text in texts]
        return self.in_batches(answer, lengths, batch_size=batch_size, num_columns=num_columns)


def _in_threads(number: int, work: Callable[[np.ndarray], Any], batches: list[np.ndarray]) -> Iterable[Any]:
    """Returns the results of `work`: one batch on each core is faster than one product on all cores."""
    if len(batches) < 2 or number == 1:
        return map(work, batches)
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(work, batches))


class Delegate(Predictor):
    """A predictor that has another one answer, its `network`."""

    network: Predictor

    def answers(self, part: str, texts: Sequence[str], *, batch_size: int, long_text: str) -> np.ndarray:
        """Returns one part of the answers to texts; see `Predictor.answers`."""
        return self.network.answers(part, texts, batch_size=batch_size, long_text=long_text)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Returns a name for each column of `transform`."""
        return self.network.get_feature_names_out()


class Classifier(Delegate):
    """A saved model at work.

    Args:
        folder: where it was loaded from.
        card: what `assets.extra/card.json` says.
        network: what computes the probabilities.

    Attributes:
        folder: as given.
        card: as given.
        network: as given.
        label_names: the classes, in the order of the probabilities.
    """

    def __init__(self, folder: Path, card: dict[str, Any], network: Predictor):
        self.folder, self.card, self.network, self.label_names = folder, card, network, network.label_names

"""The TextRNN as an estimator of scikit-learn: `fit`, `predict`, `score`, in searches, pipelines and ensembles."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.utils import compute_sample_weight
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from textrnn import cards, datasets, metrics, saving, training
from textrnn.checks import check_number, check_texts, column_of, seed_of
from textrnn.preprocessing import TextEncoder
from textrnn.recipes import settings_by_size

if TYPE_CHECKING:
    import keras

# Recommended by the rows and their classes where they have these values; no `embedded_ngrams` (`None`) are all of them.
BY_SIZE = {name: "auto" if name == "embedded_ngrams" else None for name in settings_by_size()}
# Arguments that are no metadata of rows, which scikit-learn would otherwise offer to route.
ANSWERING = dict.fromkeys(("batch_size", "long_text"), UNUSED)
FITTING = {"validation_data": UNUSED}


@dataclass(kw_only=True, eq=False, repr=False)
class TextRNNClassifier(saving.Delegate, TransformerMixin, ClassifierMixin, BaseEstimator):
    """The recommended network for texts, behind scikit-learn's interface.

    It does what `training.train_textrnn` does, with the same numbers to the last digit. It takes strings, so it stands
    where a pipeline of `TfidfVectorizer` and a classifier would. After `fit` it answers in NumPy as a loaded model
    does, and can be pickled: into joblib's workers and caches. To keep a model, `save` it: a pickle is a program, a
    saved model is data.

    Args:
        epochs: passes over the rows, at most; by their number and their classes if `None`, as `batch_size`,
            `learning_rate`, `adversarial`, `min_ngram_count`, `embed_dim`, `units`, `dropout`, `ngram_dropout` and
            `linear_cells`, and as `embedded_ngrams` if `"auto"`.
        validation_fraction: of the rows, this share (of each class) is held out to choose the best epoch, unless `fit`
            is given `validation_data`; with 0 the last epoch stays.
        patience: stop after this many epochs without a better score; never if `None`.
        scoring: `"accuracy"` or `"macro_f1"`: what makes an epoch the best.
        class_weight: how much the rows of each class count, by class; `"balanced"`: all classes the same in sum; all
            rows the same if `None`.
        warm_start: whether another `fit` goes on with the network of the last one; the classes must be the same.
        verbose: above 0, a bar runs over the batches.
        random_state: an integer is the `seed` of `train_textrnn`; a `RandomState` draws one, and so does `None`.

    The other parameters are settings of `training.Recipe`, which says what they mean and recommends the defaults.

    Attributes:
        classes_: the classes, sorted `(classes,)`; of the type of `y`.
        history_: a row for each epoch, see `training.fit`; of the network before linear cells are added, the score of
            the whole is in `attrs["dev"]`.
        seed_: the seed that was used.

    Example::

        clf = TextRNNClassifier(random_state=0).fit(table["text"], table["label"])
        clf.predict(["客队补时绝杀"])  # array(['sports'], dtype='<U13')
    """

    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    weight_decay: float = training.Recipe.weight_decay
    clipnorm: float = training.Recipe.clipnorm
    warm_up: float = training.Recipe.warm_up
    label_smoothing: float = training.Recipe.label_smoothing
    adversarial: float | None = None
    scoring: str = training.Recipe.scoring
    patience: int | None = training.Recipe.patience
    unit: str = training.Recipe.unit
    lower: bool = training.Recipe.lower
    min_count: int = training.Recipe.min_count
    max_tokens: int | None = training.Recipe.max_tokens
    max_ngram: int = training.Recipe.max_ngram
    min_ngram_count: int | None = None
    max_ngrams: int | None = training.Recipe.max_ngrams
    max_length: int | None = training.Recipe.max_length
    cell: str = training.Recipe.cell
    embed_dim: int | None = None
    units: int | None = None
    num_layers: int = training.Recipe.num_layers
    bidirectional: bool = training.Recipe.bidirectional
    pooling: str | tuple[str, ...] = training.Recipe.pooling
    dropout: float | None = None
    ngram_dropout: float | None = None
    evidence: bool = training.Recipe.evidence
    embedded_ngrams: int | str | None = "auto"
    topic_vectors: bool = training.Recipe.topic_vectors
    linear_cells: bool | None = None
    validation_fraction: float = 0.1
    class_weight: dict[Any, float] | str | None = None
    warm_start: bool = False
    verbose: int = 0
    random_state: int | np.random.RandomState | None = None

    __metadata_request__predict = {**ANSWERING, "min_score": UNUSED}  # noqa: RUF012
    __metadata_request__predict_proba = ANSWERING
    __metadata_request__transform = ANSWERING
    __metadata_request__fit = FITTING

    def fit(
        self,
        X: Sequence[str],  # noqa: N803
        y: Sequence,
        sample_weight: Sequence[float] | None = None,
        validation_data: tuple[Sequence[str], Sequence] | None = None,
    ) -> "TextRNNClassifier":
        """Returns the estimator, trained.

        Args:
            X: strings: a list, a column of pandas or pyarrow, an array; or a table of one column.
            y: their classes, two or more, of any sort that scikit-learn takes `(rows,)`.
            sample_weight: how much each row counts `(rows,)`, 0 or more; all the same if `None`.
            validation_data: texts and classes that choose the best epoch; see `validation_fraction`.

        Raises:
            ValueError: a text is no string or empty, there is one class alone, or a setting is out of range; the
                message says which.
        """
        texts, classes, class_ids = check_texts(X), *_classes_of(y)
        check_consistent_length(texts, class_ids, sample_weight)
        network = self._network_to_train_on(classes)
        names = np.array([str(one) for one in classes], dtype=object)
        table = pd.DataFrame({"text": texts, "label": names[class_ids]})
        weights = self._weights(y, sample_weight)
        if weights is not None:
            table["weight"] = weights
        seed = seed_of(self.random_state)
        train, dev = self._split(table, validation_data, classes, names, seed=seed)
        weights = None if weights is None else train.pop("weight").to_numpy()
        settings = self._recipe(train)
        progress = bool(self.verbose)
        if network is None:
            network, history = training.train_textrnn(
                train,
                dev,
                settings=settings,
                seed=seed,
                label_names=list(names),
                sample_weight=weights,
                progress=progress,
            )
        else:
            network, built = training.without_linear_cells(network, self._network.data.settings)
            training.compile_by(settings, network, num_rows=len(train))
            history = training.fit(
                network, train, dev, seed=seed, sample_weight=weights, progress=progress, **settings.arguments("fit")
            )
            if settings.linear_cells:
                more = {"settings": settings, "sample_weight": weights, "built": built}
                network = training.add_linear_cells(network, train, dev, history, **more)
        self._classes, self.history_, self.seed_, self._settings = classes, history, seed, settings
        self._rows = {"train": len(train)} | ({} if dev is None else {"dev": len(dev)})
        self._keras, self._network = network, saving.to_numpy_network(network)
        return self

    def _network_to_train_on(self, classes: np.ndarray) -> "keras.Model | None":
        if not self.warm_start or not self.__sklearn_is_fitted__():
            return None
        if not np.array_equal(classes, self._classes):
            raise ValueError(f"y: warm_start goes on with the classes {self._classes.tolist()}, got {classes.tolist()}")
        return self.model_

    def _weights(self, y: Sequence, sample_weight: Sequence[float] | None) -> np.ndarray | None:
        """Returns how much each row counts, by its class and by itself; `None` if all count the same."""
        if self.class_weight is None:
            return None if sample_weight is None else np.asarray(sample_weight, dtype="float64")
        by_class = compute_sample_weight(self.class_weight, y)
        return by_class if sample_weight is None else by_class * np.asarray(sample_weight)

    def _split(
        self,
        table: pd.DataFrame,
        validation_data: tuple[Sequence[str], Sequence] | None,
        classes: np.ndarray,
        names: np.ndarray,
        *,
        seed: int,
    ) -> tuple[pd.DataFrame, pd.DataFrame | None]:
        """Returns what to train on and what chooses the best epoch."""
        share = self.validation_fraction
        check_number("validation_fraction", share, "a share from 0 to below 1", lambda value: 0 <= value < 1)
        if validation_data is not None:
            texts, own = validation_data
            own = np.asarray(column_of(own))
            check_consistent_length(texts, own)
            if unknown := sorted(set(own.tolist()) - set(classes.tolist()), key=str):
                raise ValueError(f"validation_data: the classes {unknown} have no row in y")
            return table, pd.DataFrame({"text": check_texts(texts), "label": names[np.searchsorted(classes, own)]})
        if not share:
            return table, None
        splits = datasets.split_table(table, dev=share, test=0, seed=seed)
        return splits.train, splits.dev[["text", "label"]]

    def _recipe(self, train: pd.DataFrame) -> training.Recipe:
        own = {field.name for field in fields(training.Recipe)}
        own -= {"class_weight"}  # the estimator's own, in `_weights`, of classes that need not be strings
        given = {name: value for name, value in self.get_params(deep=False).items() if name in own}
        given = {name: value for name, value in given.items() if name not in BY_SIZE or value != BY_SIZE[name]}
        return training.recipe_for(train).changed(**given)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_network")

    @property
    def classes_(self) -> np.ndarray:
        """The classes, sorted: `(classes,)`, of the type of `y`."""
        check_is_fitted(self)
        return self._classes

    @property
    def network(self) -> saving.NumpyNetwork:
        """What answers; raises `NotFittedError`, as all that asks for it does, before `fit` has run."""
        check_is_fitted(self)
        return self._network

    @property
    def label_names(self) -> list[str]:
        """The classes as strings, as they stand in a saved model."""
        return self.network.label_names

    @property
    def encoder_(self) -> TextEncoder:
        """The vocabulary."""
        return self.network.encoder

    @property
    def model_(self) -> "keras.Model":
        """The Keras network; what is done to it does not reach the answers of the estimator."""
        check_is_fitted(self)
        if self._keras is None:  # after a pickle
            self._keras = saving.keras_network(self._network.data)
        return self._keras

    def save(
        self,
        folder: str | os.PathLike,
        *,
        tables: str = "float32",
        licence: str = cards.LICENCE,
        limits: str = cards.LIMITS,
    ) -> Path:
        """Writes the network into `folder` as a saved model, which `load_classifier` reads, and returns the folder.

        Classes that are no strings are written as such: a loaded model answers `"1"` for 1.

        Args:
            folder: its name becomes the model's name; an earlier model there is replaced.
            tables: `"float32"` or `"int8"`, see `saving.save_classifier`.
            licence: for the card.
            limits: for the card.

        Raises:
            NotFittedError, ValueError, OSError: as `predict_proba` and `saving.save_classifier`.
        """
        check_is_fitted(self)
        best = self.history_.attrs["best_epoch"]
        card = {
            "trained_on": {"name": "a table in memory", "rows": self._rows},
            "seed": self.seed_,
            "settings": self._settings.to_config(),
            "metrics": {},
            "training_seconds": round(self.history_.attrs["seconds"]),
            "licence": licence,
            "limits": limits,
        }
        if "dev" in self._rows:
            num_rows, row = self._rows["dev"], self.history_.set_index("epoch").loc[best]
            row = self.history_.attrs.get("dev", row)  # of the network with its linear cells, where it has any
            right = np.where(np.arange(num_rows) < round(row["dev_accuracy"] * num_rows), "right", "wrong")
            card["metrics"]["dev"] = metrics.accuracy(["right"] * num_rows, right)
        return saving.save_classifier(self.model_, folder, card=card, tables=tables)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_keras": None}  # settings and arrays; a Keras model is a program


def _classes_of(y: Sequence) -> tuple[np.ndarray, np.ndarray]:
    """Returns the classes in `y`, sorted, and the index of each row's class."""
    y = column_of(y)
    if len(shape := np.shape(y)) > 1:
        raise ValueError(f"y: expected one class for each text, got an array of shape {shape}")
    if (missing := np.flatnonzero(pd.isna(y))).size:
        raise ValueError(f"y: item {missing[0]}: expected a class, got none")
    if wrong := next((label for label in y if isinstance(label, str) and "\0" in label), None):
        raise ValueError(f"y: expected classes without NUL, got {wrong!r}")  # NumPy's strings lose it at the end
    y = np.asarray(y)
    if y.dtype == object and not any(isinstance(label, str) for label in y):
        y = np.array(y.tolist())  # numbers that pandas keeps as objects
    check_classification_targets(y)
    if y.dtype == object and all(isinstance(label, str) for label in y):
        y = y.astype(str)
    classes, class_ids = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"y: expected two classes or more, got one class alone: {classes.tolist()}")
    return classes, class_ids

"""The taggers as an estimator of scikit-learn: sentences and tags in, slot F1 out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from textrnn.checks import check_integer, check_list, check_number, column_of, seed_of
from textrnn.lessons import slots, spans, taggers

Sentences = Sequence[Sequence[str]]  # words, or their tags


@dataclass(kw_only=True, eq=False, repr=False)
class SlotTagger(BaseEstimator):
    """A tagger behind scikit-learn's interface: what the functions of the lesson do, with the same numbers.

    It can be pickled, as settings and arrays.

    Args:
        kind: one of `taggers.TAGGERS`; as `embed_dim` to `word_dropout`, it goes to `taggers.build_tagger`.
        min_count: words that occur less often are unknown.
        min_shape_words: if above 0, unknown words are read by their spelling, see `slots.build_vocabulary`.
        epochs: passes over the sentences.
        batch_size: sentences of a batch.
        learning_rate: of Adam, at the start; it falls to 0 along a cosine.
        clipnorm: gradients are scaled down to this length if they are longer.
        random_state: an integer is the `seed` of the functions; a `RandomState` draws one, and so does `None`.

    Attributes:
        classes_: the tags, `"O"` first and the others sorted `(tags,)`: the order of the network's probabilities.
        vocabulary_: the words by id, a list.
        losses_: the mean loss of each epoch, by epoch from 1.
        seed_: the seed that was used.

    Example:
        >>> words = [["to", "taipei"], ["from", "taipei"]] * 8
        >>> tags = [["O", "B-to_city"], ["O", "B-from_city"]] * 8
        >>> tagger = SlotTagger(kind="elman", units=8, epochs=20, random_state=0).fit(words, tags)
        >>> tagger.predict([["from", "taipei"]])
        [['O', 'B-from_city']]
    """

    kind: str = "bilstm"
    embed_dim: int = 32
    embed_spread: float = 0.3
    units: int = 32
    window: int = 1
    dropout: float = 0.0
    word_dropout: float = 0.1
    min_count: int = 1
    min_shape_words: int = 0
    epochs: int = 12
    batch_size: int = 32
    learning_rate: float = 0.01
    clipnorm: float = 1.0
    random_state: int | np.random.RandomState | None = None

    def fit(self, X: Sentences, y: Sentences) -> "SlotTagger":  # noqa: N803
        """Returns the estimator, trained.

        Args:
            X: sentences, each a list of words.
            y: their BIO tags, one for each word.

        Raises:
            ValueError: a sentence is no list of words or empty, has not as many tags as words, or a setting is out of
                range; the message says which.
        """
        words, tags = _sentences("X", X), _sentences("y", y)
        if [*map(len, words)] != [*map(len, tags)]:
            pairs = enumerate(zip(words, tags, strict=False))
            number = next((n for n, (a, b) in pairs if len(a) != len(b)), min(len(words), len(tags)))
            got = [len(rows[number]) if number < len(rows) else "no sentence" for rows in (words, tags)]
            raise ValueError(f"y: sentence {number}: expected a tag for each word, got {got[0]} words, {got[1]} tags")
        for name in ("epochs", "batch_size"):
            check_integer(name, getattr(self, name))
        for name in ("learning_rate", "clipnorm"):
            check_number(name, getattr(self, name), "a number above 0", lambda number: 0 < number < np.inf)
        seed = seed_of(self.random_state)
        vocabulary = slots.build_vocabulary(words, min_count=self.min_count, min_shape_words=self.min_shape_words)
        tag_names, ids = slots.list_tags(tags), slots.encode_words(words, vocabulary)
        own = ("kind", "embed_dim", "embed_spread", "units", "window", "dropout", "word_dropout")
        settings = {name: getattr(self, name) for name in own} | {
            "num_words": len(vocabulary),
            "num_tags": len(tag_names),
            "stand_ins": slots.list_stand_ins(vocabulary) if self.min_shape_words else None,
            "seed": seed,
        }
        model = taggers.build_tagger(**settings)
        num_steps = -(-len(ids) // self.batch_size) * self.epochs
        rate = keras.optimizers.schedules.CosineDecay(self.learning_rate, num_steps)
        optimizer = keras.optimizers.Adam(rate, global_clipnorm=self.clipnorm)
        model.compile(optimizer, "sparse_categorical_crossentropy")
        self.losses_ = taggers.fit_tagger(
            model,
            ids,
            slots.encode_tags(tags, tag_names),
            epochs=self.epochs,
            batch_size=self.batch_size,
            seed=seed,
        )
        self.classes_, self.vocabulary_, self.seed_ = np.array(tag_names), vocabulary, seed
        self._settings, self._model = settings, model
        return self

    @property
    def model_(self) -> keras.Model:
        """The Keras network, see `taggers.build_tagger`."""
        check_is_fitted(self)
        return self._model

    def predict(self, X: Sentences) -> list[list[str]]:  # noqa: N803
        """Returns the tags of each sentence, as well-made spans; see `taggers.predict_tags`.

        Raises:
            NotFittedError: `fit` has not run.
            ValueError: a sentence is no list of words, or is empty.
        """
        check_is_fitted(self)
        sentences, tag_names = _sentences("X", X), self.classes_.tolist()
        return taggers.predict_tags(self._model, sentences, vocabulary=self.vocabulary_, tag_names=tag_names)

    def score(self, X: Sentences, y: Sentences) -> float:  # noqa: N803
        """Returns the F1 of whole slots, 0 to 1; see `spans.slot_f1`. Raises as `predict`."""
        return spans.slot_f1(_sentences("y", y), self.predict(X))

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        return {**state, "_model": self._model.get_weights()} if "_model" in state else state

    def __setstate__(self, state: dict[str, Any]):
        super().__setstate__(state)
        if "_model" in state:
            self._model = taggers.build_tagger(**self._settings)
            self._model.set_weights(state["_model"])


def _sentences(name: str, sentences: Sentences) -> list[list[str]]:
    """Returns `sentences` as lists of strings, checked; arrays and columns of lists are taken as well."""
    check_list(name, sentences)
    rows = [column_of(row) for row in column_of(sentences)]
    for number, row in enumerate(rows):
        if isinstance(row, str) or not len(row) or not all(isinstance(word, str) for word in row):
            raise ValueError(f"{name}: sentence {number}: expected a list of strings, at least one, got {row!r:.80}")
    return [list(row) for row in rows]

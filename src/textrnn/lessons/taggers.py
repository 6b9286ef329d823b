"""Taggers: small networks that give each word of a sentence its tag; their layers, training and predicting."""

import math
from collections.abc import Sequence

import keras
import numpy as np
import pandas as pd
from keras import ops

from textrnn import training
from textrnn.checks import check_integer, check_number, check_rate, check_seed
from textrnn.lessons.recurrent import Elman, Jordan
from textrnn.lessons.slots import encode_words
from textrnn.networks import seeded

KIND_UNITS = 16
TAGGERS = ("feedforward", "simple", "elman", "jordan", "bielman", "lstm", "bilstm")


@keras.saving.register_keras_serializable(package="textrnn")
class WordDropout(keras.layers.Layer):
    """In training, replaces each word id by its stand-in with probability `rate`; otherwise changes nothing.

    So the unknown word and the shapes get trained although every train word is known.

    Args:
        rate: probability of a replacement, 0 to 1.
        stand_ins: one id per word id: what stands in for it. All unknown (1) but for padding (0) if `None`.
        seed: decides which words are replaced.

    Input and output are integer ids of shape `(batch, steps)`.

    Raises:
        ValueError: `rate` lies outside 0 to 1.
    """

    def __init__(self, rate: float, *, stand_ins: Sequence[int] | None = None, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate <= 1:
            raise ValueError(f"rate: expected 0 to 1, got {rate}")
        self.rate, self.seed = rate, seed
        self.stand_ins = None if stand_ins is None else [int(number) for number in stand_ins]
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, ids, training: bool = False):
        """Returns the ids, some of them replaced when `training`."""
        if not training or self.rate == 0:
            return ids
        if self.stand_ins is None:
            stand_ins = ops.cast(ids > 0, ids.dtype)
        else:
            stand_ins = ops.take(ops.convert_to_tensor(self.stand_ins, dtype=ids.dtype), ids)
        replaced = keras.random.uniform(ops.shape(ids), seed=self.seed_generator) < self.rate
        return ops.where(replaced, stand_ins, ids)

    def get_config(self) -> dict:
        """Returns the settings from which `from_config` makes the same layer again."""
        return {**super().get_config(), "rate": self.rate, "stand_ins": self.stand_ins, "seed": self.seed}


@keras.saving.register_keras_serializable(package="textrnn")
class ContextWindow(keras.layers.Layer):
    """Puts the vectors of the words around each word beside its own (Mesnil et al. 2013).

    Args:
        width: how many words each step sees: itself and `(width - 1) / 2` on each side; odd.

    Input: floats of shape `(batch, steps, features)`; padding must be zeros. Output: `(batch, steps,
    width * features)`, from the leftmost word to the rightmost; zeros stand beyond both ends.

    Raises:
        ValueError: `width` is even or below 1.

    Example:
        >>> ContextWindow(3)(ops.array([[[1.0], [2.0], [3.0]]])).numpy().tolist()
        [[[0.0, 1.0, 2.0], [1.0, 2.0, 3.0], [2.0, 3.0, 0.0]]]
    """

    def __init__(self, width: int, **kwargs):
        super().__init__(**kwargs)
        if width < 1 or width % 2 == 0:
            raise ValueError(f"width: expected an odd number of at least 1, got {width}")
        self.width = width
        self.supports_masking = True

    def call(self, vectors, mask=None):
        """Returns the vectors with their neighbours beside them."""
        if mask is not None:
            vectors = vectors * ops.cast(mask, vectors.dtype)[..., None]
        half, steps = self.width // 2, ops.shape(vectors)[1]
        padded = ops.pad(vectors, ((0, 0), (half, half), (0, 0)))
        return ops.concatenate([padded[:, k : k + steps] for k in range(self.width)], axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns `(batch, steps, width * features)`."""
        return (*input_shape[:-1], self.width * input_shape[-1])

    def get_config(self) -> dict:
        """Returns the settings from which `from_config` makes the same layer again."""
        return {**super().get_config(), "width": self.width}


def build_tagger(
    kind: str,
    *,
    num_words: int,
    num_tags: int,
    embed_dim: int = 32,
    embed_spread: float = 0.3,
    units: int = 32,
    window: int = 1,
    dropout: float = 0.0,
    word_dropout: float = 0.0,
    stand_ins: Sequence[int] | None = None,
    word_kinds: np.ndarray | None = None,
    seed: int = 0,
) -> keras.Model:
    """Returns an uncompiled network that gives every word of a sentence the probabilities of its tags.

    Args:
        kind: `feedforward` (no memory), `simple` (Keras' SimpleRNN), `elman` (memory: hidden state), `jordan`
            (memory: the tag probabilities of the previous word), `bielman` (an Elman network from each end),
            `lstm` or `bilstm`.
        num_words: entries of the vocabulary.
        num_tags: tags, as many as probabilities per word.
        embed_dim: numbers per word vector.
        embed_spread: standard deviation of the word vectors before training. From much smaller ones (Keras' own
            default lies within 0.05) the second direction of a BiLSTM hardly starts to learn.
        units: hidden units, in each direction.
        window: words that each step is shown: itself and its neighbours; odd, 1 for the word alone.
        dropout: the share of the features that training drops before and after the recurrent layer, [0, 1).
        word_dropout: the share of the words that training replaces, 0 to 1, see `WordDropout`.
        stand_ins: what replaces them, from `slots.list_stand_ins`; the unknown word if `None`.
        word_kinds: as what each word stood in train, from `slots.list_word_kinds`: 16 numbers learnt from it stand
            beside the vector of the word.
        seed: decides the initial weights and what dropout drops.

    Returns:
        A model from `int32` word ids `(batch, steps)`, 0 for padding, to `float32` probabilities
        `(batch, steps, tags)`; padding is masked, in the loss as well.

    Raises:
        ValueError: `kind` is none of `TAGGERS`, or a setting is out of range.
    """
    _check_settings(
        kind,
        {"num_words": num_words, "num_tags": num_tags, "embed_dim": embed_dim, "units": units},
        window=window,
        dropout=dropout,
        word_dropout=word_dropout,
        embed_spread=embed_spread,
    )
    if word_kinds is not None and (np.ndim(word_kinds) != 2 or len(word_kinds) != num_words):
        raise ValueError(f"word_kinds: expected ({num_words}, kinds) numbers, got shape {np.shape(word_kinds)}")
    with seeded(seed):
        inputs = keras.Input((None,), dtype="int32", name="ids")
        x = WordDropout(word_dropout, stand_ins=stand_ins)(inputs) if word_dropout else inputs
        spread = keras.initializers.RandomNormal(stddev=embed_spread)
        words, x = x, keras.layers.Embedding(num_words, embed_dim, spread, mask_zero=True)(x)
        if word_kinds is not None:  # (batch, steps, embed_dim + 16)
            kinds = keras.layers.Embedding(*word_kinds.shape, weights=[word_kinds], mask_zero=True, trainable=False)
            learnt = keras.layers.Dense(KIND_UNITS, use_bias=False)(kinds(words))
            x = keras.layers.Concatenate()([x, learnt])
        if window > 1:
            x = ContextWindow(window)(x)  # (batch, steps, window * embed_dim)
        if dropout:
            x = keras.layers.Dropout(dropout)(x)
        x = _memory_layer(kind, units, num_tags)(x)  # (batch, steps, units), twice as many from two directions
        if kind in ("elman", "jordan"):  # these have their output layer inside
            return keras.Model(inputs, x, name=kind)
        if dropout:
            x = keras.layers.Dropout(dropout)(x)
        return keras.Model(inputs, keras.layers.Dense(num_tags, activation="softmax")(x), name=kind)


def _check_settings(
    kind: str, sizes: dict[str, int], *, window: int, dropout: float, word_dropout: float, embed_spread: float
):
    if kind not in TAGGERS:
        raise ValueError(f"kind: expected one of {', '.join(TAGGERS)}, got {kind!r}")
    for name, size in sizes.items():
        check_integer(name, size)
    if window not in range(1, 1000, 2):
        raise ValueError(f"window: expected an odd number of at least 1, got {window!r}")
    check_rate("dropout", dropout)
    check_number("word_dropout", word_dropout, "a share from 0 to 1", lambda share: 0 <= share <= 1)
    check_number("embed_spread", embed_spread, "a number of at least 0", lambda spread: 0 <= spread < math.inf)


def _memory_layer(kind: str, units: int, num_tags: int) -> keras.layers.Layer:
    if kind == "feedforward":
        return keras.layers.Dense(units, activation="tanh")
    if kind == "simple":
        return keras.layers.SimpleRNN(units, return_sequences=True)
    if kind == "elman":
        return Elman(units, num_tags, output_activation="softmax", return_sequences=True)
    if kind == "jordan":
        return Jordan(units, num_tags, output_activation="softmax", return_sequences=True)
    if kind == "bielman":
        return keras.layers.Bidirectional(Elman(units, return_sequences=True))
    lstm = keras.layers.LSTM(units, return_sequences=True)
    return keras.layers.Bidirectional(lstm) if kind == "bilstm" else lstm


def fit_tagger(
    model: keras.Model, ids: np.ndarray, tag_ids: np.ndarray, *, epochs: int, batch_size: int = 32, seed: int = 0
) -> pd.Series:
    """Trains a compiled tagger on sentences as ids and returns the mean loss of each epoch, by epoch from 1.

    Args:
        model: from `build_tagger`, compiled.
        ids: `int32 (rows, steps)` word ids, 0 for padding.
        tag_ids: `int32 (rows, steps)` tag ids; those at padding have no influence.
        epochs: passes over the sentences.
        batch_size: sentences of a batch; batches hold sentences of similar length, cut to the longest.
        seed: decides the order of the batches.

    Raises:
        ValueError: the shapes differ, an id is not among those of the model, a setting is out of range, or the model
            is not compiled.
        FloatingPointError: the loss is no longer a number.
    """
    check_integer("epochs", epochs)
    check_integer("batch_size", batch_size)
    check_seed(seed)
    if ids.shape != tag_ids.shape:
        raise ValueError(f"tag_ids: expected shape {ids.shape}, as ids, got {tag_ids.shape}")
    num_words = next(layer.input_dim for layer in model.layers if isinstance(layer, keras.layers.Embedding))
    for name, array, num in (("ids", ids, num_words), ("tag_ids", tag_ids, model.output_shape[-1])):
        if not array.size or array.min() < 0 or array.max() >= num:
            got = f"{array.min()} to {array.max()}" if array.size else "none"
            raise ValueError(f"{name}: expected 0 to {num - 1}, got {got}")
    training.check_compiled(model)
    lengths = (ids != 0).sum(axis=1)
    losses, step = {}, training.training_step(model, (None, model))
    for epoch in range(epochs):
        total = 0.0
        for rows in training.draw_batches(lengths, batch_size=batch_size, seed=seed, epoch=epoch):
            longest = lengths[rows].max()
            total += training.learn_batch(step, ids[rows, :longest], tag_ids[rows, :longest], epoch=epoch)
        losses[epoch + 1] = total / len(ids)
    return pd.Series(losses, name="loss").rename_axis("epoch")


def decode_tags(probs: np.ndarray, tag_names: Sequence[str], lengths: Sequence[int]) -> list[list[str]]:
    """Returns the most probable tags that form well-made spans: `I-x` stands only after `B-x` or `I-x`.

    The best path under that one rule is found by dynamic programming (Viterbi 1967); nothing else is learnt or
    assumed about which tag follows which.

    Args:
        probs: floats of shape `(batch, steps, tags)`, from 0 to 1.
        tag_names: the tag of each index of the last axis, from `slots.list_tags`.
        lengths: the number of words of each sentence; later steps are padding and are ignored.

    Returns:
        One list of tags per sentence.

    Raises:
        ValueError: the shape of `probs` does not fit `tag_names` or `lengths`.

    Example:
        >>> names = ["O", "B-to_city", "I-to_city"]
        >>> decode_tags(np.array([[[0.3, 0.2, 0.5], [0.1, 0.1, 0.8]]]), names, [2])
        [['B-to_city', 'I-to_city']]
    """
    probs = np.asarray(probs)
    if probs.ndim != 3 or probs.shape[::2] != (len(lengths), len(tag_names)):
        raise ValueError(f"probs: expected shape ({len(lengths)}, steps, {len(tag_names)}), got {probs.shape}")
    if len(lengths) and max(lengths) > probs.shape[1]:
        raise ValueError(f"lengths: expected at most {probs.shape[1]} steps, got {max(lengths)}")
    inside = np.array([tag.startswith("I-") for tag in tag_names])
    # forbidden[j, k]: tag k may not follow tag j
    slots = np.array([tag[2:] for tag in tag_names])
    forbidden = np.where(inside[None, :] & (slots[:, None] != slots[None, :]), -np.inf, 0.0)
    logs = np.log(np.maximum(probs.astype(np.float64), 1e-30))
    answers = []
    for row, length in zip(logs, lengths, strict=True):
        score, back = np.where(inside, -np.inf, row[0]), []
        for step in range(1, length):
            paths = score[:, None] + forbidden  # (tags, tags)
            back.append(paths.argmax(axis=0))
            score = paths.max(axis=0) + row[step]
        path = [int(score.argmax())]
        for pointers in reversed(back):
            path.append(int(pointers[path[-1]]))
        answers.append([tag_names[number] for number in reversed(path)])
    return answers


def predict_tags(
    model: keras.Model, sentences: Sequence[Sequence[str]], *, vocabulary: Sequence[str], tag_names: Sequence[str]
) -> list[list[str]]:
    """Returns the tags that a tagger gives to words, as well-made spans (see `decode_tags`).

    Args:
        model: from `build_tagger`.
        sentences: lists of words.
        vocabulary: the words by id.
        tag_names: the tags by id.

    Returns:
        One list of tags per sentence, as long as the sentence.
    """
    if not len(sentences):
        return []
    ids = encode_words(sentences, vocabulary)
    # Called, not `predict`: that would compile once more for every new length.
    probs = np.concatenate([model(ids[row : row + 256], training=False).numpy() for row in range(0, len(ids), 256)])
    return decode_tags(probs, tag_names, [len(words) for words in sentences])

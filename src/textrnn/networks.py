"""Functions that build networks as uncompiled Keras models: classifiers of text."""

import contextlib
import random
import weakref
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from textrnn.checks import check_choice, check_integer, check_list, check_number, check_seed
from textrnn.layers import ClassEvidence
from textrnn.options import CELLS, POOLINGS
from textrnn.preprocessing import FIRST_ID, UNKNOWN_ID, TextEncoder, TextToIds

RECURRENT = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "simple": keras.layers.SimpleRNN}
LSTM_CELLS = ("LSTMCell", "PeepholeLSTMCell")  # by name: one of them is a lesson's


@keras.saving.register_keras_serializable(package="textrnn")
class MaskedPooling(keras.layers.Layer):
    """One vector for each sequence from its real steps: `(batch, steps, features)` to `(batch, features)`.

    Steps that the mask leaves out have no influence at all; a sequence without any real step gives zeros.

    Args:
        kind: `"last"`: the state after the last real step, of a bidirectional layer each direction's own last;
            `"max"`, `"mean"`: of each feature over the real steps; `"attention"`: the mean weighted by a learnt score
            of each step, softmax(v · tanh(W x + b)) (Bahdanau, Cho & Bengio 2015).
        bidirectional: whether the second half of the features runs from the end to the start; `"last"` asks.
        units: the width of the attention's hidden layer.
    """

    def __init__(self, kind: str, *, bidirectional: bool = False, units: int = 64, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        check_choice("kind", kind, POOLINGS)
        self.kind, self.bidirectional, self.units = kind, bidirectional, units

    def build(self, input_shape):
        """Creates the weights of the attention; the other kinds have none."""
        if self.kind == "attention":
            self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
            self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")
            self.score = self.add_weight(shape=(self.units, 1), name="score")

    def call(self, states, mask=None):
        """Returns the summary of `states` over the steps that `mask` keeps."""
        if mask is None:
            mask = ops.ones(ops.shape(states)[:2], dtype="bool")
        real = ops.expand_dims(ops.cast(mask, states.dtype), -1)  # (batch, steps, 1)
        if self.kind == "last":
            return self._last(states, mask)
        if self.kind == "max":
            summary = ops.max(ops.where(real > 0, states, ops.full_like(states, -1e9)), axis=1)
            return ops.where(ops.any(mask, axis=1, keepdims=True), summary, ops.zeros_like(summary))
        if self.kind == "mean":
            return ops.sum(states * real, axis=1) / ops.maximum(ops.sum(real, axis=1), 1.0)
        scores = ops.matmul(ops.tanh(ops.matmul(states, self.kernel) + self.bias), self.score)
        scores = ops.where(real > 0, scores, ops.full_like(scores, -1e9))  # a high score of padding would hide the rest
        weights = real * ops.exp(scores - ops.max(scores, axis=1, keepdims=True))  # (batch, steps, 1)
        return ops.sum(states * weights, axis=1) / ops.maximum(ops.sum(weights, axis=1), keras.config.epsilon())

    def _last(self, states, mask):
        length = ops.sum(ops.cast(mask, "int32"), axis=1)
        at_end = ops.expand_dims(ops.one_hot(length - 1, ops.shape(states)[1], dtype=states.dtype), -1)
        last = ops.sum(states * at_end, axis=1)  # a length of 0 gives no step, and zeros
        if not self.bidirectional:
            return last
        units = states.shape[-1] // 2
        first = states[:, 0] * ops.cast(mask[:, :1], states.dtype)
        return ops.concatenate([last[:, :units], first[:, units:]], axis=-1)

    def compute_mask(self, states, mask=None):
        """Returns `None`: a summary has no steps."""
        return

    def compute_output_shape(self, input_shape):
        """Returns `(batch, features)`."""
        return (input_shape[0], input_shape[-1])

    def get_config(self):
        """Returns the settings."""
        return {**super().get_config(), "kind": self.kind, "bidirectional": self.bidirectional, "units": self.units}


@keras.saving.register_keras_serializable(package="textrnn")
class LabelProbabilities(keras.layers.Dense):
    """A dense softmax layer that knows its classes by name, so that no second list can get out of order.

    Args:
        label_names: the label of each output, in order.
        temperature: what the scores are divided by before the softmax, from 0.01 to 100: above 1 the probabilities are
            more even, below 1 less; the order of the labels stays (`set_temperature`).
    """

    def __init__(self, label_names: Sequence[str], *, temperature: float = 1.0, **kwargs):
        check_list("label_names", label_names)
        names = list(label_names)
        if len(names) < 2 or len(set(names)) != len(names) or not all(isinstance(n, str) and n.strip() for n in names):
            raise ValueError(f"label_names: expected two or more different, non-empty strings, got {names}")
        if any("\0" in name or name.splitlines() != [name] for name in names):  # labels.txt holds one on each line
            raise ValueError(f"label_names: expected names without line breaks or NUL, got {names}")
        if any(0xD800 <= ord(char) <= 0xDFFF for name in names for char in name):
            raise ValueError(f"label_names: expected names that UTF-8 can write, got {names}")
        kwargs.pop("units", None)
        kwargs.setdefault("activation", "softmax")
        super().__init__(len(names), **kwargs)
        self.label_names, self.temperature = names, _checked_temperature(temperature)

    def call(self, inputs, training=None):
        """Returns the probabilities of the classes."""
        scores = ops.matmul(inputs, self.kernel)
        scores = scores if self.bias is None else scores + self.bias
        return self.activation(scores if self.temperature == 1 else scores / self.temperature)

    def get_config(self):
        """Returns the settings."""
        return {**super().get_config(), "label_names": self.label_names, "temperature": self.temperature}


def _checked_temperature(value: float) -> float:
    check_number("temperature", value, "a number from 0.01 to 100", lambda number: 0.01 <= number <= 100)
    return float(value)


def label_names(model: keras.Model) -> list[str]:
    """Returns the label of each output of `model`, in order.

    Raises:
        ValueError: the last layer is no `LabelProbabilities`.
    """
    if isinstance(model.layers[-1], LabelProbabilities):
        return list(model.layers[-1].label_names)
    raise ValueError(f"model: expected LabelProbabilities(label_names) as its last layer, got {model.layers[-1]!r}")


def set_temperature(model: keras.Model, value: float) -> None:
    """Has `model` divide its scores by `value` before the softmax (temperature scaling, Guo et al. 2017).

    The labels stay, how sure they are changes; `metrics.fit_temperature` finds the value. It is saved with the model.
    A function of your own that was traced before keeps the old temperature; a `NumpyNetwork` made before does too.

    Raises:
        ValueError: the last layer is no `LabelProbabilities`, or `value` is no number from 0.01 to 100.
    """
    label_names(model)
    model.layers[-1].temperature = _checked_temperature(value)
    _ids_models.pop(model, None)  # it has traced the old one, as have the model's own functions
    model.train_function = model.test_function = model.predict_function = None


def text_layer(model: keras.Model) -> TextToIds:
    """Returns the layer of `model` that turns texts into ids.

    Raises:
        ValueError: it has no such layer.
    """
    for layer in model.layers:
        if isinstance(layer, TextToIds):
            return layer
    raise ValueError("model: expected a TextToIds layer after the input, found none")


def text_encoder(model: keras.Model) -> TextEncoder:
    """Returns the vocabulary and the settings with which `model` turns texts into ids.

    Raises:
        ValueError: it has no `TextToIds` layer.
    """
    return text_layer(model).encoder


def lstm_directions(layer: keras.layers.Layer) -> dict[str, keras.layers.Layer]:
    """Returns the LSTMs within `layer` by name: itself, the two directions of a `Bidirectional`, or none.

    A name is that of the layer, followed by `/forward` or `/backward` within a `Bidirectional`; which end an LSTM
    starts from, its `go_backwards` says.

    >>> list(lstm_directions(keras.layers.Bidirectional(keras.layers.LSTM(2), name="memory")))
    ['memory/forward', 'memory/backward']
    """
    parts = {layer.name: layer}
    if isinstance(layer, keras.layers.Bidirectional):
        parts = {f"{layer.name}/forward": layer.forward_layer, f"{layer.name}/backward": layer.backward_layer}
    return {name: part for name, part in parts.items() if type(getattr(part, "cell", None)).__name__ in LSTM_CELLS}


def embeddings(model: keras.Model) -> list[keras.layers.Embedding]:
    """Returns the embeddings of a model of `build_textrnn`: characters, 2-grams, 3-grams."""
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.Embedding)]
    return sorted(layers, key=lambda layer: int(layer.name.rpartition("_")[2]))


def evidence_layer(model: keras.Model) -> ClassEvidence | None:
    """Returns the layer that knows the classes of each n-gram, if `model` has one."""
    return next((layer for layer in model.layers if isinstance(layer, ClassEvidence)), None)


def split_at_vectors(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Returns two parts of a `build_textrnn` model: ids to the vector of each step, and from there to probabilities.

    The first takes the ids and, where there is a `ClassEvidence` layer, its output, so that training can give another.
    The second takes the ids (for the mask) and the vectors.
    """
    ids = text_layer(model).output
    joined = next((layer for layer in model.layers if layer.name == "vectors"), None) or embeddings(model)[0]
    vectors, evidence = joined.output, evidence_layer(model)
    front = [ids] if evidence is None else [ids, evidence.output]
    return keras.Model(front, vectors), keras.Model([ids, vectors], model.output)


_ids_models: weakref.WeakKeyDictionary[keras.Model, keras.Model] = weakref.WeakKeyDictionary()


def ids_model(model: keras.Model) -> keras.Model:
    """Returns `model` without its text layer: ids to probabilities, the same layers and weights.

    Training and bulk scoring compute the ids once with `model`'s `TextToIds` layer and use this for the rest. The same
    model gives the same answer object each time, so that its traced functions are used again.

    Raises:
        ValueError: it has no such layer.
    """
    if model not in _ids_models:
        _ids_models[model] = keras.Model(text_layer(model).output, model.output, name=f"{model.name}_on_ids")
    return _ids_models[model]


@contextlib.contextmanager
def seeded(seed: int):
    """Makes layers created inside draw from `seed`; Keras takes the seeds it is not given from Python's generator."""
    check_seed(seed)
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


def _checked_poolings(pooling: str | Sequence[str]) -> tuple[str, ...]:
    kinds = tuple(pooling) if isinstance(pooling, list | tuple) else (pooling,)
    if not kinds or len(set(kinds)) != len(kinds) or not set(kinds) <= set(POOLINGS):
        raise ValueError(f"pooling: expected one or several different ones of {POOLINGS}, got {pooling!r}")
    return kinds


def _check_rate(name: str, rate: float):
    check_number(name, rate, "a share from 0 to below 1", lambda share: 0 <= share < 1)


def _check_encoder(encoder: TextEncoder):
    if not isinstance(encoder, TextEncoder):
        raise ValueError(f"encoder: expected a TextEncoder, got {type(encoder).__name__}")


def build_textrnn(
    encoder: TextEncoder,
    label_names: Sequence[str],
    *,
    cell: str = "lstm",
    embed_dim: int = 64,
    units: int = 128,
    num_layers: int = 1,
    bidirectional: bool = True,
    pooling: str | Sequence[str] = ("max", "mean"),
    dropout: float = 0.4,
    ngram_dropout: float = 0.5,
    evidence: bool = False,
    embedded_ngrams: int | None = None,
    seed: int = 0,
) -> keras.Model:
    """Returns the TextRNN: embedding, recurrent layers, pooling over the real characters, softmax.

    The answer for a text is the same alone, in a batch and behind any padding. TextRNN for Chinese news goes back to
    Liu, Qiu & Huang (2016); the n-gram embeddings follow fastText (Joulin et al. 2017).

    Args:
        encoder: the vocabulary; if it has n-grams, each order has an embedding of its own beside the characters'.
        label_names: the label of each output.
        cell: `"lstm"`, `"gru"` or `"simple"`; with `"feedforward"` a dense layer (tanh) that sees one step at a time
            and remembers nothing stands in the place of the recurrent one: the difference is what the memory is worth.
        embed_dim: the width of each embedding.
        units: the width of a recurrent layer, in each direction.
        num_layers: how many recurrent layers stand on each other.
        bidirectional: whether each layer also reads from the end; `False` for `"feedforward"`.
        pooling: one of `"last"`, `"max"`, `"mean"`, `"attention"`, or several, side by side.
        dropout: the share of the recurrent layers' inputs and of the summary that is dropped in training, [0, 1).
        ngram_dropout: the share of n-grams whose whole vector is dropped in training, [0, 1).
        evidence: whether each step also carries the classes in whose training texts its n-grams stood, see
            `layers.ClassEvidence`.
        embedded_ngrams: of each order so many n-grams, the first of the vocabulary, have a vector of their own, the
            others that of the unknown; all have one if `None`.
        seed: decides the first weights and what dropout drops.

    Returns:
        An uncompiled model, `string (batch,)` to `float32 (batch, classes)`; rows sum to 1.

    Raises:
        ValueError: a setting is out of range.
    """
    check_choice("cell", cell, CELLS)
    if cell == "feedforward" and bidirectional:
        raise ValueError("bidirectional: expected False for cell='feedforward', which has no direction, got True")
    _check_encoder(encoder)
    for name, size in {"embed_dim": embed_dim, "units": units, "num_layers": num_layers}.items():
        check_integer(name, size)
    if embedded_ngrams is not None:
        check_integer("embedded_ngrams", embedded_ngrams, least=0)
    _check_rate("dropout", dropout)
    _check_rate("ngram_dropout", ngram_dropout)
    kinds = _checked_poolings(pooling)
    with seeded(seed):
        text = keras.Input((), dtype="string", name="text")
        ids = TextToIds(encoder, name="text_to_ids")(text)
        vectors, mask = _embed(
            encoder, ids, embed_dim=embed_dim, ngram_dropout=ngram_dropout, embedded_ngrams=embedded_ngrams
        )
        if evidence:
            vectors.append(ClassEvidence(encoder.num_ids, len(label_names), name="evidence")(ids))
        x = keras.layers.Concatenate(name="vectors")(vectors) if len(vectors) > 1 else vectors[0]
        x = keras.layers.Dropout(dropout)(x)
        # The last state alone needs no row of states: Keras gives each direction's own.
        only_last = kinds == ("last",) and cell in RECURRENT
        for number in range(1, num_layers + 1):
            if cell == "feedforward":
                x = keras.layers.Dense(units, activation="tanh", name=f"feedforward_{number}")(x)
            else:
                all_steps = number < num_layers or not only_last
                layer = RECURRENT[cell](units, return_sequences=all_steps, name=f"{cell}_{number}")
                if bidirectional:
                    layer = keras.layers.Bidirectional(layer, name=f"bidirectional_{number}")
                x = layer(x, mask=mask)  # (batch, steps, units or 2 * units)
            if number < num_layers:
                x = keras.layers.Dropout(dropout)(x)
        if only_last:
            summary = x
        else:
            pools = [
                MaskedPooling(kind, bidirectional=bidirectional, name=f"{kind}_pooling")(x, mask=mask) for kind in kinds
            ]
            summary = keras.layers.Concatenate(name="summary")(pools) if len(pools) > 1 else pools[0]
        summary = keras.layers.Dropout(dropout)(summary)
        return keras.Model(text, LabelProbabilities(label_names, name="probabilities")(summary), name="textrnn")


def _embed(
    encoder: TextEncoder, ids: Any, *, embed_dim: int, ngram_dropout: float, embedded_ngrams: int | None = None
) -> tuple[list[Any], Any]:
    """Returns the vectors of each order `(batch, steps, embed_dim)`, and the mask of the real steps."""
    orders = [ids[..., order] for order in range(len(encoder.num_ids))] if encoder.ngrams else [ids]
    vectors = []
    for order, (order_ids, num_ids) in enumerate(zip(orders, encoder.num_ids, strict=True), start=1):
        if order > 1 and embedded_ngrams is not None and num_ids > embedded_ngrams + FIRST_ID:
            num_ids = embedded_ngrams + FIRST_ID
            order_ids = ops.where(order_ids < num_ids, order_ids, UNKNOWN_ID)
        vector = keras.layers.Embedding(num_ids, embed_dim, name=f"embedding_{order}")(order_ids)
        if order > 1:
            # Whole vectors are dropped, so that the network cannot learn each headline by its rarest n-gram.
            vector = keras.layers.Dropout(ngram_dropout, noise_shape=(None, None, 1))(vector)
        vectors.append(vector)
    return vectors, orders[0] > 0


def build_textcnn(
    encoder: TextEncoder,
    label_names: Sequence[str],
    *,
    embed_dim: int = 64,
    filters: int = 64,
    widths: Sequence[int] = (2, 3, 4),
    dropout: float = 0.4,
    ngram_dropout: float = 0.5,
    seed: int = 0,
) -> keras.Model:
    """Returns the TextCNN of Kim (2014): embedding, convolutions of several widths, maximum over the text, softmax.

    A filter of width 3 looks at three neighbouring characters wherever they stand; nothing is carried further. The
    answer for a text is the same alone, in a batch and behind any padding.

    Args:
        encoder: the vocabulary; its n-grams, if any, get embeddings as in `build_textrnn`.
        label_names: the label of each output.
        embed_dim: the width of each embedding.
        filters: how many filters there are of each width.
        widths: over how many characters a filter reaches; all different.
        dropout: the share of the embedding and of the summary that is dropped in training, [0, 1).
        ngram_dropout: the share of n-grams whose whole vector is dropped in training, [0, 1).
        seed: decides the first weights and what dropout drops.

    Returns:
        An uncompiled model, `string (batch,)` to `float32 (batch, classes)`; rows sum to 1.

    Raises:
        ValueError: a setting is out of range.
    """
    _check_encoder(encoder)
    for name, size in {"embed_dim": embed_dim, "filters": filters}.items():
        check_integer(name, size)
    widths = tuple(widths) if isinstance(widths, Sequence) else (widths,)
    if not widths or len(set(widths)) != len(widths):
        raise ValueError(f"widths: expected one or several different numbers of at least 1, got {widths}")
    for width in widths:
        check_integer("widths", width)
    _check_rate("dropout", dropout)
    _check_rate("ngram_dropout", ngram_dropout)
    with seeded(seed):
        text = keras.Input((), dtype="string", name="text")
        ids = TextToIds(encoder, name="text_to_ids")(text)
        vectors, mask = _embed(encoder, ids, embed_dim=embed_dim, ngram_dropout=ngram_dropout)
        x = keras.layers.Concatenate(name="vectors")(vectors) if len(vectors) > 1 else vectors[0]
        x = keras.layers.Dropout(dropout)(x)
        # Padding has a vector too. As zeros it is what a convolution finds beyond the end of the text anyway.
        x = x * ops.cast(mask, x.dtype)[..., None]
        pools = []
        for width in widths:
            found = keras.layers.Conv1D(filters, width, padding="same", activation="relu", name=f"width_{width}")(x)
            pools.append(MaskedPooling("max", name=f"max_pooling_{width}")(found, mask=mask))  # (batch, filters)
        summary = keras.layers.Concatenate(name="summary")(pools) if len(pools) > 1 else pools[0]
        summary = keras.layers.Dropout(dropout)(summary)
        return keras.Model(text, LabelProbabilities(label_names, name="probabilities")(summary), name="textcnn")

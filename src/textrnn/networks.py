"""Networks that classify texts, as uncompiled Keras models, and functions that look into a model."""

import contextlib
import random
import weakref
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from keras.src.random import seed_generator  # for `seeded`

from textrnn import architectures
from textrnn.checks import check_seed
from textrnn.layers import ClassEvidence, LabelProbabilities, MaskedPooling, TextModel, TextToIds
from textrnn.preprocessing import UNKNOWN_ID, TextEncoder

RECURRENT = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "simple": keras.layers.SimpleRNN}
LSTM_CELLS = ("LSTMCell", "PeepholeLSTMCell")  # by name: one of them is a lesson's


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
    A `tf.function` of your own that has run before keeps the old temperature; a `NumpyNetwork` made before does too.

    Raises:
        ValueError: the last layer is no `LabelProbabilities`, or `value` is no number from 0.01 to 100.
    """
    label_names(model)
    model.layers[-1].temperature = value
    _ids_models.pop(model, None)  # its graph has the old one, as have the model's own functions
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
    return sorted(layers, key=lambda layer: layer.name)  # embedding_1, embedding_2, …


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
    model gives the same object each time, so that its compiled functions are used again.

    Raises:
        ValueError: it has no such layer.
    """
    if model not in _ids_models:
        ids, layer = text_layer(model), model.layers[-1]
        if not getattr(model, "outputs", None):
            raise ValueError(
                'model: expected one that knows its input; begin a Sequential with keras.Input((), dtype="string")'
            )
        _ids_models[model] = keras.Model(ids.output, layer.output, name=f"{model.name}_on_ids")
    return _ids_models[model]


_answering: weakref.WeakKeyDictionary[keras.Model, Any] = weakref.WeakKeyDictionary()


def answer(part: keras.Model, ids: np.ndarray) -> np.ndarray:
    """Returns what a model of ids says of one batch: an array `(batch, …)`.

    Keras' own `predict_on_batch` traces the model again for new shapes, and warns of it; this traces it once.
    """
    if part not in _answering:
        model = weakref.ref(part)  # or the function would keep its own key alive
        shape = tf.TensorSpec(part.input_shape, part.inputs[0].dtype)
        _answering[part] = tf.function(lambda ids: model()(ids, training=False), input_signature=[shape])
    return _answering[part](ids).numpy()


@contextlib.contextmanager
def seeded(seed: int):
    """Makes layers created inside draw from `seed`, whatever else draws from Python's generator meanwhile.

    Keras takes the seeds that it is not given from that generator, of which other threads (those of a Dask worker, say)
    draw too; here it has one of its own.
    """
    check_seed(seed)
    shared, seed_generator.python_random = seed_generator.python_random, random.Random(seed)
    try:
        yield
    finally:
        seed_generator.python_random = shared


@contextlib.contextmanager
def in_float32():
    """Makes layers created inside compute with 32 bits, as saved models do, whatever Keras is set to."""
    policy, floatx = keras.config.dtype_policy(), keras.config.floatx()
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)


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
        cell: `"lstm"`, `"gru"` or `"simple"`; with `"feedforward"`, a dense layer (tanh) that sees one step at a time
            and remembers nothing replaces the recurrent one: the difference is what the memory is worth.
        embed_dim: the width of each embedding.
        units: the width of a recurrent layer, in each direction.
        num_layers: how many recurrent layers follow each other.
        bidirectional: whether each layer also reads from the end; `False` for `"feedforward"`.
        pooling: one of `"last"`, `"max"`, `"mean"`, `"attention"`, or several, side by side.
        dropout: the share of the recurrent layers' inputs and of the summary that is dropped in training, [0, 1).
        ngram_dropout: the share of n-grams whose whole vector is dropped in training, [0, 1).
        evidence: whether each step also carries the classes of the training texts that hold its n-grams, see
            `layers.ClassEvidence`.
        embedded_ngrams: of each order so many n-grams, the first of the vocabulary, have a vector of their own, the
            others that of the unknown; all have one if `None`.
        seed: decides the first weights and what dropout drops.

    Returns:
        An uncompiled `layers.TextModel`, `string (batch,)` to `float32 (batch, classes)`; rows sum to 1.

    Raises:
        ValueError: a setting is out of range.
    """
    reading = {"embed_dim": embed_dim, "dropout": dropout, "ngram_dropout": ngram_dropout}
    layers = {"cell": cell, "units": units, "num_layers": num_layers, "bidirectional": bidirectional}
    rest = {"pooling": pooling, "evidence": evidence, "embedded_ngrams": embedded_ngrams}
    architectures.check_settings("textrnn", {**layers, **rest, **reading})
    kinds = architectures.poolings(pooling)
    with seeded(seed), in_float32():
        text, x, mask = _read(
            encoder,
            embedded_ngrams=embedded_ngrams,
            num_classes=len(label_names) if evidence else None,
            **reading,
        )
        # The last state alone needs no row of states: Keras gives each direction's own.
        only_last = kinds == ("last",) and cell in RECURRENT
        for number in range(1, num_layers + 1):
            last = number == num_layers
            layer = _cell_layer(cell, units, number, bidirectional=bidirectional, all_steps=not (last and only_last))
            x = layer(x, mask=mask) if cell in RECURRENT else layer(x)  # (batch, steps, units or 2 * units)
            x = x if last else keras.layers.Dropout(dropout)(x)
        if not only_last:
            pools = [MaskedPooling(kind, bidirectional=bidirectional, name=f"{kind}_pooling") for kind in kinds]
            x = _joined([pool(x, mask=mask) for pool in pools], name="summary")
        return _with_output(text, x, label_names, dropout=dropout, name="textrnn")


def _read(
    encoder: TextEncoder,
    *,
    embed_dim: int,
    dropout: float,
    ngram_dropout: float,
    embedded_ngrams: int | None = None,
    num_classes: int | None = None,
) -> tuple[Any, Any, Any]:
    """Returns the texts, the vector of each step `(batch, steps, features)`, and the mask of the real steps.

    With `num_classes`, a vector holds the evidence for each class, too.
    """
    if not isinstance(encoder, TextEncoder):
        raise ValueError(f"encoder: expected a TextEncoder, got {type(encoder).__name__}")
    text = keras.Input((), dtype="string", name="text")
    ids = TextToIds(encoder, name="text_to_ids")(text)
    orders = [ids[..., order] for order in range(len(encoder.num_ids))] if encoder.ngrams else [ids]
    vectors = []
    sizes = architectures.embedding_sizes({"embedded_ngrams": embedded_ngrams}, encoder)
    for order, (order_ids, size) in enumerate(zip(orders, sizes, strict=True), start=1):
        if size < encoder.num_ids[order - 1]:
            order_ids = ops.where(order_ids < size, order_ids, UNKNOWN_ID)
        vector = keras.layers.Embedding(size, embed_dim, name=f"embedding_{order}")(order_ids)
        if order > 1:
            # Whole vectors are dropped, so that the network cannot learn each headline by its rarest n-gram.
            vector = keras.layers.Dropout(ngram_dropout, noise_shape=(None, None, 1))(vector)
        vectors.append(vector)
    mask = orders[0] > 0
    if num_classes is not None:
        vectors.append(ClassEvidence(encoder.num_ids, num_classes, name="evidence")(ids))
    return text, keras.layers.Dropout(dropout)(_joined(vectors, name="vectors")), mask


def _cell_layer(cell: str, units: int, number: int, *, bidirectional: bool, all_steps: bool) -> keras.layers.Layer:
    """Returns a layer of a TextRNN; another cell goes here, or into `RECURRENT`, and its name into `options.CELLS`."""
    if cell == "feedforward":
        return keras.layers.Dense(units, activation="tanh", name=f"feedforward_{number}")
    layer = RECURRENT[cell](units, return_sequences=all_steps, name=f"{cell}_{number}")
    return keras.layers.Bidirectional(layer, name=f"bidirectional_{number}") if bidirectional else layer


def _joined(parts: list[Any], *, name: str) -> Any:
    return keras.layers.Concatenate(name=name)(parts) if len(parts) > 1 else parts[0]


def _with_output(text: Any, summary: Any, label_names: Sequence[str], *, dropout: float, name: str) -> keras.Model:
    summary = keras.layers.Dropout(dropout)(summary)
    return TextModel(text, LabelProbabilities(label_names, name="probabilities")(summary), name=name)


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

    A filter of width 3 looks at three neighbouring characters wherever they are; nothing is carried further. The
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
        An uncompiled `layers.TextModel`, `string (batch,)` to `float32 (batch, classes)`; rows sum to 1.

    Raises:
        ValueError: a setting is out of range.
    """
    reading = {"embed_dim": embed_dim, "dropout": dropout, "ngram_dropout": ngram_dropout}
    architectures.check_settings("textcnn", {"filters": filters, "widths": widths, **reading})
    widths = widths if isinstance(widths, list | tuple) else (widths,)
    with seeded(seed), in_float32():
        text, x, mask = _read(encoder, **reading)
        # Padding has a vector too. As zeros it is what a convolution finds beyond the end of the text anyway.
        x = x * ops.cast(mask, x.dtype)[..., None]
        pools = []
        for width in widths:
            found = keras.layers.Conv1D(filters, width, padding="same", activation="relu", name=f"width_{width}")(x)
            pools.append(MaskedPooling("max", name=f"max_pooling_{width}")(found, mask=mask))  # (batch, filters)
        return _with_output(text, _joined(pools, name="summary"), label_names, dropout=dropout, name="textcnn")

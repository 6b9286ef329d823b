"""A Keras network as data and back, and with small tables for the file."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from textrnn import architectures, networks
from textrnn.evidence import SMOOTHING, counts_of
from textrnn.layers import ClassEvidence, LabelProbabilities, MaskedPooling, TextToIds
from textrnn.preprocessing import FIRST_ID, TextEncoder
from textrnn.saving.data import NetworkData
from textrnn.saving.numpy_network import NumpyNetwork

CELLS = {layer: name for name, layer in networks.RECURRENT.items()}
# What a recurrent layer that `build_textrnn` makes says of itself; "reset_after" is a GRU's.
PLAIN = {
    "activation": "tanh",
    "recurrent_activation": "sigmoid",
    "use_bias": True,
    "go_backwards": False,
    "reset_after": True,
}
OTHER_LAYERS = (
    *(keras.layers.InputLayer, TextToIds, keras.layers.Dropout, keras.layers.Concatenate, keras.layers.Embedding),
    *(ClassEvidence, MaskedPooling, LabelProbabilities, keras.layers.Conv1D),
)
OTHER_OPERATIONS = ("Cast", "GetItem", "Greater", "Less", "Multiply", "NotEqual", "Where")
ADVICE = "the kit keeps networks of build_textrnn and build_textcnn; of any other, keep what model.export writes"


def with_small_tables(model: keras.Model) -> keras.Model:
    """Returns a copy of `model` with embeddings of 8-bit integers, a scale for each row, and compressed counts."""

    def copied(layer):
        if isinstance(layer, ClassEvidence):
            return layer.compressed()
        return type(layer).from_config(layer.get_config())

    small = keras.models.clone_model(model, clone_function=copied)
    for layer in model.layers:
        if not isinstance(layer, ClassEvidence):
            small.get_layer(layer.name).set_weights(layer.get_weights())
    for layer in networks.embeddings(small):
        layer.quantize("int8")
    return small


def to_numpy_network(model: keras.Model) -> NumpyNetwork:
    """Returns `model` as a network that answers in NumPy alone; later training does not reach the copied weights.

    Args:
        model: from `networks.build_textrnn` or `build_textcnn`, or one's own of the same layers.

    Raises:
        ValueError: the model has a layer that these functions do not make.
    """
    return NumpyNetwork(network_data(model))


def network_data(model: keras.Model) -> NetworkData:
    """Returns the settings, vocabulary, labels and weights of a model of `build_textrnn` or `build_textcnn`.

    They are read off the layers, so a model of one's own that is made of the same stock layers has them too.

    Raises:
        ValueError: the model has no text or label layer, or a layer that these functions do not make.
    """
    encoder, label_names = networks.text_encoder(model), networks.label_names(model)
    _check_layers(model)
    network, settings = _settings(model, encoder)
    stored = _named_weights(model, encoder)
    num_weights = sum(len(layer.weights) for layer in model.layers)
    if len(stored) != num_weights:
        raise ValueError(f"model: expected weights {sorted(stored)}, got {num_weights}; {ADVICE}")
    return NetworkData(
        network,
        settings,
        encoder,
        label_names,
        stored,
        tables="int8" if any(weight.dtype == np.int8 for weight in stored.values()) else "float32",
        temperature=model.layers[-1].temperature,
    )


def keras_network(data: NetworkData) -> keras.Model:
    """Returns the uncompiled Keras model that `data` describes, its weights all `float32`."""
    build = networks.build_textrnn if data.network == "textrnn" else networks.build_textcnn
    model = build(data.encoder, data.label_names, **data.settings)
    networks.set_temperature(model, data.temperature)
    whole = float_arrays(data)
    for name, weight in _named_variables(model):
        weight.assign(whole[name])
    return model


def float_arrays(data: NetworkData) -> dict[str, np.ndarray]:
    """Returns the arrays of `data` as `architectures.arrays` lists them, small tables as `float32` again."""
    whole = {}
    for name in architectures.arrays(data.network, data.settings, data.encoder, len(data.label_names)):
        if f"{name}.scales" in data.arrays:
            whole[name] = data.arrays[name] / data.arrays[f"{name}.scales"][:, None]
        elif f"{name}.patterns" in data.arrays:
            whole[name] = counts_of(data.arrays[f"{name}.patterns"])[data.arrays[f"{name}.rows"]]
        else:
            whole[name] = data.arrays[name]
    return whole


def _named_weights(model: keras.Model, encoder: TextEncoder) -> dict[str, np.ndarray]:
    """Returns the weights of a model as arrays, by the names that they have in a file."""
    stored = {name: weight.numpy() for name, weight in _named_variables(model)}
    for order, (layer, num_ids) in enumerate(zip(networks.embeddings(model), encoder.num_ids, strict=True), start=1):
        # A table of one's own may have rows for ids that no text gets.
        stored[f"embedding_{order}"] = stored[f"embedding_{order}"][:num_ids]
        for scales in layer.weights[1:]:  # of a small table
            stored[f"embedding_{order}.scales"] = scales.numpy()
    evidence = networks.evidence_layer(model)
    for order, rows in enumerate(evidence.indices if evidence else (), start=1):
        stored[f"evidence_{order}.patterns"] = stored.pop(f"evidence_{order}")
        stored[f"evidence_{order}.rows"] = rows.numpy()
    return stored


def _named_variables(model: keras.Model) -> Iterator[tuple[str, keras.Variable]]:
    """Yields the weights of a model by the names of `architectures.arrays`; of a small table, its first array."""
    for order, layer in enumerate(networks.embeddings(model), start=1):
        yield f"embedding_{order}", layer.weights[0]
    evidence = networks.evidence_layer(model)
    for order, table in enumerate(evidence.tables if evidence else (), start=1):
        yield f"evidence_{order}", table
    for number, layer in enumerate(_recurrent_layers(model), start=1):
        parts = {"forward": getattr(layer, "forward_layer", layer), "backward": getattr(layer, "backward_layer", None)}
        for direction, part in parts.items():
            for weight in part.weights if part else ():
                yield f"recurrent_{number}.{direction}.{weight.name}", weight
    for layer in model.layers:
        if isinstance(layer, MaskedPooling):
            yield from ((f"attention.{weight.name}", weight) for weight in layer.weights)
        if isinstance(layer, keras.layers.Conv1D):
            (width,) = layer.kernel_size
            yield from ((f"width_{width}.{weight.name}", weight) for weight in layer.weights)
    yield from ((f"output.{weight.name}", weight) for weight in model.layers[-1].weights)


def _check_layers(model: keras.Model):
    """Raises `ValueError` if `model` has a layer that computes what no layer of `build_textrnn` does."""
    recurrent = _recurrent_layers(model)
    for layer in model.layers:
        part = getattr(layer, "forward_layer", layer)
        if layer in recurrent and type(part) in (*CELLS, keras.layers.Dense):
            config = part.get_config()
            known = all(config.get(name, value) == value for name, value in PLAIN.items())
        elif isinstance(layer, ClassEvidence):
            known = layer.smoothing == SMOOTHING
        else:
            known = isinstance(layer, OTHER_LAYERS) or type(layer).__name__ in OTHER_OPERATIONS
        if not known:
            raise ValueError(f"model: the layer {layer.name} ({type(part).__name__}) is not one of the kit's; {ADVICE}")


def _recurrent_layers(model: keras.Model) -> list[keras.layers.Layer]:
    kinds = (keras.layers.Bidirectional, *networks.RECURRENT.values())
    found = [layer for layer in model.layers if isinstance(layer, kinds)]
    dense = [layer for layer in model.layers[:-1] if isinstance(layer, keras.layers.Dense)]
    return found or dense


def _settings(model: keras.Model, encoder: TextEncoder) -> tuple[str, dict[str, Any]]:
    """Returns which function builds such a model, and with which settings."""
    tables = networks.embeddings(model)
    if len(tables) != len(encoder.num_ids):
        raise ValueError(f"model: expected {len(encoder.num_ids)} embeddings, got {len(tables)}; {ADVICE}")
    dropouts = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    reading = {
        "embed_dim": tables[0].output_dim,
        "dropout": next((layer.rate for layer in reversed(dropouts) if layer.noise_shape is None), 0.0),
        "ngram_dropout": next((layer.rate for layer in dropouts if layer.noise_shape is not None), 0.0),
    }
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv1D)]
    if convolutions:
        widths = [layer.kernel_size[0] for layer in convolutions]
        return "textcnn", {"filters": convolutions[0].filters, "widths": widths, **reading}
    layers = _recurrent_layers(model)
    kind = type(getattr(layers[0], "forward_layer", layers[0])) if layers else None
    if kind is None:
        raise ValueError(f"model: expected LSTM, GRU or SimpleRNN layers, got none; {ADVICE}")
    cell = CELLS.get(kind, "feedforward")
    known = [table.input_dim for table, num in zip(tables, encoder.num_ids, strict=True) if table.input_dim < num]
    return "textrnn", {
        "cell": cell,
        "units": getattr(layers[0], "forward_layer", layers[0]).units,
        "num_layers": len(layers),
        "bidirectional": isinstance(layers[0], keras.layers.Bidirectional),
        "pooling": [layer.kind for layer in _poolings(model)] or ["last"],
        "evidence": networks.evidence_layer(model) is not None,
        "embedded_ngrams": max(known) - FIRST_ID if known else None,
        **reading,
    }


def _poolings(model: keras.Model) -> list[MaskedPooling]:
    """Returns the poolings of `model` in the order in which the output layer sees them."""
    poolings = [layer for layer in model.layers if isinstance(layer, MaskedPooling)]
    if len(poolings) < 2:
        return poolings
    by_output = {id(layer.output): layer for layer in poolings}
    return [by_output[id(tensor)] for tensor in model.get_layer("summary").input]

"""A Keras network in other forms: with small tables for the file, with large ones again, as plain NumPy arrays."""

import keras
import numpy as np

from textrnn import networks
from textrnn.layers import ClassEvidence, LabelProbabilities, MaskedPooling, TextToIds
from textrnn.preprocessing import UNKNOWN_ID
from textrnn.saving.numpy_network import NumpyNetwork

PLAIN_LSTM = {"activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True, "go_backwards": False}
# Layers that a `NumpyNetwork` needs no arrays of, or whose arrays are asked for elsewhere; and Keras's own for `x[i]`.
OTHER_LAYERS = (
    *(keras.layers.InputLayer, TextToIds, keras.layers.Dropout, keras.layers.Concatenate),
    *(keras.layers.Embedding, ClassEvidence, MaskedPooling, LabelProbabilities),
)
OTHER_OPERATIONS = ("GetItem", "Greater", "Less", "Where")


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


def float_weights(weights: list[np.ndarray]) -> list[np.ndarray]:
    """Returns the weights of a model, those that `with_small_tables` made small as floats again."""
    floats, rest = [], iter(weights)
    for array in rest:
        if array.dtype == np.int8:
            array = array / next(rest)[:, None]  # the scales of the rows follow their table
        floats.append(array)
    rows = [array for array in floats if array.dtype in (np.uint16, np.uint32)]
    patterns = [array for array in floats if array.dtype == np.uint8]
    whole = iter([ClassEvidence.expanded(*pair) for pair in zip(patterns, rows, strict=True)])
    floats = [array for array in floats if array.dtype not in (np.uint16, np.uint32)]
    return [next(whole) if array.dtype == np.uint8 else array for array in floats]


def to_numpy_network(model: keras.Model) -> NumpyNetwork:
    """Returns `model` as a network that answers in NumPy alone; later training does not reach the copied weights.

    Args:
        model: from `networks.build_textrnn(cell="lstm")`.

    Raises:
        ValueError: the model has a layer that is not one of those that `build_textrnn` makes around LSTMs.
    """
    lstms, poolings = _lstms(model), _poolings(model)
    attention = [layer.get_weights() for layer in poolings if layer.kind == "attention"]
    evidence, output = networks.evidence_layer(model), model.layers[-1]
    return NumpyNetwork(
        networks.text_encoder(model),
        networks.label_names(model),
        embeddings=[layer.get_weights()[0] for layer in networks.embeddings(model)],
        evidence=[] if evidence is None else [_evidence_table(evidence, counts) for counts in evidence.tables],
        lstms=[[direction.get_weights() for direction in directions] for directions in lstms],
        poolings=[layer.kind for layer in poolings] or ["last"],
        attention=attention[0] if attention else None,
        output=[weights / np.float32(output.temperature) for weights in output.get_weights()],
    )


def _poolings(model: keras.Model) -> list[MaskedPooling]:
    """Returns the poolings of `model` in the order in which the output layer sees them."""
    poolings = [layer for layer in model.layers if isinstance(layer, MaskedPooling)]
    if len(poolings) < 2:
        return poolings
    by_output = {id(layer.output): layer for layer in poolings}
    return [by_output[id(tensor)] for tensor in model.get_layer("summary").input]


def _evidence_table(layer: ClassEvidence, counts: keras.Variable) -> np.ndarray:
    """Returns the evidence of each id of one order: `float32 (ids, classes + 1)`."""
    table = keras.ops.convert_to_numpy(layer.features(counts))
    return np.where(np.arange(len(table))[:, None] > UNKNOWN_ID, table, np.float32(0))


def _lstms(model: keras.Model) -> list[list[keras.layers.LSTM]]:
    """Returns the LSTMs of a `build_textrnn` model, one or two directions, from the bottom up; looks at every layer."""
    lstms = []
    for layer in model.layers:
        directions = list(networks.lstm_directions(layer).values())
        if directions and _is_plain(directions[0]):
            lstms.append(directions)
        elif not isinstance(layer, OTHER_LAYERS) and type(layer).__name__ not in OTHER_OPERATIONS:
            kind = type(getattr(layer, "forward_layer", layer)).__name__
            raise ValueError(
                f'runtime="numpy": expected a network of build_textrnn(cell="lstm"), got the layer {layer.name} '
                f'({kind}); use runtime="tensorflow"'
            )
    return lstms


def _is_plain(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.LSTM) and PLAIN_LSTM.items() <= layer.get_config().items()

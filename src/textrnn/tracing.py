"""Inside a trained LSTM: its gates, memory and output at each character, and which characters decide the answer."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from textrnn import networks
from textrnn.checks import check_choice, check_texts
from textrnn.options import KINDS


class Trace(NamedTuple):
    """What one LSTM did with one text; every array is `float32 (steps, units)`.

    In the lecture's notation (`cells.LSTMRun`) the gates are f(zi), f(zf) and f(zo), the candidate is g(z), the cell c
    and the output h(c) f(zo).
    """

    characters: list[str]  # the token of each step
    input_gate: np.ndarray  # 0 (shut) to 1 (open)
    forget_gate: np.ndarray  # 0 (the memory is lost) to 1 (it is kept)
    output_gate: np.ndarray  # 0 to 1
    candidate: np.ndarray  # what the input gate may let in
    cell: np.ndarray  # the memory after the step
    output: np.ndarray


class _Direction(NamedTuple):
    """One LSTM of a model that reads from one end."""

    layer: keras.layers.Layer  # as it is in the model; a Bidirectional has two directions
    cell: keras.layers.Layer
    backwards: bool


def has_lstm(model: keras.Model) -> bool:
    """Returns whether there is an LSTM to look into in `model`."""
    return any(networks.lstm_directions(layer) for layer in model.layers)


def _directions(model: keras.Model) -> dict[str, _Direction]:
    """Returns the LSTMs of `model` by name, those of a Bidirectional as `name/forward` and `name/backward`."""
    found = {
        name: _Direction(layer, lstm.cell, lstm.go_backwards)
        for layer in model.layers
        for name, lstm in networks.lstm_directions(layer).items()
    }
    if not found:
        raise ValueError(f"model: expected an LSTM among its layers, got {[layer.name for layer in model.layers]}")
    return found


def _run(cell: keras.layers.Layer, x: tf.Tensor, mask: tf.Tensor, *, backwards: bool) -> tf.Tensor:
    """Returns `KINDS` at each step, zeros at masked ones: `float32 (batch, steps, 6, units)`."""
    if backwards:
        x, mask = tf.reverse(x, [1]), tf.reverse(mask, [1])
    kernel, recurrent_kernel = tf.convert_to_tensor(cell.kernel), tf.convert_to_tensor(cell.recurrent_kernel)
    sums = tf.tensordot(x, kernel, 1)
    if cell.use_bias:
        sums += tf.convert_to_tensor(cell.bias)
    units = recurrent_kernel.shape[0]
    peephole = tf.convert_to_tensor(cell.peephole) if hasattr(cell, "peephole") else tf.zeros((3, units))
    gate, activation = cell.recurrent_activation, cell.activation

    def step(state, now):
        old_output, old_memory, _ = state
        z, real = now
        zi, zf, z, zo = tf.split(z + old_output @ recurrent_kernel, 4, axis=1)  # each (batch, units)
        input_gate, forget_gate = gate(zi + peephole[0] * old_memory), gate(zf + peephole[1] * old_memory)
        candidate = activation(z)
        memory = forget_gate * old_memory + input_gate * candidate
        output_gate = gate(zo + peephole[2] * memory)
        output = output_gate * activation(memory)
        kinds = tf.stack([input_gate, forget_gate, output_gate, candidate, memory, output], axis=1)
        real = real[:, None]  # a masked step changes nothing
        return (
            tf.where(real, output, old_output),
            tf.where(real, memory, old_memory),
            tf.where(real[..., None], kinds, tf.zeros_like(kinds)),
        )

    nothing = tf.zeros((tf.shape(x)[0], units))
    start = (nothing, nothing, tf.zeros((tf.shape(x)[0], len(KINDS), units)))
    _, _, kinds = tf.scan(step, (tf.transpose(sums, [1, 0, 2]), tf.transpose(mask)), start)
    kinds = tf.transpose(kinds, [1, 0, 2, 3])
    return tf.reverse(kinds, [1]) if backwards else kinds


def tracer(model: keras.Model, *, on_ids: bool = False) -> Callable[[Any], tuple[dict[str, tf.Tensor], tf.Tensor]]:
    """Returns a function of tensors that says what every LSTM of `model` does at each step, also inside a graph.

    Args:
        model: a functional or sequential model.
        on_ids: whether the function takes the ids that the text layer of `model` gives, instead of texts.

    Returns:
        A function from the inputs of `model` to the arrays of each LSTM by name, `float32 (batch, steps, 6, units)`
        with `KINDS` along the third axis, and the mask of the real steps, `bool (batch, steps)`.

    Raises:
        ValueError: there is no LSTM.
    """
    directions = _directions(model)
    layers = list({id(direction.layer): direction.layer for direction in directions.values()}.values())
    # A layer has a node for each model that it was made a part of; here the one of this model is wanted.
    own = itertools.chain.from_iterable(getattr(model, "_functional", model)._nodes_by_depth.values())
    nodes = {node.operation.name: node for node in own if node.operation in layers}
    wanted = {name: node.input_tensors[0] for name, node in nodes.items()}
    masks = {name: node.arguments.kwargs.get("mask") for name, node in nodes.items()}
    masks = {name: mask for name, mask in masks.items() if mask is not None}
    shared = {id(mask): name for name, mask in masks.items()}  # Keras wants each output once
    inputs = model.inputs[0] if len(model.inputs) == 1 else model.inputs
    if on_ids:
        inputs = networks.text_layer(model).output
    probe = keras.Model(inputs, [wanted, {name: masks[name] for name in shared.values()}])

    def trace(inputs):
        found, found_masks = probe(inputs, training=False)
        arrays, mask = {}, None
        for name, (layer, cell, backwards) in directions.items():
            x = found[layer.name]
            mask = found_masks.get(shared.get(id(masks.get(layer.name))))
            if mask is None:  # an embedding with mask_zero hands it on beside its output
                mask = getattr(x, "_keras_mask", None)
            if mask is None:
                mask = tf.ones(tf.shape(x)[:2], tf.bool)
            arrays[name] = _run(cell, x, mask, backwards=backwards)
        return arrays, mask

    return trace


def trace_lstm(model: keras.Model, texts: Sequence[str] | np.ndarray) -> list[dict[str, Trace]]:
    """Returns what every LSTM of a trained model did with each text.

    Any functional or sequential Keras model will do, with `keras.layers.LSTM` or `lessons.recurrent.PeepholeLSTM`,
    stacked or within `Bidirectional`. Masked steps, padding among them, are left out.

    Args:
        model: its input is texts, ids or vectors.
        texts: one string or several, of which the model sees the first `max_length` characters; for a model without a
            text layer, its input as an array: ids `(batch, steps)` or vectors `(batch, steps, features)`.

    Returns:
        For each text a `Trace` by name of the LSTM: `"lstm_1"`, or `"bidirectional_1/forward"` and
        `"bidirectional_1/backward"`; `model.summary()` lists the names.

    Raises:
        ValueError: the model has no LSTM, or a text is no string or empty.
    """
    trace = tracer(model)
    if model.inputs[0].dtype == "string":
        encoder, texts = networks.text_encoder(model), check_texts(texts)
        characters = [encoder.split(text)[: encoder.max_length] for text in texts]
        inputs = tf.constant(texts)
    else:
        inputs = np.asarray(texts)
        numbers = inputs if inputs.ndim == 2 else np.broadcast_to(np.arange(1, inputs.shape[1] + 1), inputs.shape[:2])
        characters = [[str(number) for number in row] for row in numbers]
    arrays, mask = trace(inputs)
    arrays, mask = {name: array.numpy() for name, array in arrays.items()}, mask.numpy()
    traces = []
    for row, chars in enumerate(characters):
        real = mask[row]
        seen = chars if len(chars) == real.sum() else [chars[step] for step in np.nonzero(real)[0]]
        # `array[row][real]` is (steps, 6, units), and a `Trace` has an array (steps, units) for each kind.
        traces.append({name: Trace(seen, *np.moveaxis(array[row][real], 1, 0)) for name, array in arrays.items()})
    return traces


def saliency(model: keras.Model, text: str) -> pd.DataFrame:
    """Returns how much each character of a text speaks for the class that the model gives it.

    Two answers to one question, in natural logarithms of that class's probability. `gradient`: the slope along the
    vector of each step, times the vector (Simonyan, Vedaldi & Zisserman 2013; Shrikumar, Greenside & Kundaje 2017),
    a straight line from here to nothing. `left_out`: what is lost when the character is taken out and the network reads
    what remains (Li, Monroe & Jurafsky 2016); that also makes neighbours of its neighbours. With n-grams, the vector of
    a step is that of the n-grams that end there.

    Args:
        model: from `networks.build_textrnn` or `build_textcnn`.
        text: of which the model sees the first `max_length` characters.

    Returns:
        A row for each character: `character`, `gradient`, `left_out`, positive where it speaks for the class;
        `attrs` holds `label` and `score`.

    Raises:
        ValueError: the text is no string or empty.
    """
    (text,) = check_texts(text)
    encoder = networks.text_encoder(model)
    characters = encoder.split(text)[: encoder.max_length]
    ids = tf.constant(encoder.encode([text]))
    front, rest = networks.split_at_vectors(model)
    evidence = networks.evidence_layer(model)
    vectors = front(ids if evidence is None else [ids, evidence(ids)], training=False)
    with tf.GradientTape() as tape:
        tape.watch(vectors)
        probs = rest([ids, vectors], training=False)
        winner = int(tf.argmax(probs[0]))
        log_prob = tf.math.log(probs[0, winner])
    gradient = tf.reduce_sum(tape.gradient(log_prob, vectors) * vectors, axis=-1)[0].numpy()
    remaining = ["".join(characters[:step] + characters[step + 1 :]) for step in range(len(characters))]
    without = networks.ids_model(model)(encoder.encode(remaining), training=False).numpy()[:, winner]
    table = pd.DataFrame({"character": characters, "gradient": gradient[: len(characters)]})
    table["left_out"] = float(log_prob) - np.log(np.maximum(without, np.finfo("float32").tiny))
    table.attrs = {"label": networks.label_names(model)[winner], "score": float(probs[0, winner])}
    return table


def memory_probe(
    model: keras.Model,
    texts: Sequence[str],
    *,
    unit: int,
    lstm: str | None = None,
    kind: str = "input_gate",
    num_rows: int = 10,
    batch_size: int = 256,
) -> pd.DataFrame:
    """Returns the characters of many texts at which one unit of an LSTM is most open, highest first.

    Args:
        model: text to probabilities.
        texts: where to look.
        unit: counts from 0.
        lstm: the name of the LSTM as in `trace_lstm`; the first of the model if `None`.
        kind: one of `options.KINDS`.
        num_rows: how many to return.
        batch_size: texts worked on at a time.

    Returns:
        Columns `text`, `step` (from 1), `character`, `value`.

    Raises:
        ValueError: there is no such LSTM, unit or kind, or a text is empty.
    """
    directions = _directions(model)
    lstm = next(iter(directions)) if lstm is None else lstm
    if lstm not in directions:
        raise ValueError(f"lstm: expected one of {list(directions)}, got {lstm!r}")
    check_choice("kind", kind, KINDS)
    units = directions[lstm].cell.units
    if not 0 <= unit < units:
        raise ValueError(f"unit: expected 0 to {units - 1}, got {unit}")
    texts, rows = check_texts(texts), []
    for start in range(0, len(texts), batch_size):
        chunk = texts[start : start + batch_size]
        for text, traces in zip(chunk, trace_lstm(model, chunk), strict=True):
            values = getattr(traces[lstm], kind)[:, unit]
            rows += [
                (text, step, char, float(value))
                for step, (char, value) in enumerate(zip(traces[lstm].characters, values, strict=True), start=1)
            ]
        rows = sorted(rows, key=lambda row: -row[3])[:num_rows]
    return pd.DataFrame(rows, columns=["text", "step", "character", "value"])
